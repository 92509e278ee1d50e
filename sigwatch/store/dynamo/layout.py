"""How a whole state lies in a table: from records to items. Pure."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sigwatch.model.coverage import Lookback, Span, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence
from sigwatch.store.bodies import DIGEST, SILENCES
from sigwatch.store.digests import DIGEST_BYTES, MINUTE_MS, digest_of
from sigwatch.store.dynamo import incidents, unit
from sigwatch.store.dynamo.hits import GRACE_SECONDS, PAGE_BYTES, bucket_of
from sigwatch.store.dynamo.rows import DIGESTS, LANES, Row, age_of, item_of, post_of
from sigwatch.store.dynamo.searched import COVERAGE, GROUPS_PER_SHARD, SHARDS
from sigwatch.store.dynamo.store import INSTALLATION, QUERIES, QUERY_SECONDS, VERSION, spending_item
from sigwatch.store.dynamo.table import Item, Key
from sigwatch.store.records import Installation, Known, KnownHit, Lane, Line, Message, Place, Record, WatchSet


@dataclass(frozen=True, slots=True)
class Expiry:
    """When things vanish by themselves."""

    kept: Mapping[str, int]
    """Seconds, by kind: hits, audit, spending."""
    now: int
    """Epoch second. What is old enough to go stays for a week more, so that nothing vanishes while it is compared."""

    def of(self, kind: str, second: int) -> int:
        """Epoch second at which a thing of that kind and time may go."""
        return self.at(second + self.kept[kind] + (GRACE_SECONDS if kind == "hits" else 0))

    def at(self, second: int) -> int:
        """That second, but not before long."""
        return max(second, self.now + QUERY_SECONDS)


def items_of(records: Iterable[Record], expiry: Expiry) -> Iterator[Item]:
    """The items of a whole state, each key once.

    Args:
        records: those of one kind one after the other.
        expiry: when things vanish.
    """
    for kind, alike in groupby(records, key=type):
        yield from _ITEMS[kind](alike, expiry)


def _installation(records: Iterable[Installation], _: Expiry) -> Iterator[Item]:
    for each in records:
        yield Item(INSTALLATION, {"name": each.name, "version": VERSION})


def _places(records: Iterable[Place], _: Expiry) -> Iterator[Item]:
    by_region: defaultdict[str, list[Place]] = defaultdict(list)
    for each in records:
        by_region[each.region].append(each)
    parts = [part for _, places in sorted(by_region.items()) for part in _parts(places)]
    for number, places in enumerate(parts, 1):
        shard = f"{number:05d}"
        groups = [[each.account, each.region, each.name, each.arn, each.digest] for each in places]
        yield Item((SHARDS, shard), {"groups": groups})
        for name, classes in _classes(places).items():
            body = [[[list(span) for span in spans], numbers] for spans, numbers in classes.items()]
            yield Item((COVERAGE, f"{shard}#{name}"), body)


def _parts(places: list[Place]) -> list[list[Place]]:
    return [places[at : at + GROUPS_PER_SHARD] for at in range(0, len(places), GROUPS_PER_SHARD)]


def _classes(places: Iterable[Place]) -> Mapping[str, Mapping[tuple[Span, ...], list[int]]]:
    """By pass, the numbers of the log groups that are equally far."""
    found: defaultdict[str, defaultdict[tuple[Span, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, place in enumerate(places):
        for name, spans in place.passes:
            found[name][spans].append(number)
    return found


def _watch_sets(records: Iterable[WatchSet], _: Expiry) -> Iterator[Item]:
    for each in records:
        yield Item((unit.WATCHED, each.digest), blob=unit.packed(list(each.entries)))


def _lookbacks(records: Iterable[Lookback], _: Expiry) -> Iterator[Item]:
    for each in records:
        window = [each.window.start, each.window.end]
        yield Item((unit.OWED, each.id), window, blob=unit.packed([each.groups, each.signatures]))


def _queries(records: Iterable[StartedQuery], expiry: Expiry) -> Iterator[Item]:
    for each in records:
        body = [each.query, each.lane, each.pass_name, each.window.start, each.window.end]
        yield Item((QUERIES, each.marker), body, unit.packed(each.groups), expires=expiry.at(0))


def _spending(records: Iterable[Spending], expiry: Expiry) -> Iterator[Item]:
    for each in records:
        end = datetime.fromisoformat(each.day).replace(tzinfo=UTC) + timedelta(days=1)
        yield spending_item(each, expiry.of("spending", int(end.timestamp())))


def _incidents(records: Iterable[Incident], _: Expiry) -> Iterator[Item]:
    lists: defaultdict[Key, list[incidents.Listed]] = defaultdict(list)
    for each in records:
        lists[incidents.list_key(each.signature, each.group)].append(incidents.listed_as(each))
        yield incidents.item_of(each)
    for key, listed in lists.items():
        yield incidents.list_of(key, incidents.newest(listed))


def _silences(records: Iterable[Silence], _: Expiry) -> Iterator[Item]:
    for each in records:
        yield Item((unit.SILENCE, each.id), SILENCES.dump_json(each).decode())


def _known(records: Iterable[Known], _: Expiry) -> Iterator[Item]:
    for each in records:
        yield Item((unit.KNOWN, each.signature), [each.status, each.content])


def _lanes(records: Iterable[Lane], _: Expiry) -> Iterator[Item]:
    for each in records:
        yield Item((LANES, f"{each.target}#{each.lane}"), {"next_ms": each.next_ms})


def _messages(records: Iterable[Message], expiry: Expiry) -> Iterator[Item]:
    every = list(records)
    by_name = {(each.target, each.id): each for each in every}
    members: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)
    for each in every:
        if each.digest:
            members[each.target, each.digest].append(each)
    for each in every:
        page = by_name.get((each.target, each.digest)) if each.digest else None
        row = row_of(each, page, members[each.target, each.id] if each.form == DIGEST else [])
        yield item_of(row)
        yield from marks_of(row, expiry.now)


def row_of(message: Message, page: Message | None, members: Iterable[Message]) -> Row:
    """An outbox row with what a table keeps there beside it.

    Args:
        message: the row.
        page: the one that shows it in its place, if any does.
        members: the cards that it shows, if it is a page.
    """
    shown = sorted(members, key=lambda each: (each.urgency, each.behind_since_ms, each.id))
    return Row(
        **asdict(message),
        digest_thread=page.thread if page else "",
        members=tuple(each.id for each in shown),
        oldest_ms=min((each.behind_since_ms for each in shown), default=0),
    )


def marks_of(row: Row, now: int) -> Iterator[Item]:
    """What leads to a row, beside the index."""
    if not row.thread:
        listing = digest_key(row)
        yield Item(age_of(row), {"id": row.id, "target": row.target, "digest": listing})
        if listing:
            yield Item((DIGESTS, listing), {"id": row.id, "target": row.target})
    if row.posted_ms and post_of(row).expires > now:
        yield post_of(row)


def digest_key(row: Row) -> str:
    """The idempotency key of a list's first page; empty for any other row."""
    if row.form != DIGEST or row.thread:
        return ""
    try:
        return str(json.loads(row.content)["key"])
    except (ValueError, KeyError, TypeError):
        # Another version wrote it, and finds it by something else.
        return ""


