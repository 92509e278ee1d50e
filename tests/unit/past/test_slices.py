"""How the past is cut: whatever comes of slices, each second is in exactly one, and lengths follow what came."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import LogGroup, Scope, Window
from sigwatch.past.slices import (
    AIM_ROWS,
    AIM_SECONDS,
    BYTES_PER_SECOND,
    FULL_ROWS,
    LONGEST_SECONDS,
    SMALLEST_PART,
    STEP,
    UNMEASURED_SECONDS,
    Came,
    Order,
    Track,
    Verdict,
    adapted,
    cut,
    first_length,
    judge,
    merged,
    most_seconds,
    put_back,
    shortened,
    tracks,
    unread,
)
from sigwatch.plan.windows import DAY, oldest_kept, searchable_from
from sigwatch.ports import cursor_key
from tests.fakes.made import group, signature

HOUR = 3600
NOW = 100.0 * DAY
RANGE = Window(80 * DAY, 90 * DAY)


def scope(*groups: LogGroup) -> Scope:
    return Scope("us-east-1/shop", groups, (signature(),))


def track(start: int = 0, end: int = HOUR, seconds: int = 60, created: int = 0) -> Track:
    made = group(created_ms=created * 1000)
    return Track(scope(made), (made,), (Window(start, end),), seconds)


def came(window: Window, rows: int = 0, seconds: float = 1.0, read: Window | None = None, size: int = 10**12) -> Came:
    return Came(read or window, rows, seconds, size)


RESULTS = st.lists(st.tuples(st.sampled_from(["whole", "beginning", "not"]), st.integers(0, 100_000)), max_size=40)


@given(
    st.integers(1, 5_000), st.integers(1, 400), st.integers(0, 6_000), st.sampled_from(list(Order)), RESULTS,
    st.integers(1, 7),
)  # fmt: skip
def test_slices_tile_the_range_whatever_comes_of_them(
    length: int, seconds: int, created: int, order: Order, results: list[tuple[str, int]], places: int
) -> None:
    """Several are under way at once; what is not read, or only its beginning, comes back."""
    end = max(length, created + 1)
    left = track(0, end, seconds, created)
    flying: list[Window] = []
    read: list[Window] = []
    while left.left or flying:
        while left.left and len(flying) < places:
            window, left = cut(left, most_seconds(left.seconds, left.remaining, places), order)
            assert window.end >= searchable_from(left.groups[0])
            flying.append(window)
        window = flying.pop(0)
        fate, rows = results.pop(0) if results else ("whole", 0)
        middle = max(window.start + window.seconds // 2, searchable_from(left.groups[0]))
        if fate == "not":
            left = shortened(put_back(left, window), window)
        elif fate == "beginning" and window.start < middle < window.end:
            part = Window(window.start, middle)
            read.append(part)
            left = adapted(put_back(left, Window(middle, window.end)), window, came(window, rows, read=part))
        else:
            read.append(window)
            left = adapted(left, window, came(window, rows))
        assert left.seconds >= 1
    ordered = sorted(read)
    assert [each.start for each in ordered] == [0, *(each.end for each in ordered[:-1])]
    assert ordered[-1].end == end


def test_newest_goes_first_unless_oldest_is_wished_for() -> None:
    assert cut(track(), 60, Order.NEWEST)[0] == Window(HOUR - 60, HOUR)
    assert cut(track(), 60, Order.OLDEST)[0] == Window(0, 60)


def test_a_query_never_ends_before_the_creation_of_a_log_group() -> None:
    young = track(created=1_000)
    assert cut(young, 60, Order.OLDEST)[0] == Window(0, 1_001)
    late = replace(young, left=(Window(0, 1_030),))
    assert cut(late, 60, Order.NEWEST)[0] == Window(0, 1_030)
    assert cut(late, 20, Order.NEWEST)[0] == Window(1_010, 1_030)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (came(Window(0, 60)), Verdict.LONGER),
        (came(Window(0, 60), rows=AIM_ROWS), Verdict.AS_IT_IS),
        (came(Window(0, 60), rows=FULL_ROWS + 1), Verdict.SHORTER),
        (came(Window(0, 60), read=Window(0, 30)), Verdict.SHORTER),
        (came(Window(0, 60), seconds=30), Verdict.AS_IT_IS),
        (came(Window(0, 60), seconds=30, size=10**6), Verdict.LONGER),
        (came(Window(0, 60), seconds=90, size=10**6), Verdict.SHORTER),
    ],
)
def test_a_result_says_how_long_slices_should_be(result: Came, verdict: Verdict) -> None:
    assert judge(result, Window(0, 60)) is verdict


def test_slices_grow_by_generations_not_by_results() -> None:
    grown = track(seconds=60)
    for window in (Window(0, 60), Window(60, 120), Window(120, 180)):
        grown = adapted(grown, window, came(window))
    assert grown.seconds == 120
    for window in (Window(0, 120), Window(120, 240)):
        grown = adapted(grown, window, came(window, rows=FULL_ROWS + 1))
    assert grown.seconds == 120 * AIM_ROWS // (FULL_ROWS + 1)


def test_a_very_full_result_is_not_approached_by_halves() -> None:
    window = Window(0, 1_000)
    assert adapted(track(seconds=1_000), window, came(window, rows=50_000)).seconds == 100


def test_slices_begin_as_long_as_the_volume_lets_expect() -> None:
    assert first_length(None) == UNMEASURED_SECONDS
    assert first_length(0) == LONGEST_SECONDS
    assert first_length(BYTES_PER_SECOND / HOUR) == AIM_SECONDS * HOUR
    assert first_length(BYTES_PER_SECOND * 100.0) == 1


def test_there_is_work_for_every_place_but_no_crumbs() -> None:
    assert most_seconds(10 * DAY, 30 * DAY, 30) == 10 * DAY // SMALLEST_PART
    assert most_seconds(2 * DAY, 30 * DAY, 30) == DAY
    assert most_seconds(HOUR, 30 * DAY, 30) == HOUR
    assert most_seconds(HOUR, 30, 30) == HOUR // SMALLEST_PART


def test_what_was_read_first_is_known_whatever_its_place() -> None:
    coverage = Coverage(((50, 60), (80, 90)))
    assert unread(Window(0, 90), coverage) == (Window(0, 50), Window(60, 80))
    assert unread(Window(55, 85), coverage) == (Window(60, 80),)
    assert unread(Window(82, 88), coverage) == ()


GROUPS = st.lists(
    st.tuples(st.integers(60, 95), st.sampled_from([None, 7, 14, 30])), min_size=1, max_size=120
)  # fmt: skip
SPANS = st.lists(st.tuples(st.integers(0, 239), st.integers(1, 60)), max_size=3)


@given(GROUPS, st.dictionaries(st.integers(0, 119), SPANS, max_size=4))
def test_each_second_of_each_log_group_is_in_one_track(
    made: list[tuple[int, int | None]], read: dict[int, list[tuple[int, int]]]
) -> None:
    """Created before, in and after the range, with different retention, some of it read before."""
    groups = [group(f"/g{n}", created_ms=day * DAY * 1000, retention_days=kept) for n, (day, kept) in enumerate(made)]
    covered = {
        each: merged(Window(RANGE.start + start * HOUR, RANGE.start + (start + hours) * HOUR) for start, hours in spans)
        for number, each in enumerate(groups)
        if (spans := read.get(number)) and searchable_from(each) <= RANGE.start
    }
    coverage = {
        cursor_key(STEP.name, each): Coverage(tuple((w.start, w.end) for w in windows))
        for each, windows in covered.items()
    }
    found = tracks([scope(*groups)], RANGE, coverage, NOW)
    assert all(len(each.groups) <= 50 for each in found)
    assert all(window.end >= each.searchable for each in found for window in each.left)
    for each in groups:
        mine = sorted(window for made in found if each in made.groups for window in made.left)
        assert all(before.end <= after.start for before, after in pairwise(mine))
        start = max(RANGE.start, oldest_kept(each, NOW))
        askable = start < RANGE.end and searchable_from(each) <= RANGE.end
        seconds = sum(window.seconds for window in mine)
        before = [Window(max(w.start, start), min(w.end, RANGE.end)) for w in covered.get(each, ()) if w.end > start]
        before = [w for w in before if w.start < RANGE.end]
        assert seconds == (RANGE.end - start if askable else 0) - sum(w.seconds for w in before if askable)


def test_log_groups_alike_share_a_track_and_young_ones_join_when_they_are_born() -> None:
    old, young = group("/old"), group("/young", created_ms=85 * DAY * 1000)
    born = searchable_from(young)
    found = {each.groups: each.left for each in tracks([scope(old, young)], RANGE, {}, NOW)}
    assert found == {
        (young,): (Window(RANGE.start, born),),
        (old,): (Window(RANGE.start, born),),
        (old, young): (Window(born, RANGE.end),),
    }
