"""Dropping what is kept no longer and does not expire by itself: incidents that are over, their messages, silences."""

from collections.abc import Callable, Mapping
from functools import partial

from sigwatch.model.incident import Incident, State
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.dynamo import incidents, unit
from sigwatch.store.dynamo.enqueue import prune_notifications
from sigwatch.store.dynamo.session import Session, session
from sigwatch.store.dynamo.table import Key, Table
from sigwatch.transaction import settled

Nonce = Callable[[], str]


def clean(table: Table, nonce: Nonce, cutoffs: Mapping[str, int]) -> int:
    """Drop what is older than a time, in epoch milliseconds by kind, and return how many items were dropped.

    Kinds that expire by themselves are passed over. Each item goes in a transaction of its own: what somebody writes
    to meanwhile stays.
    """
    return sum(_CLEAN[kind](table, nonce, before_ms) for kind, before_ms in cutoffs.items() if kind in _CLEAN)


def _silences(table: Table, nonce: Nonce, before_ms: int) -> int:
    gone = [item.key for item in table.query(unit.SILENCE) if SILENCES.validate_json(item.body).ends_ms < before_ms]
    for key in gone:
        settled(partial(_alone, table, nonce, partial(_delete, key)))
    return len(gone)


def _incidents(table: Table, nonce: Nonce, before_ms: int) -> int:
    all_ = (INCIDENTS.validate_json(item.body) for item in table.query(incidents.INCIDENT))
    old = [incident for incident in all_ if is_over(incident, before_ms)]
    return sum(bool(settled(partial(_alone, table, nonce, partial(_drop, incident)))) for incident in old)


def _drop(incident: Incident, begun: Session) -> bool:
    """Forget an incident, but not the newest of its kind: it says how often it has been there."""
    alike = incidents.listed(begun, incident.signature, incident.group)
    found = begun.get((incidents.INCIDENT, incident.id))
    newer = any(each.last_ms > incident.last_seen_ms for each in alike)
    if not newer or found is None or INCIDENTS.validate_json(found.body) != incident:
        return False
    incidents.drop(begun, incident)
    return True


def _notifications(table: Table, nonce: Nonce, before_ms: int) -> int:
    def may_go(name: str) -> bool:
        key = incidents.INCIDENT, name
        found = table.get([key]).get(key)
        return found is None or is_over(INCIDENTS.validate_json(found.body), before_ms)

    return prune_notifications(table, nonce, before_ms, may_go)


def is_over(incident: Incident, before_ms: int) -> bool:
    """Whether an incident has ended before a time."""
    return incident.state is State.RESOLVED and incident.last_seen_ms < before_ms


def _delete(key: Key, begun: Session) -> None:
    begun.delete(key)


def _alone(table: Table, nonce: Nonce, work: Callable[[Session], object]) -> object:
    with session(table, nonce) as begun:
        return work(begun)


_CLEAN = {"silences": _silences, "incidents": _incidents, "notifications": _notifications}
