"""How rows of SQLite become values, and values rows."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from sigwatch.model.audit import Entry
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.message import Alert, Content, Delivery, Digest, Kind, Milestone, Progress, Remark

Kept = TypeVar("Kept")


class Body(Generic[Kept]):
    """Values of one kind as JSON. What checks them is built with the first one: a scan has none."""

    def __init__(self, kind: type[Kept]) -> None:
        """Of that kind."""
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[Kept]:
        return TypeAdapter(self._kind)

    def validate_json(self, text: str) -> Kept:
        """The value that was written."""
        return self._adapter.validate_json(text)

    def dump_json(self, value: Kept) -> bytes:
        """How a value is written."""
        return self._adapter.dump_json(value)


INCIDENTS = Body(Incident)
SILENCES = Body(Silence)
CONTENTS: Mapping[str, Body[Content]] = {
    "alert": Body(Alert),
    "milestone": Body(Milestone),
    "digest": Body(Digest),
    "remark": Body(Remark),
}
"""By the name of the form."""

EDITS = "edits"
"""Lane of all edits in a target; no destination is called so."""
CARD = "alert"
DIGEST = "digest"

LAST_HIT = "body ->> 'last_seen_ms'"
"""Event time of an incident's newest hit, as the index has it."""

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


def form_of(content: Content) -> str:
    """Name under which a content's form is kept."""
    return type(content).__name__.lower()


def dumped(content: Content) -> str:
    """The content as it is kept."""
    return CONTENTS[form_of(content)].dump_json(content).decode()


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
