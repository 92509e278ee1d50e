from sigwatch.cli.plan import _Planned, _too_many
from sigwatch.config import Settings
from sigwatch.model.logs import Measure, Scope, Volume
from sigwatch.plan.strategy import plan_queries
from tests.fakes.made import group, signature


def planned(groups: int) -> _Planned:
    scope = Scope("us-east-1/shop", tuple(group(f"/g{n}") for n in range(groups)), (signature(),))
    return _Planned(scope, plan_queries(scope.signatures, 0), Volume(0, Measure.STORED))


def test_more_log_groups_than_one_search_may_span_are_named_with_the_cure() -> None:
    [groups, rate] = _too_many(Settings(), [planned(10_001)])
    assert groups.startswith(
        "log_groups: 10,001 log groups are watched, more than the 10,000 that one account's search"
    )
    assert "narrow the globs" in groups
    assert rate.startswith("polling.interval: 310 queries a round over all passes do not fit into 15 s")
    assert "set at least 78s" in rate


def test_what_fits_is_not_complained_about() -> None:
    assert _too_many(Settings(), [planned(1_000)]) == []
