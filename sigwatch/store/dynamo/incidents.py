"""Incidents: each by its id, and a list of those of one signature and grouping key, which decides between two writers.

Two replicas that see the first hit of an incident at the same time both want to begin it; both must change the list,
and one of them finds it changed. The list holds the newest ones: it is written with each new hit, and must not grow for
years.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sigwatch.model.incident import Incident, State
from sigwatch.store.bodies import INCIDENTS
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.table import Item, Key

INCIDENT = "INCIDENT"
LISTS = "INCIDENTS#"
"""Begins the partitions, each of one signature."""
OPEN = "OPEN"
MOST_LISTED = 100
"""Incidents of a list. Older ones are found by their ids, and by those who list everything."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list says of an incident."""

    id: str
    first_ms: int
    last_ms: int
    occurrence: int


def list_key(signature: str, group: str) -> Key:
    """Where the list is. Grouping keys may be long, and of any characters."""
    return f"{LISTS}{signature}", hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def listed(session: Session, signature: str, group: str) -> list[Listed]:
    """The incidents of that signature and grouping key."""
    item = session.get(list_key(signature, group))
    return [Listed(*each) for each in item.body] if item else []


def put(session: Session, incident: Incident) -> None:
    """See `ports.Unit.put_incident`."""
    now = listed_as(incident)
    before = listed(session, incident.signature, incident.group)
    if now not in before:
        others = (each for each in before if each.id != now.id)
        _write_list(session, list_key(incident.signature, incident.group), newest([*others, now]))
    item = item_of(incident)
    session.put(item.key, item.body, wait=item.wait, wait_order=item.wait_order)


def newest(listed: Iterable[Listed]) -> list[Listed]:
    """What of a list is kept: those with the newest hits, in the order of their first ones."""
    kept = sorted(listed, key=lambda each: (each.last_ms, each.occurrence))[-MOST_LISTED:]
    return sorted(kept, key=lambda each: each.first_ms)


def item_of(incident: Incident) -> Item:
    """The incident as it is kept; it is in the index while it is not over."""
    key, body = (INCIDENT, incident.id), INCIDENTS.dump_json(incident).decode()
    if incident.state is State.RESOLVED:
        return Item(key, body)
    return Item(key, body, wait=OPEN, wait_order=f"{incident.first_seen_ms:015d}#{incident.id}")


def drop(session: Session, incident: Incident) -> None:
    """Forget an incident."""
    left = [each for each in listed(session, incident.signature, incident.group) if each.id != incident.id]
    _write_list(session, list_key(incident.signature, incident.group), left)
    session.delete((INCIDENT, incident.id))


def list_of(key: Key, incidents: Iterable[Listed]) -> Item:
    """A list as it is kept."""
    return Item(key, [[each.id, each.first_ms, each.last_ms, each.occurrence] for each in incidents])


def listed_as(incident: Incident) -> Listed:
    """What the list says of that incident."""
    return Listed(incident.id, incident.first_seen_ms, incident.last_seen_ms, incident.occurrence)


def _write_list(session: Session, key: Key, incidents: Iterable[Listed]) -> None:
    session.put(key, list_of(key, incidents).body)
