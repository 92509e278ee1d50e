"""A LogSource in memory: it returns what a query's filter would, with the limits and refusals of the service."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import re2

from sigwatch.errors import SourceError
from sigwatch.model.logs import LogGroup, Row, Search, SearchResult


@dataclass
class FakeSource:
    groups: list[LogGroup] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    refuse: Callable[[Search], SourceError | None] = lambda _: None
    searches: list[Search] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)
    """Whole messages by pointer."""

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        return [group for group in self.groups if group.name.startswith(prefix)]

    def search(self, search: Search) -> SearchResult:
        self.searches.append(search)
        error = self.refuse(search)
        if error:
            raise error
        expressions = re.findall(r"like /((?:[^/\\]|\\.)*)/", search.text)
        names = {group.name for group in search.groups}
        # The service takes both ends, and an end in whole seconds covers only its first millisecond.
        inside = [
            row
            for row in self.rows
            if row.log_group in names and search.window.start * 1000 <= row.ts_ms <= search.window.end * 1000
        ]
        found = [row for row in inside if any(re2.search(e, row.message) for e in expressions)]
        found.sort(key=lambda row: row.ts_ms)
        return SearchResult(tuple(found[: search.limit]), sum(len(row.message) for row in inside), 0.1)

    def whole_message(self, row: Row, lane: str) -> str | None:
        return self.whole[row.pointer]
