"""A SQLite state as records, to be read and to be made from them."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sigwatch.model.coverage import Coverage, Lookback, Span, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.logs import Window
from sigwatch.ports import CursorKey
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.database import Database
from sigwatch.store.digests import DIGEST_PREFIX
from sigwatch.store.records import (
    Installation,
    Known,
    KnownHit,
    Lane,
    Line,
    Message,
    Place,
    Record,
    WatchSet,
    place_of_arn,
    places_of,
)
from sigwatch.store.sqlite_rows import HIT_DIGESTS, entry_of

PAGE = 5_000
"""Rows read at once: nobody else uses the connection meanwhile."""

_MESSAGE = (
    "id, target, destination, kind, form, content, incident, urgency, thread, digest, revision, delivered, progress,"
    " ref, attempts, due_ms, claim, claimed_until_ms, first_attempt_ms, behind_since_ms, posted_ms, refresh_ms,"
    " stand_in"
)

Rows = Callable[..., list[sqlite3.Row]]


def records(database: Database) -> Iterator[Record]:
    """Everything in the file, one kind after the other; the audit trail and the hits come last.

    Raises:
        StoreError: it can not be read.
    """
    yield from small_records(database)
    yield from _lines(database.rows)
    yield from _hits(database.rows)


def small_records(database: Database) -> Iterator[Record]:
    """Everything but the audit trail and the hits.

    Raises:
        StoreError: it can not be read.
    """
    for read in (
        _installation, _places, _watch_sets, _lookbacks, _queries, _spending, _incidents, _silences, _known, _lanes,
        _messages,
    ):  # fmt: skip
        yield from read(database.rows)


def coverage(rows: Rows) -> Mapping[CursorKey, Coverage]:
    """See `ports.Store.coverage`."""
    spans: defaultdict[CursorKey, list[Span]] = defaultdict(list)
    for row in rows('SELECT pass, account, region, log_group, start, "end" FROM coverage ORDER BY start'):
        spans[row[0], row[1], row[2], row[3]].append((row[4], row[5]))
    return {key: Coverage(tuple(found)) for key, found in spans.items()}


def _installation(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT value FROM facts WHERE name = 'installation'"):
        yield Installation(row[0])


def _places(rows: Rows) -> Iterator[Record]:
    watched = {place_of_arn(row[0]): (row[0], row[1]) for row in rows("SELECT log_group, digest FROM watched")}
    yield from places_of({key: found.spans for key, found in coverage(rows).items()}, watched)


def _watch_sets(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT digest, entries FROM watch_sets ORDER BY digest"):
        yield WatchSet(row[0], tuple(json.loads(row[1])))


def _lookbacks(rows: Rows) -> Iterator[Record]:
    for row in rows('SELECT id, start, "end", log_groups, signatures FROM lookbacks ORDER BY id'):
        yield Lookback(row[0], Window(row[1], row[2]), tuple(json.loads(row[3])), tuple(json.loads(row[4])))


def _queries(rows: Rows) -> Iterator[Record]:
    for row in rows('SELECT marker, query, lane, pass, start, "end", log_groups FROM queries ORDER BY marker'):
        yield StartedQuery(row[0], row[1], row[2], row[3], Window(row[4], row[5]), tuple(json.loads(row[6])))


def _spending(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT day, scope, pass, bytes, dollars, queries FROM spending ORDER BY day, scope, pass"):
        yield Spending(*row)


def _incidents(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT body FROM incidents ORDER BY id"):
        yield INCIDENTS.validate_json(row[0])


def _silences(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT body FROM silences ORDER BY id"):
        yield SILENCES.validate_json(row[0])


def _known(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT signature, status, hash FROM known ORDER BY signature"):
        yield Known(*row)


def _lanes(rows: Rows) -> Iterator[Record]:
    for row in rows("SELECT target, lane, next_ms FROM lanes ORDER BY target, lane"):
        yield Lane(*row)


def _messages(rows: Rows) -> Iterator[Record]:
    for row in rows(f"SELECT {_MESSAGE} FROM outbox ORDER BY target, id"):
        yield Message(**dict(row) | {"stand_in": bool(row["stand_in"])})


def _lines(rows: Rows) -> Iterator[Record]:
    last: tuple[int, int] = (-(2**63), 0)
    number = 0
    statement = f"SELECT * FROM audit WHERE (at_ms, seq) > (?, ?) ORDER BY at_ms, seq LIMIT {PAGE}"
    while page := rows(statement, last):
        for row in page:
            number += 1
            yield Line(number, entry_of(row))
        last = page[-1]["at_ms"], page[-1]["seq"]


def _hits(rows: Rows) -> Iterator[Record]:
    last: tuple[int, str] = (-(2**63), "")
    statement = (
        "SELECT ts_ms, identity, signature FROM hits WHERE (ts_ms, identity) > (?, ?)"
        f" ORDER BY ts_ms, identity LIMIT {PAGE}"
    )
    while page := rows(statement, last):
        yield from (KnownHit(*row) for row in page)
        last = page[-1][0], page[-1][1]


def restore(connection: sqlite3.Connection, found: Iterable[Record]) -> None:
    """Add records to an empty file, or go on doing so, in a transaction that was begun."""
    for kind, alike in groupby(found, key=type):
        _RESTORE[kind](connection, list(alike))


def _insert(table: str, width: int, values: Callable[[Any], Sequence[Any]]) -> Callable[..., None]:
    marks = ", ".join("?" * width)

    def insert(connection: sqlite3.Connection, found: Iterable[Any]) -> None:
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", map(values, found))

    return insert


def _restore_installation(connection: sqlite3.Connection, found: Sequence[Installation]) -> None:
    for each in found:
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('installation', ?)", (each.name,))


def _restore_places(connection: sqlite3.Connection, found: Sequence[Place]) -> None:
    watched = [(place.arn, place.digest) for place in found if place.digest]
    connection.executemany("INSERT INTO watched VALUES (?, ?)", watched)
    spans = [
        (name, place.account, place.region, place.name, *span)
        for place in found
        for name, its in place.passes
        for span in its
    ]
    connection.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?)", spans)


def _restore_hits(connection: sqlite3.Connection, found: Sequence[KnownHit]) -> None:
    statement = "INSERT INTO hits (ts_ms, identity, signature) VALUES (?, ?, ?)"
    connection.executemany(statement, ((each.ts_ms, each.identity, each.signature) for each in found))
    if any(each.identity.startswith(DIGEST_PREFIX) for each in found):
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, '1')", (HIT_DIGESTS,))


def _restore_messages(connection: sqlite3.Connection, found: Sequence[Message]) -> None:
    marks = ", ".join("?" * len(_MESSAGE.split(",")))
    values = (tuple(asdict(each).values()) for each in found)
    connection.executemany(f"INSERT INTO outbox ({_MESSAGE}) VALUES ({marks})", values)


def _incident(of: Incident) -> Sequence[Any]:
    body = INCIDENTS.dump_json(of).decode()
    return of.id, of.signature, of.group, of.occurrence, of.state, of.first_seen_ms, body


def _line(of: Line) -> Sequence[Any]:
    entry = of.entry
    facts = entry.at_ms, entry.actor, entry.action, entry.subject, entry.signature, entry.project
    return of.number, *facts, json.dumps(entry.detail)


def _lookback(of: Lookback) -> Sequence[Any]:
    return of.id, of.window.start, of.window.end, json.dumps(of.groups), json.dumps(of.signatures)


def _query(of: StartedQuery) -> Sequence[Any]:
    window = of.window.start, of.window.end
    return of.marker, of.query, of.lane, of.pass_name, *window, json.dumps(of.groups)


def _spent(of: Spending) -> Sequence[Any]:
    return of.day, of.scope, of.pass_name, of.bytes_scanned, of.dollars, of.queries


_RESTORE: Mapping[type, Callable[..., None]] = {
    Installation: _restore_installation,
    Place: _restore_places,
    WatchSet: _insert("watch_sets", 2, lambda of: (of.digest, json.dumps(of.entries))),
    Lookback: _insert("lookbacks", 5, _lookback),
    StartedQuery: _insert("queries", 7, _query),
    Spending: _insert("spending", 6, _spent),
    Incident: _insert("incidents", 7, _incident),
    Silence: _insert("silences", 3, lambda of: (of.id, of.ends_ms, SILENCES.dump_json(of).decode())),
    Known: _insert("known", 3, lambda of: (of.signature, of.status, of.content)),
    Lane: _insert("lanes", 3, lambda of: (of.target, of.lane, of.next_ms)),
    Message: _restore_messages,
    Line: _insert("audit", 8, _line),
    KnownHit: _restore_hits,
}
