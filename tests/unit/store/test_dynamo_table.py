"""The table under faults: answers that are lost, others who are faster, more than a transaction takes."""

import json
import threading
import uuid
from collections.abc import Iterator

import pytest

from sigwatch.errors import Conflict, StoreError, TooMuch
from sigwatch.model.logs import Hit, LogGroup, Search, Window
from sigwatch.ports import cursor_key
from sigwatch.store.dynamo.schema import faults
from sigwatch.store.dynamo.session import Session, session
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Item, Key, Table, Write
from tests.contract.stores import enqueue, remark
from tests.fakes.dynamo import client, new_table, table_in
from tests.fakes.lossy_proxy import FAIL, LOSE_ANSWER, LOSE_REQUEST, LossyProxy
from tests.fakes.made import row

A, B = ("part", "a"), ("part", "b")


def nonce() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def proxy(dynamodb: str) -> Iterator[LossyProxy]:
    with LossyProxy(dynamodb) as made:
        yield made


@pytest.fixture
def table(dynamodb: str, proxy: LossyProxy) -> Table:
    _, name = new_table(dynamodb)
    # boto3 waits before each try; two of them are enough to see what it does.
    return Table(client(proxy.url, retries=2), name)


def write(table: Table, *keys: Key, body: object = 1, expected: str | None = "") -> None:
    table.commit([Write(key, Item(key, body), expected) for key in keys], nonce())


def test_what_was_written_is_read_with_everything(table: Table) -> None:
    item = Item(A, {"x": [1, "é"]}, b"\x00\xff", "W", "1", 99)
    table.commit([Write(A, item, "")], "n1")
    assert table.get([A, B]) == {A: item}
    assert table.get([A])[A].by == "n1"
    assert table.waiting("W") == [item]


@pytest.mark.parametrize("keys", [(A,), (A, B)], ids=["one item", "a transaction"])
@pytest.mark.parametrize("deed", [LOSE_ANSWER, LOSE_REQUEST, FAIL])
def test_a_commit_whose_answer_is_lost_is_made_once_and_known_for_ones_own(
    table: Table, proxy: LossyProxy, keys: tuple[Key, ...], deed: str
) -> None:
    proxy.line.append(deed)
    write(table, *keys)
    assert len(proxy.seen) == 2
    assert set(table.get([A, B])) == set(keys)


@pytest.mark.parametrize("keys", [(A,), (A, B)], ids=["one item", "a transaction"])
def test_where_no_try_was_answered_the_items_say_whether_it_was_made(
    table: Table, proxy: LossyProxy, keys: tuple[Key, ...]
) -> None:
    proxy.line.extend([LOSE_ANSWER, LOSE_REQUEST])
    write(table, *keys)
    proxy.line.extend([LOSE_REQUEST, LOSE_REQUEST])
    with pytest.raises(StoreError, match="can not be written") as caught:
        write(table, ("part", "c"), ("part", "d"))
    assert not isinstance(caught.value, Conflict)
    assert set(table.get([A, B, ("part", "c")])) == set(keys)


def test_whoever_comes_second_is_told_and_nothing_of_it_is_written(table: Table) -> None:
    write(table, A)
    with pytest.raises(Conflict):
        write(table, A, body=2)
    with pytest.raises(Conflict):
        write(table, B, A, body=2)
    with pytest.raises(Conflict):
        write(table, A, body=2, expected="somebody else")
    assert (table.get([A])[A].body, table.get([B])) == (1, {})


def under(lease: str, body: int, begun: Session) -> None:
    begun.require(A, lease)
    begun.put(B, body)


def test_a_lease_that_changed_hands_refuses_what_is_written_under_it(table: Table) -> None:
    write(table, A)
    stamp = table.get([A])[A].by
    with session(table, nonce) as begun:
        under(stamp, 1, begun)
    write(table, A, body=2, expected=stamp)
    with pytest.raises(Conflict), session(table, nonce) as begun:
        under(stamp, 2, begun)
    assert table.get([B])[B].body == 1


def written_by_another_after_the_look(table: Table, begun: Session) -> None:
    assert begun.partition("part") == []
    write(table, A)
    assert begun.get(A) is None
    begun.put(A, "mine")


def test_an_item_that_was_not_there_is_not_taken_for_one_that_came_meanwhile(table: Table) -> None:
    with pytest.raises(Conflict), session(table, nonce) as begun:
        written_by_another_after_the_look(table, begun)
    assert table.get([A])[A].body == 1


def test_more_than_a_transaction_takes_is_refused_whole(table: Table) -> None:
    many = [("part", f"{n:03}") for n in range(101)]
    with pytest.raises(TooMuch):
        write(table, *many)
    with pytest.raises(TooMuch):
        write(table, A, body="x" * 450_000)
    with pytest.raises(TooMuch):
        write(table, *many[:20], body="x" * 200_000)
    assert not list(table.query("part"))
    write(table, *many[:100])
    assert len(list(table.query("part"))) == 100


