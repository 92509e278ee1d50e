"""The edges of the system, each a small Protocol: logs come in, state is kept, messages go out, telemetry listens."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.event import Event
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.lease import Held, Lease, Ledger
from sigwatch.model.logs import Hit, LogGroup, Row, Search, SearchResult, Volume, Window
from sigwatch.model.message import Content, Delivery, Notice
from sigwatch.model.past import Finding

Clock = Callable[[], float]
"""Epoch seconds."""

Wait = Callable[[float], bool]
"""Waits that many seconds, or less when asked to stop; True means stop."""

Observer = Callable[[Event], None]
"""Is told what happened; must not raise."""

LAST_MS = 2**63 - 1
"""After every event."""

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

    def unresolved(self) -> list[Incident]:
        """Every incident that is not over."""

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


class Deliveries(Protocol):
    """The outbox, as whoever sends from it sees it.

    A lane is what a target limits the rate of: one for new messages in each destination, one for all edits.
    """

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """Deliveries with something to show whose time has come, most urgent first; of each lane the first few.

        A row whose claim ran out counts only `settle_ms` after that, when the target's history can be trusted. One that
        goes into a thread waits for the thread's first message. What a digest shows in its place is not due.
        """

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int, gap_ms: int) -> Delivery | None:
        """Take a row for this worker, counting the attempt, and its lane for `gap_ms`.

        None if somebody else was faster, it is no longer due, or its lane is not free. A first try to post is stamped
        with `now_ms`. A digest comes with the newest cards of its incidents.
        """

    def settle(self, delivery: Delivery, entries: Sequence[Entry] = ()) -> bool:
        """Write the outcome of a claimed row and give up the claim; False if the claim was lost meanwhile."""

    def rest(self, delivery: Delivery, until_ms: int) -> None:
        """Leave the lane of a row alone until then."""

    def unposted(self) -> list[Delivery]:
        """Cards that no target has shown and nobody is trying to, most urgent first."""

    def posted_since(self, target: str, destination: str, since_ms: int) -> int:
        """Messages that a destination has got since then, those in threads aside."""

    def gather(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        """Put pages of a digest, each given with the ids of its cards, in place of cards, and return how many.

        Where somebody has begun to post one of them meanwhile none is gathered, and 0 returned.
        """

    def destinations(self, target: str, since_ms: int) -> list[str]:
        """Where in a target something was posted since then."""

    def rename(self, target: str, ref: str, other: str) -> None:
        """What the target calls `ref` is another message from now on: the first one is gone."""

    def overdue(self, before_ms: int) -> list[Delivery]:
        """Cards that have waited since then or longer without a message that shows them, and have no stand-in."""

    def fall_back(self, delivery: Delivery, notice: Notice) -> bool:
        """Have another target told in addition, once; False if it has been already."""

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """How many deliveries are behind, and for how many seconds the oldest one."""


class Store(QueryLog, Protocol):
    """State that survives a restart."""

    hits_at_once: int
    """New hits that one transaction takes whatever their times are."""

    @property
    def installation(self) -> str:
        """Short name of this state: by it the queries that belong to it are told from those of others."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Begin a transaction: committed on leaving, rolled back on an exception."""

    def shards(self, groups: Collection[LogGroup]) -> Mapping[LogGroup, str]:
        """By log group, the name of the lease under which it is searched; empty where nobody shares the state.

        Log groups that no pass has begun with are left out.
        """

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

    def unresolved(self) -> list[Incident]:
        """Every incident that is not over, outside of a transaction."""

    def incidents(self) -> list[Incident]:
        """Every incident, in the order of their first hits."""

    def all_silences(self) -> list[Silence]:
        """Every silence, past ones and those to come as well, in the order of their beginnings."""

    def cards(self, incident: str) -> list[Delivery]:
        """See `Unit.cards`."""

    def audit(self, since_ms: int, until_ms: int, actions: Collection[str] = (), subject: str = "") -> Iterator[Entry]:
        """The audit trail of [since, until), oldest first; of some actions or one subject only, where given."""

    def known(self) -> Mapping[str, tuple[str, str]]:
        """Status and content hash of each signature, as the audit trail has it."""

    def prune(self, cutoffs: Mapping[str, int]) -> int:
        """Drop what is older than a time, in epoch milliseconds, and return how many rows were dropped at once.

        By kind: hits, notifications, incidents, silences, audit, spending. What is open or undelivered stays. What goes
        by itself is not counted, and not given any more either.
        """

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `Deliveries.outbox`."""

    def ping(self) -> None:
        """Raise StoreError unless the state can be read."""

    def close(self) -> None:
        """Let go of the state."""


class Leases(Protocol):
    """Leases that any number of replicas share."""

    def read(self) -> Ledger:
        """Everything, as it is now."""

    def beat(self, replica: str) -> None:
        """Show that a replica is alive: what it wrote before looks different from now on."""

    def take(self, name: str, replica: str, seen: Held | None) -> Lease | None:
        """Give a lease to a replica unless it has changed since it was seen; None when somebody was faster."""

    def give_back(self, lease: Lease) -> None:
        """Let go of a lease, if it is still held."""

    def bow_out(self, replica: str) -> None:
        """Forget a replica."""


class Findings(Protocol):
    """What a search of the past has found so far, in whatever order."""

    def add(self, findings: Sequence[Finding]) -> int:
        """Keep those that are not known yet, all or none; returns how many new hits, ends of incidents aside."""

    def in_time(self) -> Iterator[Finding]:
        """All of them: one signature and grouping key after the other, each in the order of time."""

    def span(self) -> tuple[int, int] | None:
        """Times of the first and of the last hit, in epoch milliseconds; None without any."""

    def hit_counts(self) -> Mapping[str, int]:
        """Hits by signature, ends of incidents aside."""

    def place_counts(self) -> Mapping[str, int]:
        """Hits by log group, ends of incidents aside."""

    def bars(self, start_ms: int, end_ms: int, parts: int) -> Mapping[str, Sequence[int]]:
        """By signature, its hits in each of so many equal parts of [start, end)."""


class Publisher(Protocol):
    """A target that shows what is told."""

    name: str

    def post(self, destination: str, content: Content, thread: str) -> str:
        """Show a new message, under the one that the target calls `thread` if any, and return the target's name for it.

        Raises:
            PublishError: one of its kinds says whether it may be sent again.
        """

    def update(self, destination: str, ref: str, content: Content) -> None:
        """Show `content` in place of what `ref` shows now; repeating it is harmless."""

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        """The message with that idempotency key not older than `since_ms`, if the target has it."""

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Post the content in the plainest form the target has, for when it refuses the full one."""
