"""What every store must do with its outbox: rows, claims, lanes and the order of what is due."""

import threading
from dataclasses import replace

import pytest

from sigwatch.model.incident import Incident, Reason
from sigwatch.model.message import Alert, Delivery, Kind, Notice, Progress
from tests.contract.stores import (
    LATER,
    SETTLE,
    AnyStore,
    accept,
    alert,
    card,
    due,
    enqueue,
    entry,
    ids,
    incident,
    only,
    page,
    remark,
    take,
    write_as_another_version,
)


def test_a_change_makes_a_delivery_due_with_everything_that_it_needs(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told))
    delivery = only(store, 6_000)
    assert (delivery.id, delivery.incident, delivery.target, delivery.destination) == (told.id, told.id, "slack", "C1")
    assert (delivery.kind, delivery.revision, delivery.delivered, delivery.urgency) == (Kind.OPENED, 1, 0, 1)
    assert delivery.content == alert(told)
    assert store.outbox(told.active_ms + 3_000) == (1, 3.0)


@pytest.mark.parametrize("notice", [card(incident()), page(), remark()], ids=["card", "digest", "remark"])
def test_whatever_is_told_comes_back_as_it_was_written(store: AnyStore, notice: Notice) -> None:
    enqueue(store, notice)
    row = only(store)
    assert (row.id, row.target, row.kind, row.incident) == (notice.id, notice.target, notice.kind, notice.incident)
    assert (row.content, row.urgency, row.thread) == (notice.content, notice.urgency, notice.thread)


def test_what_is_said_once_is_not_said_again_under_the_same_name(store: AnyStore) -> None:
    enqueue(store, remark(), page())
    enqueue(store, replace(remark(), at_ms=9_000), page())
    assert [row.revision for row in due(store)] == [1, 1]


def test_further_changes_join_the_same_row_and_keep_its_destination(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told))
    grown = replace(told, count=9, severity="P0")
    enqueue(store, card(grown, Kind.RESOLVED, destination="C2"))
    delivery = only(store, 6_000)
    assert (delivery.revision, delivery.kind, delivery.destination) == (2, Kind.RESOLVED, "C1")
    assert (delivery.content, delivery.urgency) == (alert(grown), 0)
    with store.unit() as unit:
        assert unit.cards(told.id) == [delivery]
        assert unit.cards("other") == []
    assert store.cards(told.id) == [delivery]


def test_the_cards_of_an_incident_are_one_for_each_target_and_nothing_else(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told), card(told, target="console"), entry(told))
    assert [(row.target, type(row.content)) for row in store.cards(told.id)] == [("console", Alert), ("slack", Alert)]


@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.ESCALATED, Kind.RESOLVED])
def test_news_that_is_yet_to_be_told_stays_news_whatever_is_counted_after_it(store: AnyStore, kind: Kind) -> None:
    told = incident()
    enqueue(store, card(told, kind))
    enqueue(store, card(replace(told, count=2), Kind.COUNTED))
    assert only(store).kind is kind
    accept(store, only(store))
    enqueue(store, card(replace(told, count=3), Kind.COUNTED))
    assert only(store).kind is Kind.COUNTED


def test_a_row_that_another_version_wrote_holds_up_no_other(store: AnyStore) -> None:
    enqueue(store, card(incident(5_000)), card(incident(700_000)), card(incident(900_000)))
    write_as_another_version(store, incident(5_000).id, content="{}")
    write_as_another_version(store, incident(700_000).id, form="poem")
    assert only(store).incident == incident(900_000).id
    assert ids(store.deliveries.unposted()) == [incident(900_000).id]
    assert store.outbox(LATER)[0] == 3


def test_a_claim_is_given_to_one_and_settled_by_its_owner(store: AnyStore) -> None:
    enqueue(store, card(incident()))
    seen = only(store, 6_000)
    mine = take(store, seen, 6_000)
    assert (mine.progress, mine.attempts, mine.first_attempt_ms) == (Progress.CLAIMED, 1, 6_000)
    assert store.deliveries.claim(seen, "theirs", 6_000, 9_000, 0) is None
    assert not due(store, 6_500)
    assert not store.deliveries.settle(replace(mine, claim="theirs", delivered=1))
    assert store.deliveries.settle(replace(mine, delivered=1, progress=Progress.SENT, ref="ts-1", attempts=0))
    assert not due(store)
    assert store.outbox(LATER) == (0, 0.0)


def test_an_abandoned_claim_is_due_again_after_its_end_and_the_settle_time(store: AnyStore) -> None:
    enqueue(store, card(incident()))
    take(store, only(store, 6_000), 6_000, "dead")
    assert not due(store, 9_000 + SETTLE - 1)
    again = take(store, only(store, 9_000 + SETTLE), 20_000, "alive")
    assert (again.attempts, again.first_attempt_ms) == (2, 6_000)


