"""A small night of `tests.bench.bench_exactly_once`: workers are killed while Slack fails, and all is told once."""

from dataclasses import replace

from tests.bench.chaos_of_sending import Plan, run
from tests.bench.flaky_slack import KINDS

# Where Slack limits the rate without a Retry-After, a channel is left alone for ten seconds.
QUICK = tuple(kind for kind in KINDS if kind not in {"429 without", "ratelimited as 200"})
SMALL = Plan(messages=14, kills=4, channels=7, faults=0.5, kinds=QUICK, kill_every=0.8, patience=60, seed=4)


def test_every_message_is_told_once_though_slack_fails_and_workers_die() -> None:
    outcome = run(SMALL)
    assert outcome.faults
    assert (outcome.verdict.lost, outcome.verdict.doubled, outcome.stale) == (0, 0, 0)


def test_lists_take_the_place_of_cards_and_nothing_is_told_twice() -> None:
    outcome = run(replace(SMALL, channels=2, digest_from=2, per_minute=2, faults=0.3, seed=5))
    assert outcome.verdict.digests
    assert (outcome.verdict.lost, outcome.verdict.doubled, outcome.stale) == (0, 0, 0)
