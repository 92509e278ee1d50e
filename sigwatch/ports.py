"""The edges of the system, each a small Protocol: logs come in, state is kept, messages go out, telemetry listens."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.event import Event
from sigwatch.model.incident import Alert, Delivery, Incident, Kind
from sigwatch.model.logs import Hit, LogGroup, Row, Search, SearchResult, Volume, Window

Clock = Callable[[], float]
"""Epoch seconds."""

Wait = Callable[[float], bool]
"""Waits that many seconds, or less when asked to stop; True means stop."""

Observer = Callable[[Event], None]
"""Is told what happened; must not raise."""

CursorKey = tuple[str, str, str, str]
"""Pass, account, region, log group name."""


def cursor_key(pass_name: str, group: LogGroup) -> CursorKey:
    """The key under which a pass keeps its place in a log group."""
    return pass_name, group.account, group.region, group.name


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


class QueryLog(Protocol):
    """Remembers which queries were started, so that neither a crash nor a lost answer pays for one twice."""

    def recall(self, marker: str) -> str | None:
        """The id of the query that was started for a search and whose result is not recorded yet."""

    def remember(self, search: Search, query: str) -> None:
        """A query was started for a search; durable at once."""

    def forget(self, marker: str) -> None:
        """There will be no result of it."""


class Unit(Protocol):
    """One transaction: what it writes becomes durable together or not at all."""

    def add_hits(self, hits: Sequence[Hit]) -> list[Hit]:
        """Record the hits and return those that were not known before, in the given order."""

    def incident(self, signature: str, group: str) -> Incident | None:
        """The newest incident of that signature and grouping key."""

    def open_incidents(self) -> list[Incident]:
        """Every open incident."""

    def put_incident(self, incident: Incident) -> None:
        """Write an incident, new or changed."""

    def deliveries(self, incident: str) -> list[Delivery]:
        """The outbox rows of an incident."""

    def enqueue(self, target: str, destination: str, kind: Kind, alert: Alert) -> None:
        """Make `alert` what the target should show for its incident; the destination of an existing row stays."""

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """All between the two seconds has been searched; an empty range says where a pass begins."""

    def uncover(self, second: int) -> None:
        """Nothing from `second` on counts as searched: the clock was ahead when it was."""

    def watch_set(self, group: LogGroup, digest: str, entries: Sequence[str]) -> None:
        """The log group is searched for these signatures, given as id and fingerprint, from now on."""

    def owe(self, lookback: Lookback) -> None:
        """Something is to be searched once; one with the same id is replaced."""

    def repay(self, lookback: str) -> None:
        """It has been searched."""

    def forget_queries(self, markers: Sequence[str]) -> None:
        """Their results are recorded."""


class Deliveries(Protocol):
    """The outbox, as whoever sends from it sees it."""

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """Deliveries with something to show whose time has come, oldest first.

        A row whose claim ran out counts only `settle_ms` after that, when the target's history can be trusted.
        """

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int) -> Delivery | None:
        """Take a row for this worker, counting the attempt; None if somebody else was faster or it is no longer due.

        A first try to post is stamped with `now_ms`.
        """

    def settle(self, delivery: Delivery) -> bool:
        """Write the outcome of a claimed row and give up the claim; False if the claim was lost meanwhile."""

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """How many deliveries are behind, and for how many seconds the oldest one."""


class Store(QueryLog, Deliveries, Protocol):
    """State that survives a restart."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Begin a transaction: committed on leaving, rolled back on an exception."""

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """What each pass has searched in each log group that it ever began with."""

    def watch_sets(self) -> Mapping[str, str]:
        """By log group ARN, the digest of the signatures that it is searched for."""

    def watch_entries(self, digest: str) -> frozenset[str]:
        """The signatures of a digest; empty for an unknown one."""

    def lookbacks(self) -> list[Lookback]:
        """What is owed, oldest first."""

    def started_queries(self) -> list[StartedQuery]:
        """Queries whose results are not recorded."""

    def spend(self, spending: Sequence[Spending]) -> None:
        """Add to what was spent."""

    def spent(self, day: str) -> list[Spending]:
        """What was spent on a day (UTC), as 2026-02-04."""

    def open_incidents(self) -> list[Incident]:
        """Every open incident, outside of a transaction."""

    def ping(self) -> None:
        """Raise StoreError unless the state can be read."""

    def close(self) -> None:
        """Let go of the state."""


class Publisher(Protocol):
    """A target that shows alerts."""

    name: str

    def post(self, destination: str, alert: Alert) -> str:
        """Show a new message and return the target's name for it.

        Raises:
            PublishError: one of its kinds says whether it may be sent again.
        """

    def update(self, destination: str, ref: str, alert: Alert) -> None:
        """Show `alert` in place of what `ref` shows now; repeating it is harmless."""

    def find(self, destination: str, key: str, since_ms: int) -> str | None:
        """The message with that idempotency key not older than `since_ms`, if the target has it."""

    def plain(self, destination: str, alert: Alert) -> str:
        """Post the alert in the plainest form the target has, for when it refuses the full one."""
