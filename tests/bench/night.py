"""A bad night, made up reproducibly: incidents that open, count, grow, are acknowledged and end; and what was shown."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.message import Alert, Kind, Milestone
from sigwatch.publish.key import message_key
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telling import card, retold
from tests.unit.publish.alerts import ALERT, INCIDENT

SEVERITIES = ("P0", "P1", "P2", "P2", "P3")
LATER = (Reason.GREW_TENFOLD, Reason.SPREAD, Reason.ACKNOWLEDGED, Reason.RESOLVED)
"""Each brings an entry of the thread and an edit of the card, in this order."""
OPENED_SHARE = 0.28
"""Incidents for each message; every one brings two, its card and the first entry of its thread."""


def opened(number: int, severity: str, now_ms: int = 0) -> Incident:
    """One of many incidents, open since then."""
    group = f"/aws/lambda/shop-{number:04d}"
    return replace(
        INCIDENT,
        id=f"inc-{number:04d}",
        signature=f"KO-{number:04d}",
        severity=severity,
        group=group,
        log_groups=(group,),
        first_seen_ms=now_ms,
        last_seen_ms=now_ms,
        opened_ms=now_ms,
        count=12,
    )


def alert_of(incident: Incident, target: str = "slack") -> Alert:
    """Its card."""
    return replace(ALERT, key=message_key(incident.id, target), incident=incident)


def decisions(messages: int, rng: Random, now_ms: int) -> list[Decision]:
    """What happens, in its order: as much as makes so many cards and thread entries, and edits beside."""
    count = round(messages * OPENED_SHARE)
    slots = [(number, reason) for number in range(count) for reason in LATER]
    chosen = set(rng.sample(slots, messages - 2 * count))
    told: list[tuple[float, Decision]] = []
    for number in range(count):
        reasons = [reason for reason in LATER if (number, reason) in chosen]
        if rng.random() < 0.5:
            reasons.insert(0, Reason.COUNTED)
        begun = rng.random() * 0.8
        times = [begun, *sorted(rng.uniform(begun, 1) for _ in reasons)]
        told += zip(times, _life(opened(number, rng.choice(SEVERITIES), now_ms), reasons), strict=True)
    return [decision for _, decision in sorted(told, key=lambda pair: pair[0])]


def _life(incident: Incident, reasons: Sequence[Reason]) -> Iterator[Decision]:
    yield Decision(Reason.OPENED, incident)
    for reason in reasons:
        incident = replace(incident, count=incident.count * 10 + 7)
        match reason:
            case Reason.ACKNOWLEDGED:
                incident = replace(incident, state=State.ACKNOWLEDGED, acknowledged_by="slack:jane")
            case Reason.RESOLVED:
                ended = incident.last_seen_ms + 900_000
                incident = replace(incident, state=State.RESOLVED, resolution=reason, resolved_ms=ended)
            case Reason.GREW_TENFOLD | Reason.SPREAD:
                incident = replace(incident, escalated=(*incident.escalated, reason))
        yield Decision(reason, incident)


def record(store: SqliteStore, decision: Decision, channel: str, at_ms: int) -> list[Alert | Milestone]:
    """Write a decision down with what it makes Slack show, and return that, as the pipeline does."""
    incident = decision.incident
    with store.unit() as unit:
        unit.put_incident(incident)
        cards = unit.cards(incident.id)
        first = card(decision, alert_of(incident), "slack", channel, at_ms)
        notices = retold(decision, cards, at_ms) if cards else list(first)
        for notice in notices:
            unit.enqueue(notice)
    return [notice.content for notice in notices if isinstance(notice.content, Alert | Milestone)]


@dataclass
class Expected:
    """What must be shown once."""

    cards: dict[str, str] = field(default_factory=dict)
    """Incident by key."""
    entries: dict[str, tuple[str, Kind]] = field(default_factory=dict)
    """Incident and kind by key."""

    def add(self, content: Alert | Milestone, escalates: bool) -> None:
        if isinstance(content, Alert):
            self.cards[content.key] = content.incident.id
        else:
            self.entries[content.key] = content.incident.id, Kind.ESCALATED if escalates else Kind.OPENED


@dataclass(frozen=True)
class Verdict:
    """What became of a night."""

    lost: int
    doubled: int
    digests: int
    """Pages of lists that took the place of cards."""


def verdict(state: Path, shown: Mapping[str, int], expected: Expected) -> Verdict:
    """Compare what is shown with what should be; what was edited and does not show it counts as lost."""
    with sqlite3.connect(state) as connection:
        found = connection.execute(
            "SELECT content ->> 'key', id, incident, form, digest, delivered < revision AND digest = '' FROM outbox"
        ).fetchall()
    connection.close()
    by_key = {row[0]: row for row in found}
    page_key = {row[1]: row[0] for row in found if row[3] == "digest"}
    gathered = {row[2]: page_key[row[4]] for row in found if row[4]}
    times: Counter[str] = Counter()
    for key, incident in expected.cards.items():
        times[key] = shown.get(key, 0) + (shown.get(gathered[incident], 0) if incident in gathered else 0)
    for key, (incident, kind) in expected.entries.items():
        # The page of a list tells the beginning and the end itself; what calls people again stays an entry.
        listed = key not in by_key and incident in gathered and kind is not Kind.ESCALATED
        times[key] = 1 if listed else shown.get(key, 0)
    known = {*times, *page_key.values()}
    strangers = sum(count for key, count in shown.items() if key not in known)
    behind = sum(row[5] for row in found if shown.get(row[0]))
    return Verdict(
        lost=sum(count == 0 for count in times.values()) + behind,
        doubled=sum(max(count - 1, 0) for count in times.values()) + strangers,
        digests=len(page_key),
    )
