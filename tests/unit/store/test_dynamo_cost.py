"""What DynamoDB charges: that it is counted as the service counts, and what a quiet day comes to."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sigwatch.store.dynamo.table import INDEX
from tests.fakes.dynamo import new_table
from tests.fakes.fleet import DAY, INTERVAL, Fleet, dollars_of
from tests.fakes.metered import Meter, Units, index_units, read_units, size, together, total, write_units

Call = Callable[..., Mapping[str, Any]]
KIB = 1024


def item(name: str, length: int, wait: str = "") -> dict[str, dict[str, Any]]:
    """An item of about so many bytes."""
    waits: dict[str, dict[str, Any]] = {"wait": {"S": wait}, "wait_order": {"S": "1"}} if wait else {}
    return {**key(name), "blob": {"B": b"x" * length}, **waits}


class Asker:
    """A client whose calls are counted here, and by the server too."""

    def __init__(self, endpoint: str) -> None:
        self.client, self.table = new_table(endpoint)
        self.meter = Meter()
        self.meter.attach(self.client)

    def put(self, wanted: Mapping[str, Any], **more: Any) -> float:
        return self.charged(self.client.put_item, TableName=self.table, Item=wanted, **more)

    def delete(self, name: str) -> float:
        return self.charged(self.client.delete_item, TableName=self.table, Key=key(name))

    def query(self, attribute: str, value: str, **more: Any) -> float:
        names = {"#a": attribute}
        asked = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": {":v": {"S": value}}}
        return self.charged(self.client.query, TableName=self.table, KeyConditionExpression="#a = :v", **asked, **more)

    def charged(self, call: Call, **asked: Any) -> float:
        """What the server says that a call cost."""
        told = call(**asked, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
        return float(sum(each["CapacityUnits"] for each in told) if isinstance(told, list) else told["CapacityUnits"])

    def counted(self) -> float:
        """What was counted here meanwhile."""
        units = total(self.meter.bill())
        return units.reads + units.writes


@pytest.fixture
def asker(dynamodb: str) -> Asker:
    return Asker(dynamodb)


def key(name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{name}#1"}, "sk": {"S": "1"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "abc"}, 3),
        ({"S": "äb"}, 3),
        ({"B": b"12345"}, 5),
        ({"N": "7"}, 2),
        ({"N": "-1234"}, 4),
        ({"N": "1772787600"}, 5),
    ],
)
def test_an_attribute_takes_its_name_and_its_value(value: Mapping[str, Any], expected: int) -> None:
    assert size({"name": value}) == 4 + expected


def test_units_are_begun_kilobytes_of_the_larger_version() -> None:
    small, large = item("A", 10), item("A", 2 * KIB)
    assert [write_units(*both) for both in ((None, small), (small, large), (large, small), (large, None))] == [
        1,
        3,
        3,
        3,
    ]
    assert [read_units(held) for held in (0, 4 * KIB, 4 * KIB + 1)] == [1, 1, 2]
    assert read_units(4 * KIB + 1, consistent=False) == 1


def test_an_index_is_charged_for_entries_that_change_and_twice_for_those_that_move() -> None:
    plain, waiting = item("A", 10), item("A", 10, "W")
    assert index_units(None, plain) == 0
    assert [index_units(plain, waiting), index_units(waiting, waiting), index_units(waiting, None)] == [1, 0, 1]
    assert index_units(waiting, item("A", 2 * KIB, "W")) == 3
    assert index_units(waiting, item("A", 2 * KIB, "V")) == 4


def test_writes_are_counted_as_a_server_counts_them(asker: Asker) -> None:
    versions = [
        item("A", length, wait) for length, wait in ((3_000, ""), (10, ""), (3_000, "W"), (3_001, "W"), (9, "V"))
    ]
    for version in versions:
        assert asker.put(version) == asker.counted(), version["pk"]
    assert asker.delete("A") == asker.counted() == 2
    assert asker.delete("A") == asker.counted() == 1


def test_reads_are_counted_as_a_server_counts_them(asker: Asker) -> None:
    for wanted in (item("A", 3_000, "W"), item("B", 9_000, "W")):
        asker.put(wanted)
    asker.meter.bill()
    assert asker.query("pk", "A#1", ConsistentRead=True) == asker.counted() == 1
    assert asker.query("pk", "C#1", ConsistentRead=True) == asker.counted() == 1
    assert asker.query("pk", "C#1") == asker.counted() == 0.5
    # 12 KB together, where an item by itself would be rounded up.
    assert asker.query("wait", "W", IndexName=INDEX) == asker.counted() == 1.5
    asked = {asker.table: {"Keys": [key("A"), key("B"), key("C")], "ConsistentRead": True}}
    assert asker.charged(asker.client.batch_get_item, RequestItems=asked) == asker.counted() == 1 + 3 + 1


def test_transactions_are_counted_as_a_server_counts_them(asker: Asker) -> None:
    asker.put(item("A", 1_500))
    asker.meter.bill()
    check = {"TableName": asker.table, "Key": key("A"), "ConditionExpression": "attribute_exists(pk)"}
    actions = [{"Put": {"TableName": asker.table, "Item": item("B", 10, "W")}}, {"ConditionCheck": check}]
    charged = asker.charged(asker.client.transact_write_items, TransactItems=actions)
    assert charged == 7
    assert asker.meter.bill() == {
        "Transact Put B": Units(1, writes=2),
        "Index B": Units(1, writes=1),
        "Transact ConditionCheck A": Units(1, writes=4),
    }


def test_what_fails_by_its_condition_is_charged_and_changes_nothing(asker: Asker) -> None:
    """By the guide: the server says nothing of what a call cost that failed."""
    asker.put(item("A", 1_500, "W"))
    asker.meter.bill()
    with pytest.raises(ClientError):
        asker.put(item("A", 10), ConditionExpression="attribute_not_exists(pk)")
    assert asker.meter.bill() == {"Put A, in vain": Units(1, writes=2)}
    assert asker.delete("A") == asker.counted() == 4


def test_a_quiet_day_of_a_thousand_signatures_in_two_hundred_log_groups_costs_less_than_half_a_dollar(
    dynamodb: str,
) -> None:
    replicas, shards = 3, 4
    day = Fleet(dynamodb, replicas, scopes=1).quiet_day(minutes=3)
    bill = together(*day.values())
    # So much of it is known beforehand: each shard is searched by the first pass once in an interval, each replica
    # shows a sign of life every three seconds and looks into the outbox four times a second.
    assert bill["Transact Put COVERAGE"].calls >= shards * DAY / INTERVAL
    assert bill["Put REPLICA"].writes == pytest.approx(replicas * DAY / 3)
    assert bill["Query index OUTBOX"].reads == pytest.approx(replicas * DAY * 4 / 2)
    assert dollars_of(day) < 0.50
