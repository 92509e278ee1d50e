"""What a backfill leaves to a daemon, and how it knows that there is one."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import StoreError
from sigwatch.local.faults import _Bucket
from sigwatch.model.coverage import Coverage
from sigwatch.past.quota import GRANTED, LOOK_AGAIN_SECONDS, Share, Signs, left_by
from sigwatch.ports import CursorKey, cursor_key
from sigwatch.source.limits import Limits, reserve
from tests.fakes.made import group

SIGNS = Signs(15, {"eager": 0, "settled": 300})


def searched(name: str, until: float) -> Mapping[CursorKey, Coverage]:
    return {cursor_key(name, group()): Coverage(((0, int(until)),))}


@pytest.mark.parametrize(
    ("name", "until", "at_work"),
    [
        ("eager", 995, True),
        ("eager", 940, True),
        ("eager", 939, False),
        ("settled", 640, True),
        ("settled", 639, False),
        ("unknown", 900, False),
    ],
)
def test_a_daemon_is_at_work_when_a_pass_is_close_to_where_it_should_be(name: str, until: int, at_work: bool) -> None:
    assert SIGNS.at_work(searched(name, until), 1_000) is at_work


def test_a_slow_daemon_has_longer_to_show_itself() -> None:
    assert Signs(60, {}).at_work(searched("eager", 800), 1_000)
    assert not Signs(60, {}).at_work(searched("eager", 759), 1_000)
    assert not SIGNS.at_work({}, 1_000)


def test_the_backfill_takes_what_the_quotas_leave_beside_the_defaults() -> None:
    found = left_by(Limits())
    assert [found.rate(kind) for kind in ("start", "results", "other")] == pytest.approx([3.6, 1.8, 4.5])
    assert found.concurrent == 30
    assert left_by(Limits(10, 10, 10, 100)) == Limits(0.5, 0.5, 0.5, 1)


def test_a_daemon_that_starts_later_gets_its_share_and_one_that_ends_gives_it_back() -> None:
    now, found = 1_000.0, dict(searched("eager", 0))
    share = Share(Limits(), SIGNS, lambda: found, lambda: now)
    assert share() == Limits()
    found.update(searched("eager", 1_000))
    assert share() == Limits()
    now += LOOK_AGAIN_SECONDS
    assert (share(), share.shared) == (left_by(Limits()), True)
    now += 500
    assert (share(), share.shared) == (Limits(), False)


def test_a_state_that_can_not_be_read_is_taken_for_one_in_use() -> None:
    def unreadable() -> Mapping[CursorKey, Coverage]:
        raise StoreError("locked")

    assert Share(Limits(), SIGNS, unreadable, lambda: 0.0)() == left_by(Limits())


def passed(rate: float, pauses: list[float]) -> list[float]:
    """When requests of somebody go through who asks for the next one so long after the last."""
    now = promised = 0.0
    times = []
    for pause in pauses:
        now += pause
        promised, wait = reserve(promised, now, rate)
        now += wait
        times.append(now)
    return times


PAUSES = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 2.0]), max_size=80)


@given(PAUSES, PAUSES, st.sampled_from(["start", "results", "other"]))
def test_both_together_are_never_throttled(daemon: list[float], backfill: list[float], kind: str) -> None:
    own = Limits()
    bucket = _Bucket(GRANTED.rate(kind), 0.0)
    times = sorted(passed(own.rate(kind), daemon) + passed(left_by(own).rate(kind), backfill))
    assert all(bucket.take(each) for each in times)