def test_an_edit_is_not_stamped_as_a_first_try(store: AnyStore) -> None:
    enqueue(store, card(incident()))
    sent = accept(store, only(store), 6_000)
    enqueue(store, card(incident(), Kind.COUNTED))
    assert take(store, only(store), 9_000).first_attempt_ms == sent.first_attempt_ms == 6_000


def test_a_change_during_a_delivery_is_not_lost(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told))
    mine = take(store, only(store, 6_000), 6_000)
    enqueue(store, card(replace(told, count=2), Kind.COUNTED))
    assert store.deliveries.settle(replace(mine, delivered=mine.revision, progress=Progress.SENT, ref="ts-1"))
    delivery = only(store, 6_000)
    assert (delivery.delivered, delivery.revision, delivery.ref) == (1, 2, "ts-1")


def test_a_delivery_waits_until_it_is_due_even_when_changes_join_it(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told))
    mine = take(store, only(store, 6_000), 6_000)
    assert store.deliveries.settle(replace(mine, progress=Progress.WAITING, due_ms=50_000))
    enqueue(store, card(replace(told, count=2), Kind.COUNTED))
    assert not due(store, 49_999)
    assert only(store, 50_000).revision == 2


def test_a_row_that_was_put_off_meanwhile_is_not_given_to_a_worker_that_saw_it_before(store: AnyStore) -> None:
    enqueue(store, card(incident()))
    seen = only(store, 6_000)
    mine = take(store, seen, 6_000)
    assert store.deliveries.settle(replace(mine, progress=Progress.WAITING, due_ms=50_000))
    assert store.deliveries.claim(seen, "late", 6_100, 9_000, 0) is None


