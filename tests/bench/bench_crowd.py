"""Five hundred incidents in a minute, one message a second: `python -m tests.bench.bench_crowd [runs]`

They open in one channel, in four sweeps 15 s apart or evenly over the minute. Slack is a server that takes one post a
second in a channel and answers 429 beyond. The real outbox sends through the real publisher, at the rates and limits
of the defaults. What is shown in the end is read from the server's own record.
"""

import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from sigwatch.model.event import DeliveryEnded, Event, Outcome
from sigwatch.model.incident import Decision, Incident, Reason
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox
from sigwatch.outbox.sending import Sender
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from tests.bench.night import opened, record
from tests.bench.teller import now
from tests.fakes.slack_server import TOKEN, FakeSlack, readable

CHANNEL = "C0ONCALL"
INCIDENTS = 500
LENGTH = 60.0
SEVERITIES = {"P0": 10, "P1": 60, "P2": 430}
pause = threading.Event().wait


@dataclass
class Heard:
    """How often Slack said that it was too much."""

    limited: int = 0

    def __call__(self, event: Event) -> None:
        self.limited += isinstance(event, DeliveryEnded) and event.outcome is Outcome.RATE_LIMITED


def incidents(rng: Random, at_ms: int) -> list[Incident]:
    severities = [severity for severity, count in SEVERITIES.items() for _ in range(count)]
    rng.shuffle(severities)
    return [opened(number, severity, at_ms) for number, severity in enumerate(severities)]


def told(slack: FakeSlack, crowd: list[Incident]) -> dict[str, tuple[float, int]]:
    """When the message that shows each incident first was posted, and its place among them."""
    tops = slack.messages(CHANNEL)
    shown = sorted((m for top in tops for m in (top, *slack.thread(CHANNEL, top["ts"]))), key=lambda m: float(m["ts"]))
    found: dict[str, tuple[float, int]] = {}
    for place, message in enumerate(shown):
        text = readable(message)
        for incident in crowd:
            if incident.signature in text:
                found.setdefault(incident.id, (float(message["ts"]), place))
    return found


def run(seed: int, sweeps: int) -> dict[str, float]:
    rng = Random(seed)
    heard = Heard()
    with tempfile.TemporaryDirectory() as folder, FakeSlack((CHANNEL,), posts_per_second=1) as slack:
        store = SqliteStore(Path(folder) / "state.db")
        targets = {"slack": SlackPublisher(slack_client(TOKEN, slack.base_url), 10)}
        policy, nonce = OutboxPolicy(), lambda: uuid.uuid4().hex
        outbox = Outbox(Sender(store.deliveries, targets, TRAITS, now, nonce, heard, rng.random, policy), pages)
        began = time.monotonic()
        epoch = now()
        crowd = incidents(rng, int(epoch * 1000))
        swept, interval = 0, LENGTH / sweeps
        while swept < sweeps or store.outbox(0)[0]:
            while swept < sweeps and time.monotonic() - began >= swept * interval:
                for incident in crowd[swept::sweeps]:
                    record(store, Decision(Reason.OPENED, incident), CHANNEL, int(now() * 1000))
                swept += 1
            outbox.deliver_due()
            pause(0.25)
        seconds = time.monotonic() - began
        found = told(slack, crowd)
        waited = {i.id: found[i.id][0] - (epoch + n % sweeps * interval) for n, i in enumerate(crowd) if i.id in found}
        by_severity = {
            f"seconds until the last {name} is told": max(waited[i.id] for i in crowd if i.severity == name)
            for name in SEVERITIES
        }
        figures = {
            "listed": len(found),
            "messages in the channel": len(slack.messages(CHANNEL)),
            "messages in threads": sum(len(slack.thread(CHANNEL, m["ts"])) for m in slack.messages(CHANNEL)),
            "seconds until the first is told": min(waited.values()),
            **by_severity,
            "P0 told after less of their sweep": sum(_overtaken(crowd[n::sweeps], found) for n in range(sweeps)),
            "429s": heard.limited,
            "edits": slack.count("chat.update"),
            "seconds until nothing is left": seconds,
        }
        store.close()
    return {name: round(value, 1) for name, value in figures.items()}


def _overtaken(crowd: list[Incident], found: dict[str, tuple[float, int]]) -> int:
    """P0 that were told in a later message than something less."""
    others = min((found[i.id][1] for i in crowd if i.severity != "P0"), default=INCIDENTS)
    return sum(found[i.id][1] > others for i in crowd if i.severity == "P0")


def main() -> None:
    listed = set()
    for name, sweeps in (("in four sweeps", 4), ("evenly over the minute", 500)):
        print(f"{INCIDENTS} incidents, {name}:")
        runs = [run(seed, sweeps) for seed in range(1, 1 + (int(sys.argv[1]) if sys.argv[1:] else 3))]
        for figure in runs[0]:
            values = [each[figure] for each in runs]
            print(f"  {figure}: {median(values):g} ({', '.join(f'{value:g}' for value in values)})")
        listed |= {each["listed"] for each in runs}
    sys.exit(0 if listed == {INCIDENTS} else 1)


if __name__ == "__main__":
    main()
