"""One transaction on a SQLite connection."""

import json
import sqlite3
from collections.abc import Sequence

from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Lookback, Spending
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.lease import Lease
from sigwatch.model.logs import Hit, LogGroup
from sigwatch.model.message import Alert, Delivery, Kind, Milestone, Notice
from sigwatch.model.past import Finding
from sigwatch.ports import LAST_MS, CursorKey
from sigwatch.store.bodies import CARD, DIGEST, INCIDENTS, SILENCES, dumped, form_of
from sigwatch.store.digests import digest_of, stand_in, stand_in_ms
from sigwatch.store.sqlite_findings import add_findings
from sigwatch.store.sqlite_rows import DELIVERY, HIT_DIGESTS, LAST_HIT, entry_of, readable

_PLACE = "pass = ? AND account = ? AND region = ? AND log_group = ?"


class SqliteUnit:
    """One transaction on an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take a connection on which BEGIN was said."""
        self._connection = connection

    def guard(self, lease: Lease) -> None:
        """See `ports.Unit.guard`: nobody else is given a lease on the file."""

    def add_hits(self, hits: Sequence[Hit]) -> list[Hit]:
        """See `ports.Unit.add_hits`."""
        insert = self._connection.cursor().execute
        statement = "INSERT INTO hits (ts_ms, identity, signature) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        unknown = self._without_digests(hits)
        return [hit for hit in unknown if insert(statement, (hit.row.ts_ms, hit.identity, hit.signature)).rowcount == 1]

    def _without_digests(self, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Those of which the state has not taken over the digest from a table; a state of its own has none."""
        if self._connection.execute("SELECT 1 FROM facts WHERE name = ?", (HIT_DIGESTS,)).fetchone() is None:
            return hits
        find = self._connection.cursor().execute
        statement = "SELECT 1 FROM hits WHERE ts_ms = ? AND identity = ?"
        known = ((stand_in_ms(hit.row.ts_ms), stand_in(digest_of(hit.identity))) for hit in hits)
        return [hit for hit, key in zip(hits, known, strict=True) if find(statement, key).fetchone() is None]

    def add_findings(self, findings: Sequence[Finding]) -> int:
        """See `ports.Unit.add_findings`."""
        return add_findings(self._connection, findings)

    def incident(self, signature: str, group: str, before_ms: int = LAST_MS) -> Incident | None:
        """See `ports.Unit.incident`."""
        row = self._connection.execute(
            f"SELECT body FROM incidents WHERE signature = ? AND grouping = ? AND {LAST_HIT} < ?"
            f" ORDER BY {LAST_HIT} DESC, occurrence DESC LIMIT 1",
            (signature, group, before_ms),
        ).fetchone()
        return INCIDENTS.validate_json(row[0]) if row else None

    def touching(self, signature: str, group: str, start_ms: int, end_ms: int) -> Incident | None:
        """See `ports.Unit.touching`."""
        row = self._connection.execute(
            f"SELECT body FROM incidents WHERE signature = ? AND grouping = ? AND {LAST_HIT} >= ?"
            f" AND first_seen_ms <= ? ORDER BY {LAST_HIT} LIMIT 1",
            (signature, group, start_ms, end_ms),
        ).fetchone()
        return INCIDENTS.validate_json(row[0]) if row else None

    def incident_by_id(self, wanted: str) -> Incident | None:
        """See `ports.Unit.incident_by_id`."""
        row = self._connection.execute("SELECT body FROM incidents WHERE id = ?", (wanted,)).fetchone()
        return INCIDENTS.validate_json(row[0]) if row else None

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

    def silences(self, now_ms: int) -> list[Silence]:
        """See `ports.Unit.silences`."""
        rows = self._connection.execute("SELECT body FROM silences WHERE ends_ms > ? ORDER BY id", (now_ms,)).fetchall()
        found = (SILENCES.validate_json(row[0]) for row in rows)
        return [silence for silence in found if silence.active(now_ms)]

    def silence(self, wanted: str) -> Silence | None:
        """See `ports.Unit.silence`."""
        row = self._connection.execute("SELECT body FROM silences WHERE id = ?", (wanted,)).fetchone()
        return SILENCES.validate_json(row[0]) if row else None

    def put_silence(self, silence: Silence) -> None:
        """See `ports.Unit.put_silence`."""
        body = SILENCES.dump_json(silence).decode()
        self._connection.execute(
            "INSERT OR REPLACE INTO silences VALUES (?, ?, ?)", (silence.id, silence.ends_ms, body)
        )

    def know(self, signature: str, status: str, content: str) -> None:
        """See `ports.Unit.know`."""
        self._connection.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (signature, status, content))

    def record(self, entry: Entry) -> None:
        """See `ports.Unit.record`."""
        self._connection.execute(
            "INSERT INTO audit (at_ms, actor, action, subject, signature, project, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at_ms,
                entry.actor,
                entry.action,
                entry.subject,
                entry.signature,
                entry.project,
                json.dumps(entry.detail),
            ),
        )

    def entries(self, subject: str) -> list[Entry]:
        """See `ports.Unit.entries`."""
        rows = self._connection.execute("SELECT * FROM audit WHERE subject = ? ORDER BY at_ms, seq", (subject,))
        return [entry_of(row) for row in rows.fetchall()]

    def cards(self, incident: str) -> list[Delivery]:
        """See `ports.Unit.cards`."""
        statement = f"SELECT {DELIVERY} FROM outbox o WHERE o.incident = ? AND o.form = '{CARD}' ORDER BY o.target"
        return readable(self._connection.execute(statement, (incident,)).fetchall())

    def gathered(self, key: str) -> list[Incident]:
        """See `ports.Unit.gathered`."""
        rows = self._connection.execute(
            "SELECT i.body FROM outbox f JOIN outbox p ON p.target = f.target AND (p.id = f.id OR p.thread = f.id)"
            " JOIN outbox c ON c.target = p.target AND c.digest = p.id JOIN incidents i ON i.id = c.incident"
            f" WHERE f.form = '{DIGEST}' AND f.content ->> 'key' = ? ORDER BY c.urgency, i.id",
            (key,),
        )
        return [INCIDENTS.validate_json(row[0]) for row in rows.fetchall()]

    def enqueue(self, notice: Notice) -> None:
        """See `ports.Unit.enqueue`."""
        if isinstance(notice.content, Alert):
            self._show(notice)
        elif not isinstance(notice.content, Milestone) or self._has_thread(notice):
            self._insert(notice, "ON CONFLICT DO NOTHING")

    def _show(self, notice: Notice) -> None:
        behind = "delivered < revision"
        self._insert(
            notice,
            "ON CONFLICT DO UPDATE SET content = excluded.content, revision = revision + 1, urgency = excluded.urgency,"
            # What is yet to be told stays news, whatever is counted after it.
            f" kind = CASE WHEN {behind} AND excluded.kind = '{Kind.COUNTED}' THEN kind ELSE excluded.kind END,"
            " due_ms = CASE WHEN delivered = revision THEN 0 ELSE due_ms END,"
            " behind_since_ms = CASE WHEN delivered = revision THEN excluded.behind_since_ms ELSE behind_since_ms END",
        )
        self._connection.execute(
            "UPDATE outbox SET revision = revision + 1,"
            f" kind = CASE WHEN {behind} AND kind != '{Kind.COUNTED}' THEN kind ELSE ? END,"
            f" behind_since_ms = CASE WHEN {behind} THEN behind_since_ms ELSE ? END"
            " WHERE target = ? AND id = (SELECT digest FROM outbox WHERE id = ? AND target = ? AND digest != '')",
            (notice.kind, notice.at_ms, notice.target, notice.id, notice.target),
        )

    def _has_thread(self, notice: Notice) -> bool:
        """Whether an entry is wanted there: the thread of a digest is for what calls people again."""
        row = self._connection.execute(
            "SELECT digest FROM outbox WHERE id = ? AND target = ?", (notice.thread, notice.target)
        ).fetchone()
        return row is not None and (not row[0] or notice.kind is Kind.ESCALATED)

    def _insert(self, notice: Notice, on_conflict: str) -> None:
        self._connection.execute(
            "INSERT INTO outbox (id, target, destination, kind, form, content, incident, urgency, thread,"
            f" behind_since_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {on_conflict}",
            (
                notice.id,
                notice.target,
                notice.destination,
                notice.kind,
                form_of(notice.content),
                dumped(notice.content),
                notice.incident,
                notice.urgency,
                notice.thread,
                notice.at_ms,
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

    def spend(self, spending: Sequence[Spending]) -> None:
        """See `ports.Store.spend`."""
        self._connection.executemany(
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes,"
            " dollars = dollars + excluded.dollars, queries = queries + excluded.queries",
            [(s.day, s.scope, s.pass_name, s.bytes_scanned, s.dollars, s.queries) for s in spending],
        )

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name, in place of the one that is there; see `SqliteStore.facts`."""
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

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
