"""Whatever should never be so in a state is found; what is as it should be is not."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sigwatch.model.incident import Incident, State
from sigwatch.store.bodies import INCIDENTS
from sigwatch.store.database import Database
from sigwatch.store.dynamo.bulk import Bulk
from sigwatch.store.dynamo.checking import check
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Item, Key, Table, Write
from sigwatch.store.invariants import Flaw, broken_spans
from sigwatch.store.sqlite import SqliteStore
from sigwatch.store.sqlite_checking import check as check_file
from tests.contract.rich_state import fill, incidents
from tests.contract.stores import KEPT
from tests.fakes.dynamo import new_table

NOW = 1_790_000_000
NOW_MS = NOW * 1000
TOLD = incidents(NOW_MS)
CARD = f"OUTBOX#{TOLD[3].id}", f"slack#{TOLD[3].id}"
ALONE = f"OUTBOX#{TOLD[5].id}", f"slack#{TOLD[5].id}"
"""A card whose thread has no entries."""
GATHERED = f"OUTBOX#{TOLD[0].id}", f"slack#{TOLD[0].id}"
PAGE = "OUTBOX#d/1", "slack#d/1"
SECOND_PAGE = "OUTBOX#d/1", "slack#d/2"
SHARD = "SHARDS", "00001"
SEARCHED = "COVERAGE", "00001#eager"


class Broken:
    """A state in a table, in which single items can be changed behind the back of all rules."""

    def __init__(self, endpoint: str) -> None:
        self.client, self.name = new_table(endpoint)
        self.table = Table(self.client, self.name)
        fill(DynamoStore(self.table, KEPT, lambda: NOW, lambda: 0.0), NOW_MS)

    def of(self, key: Key) -> Item:
        return self.table.get([key])[key]

    def put(self, item: Item) -> None:
        self.table.commit([Write(item.key, item, None)], "broken")

    def delete(self, key: Key) -> None:
        self.table.commit([Write(key, None, None)], "broken")

    def change(self, key: Key, **fields: Any) -> None:
        """Change what the item says."""
        found = self.of(key)
        self.put(replace(found, body=found.body | fields))

    def first(self, pk: str) -> Item:
        return next(iter(self.table.query(pk)))

    def incident(self, wanted: Incident, **fields: Any) -> None:
        found = self.of(("INCIDENT", wanted.id))
        changed = replace(INCIDENTS.validate_json(found.body), **fields)
        self.put(replace(found, body=INCIDENTS.dump_json(changed).decode()))

    def flaws(self) -> list[Flaw]:
        return list(check(self.table, Bulk(self.client, self.name, lambda _: False), NOW).flaws)


@pytest.fixture
def state(dynamodb: str) -> Broken:
    return Broken(dynamodb)


def test_nothing_is_wrong_with_a_state_as_it_is_written(state: Broken) -> None:
    assert state.flaws() == []
    checked = check(state.table, Bulk(state.client, state.name, lambda _: False), NOW)
    assert checked.paid.items > 60
    assert checked.paid.size > 10_000


def _add_to_shard(state: Broken) -> None:
    groups = state.of(SHARD).body["groups"]
    state.put(Item(("SHARDS", "00009"), {"groups": groups[:1]}))


def _spans(*spans: list[int]) -> Callable[[Broken], None]:
    def act(state: Broken) -> None:
        body = state.of(SEARCHED).body
        state.put(Item(SEARCHED, [[list(spans), body[0][1]], *body[1:]]))

    return act


def _numbers(change: Callable[[list[Any]], list[Any]]) -> Callable[[Broken], None]:
    def act(state: Broken) -> None:
        state.put(Item(SEARCHED, change(state.of(SEARCHED).body)))

    return act


def _unindexed(key: Key) -> Callable[[Broken], None]:
    return lambda state: state.put(replace(state.of(key), wait="", wait_order=""))


def _delete(key: Key) -> Callable[[Broken], None]:
    return lambda state: state.delete(key)


def _lost_marks(state: Broken) -> None:
    for item in list(state.table.query("OUTBOX-BY-AGE")):
        if item.body["id"] == TOLD[3].id:
            state.delete(item.key)


def _not_read_yet(*keys: Key) -> Callable[[Broken], None]:
    """A new message of which nothing was there when its turn came."""

    def act(state: Broken) -> None:
        for key in keys:
            state.delete(key)
        for item in list(state.table.query("OUTBOX-BY-AGE")):
            if (item.body["target"], item.body["id"]) in {tuple(key[1].split("#")) for key in keys}:
                state.delete(item.key)

    return act


def _list_of(state: Broken) -> Item:
    return state.first("INCIDENTS#KO-3")


BREAKS: list[tuple[str, str, Callable[[Broken], None]]] = [
    ("coverage", "overlap", _spans([NOW - 100, NOW - 50], [NOW - 60, NOW])),
    ("coverage", "touch", _spans([NOW - 100, NOW - 50], [NOW - 50, NOW])),
    ("coverage", "out of order", _spans([NOW - 40, NOW], [NOW - 100, NOW - 50])),
    ("coverage", "ends before", _spans([NOW, NOW - 50])),
    ("coverage", "does not have", _numbers(lambda body: [*body, [[[1, 2]], [77]]])),
    ("coverage", "twice", _numbers(lambda body: [*body, [[[1, 2]], [0]]])),
    ("coverage", "no shard", lambda state: state.put(Item(("COVERAGE", "00077#eager"), [[[[1, 2]], [0]]]))),
    ("shards", "2 times", _add_to_shard),
    ("watch set", "d1", _delete(("WATCHED", "d1"))),
    ("untold", "no target", _delete(CARD)),
    ("list", "says something else", lambda state: state.incident(TOLD[3], last_seen_ms=1)),
    ("list", "says something else", lambda state: state.put(Item(_list_of(state).key, []))),
    ("list", "says something else", _delete(("INCIDENT", TOLD[3].id))),
    ("revision", "revision 7 was delivered", lambda state: state.change(CARD, delivered=7)),
    ("thread", "is not there", _delete(GATHERED)),
    ("page", "is not there", _delete(PAGE)),
    ("members", "does not name it", lambda state: state.change(PAGE, members=[])),
    ("members", "not where it says", lambda state: state.change(GATHERED, digest_thread="")),
    ("age", "how old", _lost_marks),
    ("lead", "not there", lambda state: state.put(Item(("OUTBOX-BY-AGE", "1"), {"id": "x", "target": "y"}))),
    ("lead", "not there", lambda state: state.put(Item(("DIGEST", "k"), {"id": "x", "target": "y"}))),
    ("digest", "not found", _delete(("DIGEST", "key-d-1"))),
    ("index", "is missing", _unindexed(CARD)),
    ("index", "is missing", _unindexed(("INCIDENT", TOLD[3].id))),
    ("index", "does not wait", lambda state: state.incident(TOLD[3], state=State.RESOLVED)),
    ("index", "audit trail", lambda state: state.put(replace(state.first("AUDIT"), wait="SUBJECT#other"))),
    ("key", "elsewhere", lambda state: state.put(replace(state.of(CARD), key=("OUTBOX#x", "slack#x")))),
    ("unreadable", "newer version", lambda state: state.put(replace(state.of(CARD), body=[1]))),
    ("unreadable", "newer version", lambda state: state.put(Item(("INCIDENT", TOLD[3].id), "{}"))),
    ("lease", "gone", lambda state: state.put(Item(("LEASE", "chores"), ["gone", 1]))),
    ("unknown", "another program", lambda state: state.put(Item(("SOMETHING", "x"), 1))),
    ("unfinished", "run it again", lambda state: state.put(Item(("META", "migration"), {"source": "x", "run": "y"}))),
    ("hits", "whole digests", lambda state: state.put(Item(("HITS#KO#1", "0000"), blob=b"1", expires=NOW * 2))),
    ("hits", "never expires", lambda state: state.put(Item(("HITS#KO#1", "0000"), blob=b"1" * 12))),
]


@pytest.mark.parametrize(("rule", "words", "damage"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)])
def test_what_is_broken_in_a_table_is_found(
    state: Broken, rule: str, words: str, damage: Callable[[Broken], None]
) -> None:
    damage(state)
    found = state.flaws()
    assert [flaw for flaw in found if flaw.rule == rule and words in flaw.what], found


def test_what_has_expired_is_not_there(state: Broken) -> None:
    state.put(Item(("SOMETHING", "x"), 1, expires=NOW))
    assert state.flaws() == []


class AtWork(Bulk):
    """Reads a table that is written to meanwhile."""

    meanwhile: Callable[[], None]

    def scan(self, *arguments: Any, **named: Any) -> Any:
        yield from super().scan(*arguments, **named)
        self.meanwhile()


@pytest.mark.parametrize(
    "damage",
    [
        _delete(PAGE),
        _delete(GATHERED),
        _delete(CARD),
        _not_read_yet(ALONE),
        _not_read_yet(PAGE, ("DIGEST", "key-d-1")),
        _not_read_yet(SECOND_PAGE),
        _add_to_shard,
        _lost_marks,
        _delete(("WATCHED", "d1")),
    ],
)
def test_what_only_seemed_to_be_wrong_is_not_told(state: Broken, damage: Callable[[Broken], None]) -> None:
    bulk = AtWork(state.client, state.name, lambda _: False)
    before = {item.key: item for item in bulk_of(state).scan()}
    damage(state)

    def mend() -> None:
        now = {item.key for item in bulk_of(state).scan()}
        for key in now - set(before):
            state.delete(key)
        for key in set(before) - now:
            state.put(before[key])

    assert state.flaws() != []
    bulk.meanwhile = mend
    assert check(state.table, bulk, NOW).flaws == ()


def bulk_of(state: Broken) -> Bulk:
    return Bulk(state.client, state.name, lambda _: False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(SqliteStore(tmp_path / "state.db")) as store:
        fill(store, NOW_MS)
    return tmp_path / "state.db"


def test_nothing_is_wrong_with_a_file_as_it_is_written(path: Path) -> None:
    assert check_file(path) == []


@pytest.mark.parametrize(
    ("rule", "statement", "values"),
    [
        (
            "coverage",
            "INSERT INTO coverage SELECT pass, account, region, log_group, start + 5, start + 9 FROM coverage",
            (),
        ),
        ("watch set", "DELETE FROM watch_sets WHERE digest = 'd1'", ()),
        ("untold", "DELETE FROM outbox WHERE id = ?", (TOLD[3].id,)),
        ("revision", "UPDATE outbox SET delivered = revision + 1", ()),
        ("thread", "DELETE FROM outbox WHERE id = ?", (TOLD[0].id,)),
        ("page", "DELETE FROM outbox WHERE form = 'digest'", ()),
        ("page", "UPDATE outbox SET form = 'remark' WHERE form = 'digest'", ()),
        ("columns", "UPDATE incidents SET grouping = 'x' WHERE id = ?", (TOLD[3].id,)),
        ("unfinished", "INSERT INTO facts VALUES ('migration', ?)", (json.dumps({"source": "x", "run": "y"}),)),
    ],
)
def test_what_is_broken_in_a_file_is_found(path: Path, rule: str, statement: str, values: tuple[str, ...]) -> None:
    database = Database(path)
    with database.transaction() as connection:
        connection.execute(statement, values)
    database.close()
    assert rule in {flaw.rule for flaw in check_file(path)}


def test_a_damaged_file_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'incidents_by_state'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size + size - 200)
        file.write(b"\xff" * 150)
    [flaw, *_] = check_file(path)
    assert (flaw.rule, flaw.warning) == ("file", False)


@pytest.mark.parametrize("spans", [[(1, 1)], [(1, 2), (3, 3)], [(1, 2), (3, 9)]])
def test_spans_in_order_are_right(spans: list[tuple[int, int]]) -> None:
    assert not broken_spans(spans)


def test_no_spans_at_all_are_wrong() -> None:
    assert broken_spans([])
