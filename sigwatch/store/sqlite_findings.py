"""What a search of the past found, in SQLite."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sigwatch.model.logs import Hit, Row
from sigwatch.model.past import Finding
from sigwatch.store.database import Database

PAGE = 2_000
"""Findings read at once: nobody else uses the connection meanwhile."""

_KEY = "signature, grouping, ts_ms, companion, identity"
_BEFORE_ALL = ("", "", -(2**63), "", "")
_COLUMNS = f"{_KEY}, account, region, log_group, stream, ingested_ms, message"
_HITS = "companion = ''"


def add_findings(connection: sqlite3.Connection, findings: Sequence[Finding]) -> int:
    """Do what `ports.Findings.add` says in a transaction that was begun."""
    statement = f"INSERT INTO findings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    # In the order of the table, whatever the order in which they were found: neighbours lie on one page.
    connection.executemany(statement, sorted(_values(each) for each in findings if each.recovers))
    before = connection.total_changes
    connection.executemany(statement, sorted(_values(each) for each in findings if not each.recovers))
    return connection.total_changes - before


def _values(finding: Finding) -> tuple[str | int, ...]:
    hit, row = finding.hit, finding.hit.row
    companion = hit.signature if finding.recovers else ""
    place = row.account, row.region, row.log_group, row.stream
    return finding.signature, finding.group, row.ts_ms, companion, hit.identity, *place, row.ingested_ms, row.message


def _finding(row: Sequence[Any]) -> Finding:
    signature, group, ts_ms, companion, identity, account, region, log_group, stream, ingested_ms, message = row
    event = Row(account, region, log_group, stream, ts_ms, message, ingested_ms)
    return Finding(Hit(identity, companion or signature, event), group, signature if companion else "")


class SqliteFindings:
    """See `ports.Findings`. Safe to use from several threads.

    A finding is known by all of its signature, grouping key, time and identity: the same event under the same
    configuration has the same.
    """

    def __init__(self, database: Database) -> None:
        """Use the file of the whole state."""
        self._database = database

    def add(self, findings: Sequence[Finding]) -> int:
        """See `ports.Findings.add`."""
        with self._database.transaction() as connection:
            return add_findings(connection, findings)

    def in_time(self) -> Iterator[Finding]:
        """See `ports.Findings.in_time`."""
        last: tuple[object, ...] = _BEFORE_ALL
        statement = f"SELECT {_COLUMNS} FROM findings WHERE ({_KEY}) > (?, ?, ?, ?, ?) ORDER BY {_KEY} LIMIT {PAGE}"
        while page := self._database.rows(statement, last):
            yield from map(_finding, page)
            last = tuple(page[-1])[: len(_BEFORE_ALL)]

    def span(self) -> tuple[int, int] | None:
        """See `ports.Findings.span`."""
        first, last = self._database.rows(f"SELECT min(ts_ms), max(ts_ms) FROM findings WHERE {_HITS}")[0]
        return None if first is None else (first, last)

    def hit_counts(self) -> Mapping[str, int]:
        """See `ports.Findings.hit_counts`."""
        return self._counts("signature")

    def place_counts(self) -> Mapping[str, int]:
        """See `ports.Findings.place_counts`."""
        return self._counts("log_group")

    def bars(self, start_ms: int, end_ms: int, parts: int) -> Mapping[str, Sequence[int]]:
        """See `ports.Findings.bars`."""
        rows = self._database.rows(
            "SELECT signature, (ts_ms - :start) * :parts / (:end - :start), count(*) FROM findings"
            f" WHERE {_HITS} AND ts_ms >= :start AND ts_ms < :end GROUP BY 1, 2",
            {"start": start_ms, "end": end_ms, "parts": parts},
        )
        found: dict[str, list[int]] = {}
        for signature, part, count in rows:
            found.setdefault(signature, [0] * parts)[part] = count
        return found

    def _counts(self, column: str) -> dict[str, int]:
        rows = self._database.rows(f"SELECT {column}, count(*) FROM findings WHERE {_HITS} GROUP BY 1 ORDER BY 1")
        return {row[0]: row[1] for row in rows}
