"""What has been searched, by shards: up to fifty log groups that are searched, leased and written down together.

A log group is put into a shard when a pass first begins with it, and stays there. So one item says for one pass how far
fifty log groups have been searched; while all is well they are equally far, and it is a few hundred bytes.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import LogGroup
from sigwatch.ports import CursorKey
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.table import Item, Key, Table

SHARDS = "SHARDS"
COVERAGE = "COVERAGE"
GROUPS_PER_SHARD = 50
"""As many as one query takes."""

Place = tuple[str, str, str]
"""Account, region and name of a log group."""


def place_of(group: LogGroup) -> Place:
    """Where a log group is."""
    return group.account, group.region, group.name


class Shards:
    """Remembers in which shard each log group is: that never changes. Safe to use from several threads."""

    def __init__(self, table: Table) -> None:
        """Nothing is read before it is asked for."""
        self._table = table
        self._lock = threading.Lock()
        self._homes: dict[Place, tuple[str, int]] = {}
        self._members: dict[str, list[Place]] = {}

    def learn(self, items: Iterable[Item]) -> None:
        """Take over what shards say of themselves."""
        with self._lock:
            for item in items:
                places = [(account, region, name) for account, region, name, *_ in item.body["groups"]]
                self._members[item.key[1]] = places
                self._homes |= {place: (item.key[1], number) for number, place in enumerate(places)}

    def home(self, place: Place) -> tuple[str, int] | None:
        """The shard of a log group and its number there; None where nobody has begun with it, as far as is known."""
        return self._homes.get(place)

    def of(self, groups: Collection[LogGroup]) -> dict[LogGroup, str]:
        """See `ports.Store.shards`."""
        if any(place_of(group) not in self._homes for group in groups):
            self.learn(self._table.query(SHARDS))
        homes = {group: self._homes.get(place_of(group)) for group in groups}
        return {group: home[0] for group, home in homes.items() if home}

    def names(self) -> list[str]:
        """Every shard, as far as is known here."""
        if not self._members:
            self.learn(self._table.query(SHARDS))
        with self._lock:
            return sorted(self._members)

    def coverage(self) -> dict[CursorKey, Coverage]:
        """What has been searched, by pass and log group."""
        items = list(self._table.query(COVERAGE))
        if any(max(number for _, numbers in item.body for number in numbers) >= self._size(item) for item in items):
            self.learn(self._table.query(SHARDS))
        found: dict[CursorKey, Coverage] = {}
        for item in items:
            shard, _, name = item.key[1].partition("#")
            members = self._members[shard]
            for spans, numbers in item.body:
                covered = Coverage(tuple((start, end) for start, end in spans))
                found |= {(name, *members[number]): covered for number in numbers}
        return found

    def _size(self, item: Item) -> int:
        return len(self._members.get(item.key[1].partition("#")[0], ()))


def settle_in(session: Session, shards: Shards, place: Place) -> tuple[str, int]:
    """The shard of a log group and its number there, given one if it has none."""
    if home := shards.home(place):
        return home
    items = session.partition(SHARDS)
    for item in items:
        for number, group in enumerate(item.body["groups"]):
            if tuple(group[:3]) == place:
                return item.key[1], number
    # Regions apart: a query reaches one.
    open_ = [i for i in items if len(i.body["groups"]) < GROUPS_PER_SHARD and i.body["groups"][0][1] == place[1]]
    if not open_:
        name = f"{len(items) + 1:05d}"
        session.put((SHARDS, name), {"groups": [[*place, "", ""]]})
        return name, 0
    groups = open_[0].body["groups"]
    session.put(open_[0].key, {"groups": [*groups, [*place, "", ""]]})
    return open_[0].key[1], len(groups)


def cover(session: Session, shards: Shards, key: CursorKey, start: int, end: int) -> None:
    """See `ports.Unit.cover`."""
    shard, number = settle_in(session, shards, (key[1], key[2], key[3]))
    where: Key = COVERAGE, f"{shard}#{key[0]}"
    item = session.get(where)
    classes: list[tuple[Any, list[int]]] = [(spans, numbers) for spans, numbers in item.body] if item else []
    before = next((spans for spans, numbers in classes if number in numbers), None)
    searched = Coverage(tuple((first, last) for first, last in before or ())).joined([(start, end)])
    now = [list(span) for span in searched.spans]
    if now != before:
        session.put(where, regrouped(classes, number, now))


def regrouped(classes: Sequence[tuple[Any, list[int]]], number: int, now: Any) -> list[Any]:
    """The classes of log groups that are equally far, with one of them put where it belongs."""
    left = [[spans, [each for each in numbers if each != number]] for spans, numbers in classes]
    same = next((one for one in left if one[0] == now), None)
    if same is None:
        left.append([now, [number]])
    else:
        same[1] = sorted([*same[1], number])
    return [one for one in left if one[1]]


def uncovered(spans: Sequence[Sequence[int]], second: int) -> list[list[int]]:
    """What remains of what was searched when nothing from a second on counts."""
    # The first range stays, empty: it says where the pass began.
    kept = [[start, min(end, second)] for start, end in spans if start <= second]
    return kept or [[min(spans[0][0], second)] * 2]


def uncover(session: Session, key: Key, second: int) -> None:
    """Have nothing from a second on count in one item of the coverage."""
    item = session.get(key)
    if item:
        session.put(key, [[uncovered(spans, second), numbers] for spans, numbers in item.body])


def watch(session: Session, shards: Shards, group: LogGroup, digest: str) -> None:
    """Say for which set of signatures a log group is searched."""
    shard, number = settle_in(session, shards, place_of(group))
    item = session.get((SHARDS, shard))
    groups = list(item.body["groups"]) if item else []
    groups[number] = [*place_of(group), group.arn, digest]
    session.put((SHARDS, shard), {"groups": groups})


def watch_sets(table: Table) -> Mapping[str, str]:
    """By log group ARN, the digest of the signatures that it is searched for."""
    return {arn: digest for item in table.query(SHARDS) for *_, arn, digest in item.body["groups"] if digest}
