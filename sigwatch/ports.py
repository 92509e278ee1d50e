"""The edges of the system, each a small Protocol: logs come in, state is kept, messages go out, telemetry listens."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sigwatch.model.event import Event
from sigwatch.model.incident import Alert, Delivery, Incident, Kind
from sigwatch.model.logs import Hit, LogGroup, Search, SearchResult

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
        """

    def search(self, search: Search) -> SearchResult:
        """Run one query to completion and return all of its rows, whatever their time.

        Raises:
            SourceError: one of its kinds; no part of the answer can be trusted.
        """


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

    def move_cursor(self, key: CursorKey, second: int) -> None:
        """Everything before `second` has been searched; a cursor never moves back."""


class Store(Protocol):
    """State that survives a restart."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Begin a transaction: committed on leaving, rolled back on an exception."""

    def cursors(self) -> Mapping[CursorKey, int]:
        """Every cursor."""

    def open_incidents(self) -> list[Incident]:
        """Every open incident, outside of a transaction."""

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
