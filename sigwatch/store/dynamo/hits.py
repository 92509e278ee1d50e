"""Which hits are known: digests of identities, packed by signature and minute of the event.

An item for each hit would cost a hundred times as much in a storm.
"""

from collections import defaultdict
from collections.abc import Sequence

from sigwatch.model.logs import Hit
from sigwatch.store.digests import DIGEST_BYTES, MINUTE_MS, digest_of
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.table import Item, Key

HITS = "HITS#"
"""Begins the partitions, each of one signature and minute."""
PAGE_BYTES = 16_000 * DIGEST_BYTES
"""Half of what an item may hold."""
GRACE_SECONDS = 7 * 86_400
"""That hits are kept for longer than the configuration says: a pass may have fallen behind."""


def add_hits(session: Session, hits: Sequence[Hit], kept_seconds: int, cutoff_ms: int) -> list[Hit]:
    """Record the hits and return those that were not known, in the given order.

    Args:
        session: a transaction.
        hits: in any order; one given twice is known the second time.
        kept_seconds: how long after its event a hit is remembered.
        cutoff_ms: hits of minutes before this epoch millisecond are forgotten already.
    """
    buckets: defaultdict[str, list[int]] = defaultdict(list)
    for number, hit in enumerate(hits):
        buckets[bucket_of(hit.signature, hit.row.ts_ms)].append(number)
    fresh: set[int] = set()
    # One after the other, the minutes of a long window would take longer than its search.
    firsts = session.get_all([_first(bucket) for bucket in buckets])
    for bucket, numbers in buckets.items():
        pages = _pages(session, bucket, firsts.get(_first(bucket)))
        if hits[numbers[0]].row.ts_ms // MINUTE_MS < cutoff_ms // MINUTE_MS:
            pages = [Item(page.key) for page in pages]
        known = {page.blob[at : at + DIGEST_BYTES] for page in pages for at in range(0, len(page.blob), DIGEST_BYTES)}
        added = []
        for number in numbers:
            digest = digest_of(hits[number].identity)
            if digest not in known:
                known.add(digest)
                added.append(digest)
                fresh.add(number)
        expires = hits[numbers[0]].row.ts_ms // 1000 + kept_seconds + GRACE_SECONDS
        _append(session, bucket, pages[-1:], b"".join(added), max(1, expires))
    return [hit for number, hit in enumerate(hits) if number in fresh]


def _first(bucket: str) -> Key:
    return bucket, f"{0:04d}"


def _pages(session: Session, bucket: str, first: Item | None) -> Sequence[Item]:
    """All pages of a bucket: there is a second one only after a full one."""
    if first is None or len(first.blob) < PAGE_BYTES:
        return [first] if first else []
    return session.partition(bucket)


def _append(session: Session, bucket: str, last: Sequence[Item], added: bytes, expires: int) -> None:
    page = int(last[0].key[1]) if last else 0
    blob = last[0].blob if last else b""
    while added:
        room = PAGE_BYTES - len(blob)
        if room > 0:
            session.put((bucket, f"{page:04d}"), blob=blob + added[:room], expires=expires)
            added = added[room:]
        page, blob = page + 1, b""


def bucket_of(signature: str, ts_ms: int) -> str:
    """The partition of the hits of a signature in the minute of that time."""
    return f"{HITS}{signature}#{ts_ms // MINUTE_MS}"
