from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sigwatch.incident.lifecycle import Rules
from sigwatch.model.coverage import Coverage, Lookback
from sigwatch.model.event import (
    Event,
    QuarantineKind,
    QuarantineMeasured,
)
from sigwatch.model.knowledge import Library, Problem, Signature
from sigwatch.model.logs import LogGroup, Pass, Row
from sigwatch.pipeline import Pipeline
from sigwatch.plan.budget import Allowance
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.polling.workers import Share, Work
from sigwatch.ports import CursorKey, cursor_key
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch
from tests.fakes.made import API, group, signature
from tests.fakes.source import FakeSource

EAGER, LATE = Pass("eager", 0), Pass("late", 100)


class Inline:
    """Does work at once, in the caller's thread."""

    def submit(self, lane: str, share: Share, work: Work) -> "Future[bool]":
        future: Future[bool] = Future()
        while (outcome := work()) is None:
            pass
        future.set_result(outcome)
        return future

    def expect(self, lane: str, shares: Collection[Share]) -> None:
        """There is one thread for all."""


class Watched(SqliteStore):
    """Tells when coverage or look-backs have been read."""

    on_coverage: Callable[[], object] = staticmethod(lambda: None)
    on_lookbacks: Callable[[], object] = staticmethod(lambda: None)

    def lookbacks(self) -> list[Lookback]:
        found = super().lookbacks()
        self.on_lookbacks()
        return found

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        found = super().coverage()
        self.on_coverage()
        return found


@dataclass
class House:
    now: float = 10_000.0
    rows: list[Row] = field(default_factory=list)
    groups: list[LogGroup] = field(default_factory=lambda: [group()])
    signatures: list[Signature] = field(default_factory=lambda: [signature(pattern="ERROR", log_groups=(API,))])
    problems: list[Problem] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    digest: str = "1"
    budget: float | None = None
    source_of: "House | None" = None
    """The house before a crash, whose logs, state and clock go on."""

    def __post_init__(self) -> None:
        before = self.source_of
        self.now = before.now if before else self.now
        self.source: FakeSource = before.source if before else FakeSource(self.groups, self.rows)
        self.store: Watched = before.store if before else Watched(":memory:")
        tell = self.tell
        self.watch = Watch(self.load, self.source, lambda s: s.ko.log_groups, ("*ignored*",), 15, self.clock, tell)
        reader = Reader(self.source, tell, 0.005)
        rules = Rules(60_000, lambda _, text: text)
        stages = Pipeline(reader, self.store, rules, ("log_group",), lambda *_: (), lambda *_: (), self.clock, tell)
        self.places = Places(15, lambda: 1.0)
        self.meter = Meter(self.store, self.clock)
        self.patrol = Patrol(self.watch, stages, (LATE, EAGER), Pace(15, 300, 100), Inline(), self.places, self.allow)

    def allow(self, passes: Sequence[Pass]) -> Allowance:
        return self.meter.allowance(self.budget, passes)

    def run(self, step: Pass) -> bool:
        return all(part.result() for part in self.patrol.run(step))

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.meter(event)

    def clock(self) -> float:
        return self.now

    def load(self) -> Library:
        return Library(tuple(self.signatures), problems=tuple(self.problems), digest=self.digest)

    def cursor(self, step: Pass, name: str = API) -> int:
        return self.spans(step, name)[-1][1]

    def spans(self, step: Pass, name: str = API) -> tuple[tuple[int, int], ...]:
        return self.store.coverage()[cursor_key(step.name, group(name))].spans

    def last(self, kind: type[Any]) -> Any:
        return [event for event in self.events if isinstance(event, kind)][-1]

    def quarantined(self, kind: QuarantineKind) -> tuple[str, ...]:
        found = [e for e in self.events if isinstance(e, QuarantineMeasured) and e.kind is kind]
        return found[-1].items
