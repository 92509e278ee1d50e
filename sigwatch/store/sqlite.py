"""State in one SQLite file: for one machine. Two processes may share the file, but not a network file system."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from sigwatch.errors import StoreError
from sigwatch.model.incident import Alert, Delivery, Incident, Kind, Progress, State
from sigwatch.model.logs import Hit
from sigwatch.ports import CursorKey

_SCHEMA_VERSION = 1
_incidents = TypeAdapter(Incident)
_alerts = TypeAdapter(Alert)

_BEHIND = "delivered < revision"
_DELIVERY = (
    "incident, target, destination, kind, alert, revision, delivered, progress, ref, attempts, due_ms, claim,"
    " claimed_until_ms, first_attempt_ms"
)


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

    def cursors(self) -> Mapping[CursorKey, int]:
        """See `ports.Store.cursors`."""
        rows = self._rows("SELECT pass, account, region, log_group, second FROM cursors")
        return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}

    def open_incidents(self) -> list[Incident]:
        """See `ports.Store.open_incidents`."""
        rows = self._rows("SELECT body FROM incidents WHERE state = ? ORDER BY first_seen_ms", (State.OPEN,))
        return [_incidents.validate_json(row[0]) for row in rows]

    def incidents(self) -> list[Incident]:
        """Every incident, in the order of their first hits."""
        rows = self._rows("SELECT body FROM incidents ORDER BY first_seen_ms, id")
        return [_incidents.validate_json(row[0]) for row in rows]

    def hit_counts(self) -> dict[str, int]:
        """Number of distinct hits of each signature."""
        return {row[0]: row[1] for row in self._rows("SELECT signature, count(*) FROM hits GROUP BY signature")}

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """See `ports.Store.due`."""
        rows = self._rows(
            f"SELECT {_DELIVERY} FROM outbox WHERE {_BEHIND} AND due_ms <= ?"
            " AND (claim = '' OR claimed_until_ms + ? <= ?) ORDER BY behind_since_ms, incident, target",
            (now_ms, settle_ms, now_ms),
        )
        return [delivery for row in rows if (delivery := _readable(row))]

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int) -> Delivery | None:
        """See `ports.Store.claim`."""
        with self._transaction() as connection:
            row = connection.execute(
                "UPDATE outbox SET claim = ?, claimed_until_ms = ?, progress = ?, attempts = attempts + 1,"
                " first_attempt_ms = CASE WHEN first_attempt_ms = 0 AND ref = '' THEN ? ELSE first_attempt_ms END"
                f" WHERE incident = ? AND target = ? AND claim = ? AND due_ms <= ? AND {_BEHIND}"
                f" RETURNING {_DELIVERY}",
                (nonce, until_ms, Progress.CLAIMED, now_ms, delivery.incident, delivery.target, delivery.claim, now_ms),
            ).fetchone()
        return _delivery(row) if row else None

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
        row = self._rows(f"SELECT count(*), min(behind_since_ms) FROM outbox WHERE {_BEHIND}")[0]
        return row[0], max(0.0, (now_ms - row[1]) / 1000) if row[0] else 0.0

    def forget_hits(self, before_ms: int) -> int:
        """Drop hits of events older than that, and return how many; their incidents stay."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM hits WHERE ts_ms < ?", (before_ms,)).rowcount

    def ping(self) -> None:
        """See `ports.Store.ping`."""
        self._rows("SELECT 1 FROM cursors LIMIT 1")

    def close(self) -> None:
        """See `ports.Store.close`."""
        with self._lock:
            self._connection.close()


class SqliteUnit:
    """One transaction on an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take a connection on which BEGIN was said."""
        self._connection = connection

    def add_hits(self, hits: Sequence[Hit]) -> list[Hit]:
        """See `ports.Unit.add_hits`."""
        statement = "INSERT INTO hits VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return [
            hit
            for hit in hits
            if self._connection.execute(statement, (hit.identity, hit.signature, hit.row.ts_ms)).rowcount == 1
        ]

    def incident(self, signature: str, group: str) -> Incident | None:
        """See `ports.Unit.incident`."""
        row = self._connection.execute(
            "SELECT body FROM incidents WHERE signature = ? AND grouping = ? ORDER BY occurrence DESC LIMIT 1",
            (signature, group),
        ).fetchone()
        return _incidents.validate_json(row[0]) if row else None

    def open_incidents(self) -> list[Incident]:
        """See `ports.Unit.open_incidents`."""
        rows = self._connection.execute(
            "SELECT body FROM incidents WHERE state = ? ORDER BY first_seen_ms", (State.OPEN,)
        )
        return [_incidents.validate_json(row[0]) for row in rows.fetchall()]

    def put_incident(self, incident: Incident) -> None:
        """See `ports.Unit.put_incident`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                incident.id,
                incident.signature,
                incident.group,
                incident.occurrence,
                incident.state,
                incident.first_seen_ms,
                _incidents.dump_json(incident).decode(),
            ),
        )

    def deliveries(self, incident: str) -> list[Delivery]:
        """See `ports.Unit.deliveries`."""
        rows = self._connection.execute(f"SELECT {_DELIVERY} FROM outbox WHERE incident = ?", (incident,))
        return [_delivery(row) for row in rows.fetchall()]

    def enqueue(self, target: str, destination: str, kind: Kind, alert: Alert) -> None:
        """See `ports.Unit.enqueue`."""
        incident = alert.incident
        self._connection.execute(
            "INSERT INTO outbox (incident, target, destination, kind, alert, behind_since_ms) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET alert = excluded.alert, revision = revision + 1,"
            # The end of an incident that is yet to be told stays news, whatever is counted after it.
            f" kind = CASE WHEN kind = '{Kind.RESOLVED}' AND {_BEHIND} THEN kind ELSE excluded.kind END,"
            " due_ms = CASE WHEN delivered = revision THEN 0 ELSE due_ms END,"
            " behind_since_ms = CASE WHEN delivered = revision THEN excluded.behind_since_ms ELSE behind_since_ms END",
            (
                incident.id,
                target,
                destination,
                kind,
                _alerts.dump_json(alert).decode(),
                max(incident.active_ms, incident.resolved_ms or 0),
            ),
        )

    def move_cursor(self, key: CursorKey, second: int) -> None:
        """See `ports.Unit.move_cursor`."""
        self._connection.execute(
            "INSERT INTO cursors VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET second = max(second, excluded.second)",
            (*key, second),
        )


def _readable(row: sqlite3.Row) -> Delivery | None:
    """The row; None for one that another version wrote: it stays in the outbox, and must not hold up the others."""
    try:
        return _delivery(row)
    except ValueError:
        return None


def _delivery(row: sqlite3.Row) -> Delivery:
    fields = dict(row)
    return Delivery(
        **fields
        | {
            "kind": Kind(fields["kind"]),
            "progress": Progress(fields["progress"]),
            "alert": _alerts.validate_json(fields["alert"]),
        }
    )
