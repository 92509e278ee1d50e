"""What every store must do with what was found and searched. The outbox and the audit trail have files of their own."""

import json
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sigwatch.errors import StoreError
from sigwatch.incident.fingerprint import hit
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.incident import Matchers, Reason, Silence, State
from sigwatch.model.logs import Hit, Search, Window
from sigwatch.ports import Unit
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.sqlite import SqliteStore
from sigwatch.transaction import transacted
from tests.contract.stores import KEPT, KEY, LATER, AnyStore, card, due, incident, items, known
from tests.fakes.dynamo import table_in
from tests.fakes.made import API, group, row

SILENCE = Silence("s-1", Matchers("KO-*"), "deploy", "cli:ana", 1_000, 2_000, "cli")


def write_everything_and_fail(store: AnyStore) -> None:
    with store.unit() as unit:
        unit.add_hits([hit("KO-1", row())])
        unit.put_incident(incident())
        unit.put_silence(SILENCE)
        unit.enqueue(card(incident()))
        unit.record(Entry(1, "sigwatch", "opened", "inc"))
        unit.know("KO-1", "approved", "a1")
        unit.cover(KEY, 5, 10)
        raise ZeroDivisionError


def test_what_a_unit_writes_is_durable_together_or_not_at_all(store: AnyStore) -> None:
    with pytest.raises(ZeroDivisionError):
        write_everything_and_fail(store)
    assert not store.coverage()
    assert not store.unresolved()
    assert not store.all_silences()
    assert not due(store)
    assert not list(store.audit(0, LATER))
    assert not store.known()
    with store.unit() as unit:
        assert len(unit.add_hits([hit("KO-1", row())])) == 1


def test_a_hit_is_new_once(store: AnyStore) -> None:
    found = [hit("KO-1", row(ts_ms=ts)) for ts in (1, 2, 60_003)]
    with store.unit() as unit:
        assert unit.add_hits([found[0], found[1], found[0]]) == found[:2]
    with store.unit() as unit:
        assert unit.add_hits(found) == found[2:]
    assert known(store, found) == 3
    assert known(store, [hit("KO-2", row(ts_ms=1))]) == 0


def test_hits_are_forgotten_by_the_time_of_their_events(store: AnyStore) -> None:
    found = [hit("KO-1", row(ts_ms=ts)) for ts in (1, 59_999, 60_000)]
    with store.unit() as unit:
        unit.add_hits(found)
    store.prune({"hits": 60_000})
    assert [known(store, [each]) for each in found] == [0, 0, 1]


@pytest.mark.parametrize(
    ("ranges", "spans"),
    [
        ([(10, 10)], ((10, 10),)),
        ([(10, 10), (10, 20)], ((10, 20),)),
        ([(10, 20), (20, 30)], ((10, 30),)),
        ([(10, 20), (25, 30)], ((10, 20), (25, 30))),
        ([(10, 20), (25, 30), (18, 26)], ((10, 30),)),
        ([(10, 20), (25, 30), (20, 25)], ((10, 30),)),
        ([(10, 30), (12, 14)], ((10, 30),)),
        ([(10, 10), (15, 20)], ((10, 10), (15, 20))),
    ],
)
def test_coverage_is_the_union_of_what_was_searched(
    store: AnyStore, ranges: list[tuple[int, int]], spans: tuple[tuple[int, int], ...]
) -> None:
    for start, end in ranges:
        with store.unit() as unit:
            unit.cover(KEY, start, end)
    assert store.coverage() == {KEY: Coverage(spans)}
    [(first, last), *more] = ranges
    assert store.coverage()[KEY] == Coverage(((first, last),)).plus(Window(*each) for each in more)


def test_what_a_wrong_clock_took_for_searched_can_be_taken_back(store: AnyStore) -> None:
    other = ("late", "111122223333", "us-east-1", API)
    with store.unit() as unit:
        unit.cover(KEY, 10, 20)
        unit.cover(KEY, 30, 90)
        unit.cover(KEY, 95, 99)
        unit.cover(other, 70, 80)
    with store.unit() as unit:
        unit.uncover(40)
    assert store.coverage() == {KEY: Coverage(((10, 20), (30, 40))), other: Coverage(((40, 40),))}


def test_what_each_log_group_is_searched_for_is_kept_by_digest(store: AnyStore) -> None:
    with store.unit() as unit:
        unit.watch_set(group(), "d1", ["KO-1#a", "KO-2#b"])
        unit.watch_set(group("/b"), "d1", ["KO-1#a", "KO-2#b"])
        unit.watch_set(group("/b"), "d2", ["KO-1#a"])
    assert store.watch_sets() == {group().arn: "d1", group("/b").arn: "d2"}
    assert store.watch_entries("d1") == {"KO-1#a", "KO-2#b"}
    assert store.watch_entries("d9") == frozenset()


