"""A replica without its scheduler: what it is made of, on a state that it shares and clocks that a test moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sigwatch.incident.lifecycle import Rules
from sigwatch.model.event import Event, RunSkipped
from sigwatch.model.knowledge import Library, Signature
from sigwatch.model.logs import LogGroup, Pass
from sigwatch.pipeline import Pipeline
from sigwatch.plan.budget import Allowance
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.polling.tenure import SharedTenure
from sigwatch.search import Reader
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from sigwatch.watch import Watch
from tests.contract.stores import KEPT
from tests.fakes.made import signature
from tests.fakes.source import FakeSource
from tests.unit.polling.house import EAGER, LATE, Inline


@dataclass
class Time:
    """The clocks of all replicas, which go together."""

    now: float = 10_000.0

    def clock(self) -> float:
        return self.now


@dataclass
class Replica:
    name: str
    table: Table
    time: Time
    source: FakeSource
    signatures: list[Signature] = field(default_factory=lambda: [signature(pattern="ERROR", log_groups=("/*",))])
    digest: str = "1"
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock, tell = self.time.clock, self.tell
        self.store = DynamoStore(self.table, KEPT, clock, clock)
        self.tenure = SharedTenure(self.store.leases, self.name, self.store.shard_names, clock, tell)
        self.watch = Watch(self.load, self.source, lambda s: s.ko.log_groups, (), 15, clock, tell)
        reader = Reader(self.source, tell, 0.005)
        rules = Rules(60_000, lambda _, text: text)
        stages = Pipeline(reader, self.store, rules, ("log_group",), lambda *_: (), lambda *_: (), clock, tell)
        self.meter = Meter(self.store, clock)
        places = Places(15, lambda: 1.0)
        pace = Pace(15, 300, 100)
        self.patrol = Patrol(self.watch, stages, (EAGER, LATE), pace, Inline(), places, self.allow, self.tenure)

    def allow(self, passes: Sequence[Pass]) -> Allowance:
        return self.meter.allowance(None, passes)

    def load(self) -> Library:
        return Library(tuple(self.signatures), digest=self.digest)

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def begin(self) -> None:
        """What the daemon does before its first pass."""
        self.tenure.keep()
        self.watch.reload()
        self.patrol.adopt()
        self.tenure.keep()

    def learn(self, *signatures: Signature) -> None:
        """Other knowledge."""
        self.signatures[:] = signatures
        self.digest += "+"
        self.watch.reload()

    def run(self, step: Pass = EAGER) -> bool:
        return all(part.result() for part in self.patrol.run(step))

    def mine(self) -> set[str]:
        """The leases that are held here."""
        return {name for name in (*self.store.shard_names(), "chores") if self.tenure.lease(name)}

    def refused(self) -> list[str]:
        """Why windows were not recorded."""
        return [event.detail for event in self.events if isinstance(event, RunSkipped)]


def searched(source: FakeSource, groups: Sequence[LogGroup]) -> dict[str, list[tuple[int, int]]]:
    """The windows that were asked for, by log group."""
    found: dict[str, list[tuple[int, int]]] = {group.name: [] for group in groups}
    for search in source.searches:
        for group in search.groups:
            found[group.name].append((search.window.start, search.window.end))
    return found
