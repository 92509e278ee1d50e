"""What happens in the demo, and when: made up in advance from a seed, so that every run is the same story."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from sigwatch.demo.traffic import API, COURSES, WORKER, LogEvent, failure, invocation

INCIDENT_STARTS = 5.0
INCIDENT_SECONDS = 9.0
FAILURES = 30
TRAFFIC_SECONDS = 50.0
ARRIVING_LATE = 3
"""Events handed over only after the first pass has gone by; the settled pass finds them."""
INDEXED_LATE = 2
"""Events that searches see only after the settled pass has gone by; the late pass finds them."""

CONFIGURATION = """\
knowledge: {{paths: ["{signatures}"], reload: 5s}}
projects:
  credentialmate: {{log_groups: ["/aws/lambda/credmate-*"]}}
aws: {{region: us-east-1}}
polling: {{interval: 1s, passes: {{eager: 0s, settled: 5s, late: 11s}}, first_lookback: 5s}}
incidents: {{group_by: [log_group], quiet_period: 10s}}
targets: [console]
store: sqlite:state.db
http: {{host: 127.0.0.1, port: 0}}
"""


@dataclass(frozen=True, slots=True)
class Story:
    """All log events of the demo, in the order in which they are handed over."""

    events: tuple[LogEvent, ...]

    @property
    def bytes(self) -> int:
        """Size of all messages, which is what a scan of everything costs once."""
        return sum(len(event.message.encode()) for event in self.events)


def tell(start_ms: int, seed: int) -> Story:
    """The story that begins at `start_ms`."""
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    events = [*_traffic(rng, start_ms), *_incident(rng, start_ms + int(INCIDENT_STARTS * 1000))]
    return Story(tuple(sorted(events, key=lambda event: event.at_ms)))


def _traffic(rng: random.Random, start_ms: int) -> Iterator[LogEvent]:
    for group, rate in ((API, 4.0), (WORKER, 1.5), (COURSES, 0.5)):
        at = 0.0
        while (at := at + rng.expovariate(rate)) < TRAFFIC_SECONDS:
            yield from invocation(rng, start_ms + int(at * 1000), group)


def _incident(rng: random.Random, start_ms: int) -> Iterator[LogEvent]:
    step = INCIDENT_SECONDS * 1000 / FAILURES
    late = set(range(8, 8 + ARRIVING_LATE))
    hidden = set(range(18, 18 + INDEXED_LATE))
    for number in range(FAILURES):
        delay = 3000 if number in late else 0
        yield failure(rng, start_ms + int(number * step), delay, 7.5 if number in hidden else 0.0)
