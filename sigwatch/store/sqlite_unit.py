"""One transaction on a SQLite connection, and how rows become values."""

import json
import sqlite3
from collections.abc import Sequence

from pydantic import TypeAdapter

from sigwatch.model.coverage import Lookback
from sigwatch.model.incident import Alert, Delivery, Incident, Kind, Progress, State
from sigwatch.model.logs import Hit, LogGroup
from sigwatch.ports import CursorKey

INCIDENTS = TypeAdapter(Incident)
ALERTS = TypeAdapter(Alert)

BEHIND = "delivered < revision"
DELIVERY = (
    "incident, target, destination, kind, alert, revision, delivered, progress, ref, attempts, due_ms, claim,"
    " claimed_until_ms, first_attempt_ms"
)
_PLACE = "pass = ? AND account = ? AND region = ? AND log_group = ?"


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
        return INCIDENTS.validate_json(row[0]) if row else None

    def open_incidents(self) -> list[Incident]:
        """See `ports.Unit.open_incidents`."""
        rows = self._connection.execute(
            "SELECT body FROM incidents WHERE state = ? ORDER BY first_seen_ms", (State.OPEN,)
        )
        return [INCIDENTS.validate_json(row[0]) for row in rows.fetchall()]

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
                INCIDENTS.dump_json(incident).decode(),
            ),
        )

    def deliveries(self, incident: str) -> list[Delivery]:
        """See `ports.Unit.deliveries`."""
        rows = self._connection.execute(f"SELECT {DELIVERY} FROM outbox WHERE incident = ?", (incident,))
        return [delivery_of(row) for row in rows.fetchall()]

    def enqueue(self, target: str, destination: str, kind: Kind, alert: Alert) -> None:
        """See `ports.Unit.enqueue`."""
        incident = alert.incident
        self._connection.execute(
            "INSERT INTO outbox (incident, target, destination, kind, alert, behind_since_ms) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET alert = excluded.alert, revision = revision + 1,"
            # The end of an incident that is yet to be told stays news, whatever is counted after it.
            f" kind = CASE WHEN kind = '{Kind.RESOLVED}' AND {BEHIND} THEN kind ELSE excluded.kind END,"
            " due_ms = CASE WHEN delivered = revision THEN 0 ELSE due_ms END,"
            " behind_since_ms = CASE WHEN delivered = revision THEN excluded.behind_since_ms ELSE behind_since_ms END",
            (
                incident.id,
                target,
                destination,
                kind,
                ALERTS.dump_json(alert).decode(),
                max(incident.active_ms, incident.resolved_ms or 0),
            ),
        )

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """See `ports.Unit.cover`."""
        touching = f'{_PLACE} AND start <= ? AND "end" >= ?'
        row = self._connection.execute(
            f'SELECT min(start), max("end") FROM coverage WHERE {touching}', (*key, end, start)
        ).fetchone()
        if row[0] is not None:
            start, end = min(start, row[0]), max(end, row[1])
            self._connection.execute(f"DELETE FROM coverage WHERE {touching}", (*key, end, start))
        self._connection.execute("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?)", (*key, start, end))

    def uncover(self, second: int) -> None:
        """See `ports.Unit.uncover`."""
        # The first range of a place stays, empty: it says where the pass began.
        self._connection.execute(
            "INSERT OR REPLACE INTO coverage SELECT pass, account, region, log_group, min(min(start), ?),"
            " min(min(start), ?) FROM coverage GROUP BY pass, account, region, log_group HAVING min(start) > ?",
            (second, second, second),
        )
        self._connection.execute("DELETE FROM coverage WHERE start > ?", (second,))
        self._connection.execute('UPDATE coverage SET "end" = ? WHERE "end" > ?', (second, second))

    def watch_set(self, group: LogGroup, digest: str, entries: Sequence[str]) -> None:
        """See `ports.Unit.watch_set`."""
        self._connection.execute("INSERT OR REPLACE INTO watched VALUES (?, ?)", (group.arn, digest))
        self._connection.execute(
            "INSERT INTO watch_sets VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, json.dumps(sorted(entries)))
        )

    def owe(self, lookback: Lookback) -> None:
        """See `ports.Unit.owe`."""
        window = lookback.window
        names = json.dumps(lookback.groups), json.dumps(lookback.signatures)
        self._connection.execute(
            "INSERT OR REPLACE INTO lookbacks VALUES (?, ?, ?, ?, ?)", (lookback.id, window.start, window.end, *names)
        )

    def repay(self, lookback: str) -> None:
        """See `ports.Unit.repay`."""
        self._connection.execute("DELETE FROM lookbacks WHERE id = ?", (lookback,))

    def forget_queries(self, markers: Sequence[str]) -> None:
        """See `ports.Unit.forget_queries`."""
        self._connection.executemany("DELETE FROM queries WHERE marker = ?", [(marker,) for marker in markers])


def readable(row: sqlite3.Row) -> Delivery | None:
    """The row; None for one that another version wrote: it stays in the outbox, and must not hold up the others."""
    try:
        return delivery_of(row)
    except ValueError:
        return None


def delivery_of(row: sqlite3.Row) -> Delivery:
    """The outbox row as a value."""
    fields = dict(row)
    return Delivery(
        **fields
        | {
            "kind": Kind(fields["kind"]),
            "progress": Progress(fields["progress"]),
            "alert": ALERTS.validate_json(fields["alert"]),
        }
    )
