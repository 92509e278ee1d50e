"""Worker processes, a Slack that fails, and SIGKILLs at random: what became of every message."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

from sigwatch.model.incident import ESCALATIONS, Decision
from sigwatch.outbox.doubles import Doubles
from sigwatch.publish.slack.blocks import blocks
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.store.sqlite import SqliteStore
from tests.bench.flaky_slack import KINDS, FlakySlack
from tests.bench.night import Expected, Verdict, decisions, record, verdict
from tests.bench.teller import POLICY, SETTLE_SECONDS, TIMEOUT_SECONDS, Asked, Strategy, ignore, now
from tests.fakes.slack_server import TOKEN

pause = threading.Event().wait

LOOKING_FAILS = 0.15
"""Share of edits and look-ups that fail too."""
HELD_SECONDS = (TIMEOUT_SECONDS + 0.1, TIMEOUT_SECONDS + 0.6)
"""What hangs does so beyond the deadline, and what is accepted late is so before the settling time is over."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    strategy: Strategy = Strategy.OUTBOX
    messages: int = 500
    kills: int = 100
    workers: int = 3
    channels: int = 20
    faults: float = 2 / 3
    """Share of the posts."""
    kinds: tuple[str, ...] = tuple(KINDS)
    digest_from: int = 1_000_000
    per_minute: int = 1_000_000
    kill_every: float = 1.6
    """Seconds, on average."""
    patience: float = 300.0
    """Seconds for what is left to be sent once nobody is killed any more."""
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a run gave."""

    plan: Plan
    verdict: Verdict
    faults: int
    kinds: int
    """Different faults among them."""
    seconds: float
    stale: int
    """Cards that do not show what became of their incident at last."""


class Crew:
    """The workers of a run."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._processes = [self._start(number) for number in range(asked.workers)]

    def kill(self, number: int) -> None:
        """Kill one and start it again."""
        self._end(self._processes[number])
        self._processes[number] = self._start(number)

    def close(self) -> None:
        for process in self._processes:
            self._end(process)

    def stopped(self) -> list[subprocess.Popen[bytes]]:
        """Those that are suspended now."""
        found = []
        for process in self._processes:
            state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
            found += [process] if state == "T" else []
        return found

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        # Only some of the workers are ever suspended: somebody has to take over.
        share = self._asked.suspended if number else 0.0
        text = json.dumps(asdict(replace(self._asked, worker=number, suspended=share)))
        return subprocess.Popen([sys.executable, "-m", "tests.bench.teller", text])

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait(30)


@contextmanager
def crew(asked: Asked) -> Iterator[Crew]:
    made = Crew(asked)
    try:
        yield made
    finally:
        made.close()


def run(plan: Plan) -> Outcome:
    """Have a night told by workers that are killed again and again."""
    began = time.monotonic()
    rng = Random(plan.seed)
    channels = [f"C{number:04d}" for number in range(plan.channels)]
    shares = dict.fromkeys(("chat.update", "conversations.history", "conversations.replies"), LOOKING_FAILS)
    shares["chat.postMessage"] = plan.faults
    with (
        tempfile.TemporaryDirectory() as folder,
        FlakySlack(channels, Random(plan.seed + 1), shares, HELD_SECONDS, plan.kinds) as slack,
    ):
        state = Path(folder) / "state.db"
        store = SqliteStore(state)
        expected = Expected()
        limits = plan.digest_from, plan.per_minute
        asked = Asked(str(state), slack.base_url, 0, plan.workers, plan.strategy, *limits, seed=plan.seed)
        with crew(asked) as workers:
            story = decisions(plan.messages, rng, int(now() * 1000))
            for chapter in _chapters(story, plan.kills + 1):
                _record(store, chapter, channels, expected)
                pause(rng.uniform(0.3, 1.7) * plan.kill_every)
                workers.kill(rng.randrange(plan.workers))
            _wait_for_the_rest(store, plan.patience)
            # What was given up on may still arrive.
            pause(HELD_SECONDS[1] + 1)
        stale = _stale(store, slack, expected)
        store.close()
        found = verdict(state, slack.shown(), expected)
        served = slack.served
    return Outcome(plan, found, served.total(), len(served), time.monotonic() - began, stale)


