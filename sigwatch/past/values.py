"""What a search of the past says of itself: how far it is, and what it could not do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sigwatch.model.coverage import Spending
from sigwatch.model.event import QueryEnded
from sigwatch.model.past import Gap, Paid
from sigwatch.past.state import State
from sigwatch.polling.spending import day_of


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is; earlier sessions of the same one are counted in."""

    bytes_scanned: int = 0
    bytes_failed: int = 0
    """Of these, by queries that did not end well, in this session."""
    dollars: float = 0.0
    hits: int = 0
    queries: int = 0
    slices: int = 0
    """Done in this session."""
    covered: int = 0
    """Seconds of log groups that are done, or given up."""
    total: int = 0
    """Seconds of log groups in the whole range."""

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self.covered / self.total if self.total else 1.0

    @property
    def paid(self) -> Paid:
        """What it took."""
        return Paid(self.bytes_scanned, self.queries, self.dollars)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a backfill; what it found is in its state."""

    progress: Progress
    gaps: tuple[Gap, ...] = ()
    """In the order of time."""
    problems: tuple[str, ...] = ()
    """Sentences."""
    rejected: Mapping[str, str] = field(default_factory=dict)
    """Signatures whose query the service does not take, with its words: that nothing was found of them says nothing."""
    stopped: bool = False
    """It was asked to stop; what is done is kept, and the rest can be done later."""


def spending(events: Iterable[QueryEnded], now: float) -> list[Spending]:
    """What queries cost, as it is kept."""
    day = day_of(now)
    return [Spending(day, e.scope, e.pass_name, e.bytes_scanned, e.dollars, 1) for e in events]


def so_far(state: State) -> Progress:
    """What earlier sessions took and found."""
    found = state.spent_in_all()
    return Progress(
        bytes_scanned=sum(each.bytes_scanned for each in found),
        dollars=sum(each.dollars for each in found),
        queries=sum(each.queries for each in found),
        hits=sum(state.findings.hit_counts().values()),
    )