def _lines(records: Iterable[Line], expiry: Expiry) -> Iterator[Item]:
    for each in records:
        at_ms = each.entry.at_ms
        # What is written later at the same moment, with other places, comes after it or beside it.
        yield unit.line_of(each.entry, f"{at_ms:015d}#{each.number:010d}", expiry.of("audit", at_ms // 1000))


def _hits(records: Iterable[KnownHit], expiry: Expiry) -> Iterator[Item]:
    for minute, together in groupby(records, key=lambda each: each.ts_ms // MINUTE_MS):
        buckets: defaultdict[str, list[bytes]] = defaultdict(list)
        for each in together:
            buckets[bucket_of(each.signature, each.ts_ms)].append(digest_of(each.identity))
        expires = expiry.of("hits", minute * MINUTE_MS // 1000)
        for bucket, digests in buckets.items():
            at_once = PAGE_BYTES // DIGEST_BYTES
            for page, start in enumerate(range(0, len(digests), at_once)):
                blob = b"".join(digests[start : start + at_once])
                yield Item((bucket, f"{page:04d}"), blob=blob, expires=expires)


_ITEMS: Mapping[type, Callable[[Iterable[Any], Expiry], Iterator[Item]]] = {
    Installation: _installation,
    Place: _places,
    WatchSet: _watch_sets,
    Lookback: _lookbacks,
    StartedQuery: _queries,
    Spending: _spending,
    Incident: _incidents,
    Silence: _silences,
    Known: _known,
    Lane: _lanes,
    Message: _messages,
    Line: _lines,
    KnownHit: _hits,
}