def _stale(store: SqliteStore, slack: FlakySlack, expected: Expected) -> int:
    shown = slack.cards()
    rows = [row for incident in expected.cards.values() for row in store.cards(incident) if not row.digest]
    return sum(shown.get(row.content.key, blocks(row.content)) != blocks(row.content) for row in rows)


def _chapters(story: Sequence[Decision], count: int) -> Iterator[Sequence[Decision]]:
    """The story in parts of about the same length; a kill follows on each but the last."""
    for number in range(count - 1):
        yield story[len(story) * number // (count - 1) : len(story) * (number + 1) // (count - 1)]


def _record(store: SqliteStore, story: Sequence[Decision], channels: Sequence[str], expected: Expected) -> None:
    for decision in story:
        channel = channels[int(decision.incident.id.rpartition("-")[2]) % len(channels)]
        for content in record(store, decision, channel, int(now() * 1000)):
            expected.add(content, decision.reason in ESCALATIONS)


def _wait_for_the_rest(store: SqliteStore, patience: float) -> None:
    until = time.monotonic() + patience
    while store.outbox(0)[0] and time.monotonic() < until:
        pause(0.2)


@dataclass(frozen=True)
class Holed:
    """What workers that were suspended right before a post led to."""

    suspensions: int
    extra_in_channels: int
    extra_in_threads: int
    deleted: int
    left: int


def suspend(messages: int, chapters: int, share: float, seed: int = 1) -> Holed:
    """Suspend workers right before posts until others have long taken over, and clear up behind them.

    The story comes in chapters: most workers are suspended soon, and a new one begins when they are awake again.
    """
    rng = Random(seed)
    channels = [f"C{number:04d}" for number in range(5)]
    with tempfile.TemporaryDirectory() as folder, FlakySlack(channels, rng, {}, HELD_SECONDS) as slack:
        state = Path(folder) / "state.db"
        store = SqliteStore(state)
        begun = int(now() * 1000)
        expected = Expected()
        asked = Asked(str(state), slack.base_url, 0, 3, suspended=share, seed=seed)
        with crew(asked) as workers:
            story = decisions(messages, rng, begun)
            suspensions = 0
            for chapter in _chapters(story, chapters + 1):
                _record(store, chapter, channels, expected)
                suspensions += _wake_late(workers, store)
        doubled = _extra(slack, channels)
        target = SlackPublisher(slack_client(TOKEN, slack.base_url), TIMEOUT_SECONDS)
        deleted = Doubles(store.deliveries, {"slack": target.delete_doubles}, ignore).delete(begun)
        left = sum(_extra(slack, channels))
        store.close()
    return Holed(suspensions, *doubled, deleted, left)


def _wake_late(workers: Crew, store: SqliteStore) -> int:
    """Wake whoever is suspended after a claim, the settling time and the post of another; return how often."""
    length = POLICY.claim_ms / 1000 + SETTLE_SECONDS + 2.0
    since: dict[int, float] = {}
    woken = 0
    quiet = 0
    while quiet < 5:
        stopped = workers.stopped()
        for process in stopped:
            if time.monotonic() - since.setdefault(process.pid, time.monotonic()) > length:
                process.send_signal(signal.SIGCONT)
                del since[process.pid]
                woken += 1
        quiet = quiet + 1 if not stopped and not store.outbox(0)[0] else 0
        pause(0.1)
    return woken


def _extra(slack: FlakySlack, channels: Sequence[str]) -> tuple[int, int]:
    """Messages beyond the first with their key, in channels and in threads."""
    tops = [message for channel in channels for message in slack.messages(channel)]
    keys = {str(message["metadata"]["event_payload"]["key"]) for message in tops}
    everything = slack.shown()
    in_channels = len(tops) - len(keys)
    return in_channels, everything.total() - len(everything) - in_channels
