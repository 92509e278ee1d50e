"""A daemon's store and everything around it, and what a search of the past finds beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.incident import lifecycle
from sigwatch.incident.fingerprint import hit
from sigwatch.model.event import Event
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit, LogGroup, Pass, Row, Scope, Window
from sigwatch.model.message import Alert, Delivery, Digest, Milestone
from sigwatch.model.past import IncidentFound
from sigwatch.past.telling import Teller, Told
from sigwatch.pipeline import Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, group, row, signature
from tests.fakes.source import FakeSource

QUIET = 600
"""Seconds."""
NOW = 1_772_787_600
"""2026-03-06 09:00:00 UTC."""
DAY = 86_400
CONFIGURATION = "slack: {channel: C0ONCALL, mention: {P0: '<!here>'}}\ntargets: [slack]\n"

Found = tuple[IncidentFound, Sequence[Hit]]


@dataclass
class Watched:
    """A daemon's pipeline on a store, at a time that tests set, and a backfill on the same store."""

    store: SqliteStore
    rows: list[Row] = field(default_factory=list)
    now: float = NOW
    signatures: tuple[Signature, ...] = (signature("KO-1", "ERROR one", severity="P0"),)
    configuration: str = CONFIGURATION
    groups: tuple[LogGroup, ...] = (group(),)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.composer = Composer(parse(self.configuration, Path("sigwatch.yaml")), lambda _, text: text)
        self.rules = lifecycle.Rules(QUIET * 1000, mask=lambda _, text: text, patience_ms={"P0": 60_000})
        self.pipeline = Pipeline(
            Reader(FakeSource(list(self.groups), self.rows), self.events.append, 0.005),
            self.store,
            self.rules,
            ("log_group",),
            self.composer,
            self.composer.ending,
            self.clock,
            self.events.append,
        )

    def clock(self) -> float:
        """Epoch seconds."""
        return self.now

    def write(self, *seconds_ago: int, message: str = "ERROR one") -> None:
        """Write events that are so old by the time of the backfill."""
        self.rows += [row(message, (NOW - ago) * 1000) for ago in seconds_ago]

    def sweep(self, start_ago: int, end_ago: int = 0) -> None:
        """The daemon searches a window, given in seconds before the time of the backfill."""
        window = Window(NOW - start_ago, NOW - end_ago)
        batch = Batch(Scope("us-east-1/shop", self.groups, self.signatures), Pass("eager", 0), window, self.groups)
        self.pipeline.sweep(batch, prepare(self.signatures), covering(batch))

    def review(self) -> None:
        """The daemon does what time alone asks for, everything being searched."""
        self.pipeline.review({each.id: each for each in self.signatures}, lambda _: 10**15)

    def found(self) -> list[Found]:
        """Every incident of the rows, as live detection would have made it, in the order of time."""
        [watched] = self.signatures
        by_group: dict[str, list[Row]] = {}
        for each in sorted(self.rows, key=lambda row: row.ts_ms):
            by_group.setdefault(each.log_group, []).append(each)
        return [found for place, rows in by_group.items() for found in self._of(watched, place, rows)]

    def backfill(self, found: Iterable[tuple[IncidentFound, Iterable[Hit]]] | None = None) -> Told:
        """Tell what was found."""
        return self.teller().tell(self.found() if found is None else found)

    def teller(self, store: SqliteStore | None = None) -> Teller:
        """Tells on this store, or on another connection to it."""
        signatures = {each.id: each for each in self.signatures}
        return Teller(store or self.store, signatures, self.composer, self.clock, QUIET * 1000)

    def waiting(self) -> list[Delivery]:
        """The cards that are yet to be shown, most urgent first."""
        return self.store.deliveries.unposted()

    def trail(self) -> list[tuple[str, str]]:
        """Who did what, as the audit trail has it."""
        return [(entry.actor, entry.action) for entry in self.store.audit(0, 10**15)]

    def _of(self, watched: Signature, place: str, rows: Sequence[Row]) -> list[Found]:
        hits = [hit(watched.id, each) for each in rows]
        made: dict[str, Incident] = {}
        found = lifecycle.Found(hits)
        for decision in lifecycle.apply(None, place, watched, found, NOW * 1000, self.rules, lambda _: None):
            made[decision.incident.id] = decision.incident
        return [
            (
                IncidentFound(each, 1, each.first_seen_ms),
                [hit for hit in hits if each.first_seen_ms <= hit.row.ts_ms <= each.last_seen_ms],
            )
            for each in made.values()
        ]


def shown(delivery: Delivery) -> Alert:
    """What a card says."""
    assert isinstance(delivery.content, Alert)
    return delivery.content


def mentions(contents: Iterable[object]) -> list[str]:
    """Whom these messages call."""
    return [each.mention for each in contents if isinstance(each, Alert | Milestone | Digest) and each.mention]


def in_many_groups(count: int, days: int) -> tuple[tuple[LogGroup, ...], list[Row]]:
    """So many log groups with an event each: one a minute, the first of them so many days ago."""
    names = [f"{API}-{number:03}" for number in range(count)]
    rows = [
        row("ERROR one", (NOW - days * DAY + number * 60) * 1000, log_group=name) for number, name in enumerate(names)
    ]
    return tuple(group(name) for name in names), rows
