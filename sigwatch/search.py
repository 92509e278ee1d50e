"""Read a batch whole: what a query could not give is asked again in halves, until only the culprit is left.

A result at the row limit may have lost rows without a sign, so its window is split. A rejected query is split by
signatures, an unavailable log group is taken out. Every part that is left is read to completion.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sigwatch.errors import GroupsUnavailable, OutsideRetention, QueryRejected, SourceError
from sigwatch.model.event import QueryEnded, QueryStatus
from sigwatch.model.logs import LogGroup, Row, Search, SearchResult
from sigwatch.plan.cost import dollars
from sigwatch.plan.insights import ROW_LIMIT, pack
from sigwatch.plan.scopes import Batch
from sigwatch.plan.windows import searchable_from
from sigwatch.ports import LogSource, Observer


@dataclass(slots=True)
class Reading:
    """What the searches of one batch gave, and what had to be left out of it."""

    rows: list[Row] = field(default_factory=list)
    lost_groups: dict[LogGroup, str] = field(default_factory=dict)
    """Not searched, with the service's words: their cursors must stay."""
    rejected: dict[str, str] = field(default_factory=dict)
    """Signatures whose query the service does not take, with its words."""
    overflowing: list[Search] = field(default_factory=list)
    """One second of one log group that holds more matching rows than a query returns."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads batches from a source and tells of every query."""

    source: LogSource
    observe: Observer
    dollars_per_gb: float

    def read(self, batch: Batch) -> Reading:
        """Search the whole batch.

        Raises:
            SourceError: the source is not to be had now; nothing of the batch counts.
        """
        reading = Reading()
        for text, signatures in pack(batch.scope.signatures):
            search = Search(batch.scope.name, batch.groups, signatures, text, batch.window, ROW_LIMIT)
            pending = [search]
            while pending:
                pending += self._attempt(_without(pending.pop(), reading), batch.step.name, reading)
        return reading

    def _attempt(self, search: Search | None, pass_name: str, reading: Reading) -> list[Search]:
        """Run one search; return the smaller ones that must be run in its place."""
        if search is None:
            return []
        try:
            result = self._run(search, pass_name)
        except OutsideRetention:
            return [replace(search, groups=half) for half in _halves(search.groups)]
        except QueryRejected as error:
            return _by_signature(search, str(error), reading)
        except GroupsUnavailable as error:
            return _by_group(search, error, reading)
        if result.count < search.limit:
            reading.rows += [row for row in result.rows if search.window.holds(row.ts_ms)]
            return []
        return self._smaller(search, result, reading)

    def _smaller(self, search: Search, result: SearchResult, reading: Reading) -> list[Search]:
        if search.window.seconds > 1 and search.window.halves()[0].end >= max(map(searchable_from, search.groups)):
            return [replace(search, window=half) for half in reversed(search.window.halves())]
        if len(search.groups) > 1:
            return [replace(search, groups=half) for half in _halves(search.groups)]
        if len(search.signatures) > 1:
            return _split_signatures(search)
        reading.overflowing.append(search)
        reading.rows += [row for row in result.rows if search.window.holds(row.ts_ms)]
        return []

    def _run(self, search: Search, pass_name: str) -> SearchResult:
        ended: Callable[..., QueryEnded] = _report(search, pass_name)
        try:
            result = self.source.search(search)
        except SourceError as error:
            paid = getattr(error, "bytes_scanned", 0)
            self.observe(ended(error.status, paid, dollars(paid, self.dollars_per_gb), detail=str(error)))
            raise
        price = dollars(result.bytes_scanned, self.dollars_per_gb)
        self.observe(ended(QueryStatus.COMPLETE, result.bytes_scanned, price, result.count, result.seconds))
        return result


def _report(search: Search, pass_name: str) -> Callable[..., QueryEnded]:
    def ended(
        status: QueryStatus, paid: int, price: float, rows: int = 0, seconds: float = 0.0, detail: str = ""
    ) -> QueryEnded:
        sizes = len(search.groups), len(search.signatures)
        return QueryEnded(search.scope, pass_name, status, search.window, *sizes, rows, paid, price, seconds, detail)

    return ended


def _without(search: Search, reading: Reading) -> Search | None:
    """The search less the log groups that were found unavailable meanwhile."""
    groups = tuple(group for group in search.groups if group not in reading.lost_groups)
    return replace(search, groups=groups) if groups else None


def _halves(groups: tuple[LogGroup, ...]) -> Iterator[tuple[LogGroup, ...]]:
    """Two halves of several log groups; nothing of a single one: what could not be read there is not there."""
    middle = len(groups) // 2
    return (half for half in (groups[:middle], groups[middle:]) if middle)


def _split_signatures(search: Search) -> list[Search]:
    middle = len(search.signatures) // 2
    return [
        replace(search, text=text, signatures=signatures)
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
