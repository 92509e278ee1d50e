"""Rounds over the outbox: who is tried when and in which order; lists in place of many messages."""

from dataclasses import replace

import pytest

from sigwatch.errors import Ambiguous, NotSent, StoreError
from sigwatch.model.event import DeliveryEnded, Outcome
from sigwatch.model.message import Crowd, Delivery, Digest, Kind, Milestone, Progress
from sigwatch.outbox.rounds import Outbox
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite_outbox import SqliteOutbox
from tests.unit.publish.alerts import ALERT, FIRST_MS, MINUTE, changed, crowd
from tests.unit.publish.worlds import (
    CHANNEL,
    LIMITS,
    SETTLE,
    Target,
    World,
    alone,
    card,
    cards,
    channel,
    entry,
    listed,
    of_form,
)


def test_of_two_workers_with_the_same_rows_one_posts() -> None:
    world = World()
    world.tell(card())
    other = world.worker("other")

    def meanwhile(call: str) -> None:
        world.target.before = lambda _: None
        other.deliver_due()

    world.target.before = meanwhile
    world.deliver()
    assert world.target.calls == ["post"]


def test_a_target_that_is_not_configured_is_reported_once_and_left_alone() -> None:
    world = World()
    world.tell(card(), card(target="pager"))
    before = world.row(target="pager")
    world.deliver()
    world.deliver(1)
    assert world.quarantined == [("pager: 1 undelivered, but no such target is configured",)]
    assert world.row(target="pager") == before
    assert world.row().progress is Progress.SENT


def test_a_fault_in_a_publisher_stops_no_other_row() -> None:
    world = World()
    world.tell(card(), card(changed(id="inc-2")))
    world.target.script.append(KeyError("bug"))
    assert [*world.deliver(), *world.deliver(1)] == [Outcome.AMBIGUOUS, Outcome.POSTED]


class FullDisk(SqliteOutbox):
    """No outcome of one row can be written."""

    def settle(self, delivery: Delivery, entries: object = ()) -> bool:
        if delivery.incident == "inc-1":
            raise StoreError("disk full")
        return super().settle(delivery)


def test_a_fault_in_the_store_stops_no_other_row() -> None:
    world = World()
    world.tell(card(), card(changed(id="inc-2")))
    full = replace(world.sender("w"), store=FullDisk(world.store._database))
    Outbox(full, world.paging, world.limits).deliver_due()
    assert [told.outcome for told in world.told] == [Outcome.RETRIED, Outcome.POSTED]
    assert world.told[0].detail == "disk full"


def test_a_channel_gets_one_message_a_second_and_edits_keep_a_pace_of_their_own() -> None:
    world = World(traits=TRAITS)
    world.tell(*cards(3))
    assert world.run(5) == [(0, Outcome.POSTED), (1, Outcome.POSTED), (2, Outcome.POSTED)]
    world.tell(*(replace(each, kind=Kind.COUNTED) for each in cards(3)), *cards(2, first=3))
    # 1.2 s apart, edits come every other second in rounds of a second.
    assert world.run(6) == [
        (0, Outcome.POSTED), (0, Outcome.UPDATED), (1, Outcome.POSTED), (2, Outcome.UPDATED), (4, Outcome.UPDATED),
    ]  # fmt: skip


def test_workers_that_share_a_state_share_its_pace() -> None:
    world = World(traits=TRAITS)
    world.tell(*cards(4))
    workers = [world.worker(name) for name in "abc"]
    for _ in range(3):
        for worker in workers:
            worker.deliver_due()
        world.now_ms += 1_000
    assert len(world.target.shown) == 3


def test_each_channel_has_a_pace_of_its_own() -> None:
    world = World(traits=TRAITS)
    world.tell(*(replace(each, destination=f"C{number}") for number, each in enumerate(cards(4))))
    assert world.deliver() == [Outcome.POSTED] * 4


def test_a_rate_limit_holds_the_lane_for_as_long_as_the_target_said() -> None:
    world = World()
    world.tell(*cards(3), replace(card(), destination="C0OTHER", urgency=9))
    world.target.script.append(NotSent("429", retry_after=7.5))
    assert world.deliver() == [Outcome.RATE_LIMITED, Outcome.POSTED]
    assert world.deliver(7_499) == []
    assert world.deliver(1) == [Outcome.POSTED] * 3


def test_a_rate_limit_on_edits_holds_no_post() -> None:
    world = World()
    world.tell(card())
    world.deliver()
    world.tell(card(kind=Kind.COUNTED))
    world.target.script.append(NotSent("429", retry_after=30))
    assert world.deliver(1) == [Outcome.RATE_LIMITED]
    world.tell(*cards(1))
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.deliver(29_998) == []
    assert world.deliver(1) == [Outcome.UPDATED]


def test_five_hundred_incidents_are_one_message_with_all_of_them_on_its_pages() -> None:
    world = channel()
    told = crowd(500)
    world.tell(*map(card, told))
    world.run(60)
    shown = of_form(world.target.shown.values(), Digest)
    assert len(shown) == len(world.target.shown) == len(pages(told))
    assert [(page.page, page.pages, page.total) for page in shown] == [
        (number, len(shown), 500) for number in range(1, len(shown) + 1)
    ]
    assert set(world.target.threads.values()) == {"", "ts-1"}
    assert world.target.threads["ts-1"] == ""
    assert sorted(listed(world.target)) == sorted(alert.incident.id for alert in told)
    severities = [alert.incident.severity for page in shown for alert in page.alerts]
    assert severities == sorted(severities)
    assert shown[0].severities == (("P0", 3), ("P1", 20), ("P2", 477))
    assert [page.mention for page in shown] == [ALERT.mention, *[""] * (len(shown) - 1)]
    assert shown[0].crowd is Crowd.MANY_AT_ONCE
    assert world.store.deliveries.posted_since("slack", CHANNEL, 1) == 1
    assert len(set(world.target.keys.values())) == len(shown)


