"""What every store must do. The parametrised fixture is where the next store joins."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sigwatch.errors import StoreError
from sigwatch.incident.fingerprint import hit, message_key
from sigwatch.incident.lifecycle import Rules, apply
from sigwatch.model.coverage import Coverage, Lookback, Spending, StartedQuery
from sigwatch.model.incident import Alert, Delivery, Incident, Kind, Progress, State
from sigwatch.model.logs import Search, Window
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, group, row, signature

KEY = ("eager", "111122223333", "us-east-1", API)
SETTLE = 1_000


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "deep" / "state.db" if request.param == "file" else ":memory:")
    yield made
    made.close()


def incident(ts_ms: int = 5_000) -> Incident:
    [decision] = apply(None, API, signature(), [hit("KO-1", row(ts_ms=ts_ms))], ts_ms + 10, Rules(60_000, str))
    return decision.incident


def alert(told: Incident) -> Alert:
    return Alert(message_key(told.id, "slack"), told, "title", "why", "prevention", None, "https://logs")


def enqueue(store: SqliteStore, told: Incident, kind: Kind = Kind.OPENED, destination: str = "C1") -> None:
    with store.unit() as unit:
        unit.put_incident(told)
        unit.enqueue("slack", destination, kind, alert(told))


def only(store: SqliteStore, now_ms: int) -> Delivery:
    [delivery] = store.due(now_ms, SETTLE)
    return delivery


def write_everything_and_fail(store: SqliteStore) -> None:
    with store.unit() as unit:
        unit.add_hits([hit("KO-1", row())])
        unit.put_incident(incident())
        unit.enqueue("slack", "C1", Kind.OPENED, alert(incident()))
        unit.cover(KEY, 5, 10)
        raise ZeroDivisionError


def test_what_a_unit_writes_is_durable_together_or_not_at_all(store: SqliteStore) -> None:
    with pytest.raises(ZeroDivisionError):
        write_everything_and_fail(store)
    assert not store.coverage()
    assert not store.open_incidents()
    assert not store.due(10**12, SETTLE)
    with store.unit() as unit:
        assert len(unit.add_hits([hit("KO-1", row())])) == 1


def test_a_hit_is_new_once(store: SqliteStore) -> None:
    found = [hit("KO-1", row(ts_ms=ts)) for ts in (1, 2, 3)]
    with store.unit() as unit:
        assert unit.add_hits([found[0], found[1], found[0]]) == found[:2]
    with store.unit() as unit:
        assert unit.add_hits(found) == found[2:]
    assert store.hit_counts() == {"KO-1": 3}


def test_hits_are_forgotten_by_the_time_of_their_events(store: SqliteStore) -> None:
    with store.unit() as unit:
        unit.add_hits([hit("KO-1", row(ts_ms=ts)) for ts in (1, 2, 3)])
    assert store.forget_hits(before_ms=3) == 2
    assert store.hit_counts() == {"KO-1": 1}


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
    store: SqliteStore, ranges: list[tuple[int, int]], spans: tuple[tuple[int, int], ...]
) -> None:
    for start, end in ranges:
        with store.unit() as unit:
            unit.cover(KEY, start, end)
    assert store.coverage() == {KEY: Coverage(spans)}
    [(first, last), *more] = ranges
    assert store.coverage()[KEY] == Coverage(((first, last),)).plus(Window(*each) for each in more)


def test_what_a_wrong_clock_took_for_searched_can_be_taken_back(store: SqliteStore) -> None:
    other = ("late", "111122223333", "us-east-1", API)
    with store.unit() as unit:
        unit.cover(KEY, 10, 20)
        unit.cover(KEY, 30, 90)
        unit.cover(KEY, 95, 99)
        unit.cover(other, 70, 80)
        unit.uncover(40)
    assert store.coverage() == {KEY: Coverage(((10, 20), (30, 40))), other: Coverage(((40, 40),))}


def test_what_each_log_group_is_searched_for_is_kept_by_digest(store: SqliteStore) -> None:
    with store.unit() as unit:
        unit.watch_set(group(), "d1", ["KO-1#a", "KO-2#b"])
        unit.watch_set(group("/b"), "d1", ["KO-1#a", "KO-2#b"])
        unit.watch_set(group("/b"), "d2", ["KO-1#a"])
    assert store.watch_sets() == {group().arn: "d1", group("/b").arn: "d2"}
    assert store.watch_entries("d1") == {"KO-1#a", "KO-2#b"}
    assert store.watch_entries("d9") == frozenset()


def test_what_is_owed_is_kept_until_it_is_repaid(store: SqliteStore) -> None:
    owed = Lookback("l1", Window(10, 20), (group().arn,), ("KO-1",))
    with store.unit() as unit:
        unit.owe(owed)
        unit.owe(replace(owed, id="l0", window=Window(5, 20)))
        unit.owe(replace(owed, window=Window(12, 20)))
    assert [(each.id, each.window.start) for each in store.lookbacks()] == [("l0", 5), ("l1", 12)]
    with store.unit() as unit:
        unit.repay("l0")
    assert store.lookbacks() == [replace(owed, window=Window(12, 20))]


def test_a_started_query_is_recalled_until_its_result_is_recorded(store: SqliteStore) -> None:
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


def test_spending_adds_up_by_day_scope_and_pass(store: SqliteStore) -> None:
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


def test_a_state_of_version_one_goes_on_where_its_cursors_stood(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "state.db")
    old.execute(
        "CREATE TABLE cursors (pass TEXT, account TEXT, region TEXT, log_group TEXT, second INTEGER NOT NULL) STRICT"
    )
    old.execute("INSERT INTO cursors VALUES (?, ?, ?, ?, 70)", KEY)
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    for _ in range(2):
        opened = SqliteStore(tmp_path / "state.db")
        assert opened.coverage() == {KEY: Coverage(((70, 70),))}
        opened.close()


def test_the_newest_incident_of_a_signature_and_group_is_found(store: SqliteStore) -> None:
    old = replace(incident(5_000), state=State.RESOLVED)
    # A late find may put the second one's first hit before the first one's.
    new = replace(incident(900_000), occurrence=2, first_seen_ms=4_000)
    with store.unit() as unit:
        for each in (new, old):
            unit.put_incident(each)
        assert unit.incident("KO-1", API) == new
        assert unit.incident("KO-1", "/other") is None
        assert unit.open_incidents() == [new]
    assert store.open_incidents() == [new]
    assert store.incidents() == [new, old]


def test_an_incident_comes_back_as_it_was_written(store: SqliteStore) -> None:
    odd = replace(incident(), samples=("línea\n\x00 'quoted' \U0001f525",), previous_ms=7, resolved_ms=9)
    with store.unit() as unit:
        unit.put_incident(odd)
    assert store.open_incidents() == [odd]


def test_a_change_makes_a_delivery_due_with_everything_that_it_needs(store: SqliteStore) -> None:
    told = incident()
    enqueue(store, told)
    delivery = only(store, 6_000)
    assert (delivery.incident, delivery.target, delivery.destination) == (told.id, "slack", "C1")
    assert (delivery.kind, delivery.revision, delivery.delivered) == (Kind.OPENED, 1, 0)
    assert delivery.alert == alert(told)
    assert store.outbox(told.active_ms + 3_000) == (1, 3.0)


def test_further_changes_join_the_same_row_and_keep_its_destination(store: SqliteStore) -> None:
    told = incident()
    enqueue(store, told)
    grown = replace(told, count=9)
    enqueue(store, grown, Kind.COUNTED, destination="C2")
    delivery = only(store, 6_000)
    assert (delivery.revision, delivery.kind, delivery.destination) == (2, Kind.COUNTED, "C1")
    assert delivery.alert.incident.count == 9
    with store.unit() as unit:
        assert unit.deliveries(told.id) == [delivery]
        assert unit.deliveries("other") == []


def test_an_end_that_is_yet_to_be_told_stays_news_whatever_is_counted_after_it(store: SqliteStore) -> None:
    told = incident()
    enqueue(store, told, Kind.RESOLVED)
    enqueue(store, replace(told, count=2), Kind.COUNTED)
    assert only(store, 6_000).kind is Kind.RESOLVED
    mine = store.claim(only(store, 6_000), "mine", 6_000, 9_000)
    assert mine is not None
    assert store.settle(replace(mine, delivered=mine.revision, progress=Progress.SENT, ref="ts-1", attempts=0))
    enqueue(store, replace(told, count=3), Kind.COUNTED)
    assert only(store, 6_000).kind is Kind.COUNTED


def test_a_row_that_another_version_wrote_holds_up_no_other(store: SqliteStore) -> None:
    enqueue(store, incident(5_000))
    enqueue(store, incident(900_000))
    store._connection.execute("UPDATE outbox SET alert = '{}' WHERE behind_since_ms < 10000")
    assert only(store, 10**12).alert.incident.first_seen_ms == 900_000
    assert store.outbox(10**12)[0] == 2


def test_a_claim_is_given_to_one_and_settled_by_its_owner(store: SqliteStore) -> None:
    enqueue(store, incident())
    seen = only(store, 6_000)
    mine = store.claim(seen, "mine", 6_000, 9_000)
    assert mine is not None
    assert (mine.progress, mine.attempts, mine.first_attempt_ms) == (Progress.CLAIMED, 1, 6_000)
    assert store.claim(seen, "theirs", 6_000, 9_000) is None
    assert not store.due(6_500, SETTLE)
    assert not store.settle(replace(mine, claim="theirs", delivered=1))
    assert store.settle(replace(mine, delivered=1, progress=Progress.SENT, ref="ts-1", attempts=0))
    assert not store.due(10**12, SETTLE)
    assert store.outbox(10**12) == (0, 0.0)


def test_an_abandoned_claim_is_due_again_after_its_end_and_the_settle_time(store: SqliteStore) -> None:
    enqueue(store, incident())
    assert store.claim(only(store, 6_000), "dead", 6_000, 9_000)
    assert not store.due(9_000 + SETTLE - 1, SETTLE)
    seen = only(store, 9_000 + SETTLE)
    again = store.claim(seen, "alive", 20_000, 23_000)
    assert again is not None
    assert (again.attempts, again.first_attempt_ms) == (2, 6_000)


def test_a_change_during_a_delivery_is_not_lost(store: SqliteStore) -> None:
    told = incident()
    enqueue(store, told)
    mine = store.claim(only(store, 6_000), "mine", 6_000, 9_000)
    assert mine is not None
    enqueue(store, replace(told, count=2), Kind.COUNTED)
    assert store.settle(replace(mine, delivered=mine.revision, progress=Progress.SENT, ref="ts-1", attempts=0))
    delivery = only(store, 6_000)
    assert (delivery.delivered, delivery.revision, delivery.ref) == (1, 2, "ts-1")


def test_a_delivery_waits_until_it_is_due_even_when_changes_join_it(store: SqliteStore) -> None:
    told = incident()
    enqueue(store, told)
    mine = store.claim(only(store, 6_000), "mine", 6_000, 9_000)
    assert mine is not None
    assert store.settle(replace(mine, progress=Progress.WAITING, due_ms=50_000))
    enqueue(store, replace(told, count=2), Kind.COUNTED)
    assert not store.due(49_999, SETTLE)
    assert only(store, 50_000).revision == 2


def test_a_row_that_was_put_off_meanwhile_is_not_given_to_a_worker_that_saw_it_before(store: SqliteStore) -> None:
    enqueue(store, incident())
    seen = only(store, 6_000)
    mine = store.claim(seen, "mine", 6_000, 9_000)
    assert mine is not None
    assert store.settle(replace(mine, progress=Progress.WAITING, due_ms=50_000))
    assert store.claim(seen, "late", 6_100, 9_000) is None


def test_deliveries_are_due_oldest_first(store: SqliteStore) -> None:
    for ts_ms in (9_000_000, 5_000, 700_000):
        enqueue(store, incident(ts_ms))
    assert [d.alert.incident.first_seen_ms for d in store.due(10**12, SETTLE)] == [5_000, 700_000, 9_000_000]


def test_many_workers_claim_each_row_once(store: SqliteStore) -> None:
    for number in range(20):
        enqueue(store, incident(1_000_000 * (number + 1)))
    due = store.due(10**12, SETTLE)
    won: list[str] = []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        barrier.wait()
        won.extend(d.incident for d in due if store.claim(d, name, 1, 2))

    threads = [threading.Thread(target=race, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(d.incident for d in due)


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
    made._connection.execute("PRAGMA user_version = 99")
    made.close()
    with pytest.raises(StoreError, match="the state is of version 99, this sigwatch knows 2; upgrade it"):
        SqliteStore(tmp_path / "state.db")


def test_a_closed_state_says_so(store: SqliteStore) -> None:
    store.ping()
    store.close()
    with pytest.raises(StoreError, match="can not be read"):
        store.ping()


def test_keys_of_cursors_name_the_group_fully() -> None:
    assert group("/b") != group("/b", account="9")
