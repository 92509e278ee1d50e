"""One SQLite file: opening, upgrading, transactions."""

import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from sigwatch.errors import StoreError

SCHEMA_VERSION = 3
_FROM_CURSORS = """
INSERT OR IGNORE INTO coverage SELECT pass, account, region, log_group, second, second FROM cursors;
DROP TABLE cursors;
"""
"""A version 1 state knew only where each pass stood."""
_SET_ASIDE = """
DROP INDEX IF EXISTS outbox_behind;
ALTER TABLE outbox RENAME TO outbox_before;
DROP INDEX IF EXISTS hits_by_time;
ALTER TABLE hits RENAME TO hits_before;
"""
_HITS_BY_TIME = """
INSERT INTO hits (ts_ms, identity, signature) SELECT ts_ms, identity, signature FROM hits_before ORDER BY ts_ms;
DROP TABLE hits_before;
"""
"""Until version 2 they lay in the order of their identities."""
_FROM_ALERTS = """
INSERT INTO outbox (id, target, destination, kind, form, content, incident, urgency, revision, delivered, progress, ref,
  attempts, due_ms, claim, claimed_until_ms, first_attempt_ms, behind_since_ms)
SELECT incident, target, destination, kind, 'alert', alert, incident, 5, revision, delivered, progress, ref,
  attempts, due_ms, claim, claimed_until_ms, first_attempt_ms, behind_since_ms FROM outbox_before;
DROP TABLE outbox_before;
"""
"""Until version 2 the outbox held nothing but cards."""


def private(path: Path) -> None:
    """Make the file, if it is not there, for its owner alone: what is kept holds lines of logs.

    Raises:
        OSError: it can not be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


class Database:
    """A connection that several threads share; each transaction waits for the one before it."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file.

        `:memory:` keeps everything in memory. An empty path keeps it there too, and in a private file where it grows,
        which is gone when the connection is closed or the process ends, however it ends.

        Raises:
            StoreError: the file can not be opened, or is from a newer version.
        """
        self._lock = threading.RLock()
        try:
            if str(path) not in {":memory:", ""}:
                private(Path(path))
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"the state {path} can not be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise StoreError(f"the state {path} can not be opened: {error}") from error
        except StoreError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A power cut must not take back what Slack has already been told.
        self._connection.execute("PRAGMA synchronous = FULL")
        found = self._version()
        if found > SCHEMA_VERSION:
            raise StoreError(f"the state is of version {found}, this sigwatch knows {SCHEMA_VERSION}; upgrade it")
        schema = files("sigwatch.store").joinpath("schema.sql").read_text(encoding="utf-8")
        before = _SET_ASIDE if found in {1, 2} else ""
        after = (_FROM_CURSORS if found == 1 else "") + (_FROM_ALERTS + _HITS_BY_TIME if found in {1, 2} else "")
        version = f"PRAGMA user_version = {SCHEMA_VERSION};"
        # All or nothing: half an upgrade could neither be used nor done again.
        try:
            self._connection.executescript(f"BEGIN IMMEDIATE; {before} {schema} {after} {version} COMMIT;")
        except sqlite3.Error:
            # Another process may have upgraded it since the version was read.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if found == SCHEMA_VERSION or self._version() != SCHEMA_VERSION:
                raise
        self._connection.execute("INSERT OR IGNORE INTO facts VALUES ('installation', ?)", (uuid.uuid4().hex[:8],))

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Committed on leaving, rolled back on an exception.

        Raises:
            StoreError: nothing was written.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(f"the state can not be written: {error}") from error

    def rows(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """What a query gives.

        Raises:
            StoreError: it can not be read.
        """
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"the state can not be read: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
