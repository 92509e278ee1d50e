"""The outbox in SQLite, as whoever sends from it sees it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from sigwatch.model.audit import Entry
from sigwatch.model.message import Alert, Delivery, Digest, Kind, Notice, Progress
from sigwatch.store.bodies import CARD, FIRST_OF_LANE
from sigwatch.store.database import Database
from sigwatch.store.sqlite_rows import BEHIND, DELIVERY, LANE, delivery_of, readable
from sigwatch.store.sqlite_unit import SqliteUnit

_WANTED = f"({BEHIND} OR (o.refresh_ms > 0 AND o.refresh_ms <= :now))"
# News before counts, whatever is worse before the rest, a card before the entries of its thread.
_ORDER = f"o.ref != '', o.kind = '{Kind.COUNTED}', o.urgency, o.thread != '', o.behind_since_ms, o.id"
_FREE_LANE = f"NOT EXISTS (SELECT 1 FROM lanes l WHERE l.target = o.target AND l.lane = {LANE} AND l.next_ms > :now)"
_UNTRIED = f"o.form = '{CARD}' AND o.digest = '' AND o.ref = '' AND o.claim = '' AND o.first_attempt_ms = 0"


class SqliteOutbox:
    """See `ports.Deliveries`. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Use the file of the whole state."""
        self._database = database

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """See `ports.Deliveries.due`."""
        rows = self._database.rows(
            f"SELECT * FROM (SELECT {DELIVERY},"
            f" row_number() OVER (PARTITION BY o.target, {LANE} ORDER BY {_ORDER}) AS lane_place"
            f" FROM outbox o WHERE {_WANTED} AND o.due_ms <= :now AND {_FREE_LANE}"
            " AND (o.claim = '' OR o.claimed_until_ms + :settle <= :now) AND (o.thread = '' OR thread_ref != '')"
            f") o WHERE lane_place <= {FIRST_OF_LANE} ORDER BY {_ORDER}",
            {"now": now_ms, "settle": settle_ms},
        )
        return readable(rows)

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int, gap_ms: int) -> Delivery | None:
        """See `ports.Deliveries.claim`."""
        names = {
            "nonce": nonce, "until": until_ms, "now": now_ms, "id": delivery.id, "target": delivery.target,
            "claim": delivery.claim, "next": now_ms + gap_ms, "claimed": Progress.CLAIMED,
        }  # fmt: skip
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE outbox AS o SET claim = :nonce, claimed_until_ms = :until, progress = :claimed,"
                " attempts = attempts + 1,"
                " first_attempt_ms = CASE WHEN first_attempt_ms = 0 AND ref = '' THEN :now ELSE first_attempt_ms END"
                f" WHERE id = :id AND target = :target AND claim = :claim AND due_ms <= :now AND {_WANTED}"
                f" AND {_FREE_LANE}",
                names,
            )
            if cursor.rowcount != 1:
                return None
            if gap_ms:
                connection.execute(
                    f"INSERT OR REPLACE INTO lanes SELECT o.target, {LANE}, :next FROM outbox o"
                    " WHERE o.id = :id AND o.target = :target",
                    names,
                )
            taken = _one(connection, delivery)
            return _with_members(connection, taken) if isinstance(taken.content, Digest) else taken

    def settle(self, delivery: Delivery, entries: Sequence[Entry] = ()) -> bool:
        """See `ports.Deliveries.settle`."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE outbox SET delivered = ?, progress = ?, ref = ?, attempts = ?, due_ms = ?,"
                " first_attempt_ms = ?, posted_ms = ?, refresh_ms = ?, claim = '', claimed_until_ms = 0"
                " WHERE id = ? AND target = ? AND claim = ?",
                (
                    delivery.delivered,
                    delivery.progress,
                    delivery.ref,
                    delivery.attempts,
                    delivery.due_ms,
                    delivery.first_attempt_ms,
                    delivery.posted_ms,
                    delivery.refresh_ms,
                    delivery.id,
                    delivery.target,
                    delivery.claim,
                ),
            )
            unit = SqliteUnit(connection)
            for entry in entries if cursor.rowcount == 1 else ():
                unit.record(entry)
            return cursor.rowcount == 1

    def rest(self, delivery: Delivery, until_ms: int) -> None:
        """See `ports.Deliveries.rest`."""
        values = {"id": delivery.id, "target": delivery.target, "until": until_ms}
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT INTO lanes SELECT o.target, {LANE}, :until FROM outbox o"
                " WHERE o.id = :id AND o.target = :target"
                " ON CONFLICT DO UPDATE SET next_ms = max(next_ms, excluded.next_ms)",
                values,
            )

    def unposted(self) -> list[Delivery]:
        """See `ports.Deliveries.unposted`."""
        return readable(
            self._database.rows(f"SELECT {DELIVERY} FROM outbox o WHERE {_UNTRIED} AND {BEHIND} ORDER BY {_ORDER}")
        )

    def posted_since(self, target: str, destination: str, since_ms: int) -> int:
        """See `ports.Deliveries.posted_since`."""
        where = "target = ? AND destination = ? AND posted_ms >= ? AND thread = ''"
        return int(
            self._database.rows(f"SELECT count(*) FROM outbox WHERE {where}", (target, destination, since_ms))[0][0]
        )

    def destinations(self, target: str, since_ms: int) -> list[str]:
        """See `ports.Deliveries.destinations`."""
        statement = "SELECT DISTINCT destination FROM outbox WHERE target = ? AND posted_ms >= ? ORDER BY destination"
        return [row[0] for row in self._database.rows(statement, (target, since_ms))]

    def gather(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        """See `ports.Deliveries.gather`."""
        with self._database.transaction() as connection:
            free = sum(_is_free(connection, member) for member in members)
            if free < len(members):
                return 0
            unit = SqliteUnit(connection)
            for page, cards in pages:
                unit.enqueue(page)
                connection.executemany(
                    "UPDATE outbox SET digest = ? WHERE id = ? AND target = ?",
                    [(page.id, card, page.target) for card in cards],
                )
            # What calls people again stays; the rest of their threads is on the page.
            connection.executemany(
                "DELETE FROM outbox AS o WHERE o.thread = ? AND o.thread != '' AND o.target = ? AND o.kind != ?"
                " AND o.ref = '' AND o.claim = '' AND o.first_attempt_ms = 0",
                [(member.id, member.target, Kind.ESCALATED) for member in members],
            )
            return len(members)

    def rename(self, target: str, ref: str, other: str) -> None:
        """See `ports.Deliveries.rename`."""
        with self._database.transaction() as connection:
            # What it shows may be older than what the other one showed.
            connection.execute(
                "UPDATE outbox SET ref = ?, revision = revision + 1 WHERE target = ? AND ref = ?", (other, target, ref)
            )

    def overdue(self, before_ms: int) -> list[Delivery]:
        """See `ports.Deliveries.overdue`."""
        return readable(
            self._database.rows(
                f"SELECT {DELIVERY} FROM outbox o WHERE o.form = '{CARD}' AND o.ref = '' AND o.stand_in = 0"
                " AND o.delivered = 0 AND o.behind_since_ms <= ? AND (o.digest = '' OR NOT EXISTS"
                " (SELECT 1 FROM outbox p WHERE p.id = o.digest AND p.target = o.target AND p.ref != ''))"
                f" ORDER BY {_ORDER}",
                (before_ms,),
            )
        )

    def fall_back(self, delivery: Delivery, notice: Notice) -> bool:
        """See `ports.Deliveries.fall_back`."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE outbox SET stand_in = 1 WHERE id = ? AND target = ? AND stand_in = 0",
                (delivery.id, delivery.target),
            )
            if cursor.rowcount == 1 and _row(connection, notice.id, notice.target) is None:
                SqliteUnit(connection).enqueue(notice)
            return cursor.rowcount == 1

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `ports.Deliveries.outbox`."""
        row = self._database.rows(f"SELECT count(*), min(behind_since_ms) FROM outbox o WHERE {BEHIND}")[0]
        return row[0], max(0.0, (now_ms - row[1]) / 1000) if row[0] else 0.0


def _row(connection: sqlite3.Connection, name: str, target: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        f"SELECT {DELIVERY} FROM outbox o WHERE o.id = ? AND o.target = ?", (name, target)
    ).fetchone()
    return found


def _one(connection: sqlite3.Connection, delivery: Delivery) -> Delivery:
    row = _row(connection, delivery.id, delivery.target)
    return delivery_of(row) if row else delivery


def _is_free(connection: sqlite3.Connection, member: Delivery) -> bool:
    statement = f"SELECT 1 FROM outbox o WHERE o.id = ? AND o.target = ? AND {_UNTRIED}"
    return connection.execute(statement, (member.id, member.target)).fetchone() is not None


def _with_members(connection: sqlite3.Connection, page: Delivery) -> Delivery:
    """The page with its cards as they are now."""
    rows = connection.execute(
        f"SELECT {DELIVERY} FROM outbox o WHERE o.digest = ? AND o.digest != '' AND o.target = ?"
        " ORDER BY o.urgency, o.behind_since_ms, o.id",
        (page.id, page.target),
    ).fetchall()
    alerts = tuple(row.content for row in readable(rows) if isinstance(row.content, Alert))
    return replace(page, content=replace(page.content, alerts=alerts)) if isinstance(page.content, Digest) else page
