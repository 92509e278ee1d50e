"""What happens in the week of a soak: bursts and trickles of hits among lines of no interest, some of them late."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from tests.bench.rules import Rule, lines, rules

HOUR = 3_600
DAY = 86_400
Kind = tuple[str, str]
"""Id of a signature, and a log group."""


@dataclass(frozen=True)
class Plan:
    """How long, how much, how bad. Seconds are simulated ones unless they are called real."""

    days: float = 7.0
    speed: float = 504.0
    """Simulated seconds in a real one."""
    beat_speed: float = 4.0
    """How much faster than real ones the seconds of leases are."""
    replicas: int = 3
    signatures: int = 1_000
    groups: int = 200
    interval: int = 120
    episodes: int = 400
    hits: int = 30_000
    noise: int = 60_000
    kills: int = 14
    pauses: int = 14
    log_outages: int = 10
    state_hangs: int = 4
    state_crashes: int = 4
    slack_outages: int = 6
    seed: int = 1

    @property
    def seconds(self) -> int:
        return int(self.days * DAY)


@dataclass(frozen=True, order=True)
class Line:
    """One log event of the plan; both times are seconds from its beginning."""

    arrives: float
    at: float
    group: str
    text: str
    kind: Kind | None = None
    """What it is a hit of."""


def group_names(plan: Plan) -> list[str]:
    return [f"/app/{number:04d}" for number in range(plan.groups)]


def traffic(plan: Plan) -> list[Line]:
    """Everything that is logged, by arrival; the same for the same plan."""
    rng = Random(plan.seed)
    found = rules(plan.signatures)
    return sorted([*_hits(plan, found, rng), *_noise(plan, found, rng)])


def counts(planted: list[Line]) -> Counter[Kind]:
    return Counter(line.kind for line in planted if line.kind)


def _hits(plan: Plan, found: list[Rule], rng: Random) -> Iterator[Line]:
    kinds = _distinct(found, rng)
    names = group_names(plan)
    rng.shuffle(names)
    places = [(kinds[n % len(kinds)], names[n % len(names)]) for n in range(plan.episodes)]
    weights = [rng.uniform(0.2, 2.0) for _ in places]
    number = 0
    for ((name, text), group), weight in zip(places, weights, strict=True):
        count = max(1, round(plan.hits * weight / sum(weights)))
        for at in _moments(plan, count, rng):
            number += 1
            yield Line(at + _lateness(rng), at, group, f"{text} #{number}", (name, group))


def _moments(plan: Plan, count: int, rng: Random) -> list[float]:
    """A burst of a few minutes, or a trickle of hours."""
    longest = min(rng.uniform(60, 600) if rng.random() < 0.5 else rng.uniform(1, 8) * HOUR, plan.seconds)
    begin = rng.uniform(0, plan.seconds - longest)
    return [begin + rng.random() * longest for _ in range(count)]


def _lateness(rng: Random) -> float:
    luck = rng.random()
    if luck < 0.02:
        return rng.uniform(300, 3_500)
    return rng.uniform(5, 280) if luck < 0.15 else rng.uniform(0, 3)


def _distinct(found: list[Rule], rng: Random) -> list[tuple[str, str]]:
    """Signatures whose line no other one matches, with it."""
    compiled = [re.compile(pattern) for pattern, _ in found]
    named = [(f"KO-{number:05d}", text) for number, (_, text) in enumerate(found)]
    alone = [each for each in named if sum(bool(one.search(f"{each[1]} #1")) for one in compiled) == 1]
    rng.shuffle(alone)
    return alone


def _noise(plan: Plan, found: list[Rule], rng: Random) -> Iterator[Line]:
    names = group_names(plan)
    made = lines(plan.noise + 1, found, every=plan.noise + 1, seed=plan.seed)
    # The first one is a hit.
    for text in islice(made, 1, None):
        at = rng.uniform(0, plan.seconds)
        yield Line(at + rng.uniform(0, 3), at, rng.choice(names), text)
