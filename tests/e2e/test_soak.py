"""An hour of the soak: several daemons on a fast clock, under all that goes wrong, lose and double nothing."""

from pathlib import Path
from random import Random

from tests.bench.soak import run
from tests.bench.soak_memory import slope_of
from tests.bench.soak_traffic import DAY, HOUR, Plan, counts, traffic

SHORT = Plan(
    days=HOUR / DAY,
    speed=1_000,
    signatures=60,
    groups=60,
    episodes=12,
    hits=400,
    noise=400,
    kills=1,
    pauses=1,
    log_outages=1,
    state_hangs=0,
    state_crashes=1,
    slack_outages=1,
)


def test_replicas_lose_and_double_nothing_while_everything_around_them_fails(tmp_path: Path) -> None:
    verdict = run(tmp_path, SHORT, lambda _words: None)
    assert verdict.right, verdict
    assert verdict.counted == verdict.planted > 390
    assert verdict.messages == verdict.incidents >= 12
    assert verdict.deeds == {"kill": 1, "pause": 1, "log outage": 1, "state crash": 1, "slack outage": 1}


def test_the_plan_has_late_hits_and_no_line_that_two_signatures_find() -> None:
    planned = traffic(SHORT)
    assert planned == traffic(SHORT)
    assert any(line.kind and line.arrives > line.at + 300 for line in planned)
    assert all(line.arrives < line.at + HOUR for line in planned)
    assert counts(planned).total() == sum(line.kind is not None for line in planned)


def test_growth_is_told_from_noise() -> None:
    rng = Random(1)
    noise = [(n / 100, 1_000 + rng.gauss(0, 20)) for n in range(400)]
    flat = slope_of(noise)
    grown = slope_of([(x, y + 30 * x) for x, y in noise])
    assert abs(flat.a_unit) < 3 * flat.error < 15
    assert 25 < grown.a_unit < 35
