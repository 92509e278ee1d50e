"""What every store must do with the audit trail, and with what has become old."""

from dataclasses import replace
from sqlite3 import IntegrityError

import pytest

from sigwatch.incident.fingerprint import hit
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Spending
from sigwatch.model.incident import Incident, Matchers, Silence, State
from sigwatch.model.message import Kind
from sigwatch.store.sqlite import SqliteStore
from tests.contract.stores import (
    LATER,
    AnyStore,
    accept,
    card,
    due,
    enqueue,
    entry,
    escalation,
    forget_incident,
    gather,
    incident,
    known,
    only,
    remark,
    rows,
    take,
)
from tests.fakes.made import row

OPENED = Entry(1_000, "sigwatch", "opened", "inc-1", "KO-1", "shop", (("severity", "P0"), ("count", "3")))
ACKNOWLEDGED = Entry(2_000, "slack:jane", "acknowledged", "inc-1", "KO-1", "shop")
RELOADED = Entry(3_000, "sigwatch", "reloaded", "knowledge")


def record(store: AnyStore, *entries: Entry) -> None:
    with store.unit() as unit:
        for each in entries:
            unit.record(each)


def test_the_audit_trail_comes_back_as_it_was_written_oldest_first(store: AnyStore) -> None:
    record(store, RELOADED, ACKNOWLEDGED, OPENED, replace(OPENED, actor="cli:ana"))
    assert list(store.audit(0, LATER)) == [OPENED, replace(OPENED, actor="cli:ana"), ACKNOWLEDGED, RELOADED]
    with store.unit() as unit:
        assert unit.entries("inc-1") == [OPENED, replace(OPENED, actor="cli:ana"), ACKNOWLEDGED]


def test_the_audit_trail_is_read_by_time_action_and_subject(store: AnyStore) -> None:
    record(store, OPENED, ACKNOWLEDGED, RELOADED)
    assert list(store.audit(1_000, 3_000)) == [OPENED, ACKNOWLEDGED]
    assert list(store.audit(0, LATER, {"opened", "reloaded"})) == [OPENED, RELOADED]
    assert list(store.audit(0, LATER, subject="knowledge")) == [RELOADED]
    assert list(store.audit(0, LATER, subject="inc-1")) == [OPENED, ACKNOWLEDGED]
    assert list(store.audit(0, LATER, {"opened"}, "knowledge")) == []
    assert list(store.audit(0, LATER, {"opened"}, "inc-1")) == [OPENED]


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_audit_trail_is_only_added_to(sqlite: SqliteStore, change: str) -> None:
    record(sqlite, OPENED)
    with pytest.raises(IntegrityError, match="the audit trail is"):
        sqlite._database._connection.execute(change)
    assert list(sqlite.audit(0, LATER)) == [OPENED]


def test_what_was_done_is_kept_for_its_time_and_then_dropped(store: AnyStore) -> None:
    record(store, OPENED, ACKNOWLEDGED, RELOADED)
    store.prune({"audit": 2_000})
    assert list(store.audit(0, LATER)) == [ACKNOWLEDGED, RELOADED]
    assert list(store.audit(0, LATER, subject="inc-1")) == [ACKNOWLEDGED]


def test_nobody_drops_what_was_done_before_its_time(sqlite: SqliteStore) -> None:
    record(sqlite, OPENED, ACKNOWLEDGED, RELOADED)
    assert sqlite.prune({"audit": 2_000}) == 1
    with pytest.raises(IntegrityError, match="for as long as the configuration says"):
        sqlite._database._connection.execute("DELETE FROM audit")
    assert sqlite.prune({"audit": 1_000}) == 0
    with pytest.raises(IntegrityError, match="for as long as the configuration says"):
        sqlite._database._connection.execute("DELETE FROM audit WHERE at_ms < 2500")


def test_an_outcome_is_written_with_its_entries_or_not_at_all(store: AnyStore) -> None:
    enqueue(store, card(incident()))
    mine = take(store, only(store))
    assert not store.deliveries.settle(replace(mine, claim="theirs"), [OPENED])
    assert list(store.audit(0, LATER)) == []
    assert store.deliveries.settle(mine, [OPENED])
    assert list(store.audit(0, LATER)) == [OPENED]