def test_what_is_owed_is_kept_until_it_is_repaid(store: AnyStore) -> None:
    owed = Lookback("l1", Window(10, 20), (group().arn,), ("KO-1",))
    with store.unit() as unit:
        unit.owe(owed)
        unit.owe(replace(owed, id="l0", window=Window(5, 20)))
        unit.owe(replace(owed, window=Window(12, 20)))
    assert [(each.id, each.window.start) for each in store.lookbacks()] == [("l0", 5), ("l1", 12)]
    with store.unit() as unit:
        unit.repay("l0")
    assert store.lookbacks() == [replace(owed, window=Window(12, 20))]


def test_a_started_query_is_recalled_until_its_result_is_recorded(store: AnyStore) -> None:
    search = Search("s", "eager", (group(lane="prod/us-east-1"),), (), "fields @message", Window(10, 20), 100)
    later = replace(search, window=Window(20, 30))
    store.remember(search, "q1")
    store.remember(later, "q2")
    assert (store.recall(search.marker), store.recall("other")) == ("q1", None)
    [first, _] = store.started_queries()
    assert first == StartedQuery(search.marker, "q1", "prod/us-east-1", "eager", Window(10, 20), (group().arn,))
    with store.unit() as unit:
        unit.forget_queries([search.marker])
    store.forget(later.marker)
    assert store.started_queries() == []


def test_spending_adds_up_by_day_scope_and_pass(store: AnyStore) -> None:
    paid = Spending("2026-02-04", "us-east-1/shop", "eager", 1_000, 0.5, 2)
    store.spend([paid, replace(paid, pass_name="late", dollars=0.25)])
    store.spend([paid, replace(paid, day="2026-02-05")])
    assert sorted(store.spent("2026-02-04"), key=lambda each: each.pass_name) == [
        replace(paid, bytes_scanned=2_000, dollars=1.0, queries=4),
        replace(paid, pass_name="late", dollars=0.25),
    ]
    assert store.spent("2026-02-06") == []


def test_an_installation_keeps_its_name(tmp_path: Path) -> None:
    names = []
    for _ in range(2):
        opened = SqliteStore(tmp_path / "state.db")
        names.append(opened.installation)
        opened.close()
    assert names[0] == names[1]
    assert len(names[0]) == 8


def test_the_newest_incident_of_a_signature_and_group_is_found(store: AnyStore) -> None:
    old = replace(incident(5_000), state=State.RESOLVED)
    # A late find may put the second one's first hit before the first one's.
    new = replace(incident(900_000), occurrence=2, first_seen_ms=4_000)
    with store.unit() as unit:
        for each in (new, old):
            unit.put_incident(each)
        assert unit.incident("KO-1", API) == new
        assert unit.incident("KO-1", "/other") is None
    assert store.unresolved() == [new]
    assert store.incidents() == [new, old]


def test_an_older_incident_that_is_recorded_later_is_not_the_newest(store: AnyStore) -> None:
    newest = incident(900_000)
    older = [replace(incident(ts_ms), occurrence=number) for number, ts_ms in enumerate((1_000, 2_000, 3_000), 7)]
    with store.unit() as unit:
        for each in (newest, *older):
            unit.put_incident(each)
        assert unit.incident("KO-1", API) == newest
        assert [unit.incident("KO-1", API, ts_ms) for ts_ms in (900_000, 3_000, 1_000)] == [older[2], older[1], None]
    with store.unit() as unit:
        unit.put_incident(replace(older[0], last_seen_ms=950_000))
        assert unit.incident("KO-1", API) == replace(older[0], last_seen_ms=950_000)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "touches"),
    [(1_000, 4_999, False), (1_000, 5_000, True), (6_000, 6_000, True), (7_000, 9_000, True), (7_001, 9_000, False)],
)
def test_an_incident_touches_a_range_from_its_first_hit_to_its_last(
    store: AnyStore, start_ms: int, end_ms: int, touches: bool
) -> None:
    there = replace(incident(5_000), last_seen_ms=7_000)
    with store.unit() as unit:
        for each in (
            there,
            incident(100_000),
            replace(incident(10), signature="KO-9"),
            replace(there, id="x", group="/b"),
        ):
            unit.put_incident(each)
        assert unit.touching("KO-1", API, start_ms, end_ms) == (there if touches else None)


def test_an_incident_comes_back_as_it_was_written(store: AnyStore) -> None:
    odd = replace(incident(), samples=("línea\n\x00 'quoted' \U0001f525",), previous_ms=7, resolved_ms=9)
    with store.unit() as unit:
        unit.put_incident(odd)
    assert store.unresolved() == [odd]


def test_state_survives_closing(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "state.db")
    with first.unit() as unit:
        unit.cover(KEY, 5, 10)
    first.close()
    second = SqliteStore(tmp_path / "state.db")
    assert second.coverage() == {KEY: Coverage(((5, 10),))}
    second.close()


