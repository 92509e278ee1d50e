"""Logs come in, and what is logged is measured."""

from collections.abc import Sequence
from typing import Protocol

from sigwatch.model.logs import LogGroup, Row, Search, SearchResult, Volume, Window


class LogSource(Protocol):
    """Where log events are searched."""

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        """Log groups whose name starts with `prefix`.

        Raises:
            SourceUnavailable: the service can not be reached; try again later.
            Stopped: sigwatch shuts down.
        """

    def search(self, search: Search) -> SearchResult:
        """Run one query to completion and return all of its rows, whatever their time.

        Raises:
            SourceError: one of its kinds; no part of the answer can be trusted.
        """

    def whole_message(self, row: Row, lane: str) -> str | None:
        """The message of an event that a result may have cut off; None when the service will never give it.

        Raises:
            SourceError: it is not to be had now.
        """


class VolumeMeter(Protocol):
    """Says how much is logged."""

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        """Bytes that were logged in log groups of one lane over a window; None where nobody can say."""
