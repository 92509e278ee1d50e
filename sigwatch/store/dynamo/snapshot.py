"""A whole table as it was read once, and parts of it read again.

What is large and stands alone is looked at and let go.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sigwatch.store.digests import DIGEST_BYTES
from sigwatch.store.dynamo import incidents, unit
from sigwatch.store.dynamo.bulk import Bulk, Paid
from sigwatch.store.dynamo.hits import HITS
from sigwatch.store.dynamo.leases import LEASES, REPLICAS
from sigwatch.store.dynamo.rows import AGES, DIGESTS, LANES, OUTBOX, posts
from sigwatch.store.dynamo.searched import COVERAGE, SHARDS
from sigwatch.store.dynamo.store import QUERIES, SPENT
from sigwatch.store.dynamo.table import Item, Key, Table
from sigwatch.store.invariants import Flaw

KINDS = frozenset(
    {
        "META", SHARDS, COVERAGE, incidents.INCIDENT, unit.SILENCE, unit.KNOWN, unit.AUDIT, unit.OWED, unit.WATCHED,
        QUERIES, LEASES, REPLICAS, LANES, DIGESTS, AGES,
    }
)  # fmt: skip
BEGINNINGS = (HITS, OUTBOX, incidents.LISTS, SPENT, posts(""))
READ_WHOLE = frozenset({SHARDS, COVERAGE, unit.WATCHED, LEASES, REPLICAS, AGES})
"""Partitions of which no item stands alone."""


@dataclass(slots=True)
class Snapshot:
    """The items of a table, hits and audit trail aside, and what was wrong with single ones."""

    items: dict[Key, Item] = field(default_factory=dict)
    alone: list[Flaw] = field(default_factory=list)
    paid: Paid = field(default_factory=Paid)

    def of(self, pk: str) -> Iterator[Item]:
        """Items of a partition, or of all that begin so where it ends in `#`."""
        whole = pk.endswith("#")
        return (item for key, item in self.items.items() if (key[0].startswith(pk) if whole else key[0] == pk))

    def read_again(self, table: Table, keys: Iterable[Key]) -> None:
        """Put items, and what belongs to them, in the place of what was read before.

        Raises:
            StoreError: they can not be read.
        """
        wanted = {*keys}
        # What an incident is told by lies elsewhere.
        wanted |= {(f"{OUTBOX}{key[1]}", "") for key in wanted if key[0] == incidents.INCIDENT}
        for pk in sorted({key[0] for key in wanted if _is_read_whole(key[0])}):
            for key in [key for key in self.items if key[0] == pk]:
                del self.items[key]
            self.items |= {item.key: item for item in table.query(pk)}
        alone = sorted(key for key in wanted if not _is_read_whole(key[0]))
        found = table.get(alone)
        for key in alone:
            self.items.pop(key, None)
        self.items |= found


def _is_read_whole(pk: str) -> bool:
    return pk in READ_WHOLE or pk.startswith(OUTBOX)


def take(bulk: Bulk, now: float) -> Snapshot:
    """Read the whole table; what has expired by an epoch second is not there.

    Raises:
        StoreError: it can not be read.
    """
    found = Snapshot()
    for item in bulk.scan(paid=found.paid):
        pk = item.key[0]
        if 0 < item.expires <= now:
            continue
        if pk not in KINDS and not pk.startswith(BEGINNINGS):
            found.alone.append(_unknown(item))
        elif pk.startswith(HITS):
            found.alone += _in_hits(item)
        elif pk == unit.AUDIT:
            found.alone += _in_line(item)
        else:
            found.items[item.key] = item
    return found


def _unknown(item: Item) -> Flaw:
    return Flaw(
        "unknown",
        " ".join(item.key)[:200],
        "it is of no kind that this sigwatch knows: another program, or a newer version, writes to the table. Give that"
        " a table of its own, or upgrade",
    )


def _in_hits(item: Item) -> Iterator[Flaw]:
    if not item.blob or len(item.blob) % DIGEST_BYTES or not item.expires:
        yield Flaw(
            "hits",
            " ".join(item.key)[:200],
            f"it holds {len(item.blob)} bytes, which are not whole digests of {DIGEST_BYTES}, or never expires: hits of"
            " that minute may be counted twice. Restore a backup, or delete the item once its minute is long past",
        )


def _in_line(item: Item) -> Iterator[Flaw]:
    subject = item.body[3] if isinstance(item.body, list) and len(item.body) == 7 else None
    if item.wait != f"SUBJECT#{subject}" or item.wait_order != item.key[1]:
        yield Flaw(
            "index",
            " ".join(item.key)[:200],
            "the line of the audit trail is not in the index under its subject: `sigwatch incidents show` leaves it"
            " out, `sigwatch history` does not",
        )
