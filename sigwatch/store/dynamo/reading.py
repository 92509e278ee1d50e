"""A whole state in a table as records."""

from collections.abc import Iterable, Iterator, Mapping

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.logs import Window
from sigwatch.ports import CursorKey
from sigwatch.store.bodies import INCIDENTS, SILENCES
from sigwatch.store.digests import DIGEST_BYTES, MINUTE_MS, stand_in, stand_in_ms
from sigwatch.store.dynamo import incidents, unit
from sigwatch.store.dynamo.bulk import Bulk
from sigwatch.store.dynamo.hits import HITS
from sigwatch.store.dynamo.rows import LANES, OUTBOX, Row, rows_of
from sigwatch.store.dynamo.searched import SHARDS, Shards
from sigwatch.store.dynamo.store import INSTALLATION, QUERIES, SPENT
from sigwatch.store.dynamo.table import Item, Table
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
    places_of,
)


def records(table: Table, bulk: Bulk, now: float) -> Iterator[Record]:
    """Everything in the table that has not expired by an epoch second, one kind after the other.

    Raises:
        StoreError: it can not be read.
    """
    for item in table.get([INSTALLATION]).values():
        yield Installation(str(item.body["name"]))
    yield from places(table.query(SHARDS), coverage(table))
    for read in (_watch_sets, _lookbacks, _incidents, _silences, _known, _lanes):
        yield from read(table)
    yield from _queries(table, now)
    yield from _lines(table, now)
    spending, messages = [], []
    for item in bulk.scan((HITS, OUTBOX, SPENT)):
        if item.key[0].startswith(OUTBOX):
            messages.append(message_of(item))
        elif 0 < item.expires <= now:
            continue
        elif item.key[0].startswith(SPENT):
            spending.append(Spending(item.key[0].removeprefix(SPENT), *item.body))
        else:
            yield from _hits(item)
    yield from spending
    yield from messages


def coverage(table: Table) -> Mapping[CursorKey, Coverage]:
    """See `ports.Store.coverage`."""
    return Shards(table).coverage()


def places(shards: Iterable[Item], searched: Mapping[CursorKey, Coverage]) -> list[Place]:
    """Log groups with what has been searched there."""
    groups = [group for item in shards for group in item.body["groups"]]
    watched = {(account, region, name): (arn, digest) for account, region, name, arn, digest in groups if digest}
    known = {key: each.spans for key, each in searched.items()}
    return places_of(known, watched)


def _watch_sets(table: Table) -> Iterator[Record]:
    for item in table.query(unit.WATCHED):
        yield WatchSet(item.key[1], tuple(unit.unpacked(item.blob)))


def _lookbacks(table: Table) -> Iterator[Record]:
    for item in table.query(unit.OWED):
        groups, signatures = unit.unpacked(item.blob)
        yield Lookback(item.key[1], Window(*item.body), tuple(groups), tuple(signatures))


def _incidents(table: Table) -> Iterator[Record]:
    for item in table.query(incidents.INCIDENT):
        yield INCIDENTS.validate_json(item.body)


def _silences(table: Table) -> Iterator[Record]:
    for item in table.query(unit.SILENCE):
        yield SILENCES.validate_json(item.body)


def _known(table: Table) -> Iterator[Record]:
    for item in table.query(unit.KNOWN):
        yield Known(item.key[1], *item.body)


def _lanes(table: Table) -> Iterator[Record]:
    for item in table.query(LANES):
        target, _, lane = item.key[1].partition("#")
        yield Lane(target, lane, int(item.body["next_ms"]))


def _queries(table: Table, now: float) -> Iterator[Record]:
    for item in table.query(QUERIES):
        if item.expires > now:
            query, lane, pass_name, start, end = item.body
            groups = tuple(unit.unpacked(item.blob))
            yield StartedQuery(item.key[1], query, lane, pass_name, Window(start, end), groups)


def _lines(table: Table, now: float) -> Iterator[Record]:
    kept = (item for item in table.query(unit.AUDIT) if item.expires > now)
    for number, item in enumerate(kept, 1):
        yield Line(number, unit.entry_of(item.body))


def message_of(item: Item) -> Message:
    """The outbox row that an item holds.

    Raises:
        StoreError: it holds none.
    """
    found = rows_of([item])
    if not found:
        raise StoreError(f"the row {item.key[1]} of the outbox can not be read; `sigwatch store check` says more")
    return as_message(found[0])


def as_message(row: Row) -> Message:
    """The row without what only a table keeps there."""
    return Message(
        id=row.id,
        target=row.target,
        destination=row.destination,
        kind=row.kind,
        form=row.form,
        content=row.content,
        incident=row.incident,
        urgency=row.urgency,
        thread=row.thread,
        digest=row.digest,
        revision=row.revision,
        delivered=row.delivered,
        progress=row.progress,
        ref=row.ref,
        attempts=row.attempts,
        due_ms=row.due_ms,
        claim=row.claim,
        claimed_until_ms=row.claimed_until_ms,
        first_attempt_ms=row.first_attempt_ms,
        behind_since_ms=row.behind_since_ms,
        posted_ms=row.posted_ms,
        refresh_ms=row.refresh_ms,
        stand_in=row.stand_in,
    )


def _hits(item: Item) -> Iterator[Record]:
    signature, _, minute = item.key[0].removeprefix(HITS).rpartition("#")
    ts_ms = stand_in_ms(int(minute) * MINUTE_MS)
    for at in range(0, len(item.blob), DIGEST_BYTES):
        yield KnownHit(ts_ms, stand_in(item.blob[at : at + DIGEST_BYTES]), signature)
