"""Read a batch whole: what a query could not give is asked again in parts, until only the culprit is left.

A result at the row limit may have lost rows without a sign, so only the first half of its window is read now, and the
rest is due next: however much there is, no more than a result's worth is held at once. A rejected query is split by
signatures, an unavailable log group is taken out. Every part that is left is read to completion.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sigwatch.errors import GroupsUnavailable, OutsideRetention, QueryRejected, SourceError
from sigwatch.model.event import QueryEnded, QueryStatus
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import LogGroup, Row, Search, SearchResult, Window
from sigwatch.plan.cost import dollars
from sigwatch.plan.insights import MOST_ROWS, ROW_LIMIT, asking_for, pack
from sigwatch.plan.scopes import Batch
from sigwatch.plan.windows import searchable_from
from sigwatch.ports import LogSource, Observer

Queries = Sequence[tuple[str, tuple[Signature, ...]]]
"""Query texts that together search for some signatures, each with those that it serves."""


@dataclass(slots=True)
class Reading:
    """What the searches of one batch gave, and what had to be left out of it."""

    window: Window
    """What was read to completion: the batch's window, or the beginning of it."""
    rows: list[Row] = field(default_factory=list)
    lost_groups: dict[LogGroup, str] = field(default_factory=dict)
    """Not searched, with the service's words: what is searched in them must not count."""
    rejected: dict[str, str] = field(default_factory=dict)
    """Signatures whose query the service does not take, with its words."""
    overflowing: list[Search] = field(default_factory=list)
    """One second of one log group that holds more matching rows than a query returns."""
    markers: list[str] = field(default_factory=list)
    """Of the queries whose results are in here."""
    full: float = 0.0
    """How near the fullest result came to its limit, or whatever else there is a limit to; 0 to 1."""

    def end_at(self, window: Window, full: float) -> None:
        """Only that much of the window counts, for a limit to what can be done with its rows that was so near."""
        self.window = window
        self.full = max(self.full, full)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads batches from a source and tells of every query."""

    source: LogSource
    observe: Observer
    dollars_per_gb: float
    limit: int = ROW_LIMIT
    """Rows asked for; a result with as many is paid for and split. More of them are held in memory at once."""

    def read(self, batch: Batch, queries: Queries) -> Reading:
        """Search the batch with queries that together serve all of its signatures.

        Raises:
            SourceError: the source is not to be had now; nothing of the batch counts.
        """
        reading = Reading(batch.window)
        for text, signatures in queries:
            place = batch.scope.name, batch.step.name, batch.groups
            pending = [Search(*place, signatures, asking_for(text, self.limit), reading.window, self.limit)]
            while pending:
                pending += self._attempt(_without(pending.pop(), reading), reading)
        # An earlier query of the batch may have read more than a later one could.
        reading.rows = [row for row in reading.rows if reading.window.holds(row.ts_ms)]
        return reading

    def _attempt(self, search: Search | None, reading: Reading) -> list[Search]:
        """Run one search; return the smaller ones that must be run in its place."""
        if search is None:
            return []
        try:
            result = self._run(search)
        except OutsideRetention:
            return [replace(search, groups=half) for half in _halves(search.groups)]
        except QueryRejected as error:
            return _by_signature(search, str(error), reading)
        except GroupsUnavailable as error:
            return _by_group(search, error, reading)
        reading.markers.append(search.marker)
        if result.count < search.limit:
            reading.rows += result.rows
            reading.full = max(reading.full, result.count / search.limit)
            return []
        return _smaller(search, result, reading)

    def _run(self, search: Search) -> SearchResult:
        ended: Callable[..., QueryEnded] = _report(search)
        try:
            result = self.source.search(search)
        except SourceError as error:
            paid = getattr(error, "bytes_scanned", 0)
            self.observe(ended(error.status, paid, dollars(paid, self.dollars_per_gb), detail=str(error)))
            raise
        price = dollars(result.bytes_scanned, self.dollars_per_gb)
        self.observe(ended(QueryStatus.COMPLETE, result.bytes_scanned, price, result.count, result.seconds))
        return result


def _report(search: Search) -> Callable[..., QueryEnded]:
    def ended(
        status: QueryStatus, paid: int, price: float, rows: int = 0, seconds: float = 0.0, detail: str = ""
    ) -> QueryEnded:
        what = search.scope, search.pass_name, status, search.window
        return QueryEnded(*what, len(search.groups), len(search.signatures), rows, paid, price, seconds, detail)

    return ended


def _smaller(search: Search, result: SearchResult, reading: Reading) -> list[Search]:
    """What to search in place of one whose result is at the limit: time first, then log groups, then signatures."""
    if search.window.seconds > 1:
        first = _beginning(search.window, result.rows)
        if first.end >= max(map(searchable_from, search.groups)):
            reading.window = first
            return [replace(search, window=first)]
    if len(search.groups) > 1:
        return [replace(search, groups=half) for half in _halves(search.groups)]
    if len(search.signatures) > 1:
        return _split_signatures(search)
    if search.limit < MOST_ROWS:
        return [replace(search, text=asking_for(search.text, MOST_ROWS), limit=MOST_ROWS)]
    reading.overflowing.append(search)
    reading.rows += result.rows
    return []


def _beginning(window: Window, rows: Sequence[Row]) -> Window:
    """Half of a window, or where a storm lies beside its middle, as much as holds half of the rows that were returned.

    Rows come in the order of time: a storm shows where it begins, and is not approached by halves, each paid for.
    """
    half, _ = window.halves()
    times = sorted(row.ts_ms for row in rows)
    inside = bisect_left(times, half.end * 1000)
    if len(times) // 4 <= inside < len(times):
        return half
    latest = window.start + window.seconds * 7 // 8
    return Window(window.start, max(window.start + 1, min(times[len(times) // 2] // 1000, latest)))


def _without(search: Search, reading: Reading) -> Search | None:
    """The search less what was found out meanwhile: log groups that are unavailable, and time that must wait."""
    groups = tuple(group for group in search.groups if group not in reading.lost_groups)
    return replace(search, groups=groups, window=reading.window) if groups else None


def _halves(groups: tuple[LogGroup, ...]) -> Iterator[tuple[LogGroup, ...]]:
    """Two halves of several log groups; nothing of a single one: what could not be read there is not there."""
    middle = len(groups) // 2
    return (half for half in (groups[:middle], groups[middle:]) if middle)


def _split_signatures(search: Search) -> list[Search]:
    middle = len(search.signatures) // 2
    return [
        replace(search, text=asking_for(text, search.limit), signatures=signatures)
        for half in (search.signatures[:middle], search.signatures[middle:])
        for text, signatures in pack(half)
    ]


def _by_signature(search: Search, words: str, reading: Reading) -> list[Search]:
    if len(search.signatures) > 1:
        return _split_signatures(search)
    reading.rejected[search.signatures[0].id] = words
    return []


def _by_group(search: Search, error: GroupsUnavailable, reading: Reading) -> list[Search]:
    named = [group for group in search.groups if group.name in error.names]
    if not named and len(search.groups) > 1:
        return [replace(search, groups=half) for half in _halves(search.groups)]
    for group in named or search.groups:
        reading.lost_groups[group] = str(error)
    return [search]
