"""What has been searched to completion, and what is still owed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sigwatch.model.logs import Window

Span = tuple[int, int]
"""Half-open, in epoch seconds; an empty one marks where watching began."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one pass has searched to completion in one log group."""

    spans: tuple[Span, ...]
    """At least one; in order, neither overlapping nor touching."""

    @property
    def begin(self) -> int:
        """Where the pass began; what lies before is not its business."""
        return self.spans[0][0]

    @property
    def frontier(self) -> int:
        """Nothing after this has been searched."""
        return self.spans[-1][1]

    def plus(self, windows: Iterable[Window]) -> "Coverage":
        """The coverage with more windows searched."""
        return self.joined((window.start, window.end) for window in windows)

    def joined(self, more: Iterable[Span]) -> "Coverage":
        """The coverage with more spans, which may be empty ones."""
        spans = list(self.spans)
        for start, end in more:
            alike = [s for s in spans if s[0] <= end and s[1] >= start]
            merged = min([start, *(s[0] for s in alike)]), max([end, *(s[1] for s in alike)])
            spans = sorted([*(s for s in spans if s not in alike), merged])
        return Coverage(tuple(spans))

    def gaps(self, until: int, since: int = 0) -> list[Window]:
        """What has not been searched between the later of `begin` and `since`, and `until`; oldest first."""
        edges = [max(self.begin, since), *(edge for span in self.spans for edge in span), until]
        starts = [edges[0], *edges[2:-1:2]]
        ends = [*edges[1:-1:2], until]
        clipped = ((max(start, edges[0]), min(end, until)) for start, end in zip(starts, ends, strict=True))
        return [Window(start, end) for start, end in clipped if start < end]

    def unbroken_from(self, second: int) -> int:
        """Up to where everything since `second` has been searched; `second` itself when nothing has."""
        return next((end for start, end in self.spans if start <= second < end), second)


@dataclass(frozen=True, slots=True)
class Lookback:
    """The recent past that new signatures have not been searched for, in log groups that others already watch."""

    id: str
    window: Window
    groups: tuple[str, ...]
    """ARNs."""
    signatures: tuple[str, ...]
    """Ids."""


@dataclass(frozen=True, slots=True)
class StartedQuery:
    """A query that was started and whose result is not recorded yet."""

    marker: str
    query: str
    """The service's id."""
    lane: str
    pass_name: str
    window: Window
    groups: tuple[str, ...]
    """ARNs."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What queries cost on one day (UTC) in one scope and pass."""

    day: str
    """As 2026-02-04."""
    scope: str
    pass_name: str
    bytes_scanned: int
    dollars: float
    queries: int
