"""What is written to stores under test, and the steps of a worker that sends from them."""

from collections.abc import Sequence
from dataclasses import replace

from sigwatch.incident.fingerprint import incident_id
from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.message import Alert, Crowd, Delivery, Digest, Kind, Milestone, Notice, Progress, Remark
from sigwatch.publish.key import message_key
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API

KEY = ("eager", "111122223333", "us-east-1", API)
SETTLE = 1_000
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


def enqueue(store: SqliteStore, *notices: Notice) -> None:
    """Make rows, together with the incidents that cards are about."""
    with store.unit() as unit:
        for notice in notices:
            if isinstance(notice.content, Alert):
                unit.put_incident(notice.content.incident)
            unit.enqueue(notice)


def ids(rows: Sequence[Delivery]) -> list[str]:
    """Their names, in their order."""
    return [row.id for row in rows]


def due(store: SqliteStore, now_ms: int = LATER) -> list[Delivery]:
    """What is due then."""
    return store.deliveries.due(now_ms, SETTLE)


def only(store: SqliteStore, now_ms: int = LATER) -> Delivery:
    """The one row that is due."""
    [delivery] = due(store, now_ms)
    return delivery


def take(store: SqliteStore, row: Delivery, now_ms: int = LATER, nonce: str = "mine", gap_ms: int = 0) -> Delivery:
    """Claim it for three seconds."""
    taken = store.deliveries.claim(row, nonce, now_ms, now_ms + 3_000, gap_ms)
    assert taken is not None
    return taken


def accept(store: SqliteStore, row: Delivery, now_ms: int = LATER, ref: str = "", refresh_ms: int = 0) -> Delivery:
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


def gather(store: SqliteStore, told: Sequence[Incident], name: str = "d") -> list[Delivery]:
    """Put one page in place of the cards of these incidents, and return the cards as they were."""
    cards = [row for row in store.deliveries.unposted() if row.incident in {each.id for each in told}]
    assert store.deliveries.gather(cards, [(page(total=len(cards), name=name), ids(cards))]) == len(told)
    return cards
