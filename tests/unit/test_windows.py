import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import Pass, Window
from sigwatch.plan.windows import DAY, Pace, due_window, first_cursor, gap_seconds, ripe_window
from tests.fakes.made import group

PACE = Pace(interval=15, first_lookback=900, catch_up_window=3600)
EAGER = Pass("eager", 0)
LATE = Pass("late", 3600)
NOW = 1_800_000_000.7


def searched_to(second: int) -> Coverage:
    return Coverage(((second - 100, second),))


def test_a_new_log_group_begins_at_the_look_back() -> None:
    assert first_cursor(NOW, PACE) == 1_800_000_000 - 900


@pytest.mark.parametrize(
    ("step", "searched_ago", "expected_ago"),
    [
        (EAGER, 15, (15, 0)),
        (EAGER, 14, (14, 0)),
        (EAGER, 13, None),
        (EAGER, 40, (40, 0)),
        (EAGER, 10_000, (10_000, 6_400)),
        (LATE, 3600 + 719, (4319, 3600)),
        (LATE, 3600 + 718, None),
        (LATE, 100, None),
    ],
)
def test_a_pass_reads_from_where_it_stands_to_its_delay(
    step: Pass, searched_ago: int, expected_ago: tuple[int, int] | None
) -> None:
    now = int(NOW)
    found = due_window(step, group(), searched_to(now - searched_ago), NOW, PACE)
    assert found == (expected_ago and Window(now - expected_ago[0], now - expected_ago[1]))


def test_a_pass_that_is_asked_for_once_takes_a_short_window_too() -> None:
    assert ripe_window(EAGER, group(), searched_to(int(NOW) - 1), NOW, PACE) == Window(int(NOW) - 1, int(NOW))
    assert ripe_window(EAGER, group(), searched_to(int(NOW)), NOW, PACE) is None


def test_a_gap_comes_before_news_however_short_it_is() -> None:
    now = int(NOW)
    coverage = Coverage(((now - 500, now - 400), (now - 395, now - 60), (now - 50, now - 20)))
    assert due_window(EAGER, group(), coverage, NOW, PACE) == Window(now - 400, now - 395)
    assert gap_seconds(group(), coverage, NOW) == 15


def test_nothing_is_asked_for_that_the_retention_has_deleted() -> None:
    short = group(retention_days=1)
    coverage = searched_to(int(NOW) - 3 * DAY)
    found = due_window(EAGER, short, coverage, NOW, PACE)
    assert found == Window(int(NOW) - DAY, int(NOW) - DAY + 3600)
    # What was deleted unread is no gap that anybody could still close.
    assert gap_seconds(short, coverage.plus([found]), NOW) == 0
    assert gap_seconds(group(), coverage.plus([found]), NOW) == 2 * DAY


def test_a_window_reaches_past_the_creation_of_its_log_group_or_waits() -> None:
    young = group(created_ms=(int(NOW) - 100) * 1000)
    settled = Pass("settled", 100)
    coverage = searched_to(int(NOW) - 9_000)
    assert due_window(settled, young, coverage, NOW, PACE) is None
    assert due_window(settled, young, coverage, NOW + 1, PACE) == Window(int(NOW) - 9_000, int(NOW) - 99)


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=30))
def test_the_windows_of_a_pass_tile_the_time_without_gap_or_overlap(steps: list[int]) -> None:
    now = int(NOW)
    coverage = Coverage(((now, now),))
    for step in steps:
        now += step
        while found := due_window(EAGER, group(), coverage, now, PACE):
            assert found.start == coverage.frontier
            assert PACE.interval - 1 <= found.seconds <= 3600
            coverage = coverage.plus([found])
        assert len(coverage.spans) == 1
        assert now - coverage.frontier < PACE.interval - 1


_SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8)


@given(_SPANS, st.integers(0, 90), st.integers(0, 90))
def test_gaps_and_coverage_share_out_every_second(spans: list[tuple[int, int]], until: int, since: int) -> None:
    coverage = Coverage(((5, 5),)).plus(Window(start, start + length) for start, length in spans)
    searched = {second for start, length in spans for second in range(start, start + length)}
    missing = {second for gap in coverage.gaps(until, since) for second in range(gap.start, gap.end)}
    assert missing == set(range(max(coverage.begin, since), until)) - searched
    assert all(before[1] < after[0] for before, after in zip(coverage.spans, coverage.spans[1:], strict=False))
    for second in range(95):
        assert coverage.unbroken_from(second) == next(n for n in range(second, 100) if n not in searched)


@given(_SPANS)
def test_whatever_is_missing_is_read_in_the_end(spans: list[tuple[int, int]]) -> None:
    coverage = Coverage(((0, 0),)).plus(Window(start, start + length) for start, length in spans)
    while found := ripe_window(EAGER, group(), coverage, 100, PACE):
        coverage = coverage.plus([found])
    assert coverage.spans == ((0, 100),)
