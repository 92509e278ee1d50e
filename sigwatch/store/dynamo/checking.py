"""What is wrong with a state in a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from sigwatch.model.incident import Incident
from sigwatch.store.bodies import INCIDENTS
from sigwatch.store.dynamo import incidents, unit
from sigwatch.store.dynamo.bulk import Bulk, Paid
from sigwatch.store.dynamo.leads import in_leads
from sigwatch.store.dynamo.reading import as_message, places
from sigwatch.store.dynamo.rows import OUTBOX, item_of, place, rows_of
from sigwatch.store.dynamo.searched import COVERAGE, SHARDS
from sigwatch.store.dynamo.shards import covered, in_shards
from sigwatch.store.dynamo.snapshot import Snapshot, take
from sigwatch.store.dynamo.store import MIGRATION
from sigwatch.store.dynamo.table import Item, Key, Table
from sigwatch.store.invariants import Flaw, flaws, picture
from sigwatch.store.records import Message, Place, Record, WatchSet

ROUNDS = 3
"""So often what seems wrong is read again: in a state at work two items may be of two moments."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it."""

    flaws: tuple[Flaw, ...]
    paid: Paid
    """What the table was read for."""


def check(table: Table, bulk: Bulk, now: float) -> Checked:
    """Everything that should not be so in a table; it may be at work.

    Raises:
        StoreError: it can not be read.
    """
    snapshot = take(bulk, now)
    found = list(in_items(snapshot))
    for _ in range(ROUNDS):
        if not found:
            break
        snapshot.read_again(table, [key for flaw in found for key in flaw.keys])
        still = {(flaw.rule, flaw.where) for flaw in in_items(snapshot)}
        found = [flaw for flaw in found if (flaw.rule, flaw.where) in still]
    return Checked((*snapshot.alone, *found), snapshot.paid)


def in_items(snapshot: Snapshot) -> Iterator[Flaw]:
    """What is wrong with what was read."""
    found: list[Record] = [*places(snapshot.of(SHARDS), covered(snapshot))]
    found += [WatchSet(item.key[1], ()) for item in snapshot.of(unit.WATCHED)]
    for pk, read, indexed in ((incidents.INCIDENT, _incident, _as_incident), (OUTBOX, _message, _as_row)):
        for item in snapshot.of(pk):
            record = read(item)
            if record is None:
                yield _unreadable(item)
                continue
            found.append(record)
            yield from _in_index(item, indexed(item))
    yield from flaws(picture(found, _addresses))
    yield from in_shards(snapshot)
    yield from in_leads(snapshot)
    if MIGRATION in snapshot.items:
        yield Flaw("unfinished", "the whole state", "a migration into it has not ended: run it again", (MIGRATION,))


def _incident(item: Item) -> Record | None:
    try:
        return INCIDENTS.validate_json(item.body)
    except ValidationError:
        return None


def _message(item: Item) -> Record | None:
    return next(map(as_message, rows_of([item])), None)


def _as_incident(item: Item) -> Item:
    return incidents.item_of(INCIDENTS.validate_json(item.body))


def _as_row(item: Item) -> Item:
    [row] = rows_of([item])
    return item_of(row)


def _addresses(thing: Message | Incident | Place) -> tuple[Key, ...]:
    if isinstance(thing, Incident):
        return ((incidents.INCIDENT, thing.id),)
    if isinstance(thing, Message):
        return (place(thing.target, thing.id, thing.thread),)
    return (SHARDS, ""), (COVERAGE, ""), (unit.WATCHED, "")


def _unreadable(item: Item) -> Flaw:
    return Flaw(
        "unreadable",
        " ".join(item.key)[:200],
        "it can not be read: a newer version wrote it, or it is damaged. Upgrade, or restore a backup",
        (item.key,),
    )


def _in_index(item: Item, expected: Item) -> Iterator[Flaw]:
    if item.key != expected.key:
        yield Flaw("key", " ".join(item.key)[:200], "it says that it lies elsewhere. Restore a backup", (item.key,))
    if (item.wait, item.wait_order) != (expected.wait, expected.wait_order):
        how = "is missing in the index of what waits" if expected.wait else "does not wait, and the index says it does"
        yield Flaw(
            "index",
            " ".join(item.key)[:200],
            f"it {how}, or waits there in another place: it is not sent, or not reviewed, until it changes again; for"
            " an incident, `sigwatch incidents resolve` writes it anew",
            (item.key,),
        )