def test_each_kind_is_dropped_by_its_own_time(store: AnyStore) -> None:
    silence = Silence("s-1", Matchers(), "deploy", "cli:ana", 1_000, 2_000)
    found = [hit("KO-1", row(ts_ms=ts_ms)) for ts_ms in (1_000, 120_000)]
    spending = Spending("2026-02-04", "shop", "eager", 1, 0.1, 1)
    with store.unit() as unit:
        unit.add_hits(found)
        unit.put_silence(silence)
        unit.put_silence(replace(silence, id="s-2", ends_ms=4_000))
    store.spend([spending, replace(spending, day="2026-02-05")])
    midday_of_the_fifth = 1_770_292_800_000
    store.prune({"hits": 60_000, "silences": 3_000, "spending": midday_of_the_fifth})
    assert [known(store, [each]) for each in found] == [0, 1]
    assert [each.id for each in store.all_silences()] == ["s-2"]
    assert (store.spent("2026-02-04"), len(store.spent("2026-02-05"))) == ([], 1)
    assert store.prune({}) == 0


def over(ts_ms: int, occurrence: int = 1, signature: str = "KO-1") -> Incident:
    """An incident that is resolved."""
    return replace(incident(ts_ms, signature), state=State.RESOLVED, occurrence=occurrence)


def test_incidents_that_are_over_are_dropped_but_for_the_newest_of_their_kind(store: AnyStore) -> None:
    first, second, open_one, other = over(1_000), over(2_000, 2), incident(1_500, "KO-2"), over(900, 1, "KO-3")
    older_of_open = replace(over(1_400, 1, "KO-2"), occurrence=1)
    with store.unit() as unit:
        for each in (first, second, replace(open_one, occurrence=2), other, older_of_open):
            unit.put_incident(each)
    assert store.prune({"incidents": 1_000}) == 0
    assert store.prune({"incidents": LATER}) == 2
    assert {each.id for each in store.incidents()} == {second.id, open_one.id, other.id}


def test_the_newest_that_stays_is_the_one_with_the_newest_hit_whatever_its_number(store: AnyStore) -> None:
    newest, found_later = over(9_000, 1), over(1_000, 5)
    with store.unit() as unit:
        unit.put_incident(newest)
        unit.put_incident(found_later)
    assert store.prune({"incidents": LATER}) == 1
    assert store.incidents() == [newest]


def everything(store: AnyStore) -> None:
    while due(store):
        for each in due(store):
            accept(store, each)


def test_notifications_are_dropped_when_their_incident_is_over_and_they_are_delivered(store: AnyStore) -> None:
    ended, going_on, untold, unknown = over(1_000), incident(2_000), over(3_000), incident(4_000)
    enqueue(store, card(ended), card(going_on), card(unknown), entry(ended), remark())
    everything(store)
    enqueue(store, card(untold))
    forget_incident(store, unknown.id)
    assert store.prune({"notifications": 1_000}) == 0
    store.prune({"notifications": LATER})
    assert store.prune({"notifications": LATER}) in {0, 1}
    assert rows(store) == {going_on.id, untold.id}


def test_a_list_is_kept_while_one_of_its_incidents_is_open(store: AnyStore) -> None:
    ended, going_on = over(1_000), incident(2_000)
    enqueue(store, card(ended), card(going_on))
    gather(store, [ended, going_on])
    everything(store)
    store.prune({"notifications": LATER})
    enqueue(store, card(replace(going_on, state=State.RESOLVED), Kind.RESOLVED))
    assert [each.id for each in due(store)] == ["d/1"]


def test_a_list_and_its_cards_are_dropped_once_all_of_it_is_over_and_told(store: AnyStore) -> None:
    told = [over(1_000), over(2_000)]
    enqueue(store, *map(card, told))
    gather(store, told)
    assert store.prune({"notifications": LATER}) == 0
    everything(store)
    for _ in range(2):
        store.prune({"notifications": LATER})
    assert rows(store) == set()


def test_a_card_is_kept_while_its_thread_waits(store: AnyStore) -> None:
    ended = over(1_000)
    enqueue(store, card(ended))
    everything(store)
    enqueue(store, escalation(ended))
    store.prune({"notifications": LATER})
    assert [each.id for each in due(store)] == [escalation(ended).id]
