"""A table as one end of a migration."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from sigwatch.errors import Conflict, StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.ports import CursorKey
from sigwatch.store.dynamo import reading
from sigwatch.store.dynamo.bulk import Bulk
from sigwatch.store.dynamo.layout import Expiry, items_of
from sigwatch.store.dynamo.schema import faults
from sigwatch.store.dynamo.store import INSTALLATION, MIGRATION
from sigwatch.store.dynamo.table import Item, Table, Write
from sigwatch.store.records import Record
from sigwatch.store.unfinished import Marker


class DynamoArchive:
    """See `migration.Archive`."""

    def __init__(self, table: Table, bulk: Bulk, kept_seconds: Mapping[str, int], now: float) -> None:
        """Open the table.

        Args:
            table: must exist.
            bulk: the same one, as a whole.
            kept_seconds: how long hits, audit and spending are kept.
            now: epoch seconds; what has expired by then is not there.

        Raises:
            StoreError: there is no such table, or it is another one's.
        """
        if wrong := faults(table.describe()):
            raise StoreError(f"the table {table.name} can not be used: {'; '.join(wrong)}")
        self._table = table
        self._bulk = bulk
        self._expiry = Expiry(kept_seconds, int(now))

    def records(self) -> Iterator[Record]:
        """See `migration.Archive.records`."""
        return reading.records(self._table, self._bulk, self._expiry.now)

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `migration.Archive.coverage`."""
        return reading.coverage(self._table)

    def marker(self) -> Marker | None:
        """See `migration.Archive.marker`."""
        found = self._table.get([MIGRATION]).get(MIGRATION)
        return Marker(**found.body) if found else None

    def is_empty(self) -> bool:
        """See `migration.Archive.is_empty`."""
        return all(item.key in {INSTALLATION, MIGRATION} for item in self._bulk.scan())

    def begin(self, marker: Marker, before: Marker | None) -> None:
        """See `migration.Archive.begin`."""
        expected = before.run if before else ""
        self._commit(Write(MIGRATION, Item(MIGRATION, asdict(marker)), expected), marker.run)
        if before:
            for _ in self._bulk.delete(item.key for item in self._bulk.scan() if item.key != MIGRATION):
                pass

    def restore(self, found: Iterable[Record]) -> Iterator[int]:
        """See `migration.Archive.restore`; gives numbers of items."""
        marker = self.marker()
        return self._bulk.put(items_of(found, self._expiry), marker.run if marker else "")

    def finish(self, marker: Marker) -> None:
        """See `migration.Archive.finish`."""
        self._commit(Write(MIGRATION, None, marker.run), f"{marker.run}-end")

    def _commit(self, write: Write, nonce: str) -> None:
        try:
            self._table.commit([write], nonce)
        except Conflict:
            words = "another migration into the same state has begun meanwhile; let it end, or stop it first"
            raise StoreError(words) from None

    def close(self) -> None:
        """See `migration.Archive.close`: nothing is held open."""
