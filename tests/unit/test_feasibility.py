from dataclasses import replace

import pytest

from sigwatch.model.logs import Measure, Scope, Volume
from sigwatch.plan.feasibility import Means, Planned, obstacles
from sigwatch.plan.strategy import plan_queries
from tests.fakes.made import group, signature

MEANS = Means(15, {"eager": 0, "settled": 300, "late": 3600}, 6, 8, None)


def planned(groups: int, retention_days: int | None = None) -> Planned:
    found = tuple(group(f"/g{n}", retention_days=retention_days) for n in range(groups))
    scope = Scope("us-east-1/shop", found, (signature(),))
    return Planned(scope, plan_queries(scope.signatures, 0), Volume(0, Measure.STORED))


def test_more_log_groups_than_one_search_may_span_are_named_with_the_cure() -> None:
    [groups, rate] = obstacles([planned(10_001)], MEANS, 0.0)
    assert groups.startswith("log_groups: 10,001 log groups are watched, more than the 10,000 that one account's")
    assert "narrow the globs" in groups
    assert rate.startswith(
        "polling.interval: every 15 s that is 17 queries a second over all passes, and 5.7 are granted"
    )
    assert "set at least 74s, raise aws.limits" in rate


def test_the_interval_that_is_named_is_the_shortest_that_fits() -> None:
    assert obstacles([planned(10_000)], replace(MEANS, interval=74), 0.0) == []
    assert obstacles([planned(10_000)], replace(MEANS, interval=73), 0.0) != []


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (2.9, "does not pay for one pass, which costs about 3.00 dollars a day"),
        (8.9, "does not pay for all passes, which cost about 9.00 dollars a day"),
        (9.0, ""),
        (None, ""),
    ],
)
def test_a_budget_below_what_it_must_pay_for_is_named(budget: float | None, words: str) -> None:
    found = obstacles([planned(1)], replace(MEANS, budget=budget), 3.0)
    assert [words in each for each in found] == ([True] if words else [])


def test_a_pass_that_comes_when_everything_is_deleted_is_named() -> None:
    means = replace(MEANS, passes={"eager": 0, "week": 7 * 86_400})
    [found] = obstacles([planned(3, retention_days=7)], means, 0.0)
    assert found.startswith("polling.passes.week: week reads 7 days after the event, when /g0 and 2 more have deleted")
    assert obstacles([planned(3, retention_days=8)], means, 0.0) == []


def test_what_fits_is_not_complained_about() -> None:
    assert obstacles([planned(1_000)], MEANS, 0.0) == []
