"""The state as a whole."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.lease import Held, Lease, Ledger
from sigwatch.model.logs import LogGroup, Search
from sigwatch.model.message import Delivery
from sigwatch.model.past import Finding
from sigwatch.ports.transaction import CursorKey, Unit


class QueryLog(Protocol):
    """Remembers which queries were started, so that neither a crash nor a lost answer pays for one twice."""

    def recall(self, marker: str) -> str | None:
        """The id of the query that was started for a search and whose result is not recorded yet."""

    def remember(self, search: Search, query: str) -> None:
        """A query was started for a search; durable at once."""

    def forget(self, marker: str) -> None:
        """There will be no result of it."""


class Store(QueryLog, Protocol):
    """State that survives a restart."""

    incidents_at_once: int
    """Incidents that are begun or counted in one transaction, as a rule."""
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
        """Every incident that is not over, by the time of its first hit, as they were a moment ago."""

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
