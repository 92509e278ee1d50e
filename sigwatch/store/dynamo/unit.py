"""One transaction on the table."""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigwatch.errors import StoreError
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Lookback
from sigwatch.model.incident import Incident, Silence
from sigwatch.model.lease import Lease
from sigwatch.model.logs import Hit, LogGroup
from sigwatch.model.message import Delivery, Notice
from sigwatch.ports import LAST_MS, CursorKey
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.dynamo import enqueue, incidents, searched
from sigwatch.store.dynamo.hits import add_hits
from sigwatch.store.dynamo.leases import LEASES
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.table import Item, Table

SILENCE = "SILENCE"
KNOWN = "KNOWN"
AUDIT = "AUDIT"
OWED = "OWED"
WATCHED = "WATCHED"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept that go by themselves."""

    seconds: Mapping[str, int]
    """After the time that they are of, by kind: hits, audit, spending."""
    cutoffs_ms: Mapping[str, int]
    """What is older is not given any more, whether it has gone or not, by kind."""


@dataclass(frozen=True, slots=True)
class Home:
    """What transactions of one store have in common."""

    table: Table
    shards: searched.Shards
    keeping: Keeping
    nonce: Callable[[], str]
    uncover: Callable[[int], None]


class DynamoUnit:
    """See `ports.Unit`. What it reads it reads as it is now, and with what it has written itself."""

    def __init__(self, session: Session, home: Home) -> None:
        """Write through a transaction that was begun."""
        self._session = session
        self._home = home
        self._nonce = home.nonce()
        self._entries = 0
        self.touched_outbox = False
        """Whether something was put into the outbox."""
        self.forgotten: list[str] = []
        """Markers of queries whose results are recorded, to be forgotten once the transaction is made."""

    def guard(self, lease: Lease) -> None:
        """See `ports.Unit.guard`."""
        if not lease.stamp:
            return
        item = self._session.get((LEASES, lease.name))
        if item is None or item.by != lease.stamp:
            raise StoreError(f"the lease {lease.name} has been given to another replica, which does this work now")
        self._session.require((LEASES, lease.name), lease.stamp)

    def add_hits(self, hits: Sequence[Hit]) -> list[Hit]:
        """See `ports.Unit.add_hits`."""
        keeping = self._home.keeping
        return add_hits(self._session, hits, keeping.seconds["hits"], keeping.cutoffs_ms.get("hits", 0))

    def incident(self, signature: str, group: str, before_ms: int = LAST_MS) -> Incident | None:
        """See `ports.Unit.incident`."""
        known = [each for each in incidents.listed(self._session, signature, group) if each.last_ms < before_ms]
        newest = max(known, key=lambda each: (each.last_ms, each.occurrence), default=None)
        return self.incident_by_id(newest.id) if newest else None

    def touching(self, signature: str, group: str, start_ms: int, end_ms: int) -> Incident | None:
        """See `ports.Unit.touching`."""
        known = incidents.listed(self._session, signature, group)
        there = [each for each in known if each.last_ms >= start_ms and each.first_ms <= end_ms]
        first = min(there, key=lambda each: each.last_ms, default=None)
        return self.incident_by_id(first.id) if first else None

    def incident_by_id(self, wanted: str) -> Incident | None:
        """See `ports.Unit.incident_by_id`."""
        item = self._session.get((incidents.INCIDENT, wanted))
        return INCIDENTS.validate_json(item.body) if item else None

    def put_incident(self, incident: Incident) -> None:
        """See `ports.Unit.put_incident`."""
        incidents.put(self._session, incident)

    def silences(self, now_ms: int) -> list[Silence]:
        """See `ports.Unit.silences`."""
        found = (SILENCES.validate_json(item.body) for item in self._session.partition(SILENCE))
        return [silence for silence in found if silence.active(now_ms)]

    def silence(self, wanted: str) -> Silence | None:
        """See `ports.Unit.silence`."""
        item = self._session.get((SILENCE, wanted))
        return SILENCES.validate_json(item.body) if item else None

    def put_silence(self, silence: Silence) -> None:
        """See `ports.Unit.put_silence`."""
        self._session.put((SILENCE, silence.id), SILENCES.dump_json(silence).decode())

    def know(self, signature: str, status: str, content: str) -> None:
        """See `ports.Unit.know`."""
        self._session.put_blindly((KNOWN, signature), [status, content])

    def cards(self, incident: str) -> list[Delivery]:
        """See `ports.Unit.cards`."""
        return enqueue.cards(self._session, incident)

    def gathered(self, key: str) -> list[Incident]:
        """See `ports.Unit.gathered`."""
        return enqueue.gathered(self._session, key, self.incident_by_id)

    def enqueue(self, notice: Notice) -> None:
        """See `ports.Unit.enqueue`."""
        self.touched_outbox = True
        enqueue.enqueue(self._session, notice)

    def record(self, entry: Entry) -> None:
        """See `ports.Unit.record`."""
        place = f"{entry.at_ms:015d}#{self._entries:04d}#{self._nonce}"
        self._entries += 1
        record(self._session, entry, place, self._home.keeping.seconds["audit"])

    def entries(self, subject: str) -> list[Entry]:
        """See `ports.Unit.entries`."""
        return [entry_of(item.body) for item in self._home.table.waiting(f"SUBJECT#{subject}")]

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """See `ports.Unit.cover`."""
        searched.cover(self._session, self._home.shards, key, start, end)

    def uncover(self, second: int) -> None:
        """See `ports.Unit.uncover`; written at once, item by item, since there may be many of them."""
        self._home.uncover(second)

    def watch_set(self, group: LogGroup, digest: str, entries: Sequence[str]) -> None:
        """See `ports.Unit.watch_set`."""
        searched.watch(self._session, self._home.shards, group, digest)
        if self._session.get((WATCHED, digest)) is None:
            self._session.put((WATCHED, digest), blob=packed(sorted(entries)))

    def owe(self, lookback: Lookback) -> None:
        """See `ports.Unit.owe`."""
        window = [lookback.window.start, lookback.window.end]
        self._session.put((OWED, lookback.id), window, blob=packed([lookback.groups, lookback.signatures]))

    def repay(self, lookback: str) -> None:
        """See `ports.Unit.repay`."""
        self._session.delete((OWED, lookback))

    def forget_queries(self, markers: Sequence[str]) -> None:
        """See `ports.Unit.forget_queries`."""
        self.forgotten += markers


def record(session: Session, entry: Entry, place: str, kept_seconds: int) -> None:
    """Add to the audit trail, in a place that nothing else has."""
    line = line_of(entry, place, entry.at_ms // 1000 + kept_seconds)
    session.put_blindly(line.key, line.body, wait=line.wait, wait_order=place, expires=line.expires)


def line_of(entry: Entry, place: str, expires: int) -> Item:
    """The line of the audit trail as it is kept, until that epoch second."""
    body = [entry.at_ms, entry.actor, entry.action, entry.subject, entry.signature, entry.project, entry.detail]
    wait = f"SUBJECT#{entry.subject}"
    return Item((AUDIT, place), body, wait=wait, wait_order=place, expires=max(1, expires))


def entry_of(body: Sequence[Any]) -> Entry:
    """The line of the audit trail as a value."""
    at_ms, actor, action, subject, signature, project, detail = body
    told = tuple((str(name), str(value)) for name, value in detail)
    return Entry(at_ms, actor, action, subject, signature, project, told)


def packed(value: Any) -> bytes:
    """A value that JSON can hold, small: lists of names and ARNs have much in common."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode())


def unpacked(blob: bytes) -> Any:
    """The value that was packed."""
    return json.loads(zlib.decompress(blob))
