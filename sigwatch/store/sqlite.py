"""State in one SQLite file: for one machine. Two processes may share the file, but not a network file system."""

import json
import sqlite3
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage, Lookback, Span, Spending, StartedQuery
from sigwatch.model.incident import Delivery, Incident, Progress, State
from sigwatch.model.logs import Search, Window
from sigwatch.ports import CursorKey
from sigwatch.store.sqlite_unit import BEHIND, DELIVERY, INCIDENTS, SqliteUnit, delivery_of, readable

_SCHEMA_VERSION = 2
_FROM_CURSORS = """
INSERT OR IGNORE INTO coverage SELECT pass, account, region, log_group, second, second FROM cursors;
DROP TABLE cursors;
"""
"""A version 1 state knew only where each pass stood."""


class SqliteStore:
    """The state of one daemon. Safe to use from several threads; each transaction waits for the one before it."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; `:memory:` keeps everything in memory.

        Raises:
            StoreError: the file can not be opened, or is from a newer version.
        """
        self._lock = threading.RLock()
        try:
            if str(path) != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
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
        found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if found > _SCHEMA_VERSION:
            raise StoreError(f"the state is of version {found}, this sigwatch knows {_SCHEMA_VERSION}; upgrade it")
        self._connection.executescript(files("sigwatch.store").joinpath("schema.sql").read_text(encoding="utf-8"))
        if found == 1:
            self._connection.executescript(_FROM_CURSORS)
        self._connection.execute("INSERT OR IGNORE INTO facts VALUES ('installation', ?)", (uuid.uuid4().hex[:8],))
        self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    @contextmanager
    def unit(self) -> Iterator["SqliteUnit"]:
        """See `ports.Store.unit`."""
        with self._transaction() as connection:
            yield SqliteUnit(connection)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"the state can not be read: {error}") from error

    @property
    def installation(self) -> str:
        """Short name of this state: by it the queries that belong to it are told from those of others."""
        return str(self._rows("SELECT value FROM facts WHERE name = 'installation'")[0][0])

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `ports.Store.coverage`."""
        spans: defaultdict[CursorKey, list[Span]] = defaultdict(list)
        for row in self._rows('SELECT pass, account, region, log_group, start, "end" FROM coverage ORDER BY start'):
            spans[row[0], row[1], row[2], row[3]].append((row[4], row[5]))
        return {key: Coverage(tuple(found)) for key, found in spans.items()}

    def watch_sets(self) -> Mapping[str, str]:
        """See `ports.Store.watch_sets`."""
        return {row[0]: row[1] for row in self._rows("SELECT log_group, digest FROM watched")}

    def watch_entries(self, digest: str) -> frozenset[str]:
        """See `ports.Store.watch_entries`."""
        rows = self._rows("SELECT entries FROM watch_sets WHERE digest = ?", (digest,))
        return frozenset(json.loads(rows[0][0])) if rows else frozenset()

    def lookbacks(self) -> list[Lookback]:
        """See `ports.Store.lookbacks`."""
        rows = self._rows('SELECT id, start, "end", log_groups, signatures FROM lookbacks ORDER BY start, id')
        return [Lookback(r[0], Window(r[1], r[2]), tuple(json.loads(r[3])), tuple(json.loads(r[4]))) for r in rows]

    def recall(self, marker: str) -> str | None:
        """See `ports.QueryLog.recall`."""
        rows = self._rows("SELECT query FROM queries WHERE marker = ?", (marker,))
        return str(rows[0][0]) if rows else None

    def remember(self, search: Search, query: str) -> None:
        """See `ports.QueryLog.remember`."""
        groups = json.dumps([group.arn for group in search.groups])
        window = search.window.start, search.window.end
        values = search.marker, query, search.groups[0].lane, search.pass_name, *window, groups
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def forget(self, marker: str) -> None:
        """See `ports.QueryLog.forget`."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM queries WHERE marker = ?", (marker,))

    def started_queries(self) -> list[StartedQuery]:
        """See `ports.Store.started_queries`."""
        rows = self._rows('SELECT marker, query, lane, pass, start, "end", log_groups FROM queries ORDER BY start')
        return [StartedQuery(r[0], r[1], r[2], r[3], Window(r[4], r[5]), tuple(json.loads(r[6]))) for r in rows]

    def spend(self, spending: Sequence[Spending]) -> None:
        """See `ports.Store.spend`."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes,"
                " dollars = dollars + excluded.dollars, queries = queries + excluded.queries",
                [(s.day, s.scope, s.pass_name, s.bytes_scanned, s.dollars, s.queries) for s in spending],
            )

    def spent(self, day: str) -> list[Spending]:
        """See `ports.Store.spent`."""
        rows = self._rows("SELECT day, scope, pass, bytes, dollars, queries FROM spending WHERE day = ?", (day,))
        return [Spending(*row) for row in map(tuple, rows)]

    def open_incidents(self) -> list[Incident]:
        """See `ports.Store.open_incidents`."""
        rows = self._rows("SELECT body FROM incidents WHERE state = ? ORDER BY first_seen_ms", (State.OPEN,))
        return [INCIDENTS.validate_json(row[0]) for row in rows]

    def incidents(self) -> list[Incident]:
        """Every incident, in the order of their first hits."""
        rows = self._rows("SELECT body FROM incidents ORDER BY first_seen_ms, id")
        return [INCIDENTS.validate_json(row[0]) for row in rows]

    def hit_counts(self) -> dict[str, int]:
        """Number of distinct hits of each signature."""
        return {row[0]: row[1] for row in self._rows("SELECT signature, count(*) FROM hits GROUP BY signature")}

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """See `ports.Store.due`."""
        rows = self._rows(
            f"SELECT {DELIVERY} FROM outbox WHERE {BEHIND} AND due_ms <= ?"
            " AND (claim = '' OR claimed_until_ms + ? <= ?) ORDER BY behind_since_ms, incident, target",
            (now_ms, settle_ms, now_ms),
        )
        return [delivery for row in rows if (delivery := readable(row))]

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int) -> Delivery | None:
        """See `ports.Store.claim`."""
        with self._transaction() as connection:
            row = connection.execute(
                "UPDATE outbox SET claim = ?, claimed_until_ms = ?, progress = ?, attempts = attempts + 1,"
                " first_attempt_ms = CASE WHEN first_attempt_ms = 0 AND ref = '' THEN ? ELSE first_attempt_ms END"
                f" WHERE incident = ? AND target = ? AND claim = ? AND due_ms <= ? AND {BEHIND}"
                f" RETURNING {DELIVERY}",
                (nonce, until_ms, Progress.CLAIMED, now_ms, delivery.incident, delivery.target, delivery.claim, now_ms),
            ).fetchone()
        return delivery_of(row) if row else None

    def settle(self, delivery: Delivery) -> bool:
        """See `ports.Store.settle`."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE outbox SET delivered = ?, progress = ?, ref = ?, attempts = ?, due_ms = ?,"
                " first_attempt_ms = ?, claim = '', claimed_until_ms = 0"
                " WHERE incident = ? AND target = ? AND claim = ?",
                (
                    delivery.delivered,
                    delivery.progress,
                    delivery.ref,
                    delivery.attempts,
                    delivery.due_ms,
                    delivery.first_attempt_ms,
                    delivery.incident,
                    delivery.target,
                    delivery.claim,
                ),
            )
            return cursor.rowcount == 1

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `ports.Store.outbox`."""
        row = self._rows(f"SELECT count(*), min(behind_since_ms) FROM outbox WHERE {BEHIND}")[0]
        return row[0], max(0.0, (now_ms - row[1]) / 1000) if row[0] else 0.0

    def forget_hits(self, before_ms: int) -> int:
        """Drop hits of events older than that, and return how many; their incidents stay."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM hits WHERE ts_ms < ?", (before_ms,)).rowcount

    def ping(self) -> None:
        """See `ports.Store.ping`."""
        self._rows("SELECT 1 FROM coverage LIMIT 1")

    def close(self) -> None:
        """See `ports.Store.close`."""
        with self._lock:
            self._connection.close()