def test_many_workers_claim_each_row_once(store: AnyStore) -> None:
    enqueue(store, *(card(incident(1_000_000 * (number + 1))) for number in range(20)))
    rows = due(store)
    won: list[str] = []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        barrier.wait()
        won.extend(d.id for d in rows if store.deliveries.claim(d, name, 1, 2, 0))

    threads = [threading.Thread(target=race, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(ids(rows))


def posted(store: AnyStore, told: Incident) -> Incident:
    """Its card, accepted before."""
    enqueue(store, card(told))
    accept(store, next(row for row in due(store) if row.incident == told.id))
    return told


def test_what_is_due_comes_in_the_order_of_its_weight(store: AnyStore) -> None:
    grave, old, minor = incident(1_000, severity="P0"), incident(2_000), incident(3_000)
    for told in (grave, old, minor):
        posted(store, told)
    fresh = [incident(ts_ms, severity=severity) for severity, ts_ms in (("P2", 4_000), ("P0", 9_000), ("P0", 8_000))]
    enqueue(store, *(card(each) for each in fresh), entry(old), entry(grave))
    enqueue(store, card(minor, Kind.RESOLVED), card(grave, Kind.COUNTED), card(old, Kind.COUNTED))
    assert ids(due(store)) == [
        # Posts: what is worse, then a card before the entries of threads, then age.
        fresh[2].id,
        fresh[1].id,
        entry(grave).id,
        entry(old).id,
        fresh[0].id,
        # Edits: news before counts.
        minor.id,
        grave.id,
        old.id,
    ]


def test_what_waits_longest_of_the_same_weight_is_due_first(store: AnyStore) -> None:
    enqueue(store, *(card(incident(ts_ms)) for ts_ms in (9_000_000, 5_000, 700_000)))
    assert ids(due(store)) == [incident(ts_ms).id for ts_ms in (5_000, 700_000, 9_000_000)]


def test_of_each_lane_the_first_few_are_due(store: AnyStore) -> None:
    many = [card(incident(1_000 * number)) for number in range(1, 26)]
    enqueue(store, *many, card(incident(90_000), target="console"), card(incident(99_000), destination="C2"))
    rows = due(store)
    assert ids([row for row in rows if (row.target, row.destination) == ("slack", "C1")]) == [
        notice.id for notice in many[:20]
    ]
    assert sorted((row.target, row.destination) for row in rows[20:]) == [("console", "C1"), ("slack", "C2")]


def test_entries_that_wait_for_a_card_take_no_place_from_what_can_go(store: AnyStore) -> None:
    told = incident(severity="P0")
    enqueue(store, card(told), *(replace(entry(told), id=f"{told.id}/{number}") for number in range(30)))
    refused = take(store, only(store), 6_000)
    assert store.deliveries.settle(replace(refused, progress=Progress.REFUSED, due_ms=LATER, first_attempt_ms=0))
    enqueue(store, card(incident(90_000, severity="P3")))
    assert ids(due(store, LATER - 1)) == [incident(90_000).id]


def test_two_workers_do_not_post_to_one_channel_within_its_gap(store: AnyStore) -> None:
    enqueue(store, card(incident(5_000)), card(incident(6_000)), card(incident(7_000), destination="C2"))
    first, second, elsewhere = due(store, 10_000)
    take(store, first, 10_000, gap_ms=1_000)
    assert store.deliveries.claim(second, "theirs", 10_999, 20_000, 1_000) is None
    assert ids(due(store, 10_999)) == [elsewhere.id]
    assert store.deliveries.claim(elsewhere, "theirs", 10_999, 20_000, 1_000)
    assert ids(due(store, 11_000)) == [second.id]
    assert take(store, second, 11_000, "theirs", 1_000).attempts == 1


def test_edits_have_a_lane_of_their_own_in_each_target(store: AnyStore) -> None:
    enqueue(store, card(incident(5_000)), card(incident(6_000), destination="C2"))
    for row in due(store):
        accept(store, row)
    enqueue(store, card(incident(5_000), Kind.COUNTED), card(incident(6_000), Kind.COUNTED), card(incident(7_000)))
    post, first, second = due(store)
    take(store, first, LATER, gap_ms=1_200)
    assert store.deliveries.claim(second, "theirs", LATER + 1_199, LATER + 5_000, 1_200) is None
    assert store.deliveries.claim(post, "theirs", LATER, LATER + 5_000, 1_000)
    assert store.deliveries.claim(second, "theirs", LATER + 1_200, LATER + 5_000, 1_200)


def test_a_rest_pushes_a_lane_and_never_pulls_it_forward(store: AnyStore) -> None:
    enqueue(store, card(incident(5_000)), card(incident(6_000)), card(incident(7_000), destination="C2"))
    first, second, elsewhere = due(store, 10_000)
    store.deliveries.rest(take(store, first, 10_000, gap_ms=1_000), 30_000)
    store.deliveries.rest(first, 20_000)
    assert ids(due(store, 29_999)) == [elsewhere.id]
    assert store.deliveries.claim(second, "theirs", 29_999, 40_000, 0) is None
    assert second.id in ids(due(store, 30_000))


def test_what_is_refreshed_is_due_again_without_being_behind(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told))
    sent = accept(store, only(store), 6_000, refresh_ms=66_000)
    assert not due(store, 65_999)
    assert store.outbox(66_000) == (0, 0.0)
    again = accept(store, only(store, 66_000), 66_000, refresh_ms=126_000)
    assert (again.revision, again.ref, again.posted_ms) == (1, sent.ref, 6_000)
    accept(store, only(store, 126_000), 126_000)
    assert not due(store)


def test_what_was_posted_where_and_since_when_is_known(store: AnyStore) -> None:
    told = incident()
    enqueue(store, card(told), entry(told), remark(), remark("r-2", destination="C2"), remark("r-3", "console"))
    for _ in range(2):
        for row in due(store):
            accept(store, row, 6_000 if row.thread or row.id != "r" else 9_000)
    since = store.deliveries.posted_since
    assert [since("slack", "C1", ms) for ms in (6_000, 6_001, 9_000, 9_001)] == [2, 1, 1, 0]
    assert store.deliveries.destinations("slack", 6_000) == ["C1", "C2"]
    assert store.deliveries.destinations("slack", 6_001) == ["C1"]


def test_cards_that_nobody_has_tried_are_told_from_the_others(store: AnyStore) -> None:
    tried, shown, fresh = (incident(ts_ms) for ts_ms in (1_000, 2_000, 3_000))
    grave = incident(9_000, severity="P0")
    enqueue(store, card(tried), card(shown))
    rows: dict[str, Delivery] = {row.id: row for row in due(store)}
    take(store, rows[tried.id])
    accept(store, rows[shown.id])
    enqueue(store, card(fresh), card(grave), remark(), entry(shown, Reason.CLOSED))
    assert ids(store.deliveries.unposted()) == [grave.id, fresh.id]


def test_a_row_whose_message_is_gone_goes_on_with_another_of_its_target(store: AnyStore) -> None:
    enqueue(store, card(incident(5_000)), card(incident(5_000), target="console"), card(incident(6_000)))
    for row in due(store):
        accept(store, row, ref=f"ts-{row.incident == incident(5_000).id}")
    store.deliveries.rename("slack", "ts-True", "ts-9")
    assert [(row.target, row.ref) for row in store.cards(incident(5_000).id)] == [
        ("console", "ts-True"),
        ("slack", "ts-9"),
    ]
    assert [row.ref for row in store.cards(incident(6_000).id)] == ["ts-False"]
    # The one that stays may show an older state, so it is edited.
    assert [(row.ref, row.target) for row in due(store)] == [("ts-9", "slack")]
