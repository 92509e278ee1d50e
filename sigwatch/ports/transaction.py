"""One transaction on the state."""

from collections.abc import Sequence
from typing import Protocol

from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Lookback
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.lease import Lease
from sigwatch.model.logs import Hit, LogGroup
from sigwatch.model.message import Delivery, Notice

LAST_MS = 2**63 - 1
"""After every event."""

CursorKey = tuple[str, str, str, str]
"""Pass, account, region, log group name."""


def cursor_key(pass_name: str, group: LogGroup) -> CursorKey:
    """The key under which a pass keeps its place in a log group."""
    return pass_name, group.account, group.region, group.name


class Unit(Protocol):
    """One transaction: what it writes becomes durable together or not at all.

    Another transaction that changes the same may be faster: then leaving this one raises Conflict, and the work is done
    again; see `transaction.transacted`. Where it is more than the state takes at once, leaving raises TooMuch.
    """

    def guard(self, lease: Lease) -> None:
        """Let this transaction be refused unless the lease still holds.

        Raises:
            StoreError: it has been given to somebody else.
        """

    def add_hits(self, hits: Sequence[Hit]) -> list[Hit]:
        """Record the hits and return those that were not known before, in the given order."""

    def incident(self, signature: str, group: str, before_ms: int = LAST_MS) -> Incident | None:
        """Of the incidents of that signature and grouping key the one with the newest hit, before a time if given."""

    def touching(self, signature: str, group: str, start_ms: int, end_ms: int) -> Incident | None:
        """An incident of that signature and grouping key that began by `end_ms` and lasted to `start_ms` or on."""

    def incident_by_id(self, wanted: str) -> Incident | None:
        """The incident with that id."""

    def put_incident(self, incident: Incident) -> None:
        """Write an incident, new or changed."""

    def silences(self, now_ms: int) -> list[Silence]:
        """The silences that hold at that time."""

    def silence(self, wanted: str) -> Silence | None:
        """The silence with that id, whenever it holds or held."""

    def put_silence(self, silence: Silence) -> None:
        """Write a silence, new or changed."""

    def know(self, signature: str, status: str, content: str) -> None:
        """The audit trail has it that a signature is of this status and content hash; an empty status for gone."""

    def cards(self, incident: str) -> list[Delivery]:
        """The cards of an incident, one for each target that is told of it."""

    def gathered(self, key: str) -> list[Incident]:
        """What a digest lists on all of its pages, given the idempotency key of the first one."""

    def enqueue(self, notice: Notice) -> None:
        """Make its content what the target should show under its id.

        The destination of an existing row stays. Where a digest shows a card in its place, the digest is to be shown
        anew, and of its thread only escalations are kept.
        """

    def record(self, entry: Entry) -> None:
        """Add to the audit trail."""

    def entries(self, subject: str) -> list[Entry]:
        """What the audit trail says of one subject, oldest first."""

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """All between the two seconds has been searched; an empty range says where a pass begins."""

    def uncover(self, second: int) -> None:
        """Nothing from `second` on counts as searched: the clock was ahead when it was.

        Harmless when repeated, and alone in its transaction.
        """

    def watch_set(self, group: LogGroup, digest: str, entries: Sequence[str]) -> None:
        """The log group is searched for these signatures, given as id and fingerprint, from now on."""

    def owe(self, lookback: Lookback) -> None:
        """Something is to be searched once; one with the same id is replaced."""

    def repay(self, lookback: str) -> None:
        """It has been searched."""

    def forget_queries(self, markers: Sequence[str]) -> None:
        """Their results are recorded."""
