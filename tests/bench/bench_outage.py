"""Slack is down for an hour while two hundred incidents open: `python -m tests.bench.bench_outage [runs]`

All on a clock that is moved by hand, half a second for each round of the outbox, so that an hour takes a minute. Slack
answers 5xx to every call, or drops the connection; the outbox, the publisher and HTTP are real, at the rates and limits
of the defaults. After five minutes incidents fall back on another target. Then Slack is there again.
"""

import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from sigwatch.model.event import Event
from sigwatch.model.incident import Decision, Incident, Reason
from sigwatch.model.message import Alert, Content, Digest
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox, StandIn
from sigwatch.outbox.sending import Sender
from sigwatch.ports import Publisher
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from tests.bench.night import opened, record
from tests.fakes.slack_server import TOKEN, Call, FakeSlack, Fault, disconnect, readable, reset, server_error

CHANNEL = "C0ONCALL"
INCIDENTS = 200
OUTAGE = 3_600.0
STEP = 0.5
FALLBACK_AFTER = 300
LONGEST = 3 * OUTAGE
SEVERITIES = {"P0": 10, "P1": 40, "P2": 100, "P3": 50}
EPOCH = 1_770_184_800.0
DOWN = (server_error(503), server_error(502), reset(), disconnect(accepted=False))


@dataclass
class Time:
    """A clock that is moved by hand."""

    now: float = EPOCH

    def clock(self) -> float:
        return self.now


class DownSlack(FakeSlack):
    """A Slack that takes nothing for an hour."""

    def __init__(self, time: Time, rng: Random) -> None:
        super().__init__((CHANNEL,), clock=time.clock, posts_per_second=1)
        self.refused = 0
        self._time, self._rng = time, rng

    @property
    def down(self) -> bool:
        return self._time.now < EPOCH + OUTAGE

    def take(self, call: Call) -> Fault | None:
        super().take(call)
        self.refused += self.down
        return self._rng.choice(DOWN) if self.down else None


@dataclass
class Other:
    """The target to fall back on: it notes when it was told of what."""

    clock: Time
    name: str = "console"
    told: dict[str, float] = field(default_factory=dict)
    messages: int = 0

    def post(self, destination: str, content: Content, thread: str) -> str:
        self.messages += 1
        for alert in _alerts(content):
            self.told.setdefault(alert.incident.id, self.clock.now)
        return str(self.messages)

    def update(self, destination: str, ref: str, content: Content) -> None:
        """Nothing new."""

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        return self.post(destination, content, thread)


def _alerts(content: Content) -> Iterable[Alert]:
    return content.alerts if isinstance(content, Digest) else [content] if isinstance(content, Alert) else []


def ignore(event: Event) -> None:
    """What counts is what the targets have."""


def run(seed: int) -> dict[str, float]:
    rng = Random(seed)
    time = Time()
    with tempfile.TemporaryDirectory() as folder, DownSlack(time, rng) as slack:
        store = SqliteStore(Path(folder) / "state.db")
        other = Other(time)
        targets: dict[str, Publisher] = {
            "slack": SlackPublisher(slack_client(TOKEN, slack.base_url), 10),
            "console": other,
        }
        policy, nonce = OutboxPolicy(), lambda: uuid.uuid4().hex
        sender = Sender(store.deliveries, targets, TRAITS, time.clock, nonce, ignore, rng.random, policy)
        outbox = Outbox(sender, pages, stand_in=StandIn("console", FALLBACK_AFTER * 1000, lambda _project: ""))
        crowd = _openings(rng)
        waiting = list(crowd)
        while time.now < EPOCH + OUTAGE or (store.outbox(0)[0] and time.now < EPOCH + LONGEST):
            while waiting and waiting[0].opened_ms <= time.now * 1000:
                record(store, Decision(Reason.OPENED, waiting.pop(0)), CHANNEL, int(time.now * 1000))
            outbox.deliver_due()
            time.now += STEP
        store.close()
        return _figures(slack, other, crowd, time.now)


def _openings(rng: Random) -> list[Incident]:
    """Incidents of mixed severity, in the order in which they open over the hour."""
    severities = [severity for severity, count in SEVERITIES.items() for _ in range(count)]
    rng.shuffle(severities)
    times = sorted(int((EPOCH + rng.random() * OUTAGE) * 1000) for _ in severities)
    return [opened(n, severity, at) for n, (severity, at) in enumerate(zip(severities, times, strict=True))]


def _figures(slack: DownSlack, other: Other, crowd: list[Incident], end: float) -> dict[str, float]:
    tops = slack.messages(CHANNEL)
    replies = [reply for top in tops for reply in slack.thread(CHANNEL, top["ts"])]
    everything = sorted([*tops, *replies], key=lambda message: float(message["ts"]))
    first: dict[str, float] = {}
    for message in everything:
        text = readable(message)
        for incident in crowd:
            if incident.signature in text:
                first.setdefault(incident.id, float(message["ts"]))
    back = EPOCH + OUTAGE
    minutes = Counter(int((float(message["ts"]) - back) // 60) for message in tops)
    told = [(first[i.id], i.severity) for i in crowd if i.id in first]
    behind = {name: max((at for at, severity in told if severity == name), default=back) for name in SEVERITIES}
    early = [i for i in crowd if i.opened_ms < (back - FALLBACK_AFTER) * 1000]
    return {
        "told in Slack": len(told),
        "calls made to Slack while it was down": slack.refused,
        "posts tried meanwhile": sum(call.method == "chat.postMessage" for call in slack.calls[: slack.refused]),
        "messages in the channel": len(tops),
        "messages in threads": len(replies),
        "most messages in a minute": max(minutes.values(), default=0),
        "in the first minute": minutes[0],
        "seconds until Slack is heard of again": min(at for at, _ in told) - back,
        **{f"seconds until the last {name} is told": at - back for name, at in behind.items()},
        "told after something less urgent": _overtaken(told),
        "that waited longer than the fallback's time": len(early),
        "told by the fallback": len(other.told),
        "messages of the fallback": other.messages,
        "seconds until nothing is left": end - back,
    }


def _overtaken(told: list[tuple[float, str]]) -> int:
    return sum(any(at > other and severity < its for other, its in told) for at, severity in told)


def main() -> None:
    runs = [run(seed) for seed in range(1, 1 + (int(sys.argv[1]) if sys.argv[1:] else 3))]
    for name in runs[0]:
        values = [each[name] for each in runs]
        print(f"{name}: {median(values):.4g} ({', '.join(f'{value:.4g}' for value in values)})")
    sys.exit(0 if all(each["told in Slack"] == INCIDENTS for each in runs) else 1)


if __name__ == "__main__":
    main()
