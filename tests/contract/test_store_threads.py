"""What every store must do with threads, lists of incidents and stand-ins."""

import threading
from dataclasses import replace

import pytest

from sigwatch.model.incident import Reason
from sigwatch.model.message import Digest, Kind
from tests.contract.stores import (
    LATER,
    AnyStore,
    accept,
    alert,
    card,
    due,
    enqueue,
    entry,
    escalation,
    gather,
    ids,
    incident,
    only,
    page,
    remark,
    take,
)

ONE, TWO, THREE = (incident(ts_ms) for ts_ms in (1_000, 2_000, 3_000))


def test_an_entry_waits_for_the_first_message_of_its_thread_and_gets_its_ref(store: AnyStore) -> None:
    enqueue(store, card(ONE), entry(ONE))
    accept(store, only(store), ref="ts-card")
    row = only(store)
    assert (row.content, row.incident, row.thread, row.thread_ref) == (entry(ONE).content, ONE.id, ONE.id, "ts-card")
    assert take(store, row).thread_ref == "ts-card"


def test_a_thread_is_that_of_its_own_target(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(ONE, target="console"), entry(ONE))
    accept(store, next(row for row in due(store) if row.target == "console"), ref="line-1")
    assert ids(due(store)) == [ONE.id]


def test_an_entry_of_an_unknown_thread_gives_no_row(store: AnyStore) -> None:
    enqueue(store, entry(ONE), escalation(ONE))
    assert store.outbox(LATER) == (0, 0.0)


def test_an_entry_is_made_once(store: AnyStore) -> None:
    enqueue(store, card(ONE), entry(ONE), entry(ONE))
    assert store.outbox(LATER)[0] == 2


def test_a_page_is_due_in_place_of_its_cards_and_comes_with_them_as_they_are_now(store: AnyStore) -> None:
    grave = incident(4_000, severity="P0")
    enqueue(store, card(ONE), card(TWO), card(grave))
    gather(store, [ONE, TWO, grave])
    assert store.deliveries.unposted() == []
    assert store.outbox(LATER)[0] == 1
    grown = replace(TWO, count=9)
    enqueue(store, card(grown, Kind.COUNTED))
    taken = take(store, only(store))
    assert isinstance(taken.content, Digest)
    assert taken.content.alerts == (alert(grave), alert(ONE), alert(grown))
    assert [row.digest for row in store.cards(ONE.id)] == ["d/1"]


def test_a_change_of_a_gathered_card_is_shown_on_its_page(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO))
    gather(store, [ONE, TWO])
    shown = accept(store, only(store))
    assert due(store) == []
    enqueue(store, replace(card(replace(TWO, count=9), Kind.COUNTED), at_ms=70_000))
    row = only(store)
    assert (row.id, row.ref, row.revision, row.kind) == ("d/1", shown.ref, shown.revision + 1, Kind.COUNTED)
    assert store.outbox(71_000) == (1, 1.0)


@pytest.mark.parametrize(
    ("first", "then", "kind"),
    [
        (Kind.COUNTED, Kind.RESOLVED, Kind.RESOLVED),
        (Kind.RESOLVED, Kind.COUNTED, Kind.RESOLVED),
        (Kind.COUNTED, Kind.COUNTED, Kind.COUNTED),
    ],
)
def test_news_of_one_card_makes_its_page_news(store: AnyStore, first: Kind, then: Kind, kind: Kind) -> None:
    enqueue(store, card(ONE), card(TWO))
    gather(store, [ONE, TWO])
    accept(store, only(store))
    enqueue(store, card(ONE, first))
    enqueue(store, card(TWO, then))
    assert only(store).kind is kind


def test_a_page_that_is_yet_to_be_posted_stays_the_news_that_it_is(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO))
    gather(store, [ONE, TWO])
    enqueue(store, card(ONE, Kind.COUNTED))
    assert (only(store).kind, only(store).revision) == (Kind.OPENED, 2)


def test_of_the_threads_of_gathered_cards_only_what_calls_people_stays(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO), entry(ONE), escalation(TWO))
    gather(store, [ONE, TWO])
    enqueue(store, entry(TWO), escalation(ONE))
    assert ids(due(store)) == ["d/1"]
    accept(store, only(store), ref="ts-list")
    assert [(row.id, row.thread_ref) for row in due(store)] == [
        (told.id, "ts-list") for told in (escalation(ONE), escalation(TWO))
    ]


def test_further_pages_and_the_entries_of_their_incidents_are_in_the_thread_of_the_first(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO), card(THREE))
    pages = [(page(1, 2, 3), [ONE.id, TWO.id]), (page(2, 2, 3), [THREE.id])]
    assert store.deliveries.gather(store.deliveries.unposted(), pages) == 3
    enqueue(store, escalation(THREE))
    assert ids(due(store)) == ["d/1"]
    accept(store, only(store), ref="ts-first")
    rows = {row.id: row for row in due(store)}
    assert {name: row.thread_ref for name, row in rows.items()} == dict.fromkeys(
        ("d/2", escalation(THREE).id), "ts-first"
    )
    taken = take(store, rows["d/2"])
    assert isinstance(taken.content, Digest)
    assert taken.content.alerts == (alert(THREE),)


