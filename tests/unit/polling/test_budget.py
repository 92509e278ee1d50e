import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.event import QueryEnded, QueryStatus
from sigwatch.model.logs import Pass, Window
from sigwatch.plan.budget import STRETCH, Saving, allow, heading_for
from sigwatch.plan.windows import DAY
from sigwatch.polling.spending import Meter, day_of
from sigwatch.store.sqlite import SqliteStore

EAGER, SETTLED, LATE = PASSES = (Pass("eager", 0), Pass("settled", 300), Pass("late", 3600))


@pytest.mark.parametrize(
    ("spent", "saving", "passes"),
    [
        ({}, Saving.NONE, PASSES),
        ({"eager": 1.0, "settled": 1.0, "late": 1.0}, Saving.NONE, PASSES),
        ({"eager": 1.9, "settled": 1.9, "late": 1.0}, Saving.SKIP_PASSES, (EAGER, SETTLED)),
        ({"eager": 2.9, "settled": 1.0, "late": 1.0}, Saving.SKIP_PASSES, (EAGER,)),
        ({"eager": 4.0, "settled": 2.5, "late": 1.0}, Saving.STRETCH_INTERVAL, (EAGER,)),
        ({"eager": 9.0, "settled": 1.0}, Saving.LEAVE_UNREAD, ()),
        ({"eager": 1.0, "look-back": 9.5}, Saving.LEAVE_UNREAD, ()),
    ],
)
def test_the_latest_pass_is_given_up_first_and_the_first_one_last(
    spent: dict[str, float], saving: Saving, passes: tuple[Pass, ...]
) -> None:
    allowed = allow(spent, 10.0, PASSES, share_of_day=0.5)
    assert (allowed.saving, allowed.passes) == (saving, passes)
    assert allowed.stretch == (STRETCH if saving is Saving.STRETCH_INTERVAL else 1)


def test_without_a_budget_everything_is_allowed() -> None:
    assert allow({"eager": 1e9}, None, PASSES, 0.5).passes == PASSES


def test_the_first_minutes_of_a_day_give_up_nothing() -> None:
    assert allow({"eager": 0.01, "settled": 0.01}, 10.0, PASSES, share_of_day=0.0).saving is Saving.NONE


@pytest.mark.parametrize(
    ("today", "yesterday", "share", "whole"),
    [
        (0.0, 8.0, 0.0, 8.0),
        (4.0, 8.0, 0.5, 8.0),
        # A quiet morning after a day of storm: yesterday fades.
        (1.0, 8.0, 0.5, 2.6),
        (1.0, 0.0, 0.5, 2.0),
        (0.01, 0.0, 0.0, 0.97),
        (3.0, 8.0, 1.0, 3.0),
    ],
)
def test_what_a_day_is_heading_for(today: float, yesterday: float, share: float, whole: float) -> None:
    assert heading_for(today, yesterday, share) == pytest.approx(whole)


def day(budget: float, behind: dict[str, float], yesterday: float) -> dict[str, float]:
    """What each pass spends on a day on which one pass over all bytes costs a dollar, from what it is behind with."""
    spent = dict.fromkeys(("eager", "settled", "late"), 0.0)
    for minute in range(1_440):
        for step in allow(spent, budget, PASSES, minute / 1_440, yesterday).passes:
            due = behind[step.name] + (minute + 1) / 1_440 - spent[step.name]
            # An hour of the past at most in a minute.
            spent[step.name] += min(due, 60 / 1_440)
    return spent


@pytest.mark.parametrize("budget", [1.2, 1.5, 2.2, 2.7])
def test_what_late_passes_are_behind_with_leaves_the_first_its_day(budget: float) -> None:
    spent = day(budget, {"eager": 0.0, "settled": 1.0, "late": 1.0}, yesterday=1.0)
    assert spent["eager"] == pytest.approx(1.0, abs=0.01)
    assert sum(spent.values()) <= budget + 0.1


@given(st.floats(0.1, 100), st.floats(0.01, 300), st.lists(st.booleans(), min_size=96, max_size=96))
def test_a_day_never_costs_more_than_its_budget_and_one_round_and_reads_on_while_any_is_left(
    budget: float, daily_cost: float, quiet: list[bool]
) -> None:
    spent = dict.fromkeys(("eager", "settled", "late"), 0.0)
    read = 0.0
    for quarter, silent in enumerate(quiet):
        allowed = allow(spent, budget, PASSES, quarter / 96)
        read += 0 if silent else daily_cost / 96
        if EAGER not in allowed.passes:
            assert sum(spent.values()) >= budget
        for step in allowed.passes:
            spent[step.name] = read
    assert sum(spent.values()) <= budget + 3 * daily_cost


def query(pass_name: str, dollars: float) -> QueryEnded:
    return QueryEnded("s", pass_name, QueryStatus.COMPLETE, Window(0, 1), 1, 1, 0, 1_000, dollars)


def test_what_was_spent_survives_a_restart_and_is_forgotten_at_midnight() -> None:
    now = DAY * 20_000 + DAY / 2
    store = SqliteStore(":memory:")
    meter = Meter(store, lambda: now)
    meter(query("eager", 1.0))
    meter(query("eager", 0.5))
    meter.record()
    again = Meter(store, lambda: now)
    again(query("late", 3.0))
    assert again.allowance(4.5, PASSES).saving is Saving.LEAVE_UNREAD
    [first, second] = sorted(store.spent(day_of(now)), key=lambda paid: paid.pass_name)
    assert (first.dollars, first.queries, first.bytes_scanned, second.dollars) == (1.5, 2, 2_000, 3.0)
    now += DAY / 2
    assert again.allowance(4.5, PASSES).saving is Saving.NONE
    store.close()
