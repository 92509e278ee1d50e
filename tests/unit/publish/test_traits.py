"""What the table of targets promises to those who send."""

import pytest

from sigwatch.model.message import Kind
from sigwatch.publish.traits import TRAITS


def test_every_target_tells_of_the_beginning_and_the_end() -> None:
    for name, traits in TRAITS.items():
        assert {Kind.OPENED, Kind.ESCALATED, Kind.RESOLVED} <= traits.kinds, name


@pytest.mark.parametrize("name", ["pagerduty", "alertmanager", "webhook"])
def test_what_machines_read_is_never_gathered(name: str) -> None:
    assert not TRAITS[name].merges
    assert not TRAITS[name].threads


def test_a_target_that_can_not_edit_is_not_told_of_counts() -> None:
    assert [name for name, traits in TRAITS.items() if Kind.COUNTED in traits.kinds] == ["slack", "console"]


def test_gaps_keep_slacks_limits() -> None:
    slack = TRAITS["slack"]
    assert slack.post_gap_ms >= 1_000
    assert 60_000 / slack.edit_gap_ms <= 50
    assert TRAITS["slack-webhook"].post_gap_ms >= 1_000


def test_only_alertmanager_forgets_what_it_is_not_told_again() -> None:
    assert {name: t.refresh_seconds for name, t in TRAITS.items() if t.refresh_seconds} == {"alertmanager": 60}