def test_the_pages_of_a_list_go_out_in_their_order() -> None:
    world = World(limits=LIMITS, paging=lambda alerts: [5] * (len(alerts) // 5))
    world.tell(*cards(32), *cards(28, "P2", at_ms=FIRST_MS - MINUTE))
    world.run(20)
    assert [page.page for page in of_form(world.target.shown.values(), Digest)] == list(range(1, 13))


def test_a_list_in_a_target_without_threads_is_one_message() -> None:
    world = World(target=Target("console"), limits=LIMITS, paging=pages)
    world.tell(*(card(alert, target="console") for alert in crowd(500)))
    world.run(3)
    assert [(page.page, page.pages, len(page.alerts)) for page in of_form(world.target.shown.values(), Digest)] == [
        (1, 1, 500)
    ]


def test_what_machines_read_is_never_gathered() -> None:
    world = World(target=Target("pagerduty"), limits=LIMITS, paging=pages)
    world.tell(*(replace(each, target="pagerduty") for each in cards(50)))
    world.run(5)
    assert len(alone(world.target)) == 50


def test_each_channel_has_lists_of_its_own() -> None:
    world = channel()
    world.tell(*cards(6), *(replace(each, destination="C0OTHER") for each in cards(2, "P2")))
    world.run(5)
    assert sorted(listed(world.target)) == [each.id for each in cards(6)]
    assert sorted(alone(world.target)) == [each.id for each in cards(2, "P2")]


def test_a_list_is_edited_as_its_incidents_change_and_calls_people_in_its_thread() -> None:
    world = channel()
    world.tell(*cards(6))
    world.run(3)
    grown = changed(id="P1-002", severity="P1", count=9_000)
    world.tell(card(grown, Kind.ESCALATED), entry(grown), card(changed(id="P1-003"), Kind.ACKNOWLEDGED))
    world.tell(entry(changed(id="P1-003"), kind=Kind.ACKNOWLEDGED))
    world.run(5)
    [page], [told] = of_form(world.target.shown.values(), Digest), of_form(world.target.shown.values(), Milestone)
    assert [alert.incident.count for alert in page.alerts if alert.incident.id == "P1-002"] == [9_000]
    assert told.incident.id == "P1-002"
    assert world.target.threads == {"ts-1": "", "ts-2": "ts-1"}


@pytest.mark.parametrize("seconds_between", [1, 2, 3, 6])
def test_a_channel_keeps_its_cap_when_cards_trickle_in(seconds_between: int) -> None:
    world = channel()

    def trickle(second: int) -> None:
        if second % seconds_between == 0 and second < 240:
            world.tell(*cards(1, first=second, at_ms=world.now_ms))

    world.run(400, trickle)
    messages = world.store._database.rows("SELECT posted_ms FROM outbox WHERE posted_ms > 0 AND thread = ''")
    posts = [message[0] for message in messages]
    within = [sum(start <= at < start + MINUTE for at in posts) for start in posts]
    assert max(within) <= LIMITS.per_minute
    assert len({*alone(world.target), *listed(world.target)}) == len(world.store.incidents())
    assert world.behind == 0


def test_the_worst_go_at_once_into_a_channel_that_is_full() -> None:
    world = channel()
    for number in range(10):
        world.tell(*cards(1, first=number, at_ms=world.now_ms))
        world.run(1)
    world.tell(*cards(3, first=50, at_ms=world.now_ms), *cards(1, "P0", at_ms=world.now_ms))
    world.run(2)
    assert len(alone(world.target)) == 11
    assert "P0-000" in alone(world.target)
    world.run(60)
    assert len(alone(world.target)) == 14


def test_what_happened_while_nobody_watched_is_told_as_catching_up() -> None:
    world = channel()
    world.now_ms += 60 * MINUTE
    world.tell(*cards(6, at_ms=world.now_ms))
    world.run(2)
    [page] = of_form(world.target.shown.values(), Digest)
    assert page.crowd is Crowd.CATCHING_UP


@pytest.mark.parametrize("accepted", [True, False])
def test_a_list_whose_fate_is_uncertain_is_looked_up_and_adopted(accepted: bool) -> None:
    world = channel()
    world.tell(*cards(6))
    world.target.accepts_anyway = accepted
    world.target.script.append(Ambiguous("reset"))
    assert world.deliver() == [Outcome.AMBIGUOUS]
    world.tell(card(changed(id="P1-003", severity="P1", count=777), Kind.COUNTED))
    assert world.deliver(SETTLE) == [Outcome.RECONCILED if accepted else Outcome.POSTED]
    [page] = of_form(world.target.shown.values(), Digest)
    assert len(world.target.shown) == 1
    assert [alert.incident.count for alert in page.alerts if alert.incident.id == "P1-003"] == [777]
    assert [subject for subject, _, _ in world.audit()] == [each.id for each in cards(6)]


def test_two_workers_make_one_list() -> None:
    world = channel()
    world.tell(*cards(6))
    for name in "ab":
        world.worker(name).deliver_due()
    assert len(of_form(world.target.shown.values(), Digest)) == len(world.target.shown) == 1


def test_a_round_says_how_many_it_tried() -> None:
    world = World(traits=TRAITS)
    world.tell(*cards(3), replace(card(), destination="C0OTHER"))
    assert world.outbox.deliver_due() == 2
    assert len([each for each in world.events if isinstance(each, DeliveryEnded)]) == 2
