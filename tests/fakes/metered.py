"""What DynamoDB would charge for what boto3 clients ask of it, counted call by call.

Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" (capacity unit consumption), "DynamoDB item sizes
and formats", "Managing capacity for transactions" and "Using Global Secondary Indexes" (throughput considerations):

- A read is a unit for every 4 KB begun, half of that if it need not be consistent. A query is charged for the sum of
  its items, page by page, and for one unit of 4 KB where there are none; of a batch each item is rounded by itself, and
  one that is not there costs as much as a small one.
- A write is a unit for every KB begun of the item as it was or as it is, whichever is larger; twice that in a
  transaction, where a mere condition is charged like a write. One whose condition fails is charged as well.
- An index is charged for every entry that is put, changed or removed, and twice where an entry moves. What a
  transaction adds to that is not documented, so it is counted once.
- What expires is removed for nothing.

Each call is counted once, however often boto3 tried it.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from sigwatch.store.dynamo.schema import INDEX_KEYS

READ_DOLLARS, WRITE_DOLLARS = 0.125e-6, 0.625e-6
"""A read and a write request unit on demand, in US East (N. Virginia): "Pricing for On-Demand Capacity", DynamoDB's
prices since November 2024."""

Attributes = Mapping[str, Mapping[str, Any]]
"""An item as the service takes it."""
Place = tuple[str, str, str]
"""Table, partition and place in it."""


@dataclass(frozen=True, slots=True)
class Units:
    """What was charged."""

    calls: float = 0
    """Items that were asked for or written, or pages of a query."""
    reads: float = 0
    writes: float = 0

    def __add__(self, other: "Units") -> "Units":
        return Units(self.calls + other.calls, self.reads + other.reads, self.writes + other.writes)

    def __mul__(self, times: float) -> "Units":
        return Units(self.calls * times, self.reads * times, self.writes * times)

    @property
    def dollars(self) -> float:
        """What that costs on demand."""
        return self.reads * READ_DOLLARS + self.writes * WRITE_DOLLARS


Bill = Mapping[str, Units]
"""By kind of operation: what was done, and the first part of the key that it was done to."""


def total(bill: Bill) -> Units:
    """All of it."""
    return sum(bill.values(), Units())


def together(*bills: Bill) -> dict[str, Units]:
    """One bill for several."""
    made: defaultdict[str, Units] = defaultdict(Units)
    for bill in bills:
        for kind, units in bill.items():
            made[kind] += units
    return dict(made)


def times(bill: Bill, many: float) -> dict[str, Units]:
    """The bill of so many times as much."""
    return {kind: units * many for kind, units in bill.items()}


def size(item: Attributes) -> int:
    """Bytes of an item: of its names, of its texts in UTF-8, and of numbers a byte for two digits and one more."""
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            digits = str(held).lstrip("-").replace(".", "").strip("0")
            return ceil(len(digits) / 2) + 1 + str(held).startswith("-")
    raise AssertionError(f"no item of sigwatch has a value of kind {kind}")


def read_units(held: int, *, consistent: bool = True) -> float:
    """What reading so many bytes at once costs."""
    return max(1, ceil(held / 4096)) * (1.0 if consistent else 0.5)


def write_units(before: Attributes | None, after: Attributes | None) -> int:
    """What a write costs that makes one item of another; None for no item."""
    return max(1, ceil(max(size(before or {}), size(after or {})) / 1024))


def index_units(before: Attributes | None, after: Attributes | None) -> int:
    """What the same write costs in an index that projects everything."""
    old, new = _entry(before), _entry(after)
    if old and new and all(old[name] == new[name] for name in INDEX_KEYS):
        return write_units(old, new) if old != new else 0
    return sum(write_units(None, each) for each in (old, new) if each)


def _entry(item: Attributes | None) -> Attributes | None:
    return item if item and all(name in item for name in INDEX_KEYS) else None


class Meter:
    """Counts for any number of clients, from several threads; nobody else may write to their tables."""

    def __init__(self) -> None:
        """Nothing is counted before a client is attached."""
        self._lock = threading.Lock()
        self._items: dict[Place, Attributes] = {}
        self._sums: defaultdict[str, Units] = defaultdict(Units)
        self._charge: Mapping[str, Callable[[Any, Any], Iterable[tuple[str, Units]]]] = {
            "Query": _query,
            "BatchGetItem": _batch,
            "PutItem": partial(self._one, "Put"),
            "DeleteItem": partial(self._one, "Delete"),
            "TransactWriteItems": self._transaction,
        }

    def attach(self, client: Any) -> None:
        """Count what a client asks for from now on."""
        client.meta.events.register("before-parameter-build.dynamodb", self._asked)
        client.meta.events.register("after-call.dynamodb", self._answered)

    def bill(self) -> dict[str, Units]:
        """What was counted since the last bill."""
        with self._lock:
            made = dict(self._sums)
            self._sums.clear()
        return made

    def _asked(self, params: Any, context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params

    def _answered(self, parsed: Any, model: Any, context: Mapping[str, Any], **_: Any) -> None:
        charge = self._charge.get(model.name)
        with self._lock:
            for kind, units in charge(context["asked"], parsed) if charge else ():
                self._sums[kind] += units

    def _one(self, verb: str, asked: Any, answer: Any) -> Iterator[tuple[str, Units]]:
        return self._write(verb, asked, done="Error" not in answer, factor=1)

    def _transaction(self, asked: Any, answer: Any) -> Iterator[tuple[str, Units]]:
        for action in asked["TransactItems"]:
            [(verb, what)] = action.items()
            yield from self._write(f"Transact {verb}", what, done="Error" not in answer, factor=2)

    def _write(self, verb: str, what: Any, *, done: bool, factor: int) -> Iterator[tuple[str, Units]]:
        after = what.get("Item")
        key = what.get("Key") or {name: after[name] for name in ("pk", "sk")}
        place, kind = (what["TableName"], key["pk"]["S"], key["sk"]["S"]), _kind(key["pk"]["S"])
        before = self._items.get(place)
        yield f"{verb} {kind}" + ("" if done else ", in vain"), Units(1, writes=factor * write_units(before, after))
        if not done or verb.endswith("Check"):
            return
        if units := index_units(before, after):
            yield f"Index {kind}", Units(1, writes=units)
        if after is None:
            self._items.pop(place, None)
        else:
            self._items[place] = dict(after)


def _query(asked: Any, answer: Any) -> Iterator[tuple[str, Units]]:
    held = sum(map(size, answer.get("Items", ())))
    name = _kind(next(iter(asked["ExpressionAttributeValues"].values()))["S"])
    where = "index " if "IndexName" in asked else ""
    yield f"Query {where}{name}", Units(1, reads=read_units(held, consistent=asked.get("ConsistentRead", False)))


def _batch(asked: Any, answer: Any) -> Iterator[tuple[str, Units]]:
    for table, what in asked["RequestItems"].items():
        consistent = what.get("ConsistentRead", False)
        found = {(i["pk"]["S"], i["sk"]["S"]): size(i) for i in answer.get("Responses", {}).get(table, ())}
        unread = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        for key in what["Keys"]:
            if key not in unread:
                held = found.get((key["pk"]["S"], key["sk"]["S"]), 0)
                yield f"Get {_kind(key['pk']['S'])}", Units(1, reads=read_units(held, consistent=consistent))


def _kind(pk: str) -> str:
    return pk.partition("#")[0]
