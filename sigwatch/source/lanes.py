"""Several accounts and regions as one source: each keeps to itself what goes wrong in it."""

from collections.abc import Container, Mapping, Sequence
from typing import Protocol

from sigwatch.errors import SourceUnavailable
from sigwatch.model.event import RunSkipped, SkipReason
from sigwatch.model.logs import LogGroup, Row, Search, SearchResult, Volume, Window
from sigwatch.ports import LogSource, Observer


class Lane(LogSource, Protocol):
    """One account and region."""

    def stop_orphans(self, known: Container[str]) -> int:
        """Stop queries that nobody waits for."""

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        """Bytes that were logged in log groups of this lane."""


class Lanes:
    """LogSource over all lanes. Safe to use from several threads."""

    def __init__(self, lanes: Mapping[str, Lane], observe: Observer) -> None:
        """The sources by lane, in the order in which they are asked."""
        self._lanes = dict(lanes)
        self._observe = observe
        self._answers: dict[tuple[str, str], Sequence[LogGroup]] = {}

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        """See `ports.LogSource.log_groups`; a lane that can not be asked keeps what it last answered."""
        found: dict[LogGroup, LogGroup] = {}
        failures: dict[str, SourceUnavailable] = {}
        for name, lane in self._lanes.items():
            try:
                self._answers[name, prefix] = lane.log_groups(prefix)
            except SourceUnavailable as error:
                failures[name] = error
            for group in self._answers.get((name, prefix), ()):
                # A monitoring account may show what another lane owns: it is searched once.
                found.setdefault(group, group)
        if len(failures) == len(self._lanes):
            raise next(iter(failures.values()))
        for name, failure in failures.items():
            self._observe(RunSkipped(f"log groups of {name}", SkipReason.FAILED, str(failure)))
        return list(found)

    def search(self, search: Search) -> SearchResult:
        """See `ports.LogSource.search`."""
        return self._lanes[search.groups[0].lane].search(search)

    def whole_message(self, row: Row, lane: str) -> str | None:
        """See `ports.LogSource.whole_message`."""
        return self._lanes[lane].whole_message(row, lane)

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        """Bytes that were logged in log groups of one lane; None where nobody can say."""
        return self._lanes[groups[0].lane].volume(groups, window)

    def stop_orphans(self, known: Container[str]) -> int:
        """Stop queries of this installation that nobody waits for; returns how many."""
        return sum(lane.stop_orphans(known) for lane in self._lanes.values())
