"""How rows of SQLite become values, and values rows."""

import json
import sqlite3
from collections.abc import Iterable

from sigwatch.model.audit import Entry
from sigwatch.model.message import Delivery, Kind, Progress
from sigwatch.store.bodies import CONTENTS, EDITS

LAST_HIT = "body ->> 'last_seen_ms'"
"""Event time of an incident's newest hit, as the index has it."""
HIT_DIGESTS = "hit_digests"
"""Fact of a state that came from a table: digests stand in place of the identities of some hits."""
MIGRATION = "migration"
"""Fact of a state that is being made by a migration: a `Marker` as JSON."""

BEHIND = "o.delivered < o.revision AND o.digest = ''"
# A thread begins with the card, or with the first page of the digest that shows the card in its place.
_THREAD_REF = """coalesce((SELECT CASE WHEN c.digest = '' THEN c.ref ELSE (
    SELECT CASE WHEN p.thread = '' THEN p.ref ELSE
      (SELECT g.ref FROM outbox g WHERE g.id = p.thread AND g.target = p.target) END
    FROM outbox p WHERE p.id = c.digest AND p.target = c.target) END
  FROM outbox c WHERE c.id = o.thread AND c.target = o.target), '')"""
LANE = f"CASE WHEN o.ref = '' THEN o.destination ELSE '{EDITS}' END"
DELIVERY = (
    "o.id, o.target, o.destination, o.kind, o.form, o.content, o.incident, o.urgency, o.thread, o.digest, o.revision,"
    " o.delivered, o.progress, o.ref, o.attempts, o.due_ms, o.claim, o.claimed_until_ms, o.first_attempt_ms,"
    f" o.behind_since_ms, o.posted_ms, o.refresh_ms, {_THREAD_REF} AS thread_ref"
)


def delivery_of(row: sqlite3.Row) -> Delivery:
    """The outbox row as a value.

    Raises:
        ValueError: another version wrote it.
    """
    fields = {name: row[name] for name in row.keys() if name != "lane_place"}  # noqa: SIM118 - a Row has no items
    form, content = fields.pop("form"), fields.pop("content")
    if form not in CONTENTS:
        raise ValueError(form)
    known = {"kind": Kind(fields["kind"]), "progress": Progress(fields["progress"])}
    return Delivery(content=CONTENTS[form].validate_json(content), **fields | known)


def readable(rows: Iterable[sqlite3.Row]) -> list[Delivery]:
    """Those rows that this version can read: the others stay in the outbox, and must not hold these up."""
    found = []
    for row in rows:
        try:
            found.append(delivery_of(row))
        except ValueError:
            continue
    return found


def entry_of(row: sqlite3.Row) -> Entry:
    """The line of the audit trail as a value."""
    detail = tuple((str(name), str(value)) for name, value in json.loads(row["detail"]))
    names = ("at_ms", "actor", "action", "subject", "signature", "project")
    return Entry(**{name: row[name] for name in names}, detail=detail)
