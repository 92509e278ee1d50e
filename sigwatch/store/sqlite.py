"""State in one SQLite file: for one machine. Two processes may share the file, but not a network file system."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence, State
from sigwatch.model.lease import ALONE
from sigwatch.model.logs import LogGroup, Search, Window
from sigwatch.model.message import Delivery
from sigwatch.ports import CursorKey
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.database import Database
from sigwatch.store.sqlite_findings import SqliteFindings
from sigwatch.store.sqlite_outbox import SqliteOutbox
from sigwatch.store.sqlite_records import coverage
from sigwatch.store.sqlite_rows import LAST_HIT, MIGRATION, entry_of
from sigwatch.store.sqlite_unit import SqliteUnit
from sigwatch.store.unfinished import refuse_unfinished


class SqliteStore:
    """The state of one daemon. Safe to use from several threads; each transaction waits for the one before it."""

    incidents_at_once = 100_000
    hits_at_once = 20_000
    """An incident may have a million hits, and the daemon waits while they are written."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; see `Database` for what is no file.

        Raises:
            StoreError: the file can not be opened, or is from a newer version.
        """
        self._database = Database(path)
        self._rows = self._database.rows
        self._refuse_unfinished(str(path))
        self._transaction = self._database.transaction
        self.deliveries = SqliteOutbox(self._database)
        self.findings = SqliteFindings(self._database)

    def _refuse_unfinished(self, path: str) -> None:
        found = self._rows("SELECT value FROM facts WHERE name = ?", (MIGRATION,))
        if found:
            self._database.close()
            refuse_unfinished(path, json.loads(found[0][0])["source"])

    @contextmanager
    def unit(self) -> Iterator["SqliteUnit"]:
        """See `ports.Store.unit`."""
        with self._transaction() as connection:
            yield SqliteUnit(connection)

    @property
    def installation(self) -> str:
        """Short name of this state: by it the queries that belong to it are told from those of others."""
        return str(self._rows("SELECT value FROM facts WHERE name = 'installation'")[0][0])

    def shards(self, groups: Collection[LogGroup]) -> Mapping[LogGroup, str]:
        """See `ports.Store.shards`: nobody shares the file."""
        return dict.fromkeys(groups, ALONE.name)

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `ports.Store.coverage`."""
        return coverage(self._rows)

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
            SqliteUnit(connection).spend(spending)

    def spent(self, day: str) -> list[Spending]:
        """See `ports.Store.spent`."""
        rows = self._rows("SELECT day, scope, pass, bytes, dollars, queries FROM spending WHERE day = ?", (day,))
        return [Spending(*row) for row in map(tuple, rows)]

    def spent_in_all(self) -> list[Spending]:
        """What was spent on any day, by day, scope and pass."""
        rows = self._rows("SELECT day, scope, pass, bytes, dollars, queries FROM spending ORDER BY day, scope, pass")
        return [Spending(*row) for row in map(tuple, rows)]

    def facts(self, prefix: str) -> dict[str, str]:
        """What is noted under names that begin so, by name and in its order."""
        rows = self._rows("SELECT name, value FROM facts WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
        return {row[0]: row[1] for row in sorted(map(tuple, rows))}

    def unresolved(self) -> list[Incident]:
        """See `ports.Store.unresolved`."""
        statement = "SELECT body FROM incidents WHERE state IN (?, ?) ORDER BY first_seen_ms"
        rows = self._rows(statement, (State.OPEN, State.ACKNOWLEDGED))
        return [INCIDENTS.validate_json(row[0]) for row in rows]

    def incidents(self) -> list[Incident]:
        """See `ports.Store.incidents`."""
        rows = self._rows("SELECT body FROM incidents ORDER BY first_seen_ms, id")
        return [INCIDENTS.validate_json(row[0]) for row in rows]

    def cards(self, incident: str) -> list[Delivery]:
        """See `ports.Store.cards`."""
        with self.unit() as unit:
            return unit.cards(incident)

    def all_silences(self) -> list[Silence]:
        """See `ports.Store.all_silences`."""
        found = [SILENCES.validate_json(row[0]) for row in self._rows("SELECT body FROM silences ORDER BY id")]
        return sorted(found, key=lambda silence: silence.starts_ms)

    def audit(self, since_ms: int, until_ms: int, actions: Collection[str] = (), subject: str = "") -> Iterator[Entry]:
        """See `ports.Store.audit`."""
        marks = ", ".join("?" for _ in actions)
        chosen = (f" AND action IN ({marks})" if actions else "") + (" AND subject = ?" if subject else "")
        values = (since_ms, until_ms, *sorted(actions), *([subject] if subject else []))
        statement = f"SELECT * FROM audit WHERE at_ms >= ? AND at_ms < ?{chosen} ORDER BY at_ms, seq"
        return map(entry_of, self._rows(statement, values))

    def known(self) -> Mapping[str, tuple[str, str]]:
        """See `ports.Store.known`."""
        return {row[0]: (row[1], row[2]) for row in self._rows("SELECT signature, status, hash FROM known")}

    def hit_counts(self) -> dict[str, int]:
        """Number of distinct hits of each signature."""
        return {row[0]: row[1] for row in self._rows("SELECT signature, count(*) FROM hits GROUP BY signature")}

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `ports.Deliveries.outbox`."""
        return self.deliveries.outbox(now_ms)

    def prune(self, cutoffs: Mapping[str, int]) -> int:
        """See `ports.Store.prune`."""
        with self._transaction() as connection:
            return sum(_PRUNE[kind](connection, before_ms) for kind, before_ms in cutoffs.items())

    def ping(self) -> None:
        """See `ports.Store.ping`."""
        self._rows("SELECT 1 FROM coverage LIMIT 1")

    def close(self) -> None:
        """See `ports.Store.close`."""
        self._database.close()


_OVER = f"state = '{State.RESOLVED}' AND CAST(body ->> 'last_seen_ms' AS INTEGER) < ?"
_SHOWN = """CASE WHEN o.digest = '' THEN o.delivered >= o.revision ELSE EXISTS (
  SELECT 1 FROM outbox p WHERE p.id = o.digest AND p.target = o.target AND p.delivered >= p.revision) END"""


def _hits(connection: sqlite3.Connection, before_ms: int) -> int:
    return connection.execute("DELETE FROM hits WHERE ts_ms < ?", (before_ms,)).rowcount


def _notifications(connection: sqlite3.Connection, before_ms: int) -> int:
    """Rows of incidents that are over, and what belongs to none; never what is yet to be told, nor what others need."""
    return connection.execute(
        f"DELETE FROM outbox AS o WHERE {_SHOWN} AND o.claim = '' AND o.behind_since_ms < ? AND (o.incident = '' OR"
        f" o.incident IN (SELECT id FROM incidents WHERE {_OVER}) OR o.incident NOT IN (SELECT id FROM incidents))"
        # A page shows its cards, and a thread hangs on its first message: they go after them, another time.
        " AND NOT EXISTS (SELECT 1 FROM outbox c WHERE c.digest = o.id AND c.digest != '' AND c.target = o.target)"
        " AND NOT EXISTS (SELECT 1 FROM outbox r WHERE r.thread = o.id AND r.thread != '' AND r.target = o.target)",
        (before_ms, before_ms),
    ).rowcount


def _incidents(connection: sqlite3.Connection, before_ms: int) -> int:
    """Incidents that are over, but for the newest of its kind: it says how often it has been there."""
    newer = f"n.signature = i.signature AND n.grouping = i.grouping AND n.{LAST_HIT} > i.{LAST_HIT}"
    return connection.execute(
        f"DELETE FROM incidents AS i WHERE {_OVER} AND EXISTS (SELECT 1 FROM incidents n WHERE {newer})", (before_ms,)
    ).rowcount


def _silences(connection: sqlite3.Connection, before_ms: int) -> int:
    return connection.execute("DELETE FROM silences WHERE ends_ms < ?", (before_ms,)).rowcount


def _audit(connection: sqlite3.Connection, before_ms: int) -> int:
    connection.execute("INSERT OR REPLACE INTO facts VALUES ('audit_kept_from', ?)", (str(before_ms),))
    return connection.execute("DELETE FROM audit WHERE at_ms < ?", (before_ms,)).rowcount


def _spending(connection: sqlite3.Connection, before_ms: int) -> int:
    statement = "DELETE FROM spending WHERE day < date(? / 1000, 'unixepoch')"
    return connection.execute(statement, (before_ms,)).rowcount


_PRUNE = {
    "hits": _hits,
    "notifications": _notifications,
    "incidents": _incidents,
    "silences": _silences,
    "audit": _audit,
    "spending": _spending,
}
