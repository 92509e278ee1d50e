"""State in one DynamoDB table, for any number of replicas."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sigwatch.errors import StoreError
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.logs import LogGroup, Search, Window
from sigwatch.model.message import Delivery
from sigwatch.ports import Clock, CursorKey
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.dynamo import cleaning, incidents, searched, unit
from sigwatch.store.dynamo.leases import DynamoLeases
from sigwatch.store.dynamo.outbox import DynamoOutbox
from sigwatch.store.dynamo.schema import faults
from sigwatch.store.dynamo.session import Session, session
from sigwatch.store.dynamo.table import Item, Key, Table, Write
from sigwatch.store.unfinished import refuse_unfinished
from sigwatch.transaction import settled

VERSION = 1
SPENT = "SPENT#"
"""Begins the partitions, each of one day."""
QUERIES = "QUERY"
QUERY_SECONDS = 7 * 86_400
"""The results of a query are kept by the service for so long."""
INSTALLATION: Key = "META", "installation"
MIGRATION: Key = "META", "migration"
"""Where a table says that it is the unfinished target of a migration."""


class DynamoStore:
    """See `ports.Store`. Safe to use from several threads, processes and machines."""

    incidents_at_once = 24
    """Each is three items or four while it is counted, and some more when it begins."""
    hits_at_once = 60
    """Each may be of another minute, and a transaction takes a hundred items."""

    def __init__(
        self, table: Table, kept_seconds: Mapping[str, int], clock: Clock, monotonic: Clock, fresh_for: float = 0.0
    ) -> None:
        """Open the table.

        Args:
            table: must exist; see `schema`.
            kept_seconds: how long hits, audit and spending are kept, which go by themselves.
            clock: epoch seconds.
            monotonic: seconds, from a clock that never goes back.
            fresh_for: seconds for which the list of what waits to be delivered is used again.

        Raises:
            StoreError: there is no such table, it is another one's, or of a newer version.
        """
        self._table = table
        self._clock = clock
        self._kept = dict(kept_seconds)
        self._cutoffs: dict[str, int] = {}
        if wrong := faults(table.describe()):
            raise StoreError(f"the table of the state can not be used: {'; '.join(wrong)}")
        self._refuse_unfinished()
        self._shards = searched.Shards(table)
        keeping = unit.Keeping(self._kept, self._cutoffs)
        self._home = unit.Home(table, self._shards, keeping, _nonce, self._uncover)
        self.deliveries = DynamoOutbox(table, _nonce, monotonic, self._record, fresh_for)
        self.leases = DynamoLeases(table, _nonce)
        self.installation = self._installation()

    def _refuse_unfinished(self) -> None:
        found = self._table.get([MIGRATION]).get(MIGRATION)
        if found:
            refuse_unfinished(self._table.name, found.body["source"])

    def _installation(self) -> str:
        def attempt() -> str:
            with session(self._table, _nonce) as begun:
                found = begun.get(INSTALLATION)
                if found is None:
                    begun.put(INSTALLATION, {"name": _nonce()[:8], "version": VERSION})
                    found = begun.get(INSTALLATION)
                body: Mapping[str, str] = found.body if found else {}
                if int(body["version"]) > VERSION:
                    raise StoreError(f"the state is of version {body['version']}, this sigwatch knows {VERSION}")
                return str(body["name"])

        return str(settled(attempt))

    @contextmanager
    def unit(self) -> Iterator[unit.DynamoUnit]:
        """See `ports.Store.unit`."""
        with session(self._table, _nonce) as begun:
            made = unit.DynamoUnit(begun, self._home)
            yield made
        if made.touched_outbox:
            self.deliveries.changed()
        # What is recorded stays so whatever becomes of this: a marker that is left behind goes by itself.
        with suppress(StoreError):
            for marker in made.forgotten:
                self.forget(marker)

    def _record(self, begun: Session, entry: Entry) -> None:
        unit.record(begun, entry, f"{entry.at_ms:015d}#9999#{_nonce()}", self._kept["audit"])

    def _uncover(self, second: int) -> None:
        for item in self._table.query(searched.COVERAGE):
            settled(partial(self._alone, partial(searched.uncover, key=item.key, second=second)))

    def _alone(self, work: Callable[[Session], None]) -> None:
        with session(self._table, _nonce) as begun:
            work(begun)

    def shards(self, groups: Collection[LogGroup]) -> Mapping[LogGroup, str]:
        """See `ports.Store.shards`."""
        return self._shards.of(groups)

    def shard_names(self) -> list[str]:
        """Every shard that is known of here."""
        return self._shards.names()

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `ports.Store.coverage`."""
        return self._shards.coverage()

    def watch_sets(self) -> Mapping[str, str]:
        """See `ports.Store.watch_sets`."""
        return searched.watch_sets(self._table)

    def watch_entries(self, digest: str) -> frozenset[str]:
        """See `ports.Store.watch_entries`."""
        key = unit.WATCHED, digest
        found = self._table.get([key]).get(key)
        return frozenset(unit.unpacked(found.blob)) if found else frozenset()

    def lookbacks(self) -> list[Lookback]:
        """See `ports.Store.lookbacks`."""
        found = []
        for item in self._table.query(unit.OWED):
            groups, signatures = unit.unpacked(item.blob)
            found.append(Lookback(item.key[1], Window(*item.body), tuple(groups), tuple(signatures)))
        return sorted(found, key=lambda each: (each.window.start, each.id))

    def recall(self, marker: str) -> str | None:
        """See `ports.QueryLog.recall`."""
        found = self._table.get([(QUERIES, marker)]).get((QUERIES, marker))
        return str(found.body[0]) if found else None

    def remember(self, search: Search, query: str) -> None:
        """See `ports.QueryLog.remember`."""
        window = search.window.start, search.window.end
        body = [query, search.groups[0].lane, search.pass_name, *window]
        key, arns = (QUERIES, search.marker), unit.packed([group.arn for group in search.groups])
        item = Item(key, body, arns, expires=int(self._clock()) + QUERY_SECONDS)
        self._table.commit([Write(key, item, None)], _nonce())

    def forget(self, marker: str) -> None:
        """See `ports.QueryLog.forget`."""
        self._table.commit([Write((QUERIES, marker), None, None)], _nonce())

    def started_queries(self) -> list[StartedQuery]:
        """See `ports.Store.started_queries`."""
        found = []
        for item in self._table.query(QUERIES):
            if item.expires > self._clock():
                query, lane, pass_name, start, end = item.body
                groups = tuple(unit.unpacked(item.blob))
                found.append(StartedQuery(item.key[1], query, lane, pass_name, Window(start, end), groups))
        return sorted(found, key=lambda each: (each.window.start, each.marker))

    def spend(self, spending: Sequence[Spending]) -> None:
        """See `ports.Store.spend`."""
        by_day: defaultdict[str, list[Spending]] = defaultdict(list)
        for each in spending:
            by_day[each.day].append(each)
        for day, of_day in by_day.items():
            settled(partial(self._alone, partial(self._spend, day, of_day)))

    def _spend(self, day: str, spending: Sequence[Spending], begun: Session) -> None:
        midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(days=1)
        expires = int(midnight.timestamp()) + self._kept["spending"]
        for each in spending:
            key = f"{SPENT}{day}", f"{each.scope}#{each.pass_name}"
            before = begun.get(key)
            scanned, dollars, queries = before.body[2:] if before else (0, 0.0, 0)
            now = scanned + each.bytes_scanned, dollars + each.dollars, queries + each.queries
            item = spending_item(Spending(day, each.scope, each.pass_name, *now), expires)
            begun.put(item.key, item.body, expires=item.expires)

    def spent(self, day: str) -> list[Spending]:
        """See `ports.Store.spent`."""
        if day < _day_of(self._cutoffs.get("spending", 0)):
            return []
        return [Spending(day, *item.body) for item in self._table.query(f"{SPENT}{day}")]

    def unresolved(self) -> list[Incident]:
        """See `ports.Store.unresolved`."""
        return [INCIDENTS.validate_json(item.body) for item in self._table.waiting(incidents.OPEN)]

    def incidents(self) -> list[Incident]:
        """See `ports.Store.incidents`."""
        found = [INCIDENTS.validate_json(item.body) for item in self._table.query(incidents.INCIDENT)]
        return sorted(found, key=lambda each: (each.first_seen_ms, each.id))

    def all_silences(self) -> list[Silence]:
        """See `ports.Store.all_silences`."""
        found = [SILENCES.validate_json(item.body) for item in self._table.query(unit.SILENCE)]
        return sorted(found, key=lambda each: (each.starts_ms, each.id))

    def cards(self, incident: str) -> list[Delivery]:
        """See `ports.Store.cards`."""
        with self.unit() as begun:
            return begun.cards(incident)

    def audit(self, since_ms: int, until_ms: int, actions: Collection[str] = (), subject: str = "") -> Iterator[Entry]:
        """See `ports.Store.audit`."""
        first = max(since_ms, self._cutoffs.get("audit", 0), 0)
        if subject:
            items: Iterator[Item] = iter(self._table.waiting(f"SUBJECT#{subject}"))
        else:
            items = self._table.query(unit.AUDIT, f"{first:015d}", f"{max(0, until_ms):015d}")
        found = (unit.entry_of(item.body) for item in items)
        return (e for e in found if first <= e.at_ms < until_ms and (not actions or e.action in actions))

    def known(self) -> Mapping[str, tuple[str, str]]:
        """See `ports.Store.known`."""
        return {item.key[1]: (item.body[0], item.body[1]) for item in self._table.query(unit.KNOWN)}

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `ports.Deliveries.outbox`."""
        return self.deliveries.outbox(now_ms)

    def prune(self, cutoffs: Mapping[str, int]) -> int:
        """See `ports.Store.prune`. Hits, audit and spending expire; what should have is not given any more."""
        self._cutoffs |= {kind: before for kind, before in cutoffs.items() if kind in self._kept}
        return cleaning.clean(self._table, _nonce, cutoffs)

    def ping(self) -> None:
        """See `ports.Store.ping`."""
        self._table.get([INSTALLATION])

    def close(self) -> None:
        """See `ports.Store.close`: nothing is held open."""


def spending_item(spent: Spending, expires: int) -> Item:
    """What was spent on a day in one scope and pass, as it is kept until that epoch second."""
    body = [spent.scope, spent.pass_name, spent.bytes_scanned, spent.dollars, spent.queries]
    return Item((f"{SPENT}{spent.day}", f"{spent.scope}#{spent.pass_name}"), body, expires=max(1, expires))


def _nonce() -> str:
    return uuid.uuid4().hex


def _day_of(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