def test_a_state_that_can_not_be_used_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("not a database at all, " * 100)
    with pytest.raises(StoreError, match="can not be opened: file is not a database"):
        SqliteStore(tmp_path / "state.db")
    with pytest.raises(StoreError, match="can not be opened"):
        SqliteStore(tmp_path / "state.db" / "below-a-file")


def test_a_state_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    made = SqliteStore(tmp_path / "state.db")
    made._database._connection.execute("PRAGMA user_version = 99")
    made.close()
    with pytest.raises(StoreError, match="the state is of version 99, this sigwatch knows 3; upgrade it"):
        SqliteStore(tmp_path / "state.db")


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "state.db"
    path.parent.mkdir(mode=0o755)
    path.touch(mode=0o644)
    made = SqliteStore(path)
    with made.unit() as unit:
        unit.cover(KEY, 1, 2)
    assert {each.name: oct(each.stat().st_mode)[-3:] for each in path.parent.iterdir()} == {
        "state.db": "600",
        "state.db-wal": "600",
        "state.db-shm": "600",
    }
    made.close()
    SqliteStore(tmp_path / "deeper" / "state.db").close()
    assert oct((tmp_path / "deeper").stat().st_mode)[-3:] == "700"


def test_a_closed_state_says_so(sqlite: SqliteStore) -> None:
    sqlite.ping()
    sqlite.close()
    with pytest.raises(StoreError, match="can not be read"):
        sqlite.ping()


def test_keys_of_cursors_name_the_group_fully() -> None:
    assert group("/b") != group("/b", account="9")


def test_a_silence_holds_for_its_time_and_no_longer_than_it_is_wanted(store: AnyStore) -> None:
    later = replace(SILENCE, id="s-0", starts_ms=1_500)
    with store.unit() as unit:
        unit.put_silence(SILENCE)
        unit.put_silence(later)
        assert [[each.id for each in unit.silences(now_ms)] for now_ms in (999, 1_000, 1_500, 1_999, 2_000)] == [
            [],
            ["s-1"],
            ["s-0", "s-1"],
            ["s-0", "s-1"],
            [],
        ]
        cancelled = replace(SILENCE, cancelled_ms=1_600, cancelled_by="slack:jane")
        unit.put_silence(cancelled)
        assert unit.silences(1_600) == [later]
        assert unit.silence("s-1") == cancelled
        assert unit.silence("s-9") is None
    assert store.all_silences() == [cancelled, later]


def test_an_acknowledged_incident_is_not_over_and_is_found_by_its_id(store: AnyStore) -> None:
    held = replace(incident(), state=State.ACKNOWLEDGED, silence=SILENCE, escalated=(Reason.SPREAD,))
    over = replace(incident(900_000), state=State.RESOLVED, resolution=Reason.CLOSED)
    with store.unit() as unit:
        unit.put_incident(held)
        unit.put_incident(over)
        assert unit.incident_by_id(over.id) == over
        assert unit.incident_by_id("other") is None
    assert store.unresolved() == [held]


def test_what_the_audit_trail_knows_of_signatures_is_kept(store: AnyStore) -> None:
    with store.unit() as unit:
        unit.know("KO-1", "approved", "a1")
        unit.know("KO-2", "draft", "b1")
        unit.know("KO-1", "", "")
    assert store.known() == {"KO-1": ("", ""), "KO-2": ("draft", "b1")}


def test_threads_that_write_at_once_wait_for_each_other(store: AnyStore) -> None:
    barrier = threading.Barrier(4)

    def add(found: Hit, unit: Unit) -> None:
        unit.add_hits([found])

    def write(number: int) -> None:
        barrier.wait()
        for count in range(10):
            transacted(store, partial(add, hit("KO-1", row(ts_ms=1_000 * number + count))))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [hit("KO-1", row(ts_ms=1_000 * number + count)) for number in range(4) for count in range(10)]
    assert known(store, every) == 40


def test_an_incident_that_comes_back_for_years_costs_no_more_each_time(dynamodb: str) -> None:
    store = DynamoStore(table_in(dynamodb), KEPT, lambda: 1_000.0, time.monotonic)
    many = [replace(incident(ts_ms), state=State.RESOLVED) for ts_ms in range(1_000, 151_000, 1_000)]
    for each in many:
        with store.unit() as unit:
            unit.put_incident(each)
    [listed] = [item for item in items(store) if item["pk"]["S"].startswith("INCIDENTS#")]
    assert len(json.loads(listed["body"]["S"])) == 100
    with store.unit() as unit:
        assert unit.incident("KO-1", API) == many[-1]
        assert unit.incident("KO-1", API, many[-1].first_seen_ms) == many[-2]
        assert unit.touching("KO-1", API, 100_000, 100_000) == many[99]
        assert unit.incident_by_id(many[0].id) == many[0]
        unit.put_incident(replace(many[0], count=2))
    assert store.incidents()[0].count == 2
    with store.unit() as unit:
        assert unit.incident("KO-1", API) == many[-1]