def test_large_partitions_are_read_to_their_end_and_by_their_places(table: Table) -> None:
    keys = [("part", f"{n:03}") for n in range(30)]
    for start in range(0, 30, 10):
        write(table, *keys[start : start + 10], body="x" * 150_000)
    assert [item.key for item in table.query("part")] == keys
    assert [item.key[1] for item in table.query("part", "003", "006")] == ["003", "004", "005"]
    assert [item.key[1] for item in table.query("part", until="002")] == ["000", "001"]
    assert len(table.get([*keys, *(("other", f"{n}") for n in range(100))])) == 30


def add_one(table: Table) -> None:
    with session(table, nonce) as begun:
        found = begun.get(A)
        begun.put(A, found.body + 1 if found else 1)
        begun.put(("part", nonce()), 1)


def test_of_many_that_write_the_same_at_once_each_wins_once(table: Table) -> None:
    write(table, A, body=0)
    start = threading.Barrier(8)
    lost: list[int] = []

    def work() -> None:
        start.wait()
        for _ in range(10):
            while True:
                try:
                    add_one(table)
                except Conflict:
                    lost.append(1)
                else:
                    break

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table.get([A])[A].body == 80
    assert len(list(table.query("part"))) == 81
    assert lost


def test_a_table_that_is_another_ones_is_named_with_what_is_wrong(dynamodb: str) -> None:
    made, name = new_table(dynamodb)
    assert not faults(Table(made, name).describe())
    with pytest.raises(StoreError, match=r"can not be opened.*`sigwatch store create` makes it"):
        Table(made, "no-such-table").describe()
    made.create_table(
        TableName=f"{name}-other",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    assert len(faults(Table(made, f"{name}-other").describe())) == 2


CLASH = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    }
).encode()


def test_two_transactions_at_the_same_moment_are_tried_again(table: Table, proxy: LossyProxy) -> None:
    proxy.line.extend([CLASH] * 3)
    write(table, A, B)
    assert set(table.get([A, B])) == {A, B}
    proxy.line.extend([CLASH] * 50)
    with pytest.raises(Conflict):
        write(table, ("part", "c"), ("part", "d"))
    assert len(proxy.line) > 30


def read_before_and_after_another_wrote(table: Table, begun: Session) -> None:
    begun.get(A)
    write(table, A, body=2, expected=None)
    begun.partition("part")
    begun.put(A, "mine")


def test_what_was_read_first_counts_whatever_is_read_later(table: Table) -> None:
    write(table, A)
    with pytest.raises(Conflict), session(table, nonce) as begun:
        read_before_and_after_another_wrote(table, begun)
    assert table.get([A])[A].body == 2


def test_a_transaction_that_writes_nothing_needs_no_lease(table: Table) -> None:
    with session(table, nonce) as begun:
        begun.require(A, "not there")
        assert begun.get(B) is None


def test_a_minute_may_hold_more_hits_than_an_item(table: Table, dynamodb: str) -> None:
    made = DynamoStore(table_in(dynamodb), {"hits": 1, "audit": 1, "spending": 1}, lambda: 0.0, lambda: 0.0)
    found = [Hit(f"{n:x}", "KO-1", row(ts_ms=1_000)) for n in range(33_000)]
    with made.unit() as unit:
        assert len(unit.add_hits(found[:20_000])) == 20_000
    with made.unit() as unit:
        assert unit.add_hits(found) == found[20_000:]
    with made.unit() as unit:
        assert unit.add_hits(found) == []


def test_regions_have_shards_of_their_own(dynamodb: str) -> None:
    made = DynamoStore(table_in(dynamodb), {"hits": 1, "audit": 1, "spending": 1}, lambda: 0.0, lambda: 0.0)
    groups = [LogGroup("111122223333", f"{where}-1", f"/g{n:02}") for where in ("eu", "us") for n in range(51)]
    for each in groups:
        with made.unit() as unit:
            unit.cover(cursor_key("eager", each), 1, 2)
    homes = made.shards(groups)
    assert [len({each for each in groups if homes[each] == name}) for name in made.shard_names()] == [50, 1, 50, 1]
    assert len({(homes[each], each.region) for each in groups}) == 4
    assert len(made.coverage()) == 102


def test_queries_that_the_service_has_forgotten_are_not_listed_whether_they_have_expired_or_not(dynamodb: str) -> None:
    now = [1_000.0]
    made = DynamoStore(table_in(dynamodb), {"hits": 1, "audit": 1, "spending": 1}, lambda: now[0], lambda: 0.0)
    search = Search("s", "eager", (LogGroup("111122223333", "us-east-1", "/g"),), (), "q", Window(1, 2), 1)
    made.remember(search, "query-1")
    assert [each.query for each in made.started_queries()] == ["query-1"]
    now[0] += 7 * 86_400
    assert made.started_queries() == []


def test_what_this_process_has_put_into_the_outbox_is_seen_at_once(dynamodb: str) -> None:
    kept = {"hits": 1, "audit": 1, "spending": 1}
    made = DynamoStore(table_in(dynamodb), kept, lambda: 0.0, lambda: 0.0, fresh_for=60.0)
    assert made.outbox(10**12) == (0, 0.0)
    enqueue(made, remark())
    assert made.outbox(10**12)[0] == 1
