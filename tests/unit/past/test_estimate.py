"""What is said before anything is paid: bytes, money, time, and whether the range makes sense."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sigwatch.errors import RangeError
from sigwatch.model.logs import LogGroup, Measure, Scope, Volume, Window
from sigwatch.past.estimate import Estimate, estimate, measured
from sigwatch.past.ranges import in_order, kept_part
from sigwatch.past.slices import AIM_SECONDS, BYTES_PER_SECOND, Track, tracks
from sigwatch.pipeline import prepare
from sigwatch.plan.cost import GIGABYTE
from sigwatch.plan.windows import DAY
from sigwatch.source.limits import Limits
from tests.fakes.made import group, signature

NOW = 100 * DAY
WEEK = Window(NOW - 7 * DAY, NOW)


class Meter:
    """So many bytes a second in each log group, or nothing known."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self.asked: list[tuple[int, Window]] = []

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        self.asked.append((len(groups), window))
        return None if self.rate is None else Volume(round(self.rate * len(groups) * window.seconds), Measure.ESTIMATE)


def scope(*groups: LogGroup, patterns: Sequence[str] = ("ERROR",)) -> Scope:
    return Scope("us-east-1/shop", groups, tuple(signature(f"KO-{n}", text) for n, text in enumerate(patterns)))


def estimated(meter: Meter, *scopes: Scope, window: Window = WEEK, limits: Limits | None = None) -> Estimate:
    found = tracks(scopes, window, {}, NOW)
    return estimate(found, lambda each: prepare(each.signatures), meter, limits or Limits(), 0.005, NOW)


def test_bytes_and_dollars_follow_the_volume_of_all_tracks() -> None:
    meter = Meter(10_000)
    groups = [group(f"/g{n:03}") for n in range(120)]
    found = estimated(meter, scope(*groups))
    assert found.bytes == 10_000 * 120 * WEEK.seconds
    assert found.dollars == pytest.approx(found.bytes / GIGABYTE * 0.005)
    assert sorted(count for count, _ in meter.asked) == [20, 50, 50]
    assert found.measured_by == (Measure.ESTIMATE,)
    assert found.bytes_per_second(found.tracks[0].track) == pytest.approx(10_000 * len(found.tracks[0].track.groups))


def test_each_byte_is_paid_for_as_often_as_the_plan_says() -> None:
    twice = scope(group(), patterns=("a" * 6_000, "b" * 6_000))
    found = estimated(Meter(10_000), twice)
    multiple = prepare(twice.signatures).plan.multiple
    assert multiple == 2
    assert found.bytes == 2 * 10_000 * WEEK.seconds
    assert found.tracks[0].queries == 2 * found.slices


def test_where_nobody_can_say_it_is_what_the_log_groups_store() -> None:
    kept = group(stored_bytes=70_000, retention_days=7, created_ms=0)
    found = estimated(Meter(None), scope(kept))
    assert (found.bytes, found.measured_by) == (70_000, (Measure.STORED,))


def test_what_is_done_already_is_not_counted() -> None:
    track = Track(scope(group()), (group(),), (Window(0, 100), Window(300, 400)))
    meter = Meter(5.0)
    assert measured(track, meter, NOW).bytes_logged == 1_000
    assert meter.asked == [(1, Window(0, 400))]


def test_time_is_that_of_scanning_in_parallel_or_that_of_requests() -> None:
    seconds_of_scanning = 3_000
    heavy = estimated(Meter(seconds_of_scanning * BYTES_PER_SECOND / WEEK.seconds), scope(group()))
    assert heavy.slices >= seconds_of_scanning / AIM_SECONDS
    assert seconds_of_scanning / 30 <= heavy.minutes * 60 <= 2 * seconds_of_scanning / 30
    scarce = estimated(
        Meter(seconds_of_scanning * BYTES_PER_SECOND / WEEK.seconds), scope(group()), limits=Limits(0.5, 0.5, 1, 30)
    )
    assert scarce.minutes > 2 * heavy.minutes
    small = estimated(Meter(0.001), scope(group()))
    assert (small.slices, small.minutes < 0.2) == (1, True)


def test_nothing_to_search_costs_nothing() -> None:
    found = estimated(Meter(5.0))
    assert (found.bytes, found.minutes, found.slices, found.tracks) == (0, 0.0, 0, ())


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (NOW - 5, NOW - 10, "--since must lie before --until"),
        (NOW - 5, NOW - 5, "--since must lie before --until"),
        (NOW + 5, NOW + 10, "which is in the future: choose an earlier --since"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_with_its_cure(start: int, end: int, words: str) -> None:
    with pytest.raises(RangeError, match=words):
        in_order(start, end, NOW)


def test_the_future_is_cut_off() -> None:
    assert in_order(NOW - 10, NOW + 50, NOW + 0.5) == Window(NOW - 10, NOW)


def test_a_range_of_which_nothing_is_kept_is_refused() -> None:
    old = Window(NOW - 40 * DAY, NOW - 35 * DAY)
    with pytest.raises(
        RangeError, match=r"nothing is kept of the range .* older than 1970-03-12.*; choose a later range"
    ):
        kept_part(old, [group(retention_days=30), group("/b", retention_days=7)], NOW)


def test_a_range_from_before_every_log_group_is_refused() -> None:
    young = group(created_ms=(NOW - DAY) * 1000)
    with pytest.raises(RangeError, match=r"the oldest was created at 1970-04-10.*; choose a later --until"):
        kept_part(Window(NOW - 5 * DAY, NOW - 2 * DAY), [young], NOW)


def test_what_is_partly_there_is_searched_with_a_note() -> None:
    assert kept_part(WEEK, [group(), group("/b")], NOW) == ()
    kept = [group(retention_days=3), group("/b", retention_days=1)]
    first, later = kept_part(WEEK, kept, NOW)
    assert first == "nothing is kept from before 1970-04-08T00:00:00.000Z: the search begins there"
    assert later.startswith("1 of 2 log groups keep events for less long, some only since 1970-04-10T")
    born = group("/c", created_ms=NOW * 1000)
    earlier = replace(WEEK, end=NOW - DAY)
    [young] = kept_part(earlier, [group(), born], NOW)
    assert young == "1 of 2 log groups were created after the range and can not be searched in it"
    [gone] = kept_part(earlier, [group(), group("/d", retention_days=1)], NOW)
    assert gone == "1 of 2 log groups keep nothing of the range any more"
