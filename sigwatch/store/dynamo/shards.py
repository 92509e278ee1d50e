"""What is wrong with the shards of a table, and with what they say was searched. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping

from sigwatch.model.coverage import Coverage
from sigwatch.ports import CursorKey
from sigwatch.store.dynamo.leases import LEASES, REPLICAS
from sigwatch.store.dynamo.searched import COVERAGE, SHARDS
from sigwatch.store.dynamo.snapshot import Snapshot
from sigwatch.store.dynamo.table import Item
from sigwatch.store.invariants import Flaw

_CURE = "what was searched there is not known for sure. Restore a backup"


def covered(snapshot: Snapshot) -> Mapping[CursorKey, Coverage]:
    """What was searched, as far as it can be told where."""
    members = {item.key[1]: [tuple(group[:3]) for group in item.body["groups"]] for item in snapshot.of(SHARDS)}
    found: dict[CursorKey, Coverage] = {}
    for item in snapshot.of(COVERAGE):
        shard, _, name = item.key[1].partition("#")
        for spans, numbers in item.body:
            known = [number for number in numbers if number < len(members.get(shard, ()))]
            searched = Coverage(tuple((start, end) for start, end in spans))
            found |= {(name, *members[shard][number]): searched for number in known}
    return found


def in_shards(snapshot: Snapshot) -> Iterator[Flaw]:
    """Everything that should not be so."""
    places = Counter(tuple(group[:3]) for item in snapshot.of(SHARDS) for group in item.body["groups"])
    for place, times in places.items():
        if times > 1:
            words = f"it is in the shards {times} times: two replicas search it, and {_CURE}"
            yield Flaw("shards", " ".join(map(str, place)), words, ((SHARDS, ""),))
    sizes = {item.key[1]: len(item.body["groups"]) for item in snapshot.of(SHARDS)}
    for item in snapshot.of(COVERAGE):
        if words := _wrong_numbers(item, sizes):
            yield Flaw("coverage", f"item {item.key[1]}", f"{words}: {_CURE}", ((SHARDS, ""), item.key))
    yield from _in_leases(snapshot)


def _wrong_numbers(item: Item, sizes: Mapping[str, int]) -> str:
    shard = item.key[1].partition("#")[0]
    if shard not in sizes:
        return f"there is no shard {shard}"
    numbers = Counter(number for _, each in item.body for number in each)
    if any(number >= sizes[shard] for number in numbers):
        return f"it names log groups that the shard {shard} does not have"
    return "it names a log group twice" if any(times > 1 for times in numbers.values()) else ""


def _in_leases(snapshot: Snapshot) -> Iterator[Flaw]:
    replicas = {item.key[1] for item in snapshot.of(REPLICAS)}
    for item in snapshot.of(LEASES):
        owner = item.body[0]
        if owner and owner not in replicas:
            yield Flaw(
                "lease",
                item.key[1],
                f"its owner {owner} has left without giving it back: nobody does this work until another replica takes"
                " it, which one that runs does by itself. Start one",
                (item.key, (REPLICAS, owner)),
                warning=True,
            )
