"""What is written to stores under test, and the steps of a worker that sends from them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sigwatch.incident.fingerprint import incident_id
from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.logs import Hit
from sigwatch.model.message import Alert, Crowd, Delivery, Digest, Kind, Milestone, Notice, Progress, Remark
from sigwatch.publish.key import message_key
from sigwatch.store.dynamo.incidents import INCIDENT
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Write
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API

KEY = ("eager", "111122223333", "us-east-1", API)
SETTLE = 1_000
KEPT = {"hits": 86_400, "audit": 86_400, "spending": 86_400}
"""Seconds after which things expire."""
AnyStore = SqliteStore | DynamoStore
LATER = 10**12
"""When everything is due."""


def incident(ts_ms: int = 5_000, signature: str = "KO-1", severity: str = "P1") -> Incident:
    """Open, since an event of that time."""
    return Incident(
        id=incident_id(signature, API, ts_ms),
        signature=signature,
        project="shop",
        severity=severity,
        group=API,
        account="111122223333",
        region="us-east-1",
        log_groups=(API,),
        state=State.OPEN,
        count=1,
        first_seen_ms=ts_ms,
        last_seen_ms=ts_ms,
        active_ms=ts_ms + 10,
    )


def alert(told: Incident, target: str = "slack") -> Alert:
    """Its card's content."""
    return Alert(message_key(told.id, target), told, "title", "why", "prevention", None, "https://logs")


def card(told: Incident, kind: Kind = Kind.OPENED, target: str = "slack", destination: str = "C1") -> Notice:
    """Its card, to be shown since its newest hit was recorded."""
    urgency = int(told.severity[1:])
    return Notice(told.id, target, destination, kind, alert(told, target), told.id, urgency, at_ms=told.active_ms)


def entry(told: Incident, reason: Reason = Reason.ACKNOWLEDGED, kind: Kind = Kind.ACKNOWLEDGED) -> Notice:
    """An entry of its thread."""
    content = Milestone(f"key-{reason}", told, "title", reason, told.active_ms)
    row = card(told, kind)
    return replace(row, id=f"{told.id}/{reason}", content=content, thread=told.id)


def escalation(told: Incident) -> Notice:
    """An entry that calls people again."""
    return entry(told, Reason.SPREAD, Kind.ESCALATED)


def page(number: int = 1, pages: int = 1, total: int = 2, name: str = "d") -> Notice:
    """A page of a list."""
    content = Digest(f"key-{name}-{number}", Crowd.MANY_AT_ONCE, number, pages, total, (("P1", total),))
    thread = "" if number == 1 else f"{name}/1"
    return Notice(f"{name}/{number}", "slack", "C1", Kind.OPENED, content, urgency=1, thread=thread, at_ms=6_000)


def remark(name: str = "r", target: str = "slack", destination: str = "C1") -> Notice:
    """A few sentences."""
    return Notice(name, target, destination, Kind.SILENCED, Remark(f"key-{name}", "title", "text"), at_ms=6_000)


def enqueue(store: AnyStore, *notices: Notice) -> None:
    """Make rows, together with the incidents that cards are about."""
    with store.unit() as unit:
        for notice in notices:
            if isinstance(notice.content, Alert):
                unit.put_incident(notice.content.incident)
            unit.enqueue(notice)


def ids(rows: Sequence[Delivery]) -> list[str]:
    """Their names, in their order."""
    return [row.id for row in rows]


def due(store: AnyStore, now_ms: int = LATER) -> list[Delivery]:
    """What is due then."""
    return store.deliveries.due(now_ms, SETTLE)


def only(store: AnyStore, now_ms: int = LATER) -> Delivery:
    """The one row that is due."""
    [delivery] = due(store, now_ms)
    return delivery


def take(store: AnyStore, row: Delivery, now_ms: int = LATER, nonce: str = "mine", gap_ms: int = 0) -> Delivery:
    """Claim it for three seconds."""
    taken = store.deliveries.claim(row, nonce, now_ms, now_ms + 3_000, gap_ms)
    assert taken is not None
    return taken


def accept(store: AnyStore, row: Delivery, now_ms: int = LATER, ref: str = "", refresh_ms: int = 0) -> Delivery:
    """Claim it and settle it as accepted."""
    taken = take(store, row, now_ms)
    sent = replace(
        taken,
        delivered=taken.revision,
        progress=Progress.SENT,
        ref=ref or taken.ref or f"ts-{row.id}",
        attempts=0,
        due_ms=0,
        posted_ms=taken.posted_ms or now_ms,
        refresh_ms=refresh_ms,
    )
    assert store.deliveries.settle(sent)
    return sent


def gather(store: AnyStore, told: Sequence[Incident], name: str = "d") -> list[Delivery]:
    """Put one page in place of the cards of these incidents, and return the cards as they were."""
    cards = [row for row in store.deliveries.unposted() if row.incident in {each.id for each in told}]
    assert store.deliveries.gather(cards, [(page(total=len(cards), name=name), ids(cards))]) == len(told)
    return cards


class _Undone(Exception):
    pass


def known(store: AnyStore, hits: Sequence[Hit]) -> int:
    """How many of the hits are known."""
    fresh: list[Hit] = []
    with suppress(_Undone), store.unit() as unit:
        fresh += unit.add_hits(hits)
        raise _Undone
    return len(hits) - len(fresh)


def items(store: DynamoStore) -> list[dict[str, Any]]:
    """Everything in the table."""
    client, name = store._table._client, store._table._name
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        found += page["Items"]
    return found


def rows(store: AnyStore) -> set[str]:
    """Names of everything in the outbox."""
    if isinstance(store, SqliteStore):
        return {each[0] for each in store._database.rows("SELECT id FROM outbox")}
    found = (item for item in items(store) if item["pk"]["S"].startswith("OUTBOX#"))
    return {item["sk"]["S"].partition("#")[2] for item in found}


def forget_incident(store: AnyStore, name: str) -> None:
    """Drop an incident and leave all else."""
    if isinstance(store, SqliteStore):
        store._database._connection.execute("DELETE FROM incidents WHERE id = ?", (name,))
    else:
        store._table.commit([Write((INCIDENT, name), None, None)], "test")


def write_as_another_version(store: AnyStore, name: str, **fields: str) -> None:
    """Give a row fields that this version does not know what to do with."""
    if isinstance(store, SqliteStore):
        statement = "UPDATE outbox SET content = coalesce(?, content), form = coalesce(?, form) WHERE id = ?"
        store._database._connection.execute(statement, (fields.get("content"), fields.get("form"), name))
        return
    [found] = store._table.query(f"OUTBOX#{name}")
    store._table.commit([Write(found.key, replace(found, body=found.body | fields), None)], "test")
