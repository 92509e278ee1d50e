import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.logs import Pass, Scope, Window
from sigwatch.plan.insights import ROW_LIMIT
from sigwatch.plan.scopes import Batch
from sigwatch.polling.places import MOST_GROWTH, Places, next_length
from tests.fakes.made import group

EAGER = Pass("eager", 0)
PLACE = "eager", group()
HOUR = 3_600


@given(st.integers(1, 100_000), st.integers(0, ROW_LIMIT - 1))
def test_the_next_window_is_expected_to_be_half_full_at_most(seconds: int, rows: int) -> None:
    following = next_length(seconds, rows / ROW_LIMIT)
    assert 1 <= following <= seconds * MOST_GROWTH
    assert following == 1 or rows * following / seconds <= ROW_LIMIT / 2


def paid(rows_a_second: int, seconds: int) -> float:
    """How often each second is paid for while so much is caught up on, in windows of an hour where that goes well."""
    places = Places(15, lambda: 1.0)
    at = scanned = 0
    while at < seconds:
        window = places.fitted(PLACE, Window(at, min(seconds, at + HOUR)))
        batch = Batch(Scope("s", (group(),), ()), EAGER, window, (group(),))
        scanned += window.seconds
        while window.seconds * rows_a_second >= ROW_LIMIT:
            window, _ = window.halves()
            scanned += window.seconds
        places.succeeded(batch, window, window.seconds * rows_a_second / ROW_LIMIT)
        at = window.end
    return scanned / seconds


@pytest.mark.parametrize("rows_a_second", [0, 2, 3, 10, 100, 900])
def test_a_storm_is_paid_for_once_but_for_the_first_window_and_its_halves(rows_a_second: int) -> None:
    day = 24 * HOUR
    assert paid(rows_a_second, day) <= 1 + 2 * HOUR / day + 0.01
