"""A SQLite file as one end of a migration."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.ports import CursorKey
from sigwatch.store import sqlite_records
from sigwatch.store.database import Database
from sigwatch.store.records import Record
from sigwatch.store.sqlite_rows import HIT_DIGESTS, MIGRATION
from sigwatch.store.unfinished import Marker

BATCH = 5_000
"""Records of one transaction."""
_ALL_TIME = str(2**62)
"""Until when nothing of the audit trail is kept, while an unfinished file is emptied."""
TABLES = (
    "coverage", "watched", "watch_sets", "lookbacks", "queries", "spending", "hits", "incidents", "silences", "known",
    "outbox", "lanes", "audit",
)  # fmt: skip
"""What belongs to the daemon; what a search of the past keeps lies in files of its own."""


class SqliteArchive:
    """See `migration.Archive`."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: it can not be opened.
        """
        self._database = Database(path)

    def records(self) -> Iterator[Record]:
        """See `migration.Archive.records`."""
        return sqlite_records.records(self._database)

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `migration.Archive.coverage`."""
        return sqlite_records.coverage(self._database.rows)

    def marker(self) -> Marker | None:
        """See `migration.Archive.marker`."""
        found = self._database.rows("SELECT value FROM facts WHERE name = ?", (MIGRATION,))
        return Marker(**json.loads(found[0][0])) if found else None

    def is_empty(self) -> bool:
        """See `migration.Archive.is_empty`."""
        return not any(self._database.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in TABLES)

    def begin(self, marker: Marker, before: Marker | None) -> None:
        """See `migration.Archive.begin`."""
        with self._database.transaction() as connection:
            self._require(connection, before)
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (MIGRATION, json.dumps(asdict(marker))))
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('audit_kept_from', ?)", (_ALL_TIME,))
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")
            connection.execute("DELETE FROM facts WHERE name IN ('audit_kept_from', ?)", (HIT_DIGESTS,))

    def restore(self, found: Iterable[Record]) -> Iterator[int]:
        """See `migration.Archive.restore`."""
        mine, waiting = self.marker(), iter(found)
        while batch := list(islice(waiting, BATCH)):
            with self._database.transaction() as connection:
                self._require(connection, mine)
                sqlite_records.restore(connection, batch)
            yield len(batch)

    def finish(self, marker: Marker) -> None:
        """See `migration.Archive.finish`."""
        with self._database.transaction() as connection:
            self._require(connection, marker)
            connection.execute("DELETE FROM facts WHERE name = ?", (MIGRATION,))

    def _require(self, connection: sqlite3.Connection, marker: Marker | None) -> None:
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (MIGRATION,)).fetchone()
        if (Marker(**json.loads(row[0])) if row else None) != marker:
            raise StoreError("another migration into the same state has begun meanwhile; let it end, or stop it first")

    def close(self) -> None:
        """See `migration.Archive.close`."""
        self._database.close()