def test_what_a_list_holds_is_found_by_the_key_of_its_first_page(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO), card(THREE), card(incident(4_000)))
    some = [row for row in store.deliveries.unposted() if row.id != incident(4_000).id]
    store.deliveries.gather(some, [(page(1, 2, 3), [ONE.id]), (page(2, 2, 3), [TWO.id, THREE.id])])
    gather(store, [incident(4_000)], name="other")
    with store.unit() as unit:
        assert {told.id for told in unit.gathered("key-d-1")} == {ONE.id, TWO.id, THREE.id}
        assert unit.gathered("key-other-1") == [incident(4_000)]
        assert unit.gathered(alert(ONE).key) == []


def test_cards_are_gathered_all_or_none(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO), entry(ONE))
    waiting = store.deliveries.unposted()
    take(store, waiting[1])
    assert store.deliveries.gather(waiting, [(page(), ids(waiting))]) == 0
    assert ids(due(store)) == [ONE.id]
    assert [row.digest for told in (ONE, TWO) for row in store.cards(told.id)] == ["", ""]
    accept(store, only(store))
    assert ids(due(store)) == [entry(ONE).id]


def test_a_card_that_may_have_been_posted_is_not_gathered(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO))
    waiting = store.deliveries.unposted()
    uncertain = take(store, waiting[0], 6_000)
    assert store.deliveries.settle(uncertain)
    assert store.deliveries.gather(waiting, [(page(), ids(waiting))]) == 0


def test_a_gathered_card_is_not_given_to_a_worker_that_saw_it_before(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO))
    seen = due(store)
    gather(store, [ONE, TWO])
    assert [store.deliveries.claim(row, "late", LATER, LATER + 1, 0) for row in seen] == [None, None]


def test_of_two_workers_that_gather_at_once_one_does(store: AnyStore) -> None:
    told = [incident(1_000 * number) for number in range(1, 31)]
    enqueue(store, *(card(each) for each in told))
    waiting = store.deliveries.unposted()
    barrier = threading.Barrier(4)
    counts: list[int] = []

    def race(name: str) -> None:
        barrier.wait()
        counts.append(store.deliveries.gather(waiting, [(page(name=name, total=30), ids(waiting))]))

    threads = [threading.Thread(target=race, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 30]
    content = take(store, only(store)).content
    assert isinstance(content, Digest)
    assert [each.incident.id for each in content.alerts] == [each.id for each in told]


def overdue(store: AnyStore, before_ms: int) -> list[str]:
    return ids(store.deliveries.overdue(before_ms))


def test_a_card_is_overdue_while_nothing_shows_it(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO), card(THREE), remark())
    assert overdue(store, ONE.active_ms - 1) == []
    assert overdue(store, TWO.active_ms) == [ONE.id, TWO.id]
    rows = {row.id: row for row in due(store)}
    take(store, rows[ONE.id])
    accept(store, rows[TWO.id])
    enqueue(store, card(TWO, Kind.RESOLVED))
    assert overdue(store, LATER) == [ONE.id, THREE.id]


def test_a_gathered_card_is_overdue_until_its_page_is_posted(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(TWO))
    gather(store, [ONE, TWO])
    assert overdue(store, LATER) == [ONE.id, TWO.id]
    accept(store, only(store))
    assert overdue(store, LATER) == []


def test_another_target_is_told_once_and_the_first_one_still_waits(store: AnyStore) -> None:
    enqueue(store, card(ONE))
    [row] = store.deliveries.overdue(LATER)
    assert store.deliveries.fall_back(row, card(ONE, target="console"))
    assert not store.deliveries.fall_back(row, card(ONE, target="console"))
    assert sorted((each.target, each.revision) for each in due(store)) == [("console", 1), ("slack", 1)]
    assert [each.target for each in store.deliveries.overdue(LATER)] == ["console"]


def test_another_target_that_knows_of_it_anyway_is_not_told_twice(store: AnyStore) -> None:
    enqueue(store, card(ONE), card(ONE, target="console"))
    [row] = [each for each in store.deliveries.overdue(LATER) if each.target == "slack"]
    assert store.deliveries.fall_back(row, card(ONE, Kind.RESOLVED, target="console"))
    assert [(each.revision, each.kind) for each in due(store) if each.target == "console"] == [(1, Kind.OPENED)]


def test_the_end_of_an_incident_is_told_in_its_thread_after_its_card(store: AnyStore) -> None:
    enqueue(store, card(ONE), entry(ONE, Reason.RESOLVED, Kind.RESOLVED))
    enqueue(store, card(ONE, Kind.RESOLVED))
    accept(store, only(store))
    assert ids(due(store)) == [entry(ONE, Reason.RESOLVED).id]
