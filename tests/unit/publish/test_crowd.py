"""Whether waiting cards get a message each, share one, or wait: nobody is lost, and the worst never wait."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.message import Crowd, Delivery
from sigwatch.outbox.crowd import OLD_MS, WAITED_MS, ChannelLimits, Sorted, probe, sort_out
from tests.unit.publish.alerts import changed, delivery

NOW = 10**12
LIMITS = ChannelLimits(per_minute=10, digest_from=5)


def card(number: int, urgency: int = 1, waited_ms: int = 0, age_ms: int = 0, due_ms: int = 0) -> Delivery:
    row = delivery(changed(id=f"inc-{number}", last_seen_ms=NOW - age_ms))
    return replace(row, urgency=urgency, behind_since_ms=NOW - waited_ms, due_ms=due_ms)


def cards(count: int, urgency: int = 1, **changes: int) -> list[Delivery]:
    return [card(10 * number + urgency, urgency, **changes) for number in range(count)]


rows = st.builds(card, st.integers(0, 10**9), st.integers(0, 5), st.integers(0, 10**7), st.integers(0, 10**7))
waiting_cards = st.lists(rows, max_size=30, unique_by=lambda row: row.id)
channel_limits = st.builds(ChannelLimits, st.integers(1, 60), st.integers(1, 20))


@given(waiting_cards, st.integers(0, 70), channel_limits)
def test_nobody_is_lost_and_the_worst_never_wait(waiting: list[Delivery], posted: int, limits: ChannelLimits) -> None:
    found = sort_out(waiting, posted, limits, NOW)
    together = [*found.gathered, *found.held]
    at_once = [row for row in waiting if row not in together]
    assert sorted(row.id for row in (*together, *at_once)) == sorted(row.id for row in waiting)
    assert all(row.urgency > 0 for row in found.held)


@given(waiting_cards, st.integers(0, 70), channel_limits)
def test_a_channel_gets_no_more_than_its_share_but_for_the_worst(
    waiting: list[Delivery], posted: int, limits: ChannelLimits
) -> None:
    found = sort_out(waiting, posted, limits, NOW)
    at_once = [row for row in waiting if row not in (*found.gathered, *found.held)]
    worst = sum(row.urgency == 0 for row in waiting)
    messages = len(at_once) + bool(found.gathered)
    assert messages <= max(limits.per_minute - posted, worst)
    assert len(at_once) < limits.digest_from


@given(waiting_cards, st.integers(0, 70), channel_limits)
def test_a_list_is_made_of_so_many_and_no_fewer(waiting: list[Delivery], posted: int, limits: ChannelLimits) -> None:
    found = sort_out(waiting, posted, limits, NOW)
    assert not found.gathered or len(found.gathered) >= limits.digest_from
    if len(waiting) >= limits.digest_from and posted < limits.per_minute:
        assert list(found.gathered) == waiting


def test_a_few_get_a_message_each() -> None:
    assert sort_out(cards(4), 0, LIMITS, NOW) == Sorted()


def test_five_share_one_message_in_their_order() -> None:
    waiting = [card(0, 0), *cards(4)]
    found = sort_out(waiting, 0, LIMITS, NOW)
    assert (list(found.gathered), found.crowd, found.held) == (waiting, Crowd.MANY_AT_ONCE, ())


def test_the_last_room_of_a_channel_goes_to_the_most_urgent() -> None:
    found = sort_out([card(1, 1), card(2, 2), card(3, 3)], 9, LIMITS, NOW)
    assert ([row.urgency for row in found.held], found.gathered) == ([2, 3], ())


def test_the_worst_take_the_room_of_the_others() -> None:
    found = sort_out([card(2, 2), card(0, 0), card(1, 0)], 8, LIMITS, NOW)
    assert [row.urgency for row in found.held] == [2]


def test_in_a_full_channel_the_worst_get_a_message_each_while_they_are_few() -> None:
    found = sort_out([*cards(4, 0), *cards(9)], 10, LIMITS, NOW)
    assert ([row.urgency for row in found.held], found.gathered) == ([1] * 9, ())


def test_in_a_full_channel_many_of_the_worst_share_a_message_and_the_others_wait() -> None:
    found = sort_out([*cards(6, 0), *cards(9)], 10, LIMITS, NOW)
    assert ([row.urgency for row in found.gathered], [row.urgency for row in found.held]) == ([0] * 6, [1] * 9)
    assert found.crowd is Crowd.CHANNEL_FULL


@pytest.mark.parametrize(
    ("waiting", "posted", "crowd"),
    [
        (cards(5), 4, Crowd.MANY_AT_ONCE),
        (cards(5), 5, Crowd.CHANNEL_FULL),
        (cards(5, waited_ms=WAITED_MS), 9, Crowd.CHANNEL_FULL),
        ([*cards(4), card(9, waited_ms=WAITED_MS + 1)], 9, Crowd.CATCHING_UP),
        (cards(6, age_ms=OLD_MS), 0, Crowd.MANY_AT_ONCE),
        ([*cards(3, 1), *cards(3, 2, age_ms=OLD_MS + 1)], 0, Crowd.MANY_AT_ONCE),
        ([*cards(3, 1), *cards(4, 2, age_ms=OLD_MS + 1)], 0, Crowd.CATCHING_UP),
    ],
)
def test_a_list_says_why_it_was_made(waiting: list[Delivery], posted: int, crowd: Crowd) -> None:
    assert sort_out(waiting, posted, LIMITS, NOW).crowd is crowd


@given(st.lists(st.builds(card, st.integers(0, 10**9), due_ms=st.integers(NOW - 5, NOW + 5)), unique_by=lambda r: r.id))
def test_a_channel_that_takes_nothing_is_tried_with_one_card(waiting: list[Delivery]) -> None:
    found = probe(waiting, NOW)
    tried = [row for row in waiting if row not in found.held]
    assert tried == [row for row in waiting if row.due_ms <= NOW][:1]
    assert found.gathered == ()
