"""Replicas on one state in DynamoDB that are killed and paused at will: what is found, told and searched in the end."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sigwatch.local.server import LocalServer
from sigwatch.model.coverage import Coverage
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from tests.contract.stores import KEPT
from tests.fakes.dynamo import ENVIRONMENT, new_table, running_server
from tests.fakes.processes import CHANNEL, Daemon, eventually
from tests.fakes.slack_server import TOKEN, FakeSlack

KINDS = 2
LOUD = 4
"""Log groups in which something happens: a channel takes a message a second."""
KNOWLEDGE = """\
---
id: KO-{n}
project: shop
title: Kind {n} of trouble
what_was_learned: It is known.
why_it_matters: It matters.
prevention_rule: Prevent it.
tags: [test]
status: approved
created_at: 2026-01-01
approved_at: 2026-01-02
detection_pattern: "ERROR kind{n} "
---
"""
CONFIGURATION = """\
knowledge: {{paths: [knowledge], reload: 5s}}
projects: {{default: {{log_groups: ["/app/*"]}}}}
aws: {{region: us-east-1, limits: {{start_per_second: 10, results_per_second: 10, other_per_second: 10}}}}
polling: {{interval: 2s, passes: {{eager: 0s, settled: 6s}}, first_lookback: 30s}}
incidents: {{quiet_period: 1h}}
slack: {{channel: C0ONCALL, base_url: "{slack}", timeout: 2s, settle: 1s, messages_per_minute: 600, digest_from: 900}}
targets: [slack]
store: dynamodb://{table}
http: {{host: 127.0.0.1, port: 0}}
"""
now = time.time  # noqa: TID251 - real processes live in real time
pause = threading.Event().wait


@dataclass(frozen=True)
class Plan:
    """How long, how many, how bad."""

    replicas: int = 3
    groups: int = 120
    seconds: float = 20.0
    hits: int = 200
    kills: int = 3
    pauses: int = 3
    paused_seconds: float = 16.0
    """Longer than a lease lasts."""
    seed: int = 1


@dataclass
class Verdict:
    """What came of it."""

    planted: int = 0
    counted: int = 0
    incidents: int = 0
    messages: int = 0
    doubled_messages: int = 0
    holes: int = 0
    behind: int = 0
    takeovers: list[float] = field(default_factory=list)
    """Seconds from each kill to the moment when somebody alive held all that the dead one had held."""
    held: dict[str, int] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)


class House:
    """The servers, and replicas that come and go."""

    def __init__(self, folder: Path, plan: Plan, stack: ExitStack) -> None:
        self.folder, self.plan, self.rng = folder, plan, Random(plan.seed)
        self.db = stack.enter_context(running_server())
        self.slack = stack.enter_context(FakeSlack(channels=(CHANNEL,)))
        self.logs = stack.enter_context(LocalServer(clock=now))
        self.names = [f"/app/{number:03d}" for number in range(plan.groups)]
        for name in self.names:
            self.logs.store.create_group(name, created_ms=int((now() - 86_400) * 1000))
        client, self.table = new_table(self.db)
        self.store = DynamoStore(Table(client, self.table), KEPT, now, time.monotonic)
        (folder / "knowledge").mkdir()
        for number in range(KINDS):
            (folder / "knowledge" / f"KO-{number}.md").write_text(KNOWLEDGE.format(n=number))
        text = CONFIGURATION.format(slack=self.slack.base_url, table=self.table)
        (folder / "sigwatch.yaml").write_text(text)
        self._stack, self._started = stack, 0

    def start(self) -> Daemon:
        """One more replica."""
        environ = ENVIRONMENT | {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.logs.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.db,
            "SLACK_BOT_TOKEN": TOKEN,
        }
        self._started += 1
        return self._stack.enter_context(Daemon(["run"], self.folder / f"replica-{self._started}.log", environ))

    def plant(self, stopping: threading.Event, planted: list[int]) -> None:
        """Events at an even pace, each of a kind and in a log group by chance."""
        loud = self.rng.sample(self.names, LOUD)
        for number in range(self.plan.hits):
            if stopping.wait(self.plan.seconds / self.plan.hits):
                return
            text = f"ERROR kind{self.rng.randrange(KINDS)} number {number}"
            group = self.rng.choice(loud)
            self.logs.store.put(group, "app", [(int(now() * 1000), text)])
            planted.append(number)

    def owners(self) -> dict[str, str]:
        """Who holds each lease."""
        return {name: held.owner for name, held in self.store.leases.read().held.items()}

    def shares(self) -> Counter[str]:
        """How many leases each has; none that nobody has."""
        return Counter(self.owners().values())

    def replica_of(self, running: Daemon) -> str:
        """The name under which a process holds leases."""
        return next((owner for owner in self.shares() if f"-{running.pid}-" in owner), "")


@contextmanager
def house(folder: Path, plan: Plan) -> Iterator[House]:
    """Everything but the replicas; what runs in the end is killed."""
    with ExitStack() as stack:
        yield House(folder, plan, stack)


def spread(here: House, replicas: int, leases: int) -> bool:
    """Whether the leases are held by as many as there are, evenly."""
    found = here.shares()
    fair = -(-leases // replicas)
    return sum(found.values()) == leases and "" not in found and max(found.values()) <= fair


def run(folder: Path, plan: Plan) -> Verdict:
    """Let replicas work under kills and pauses, then give them peace, and look at what they have done."""
    verdict = Verdict()
    with house(folder, plan) as here:
        running = [here.start() for _ in range(plan.replicas)]
        leases = -(-plan.groups // 50) + 1
        assert eventually(lambda: spread(here, plan.replicas, leases), 90), here.owners()
        stopping = threading.Event()
        planted: list[int] = []
        feeder = threading.Thread(target=here.plant, args=(stopping, planted))
        feeder.start()
        _trouble(here, running, verdict)
        feeder.join()
        verdict.planted = len(planted)
        end = now()
        _peace(here, verdict, end)
        verdict.held = dict(here.shares())
        verdict.exit_codes = [each.end(seconds=20) for each in running]
        _look(here, verdict, end)
    return verdict


def _trouble(here: House, running: list[Daemon], verdict: Verdict) -> None:
    plan, rng = here.plan, here.rng
    paused: list[tuple[float, Daemon]] = []
    deeds = ["kill"] * plan.kills + ["pause"] * plan.pauses
    rng.shuffle(deeds)
    for deed in deeds:
        pause(rng.uniform(0.2, 2.0))
        _wake(paused)
        # Somebody must be awake to take over.
        while len(paused) > len(running) - 2:
            pause(0.2)
            _wake(paused)
        victim = rng.choice([each for each in running if each not in [p for _, p in paused]])
        if deed == "pause":
            victim.send(signal.SIGSTOP)
            paused.append((time.monotonic() + plan.paused_seconds, victim))
        else:
            _kill(here, running, victim, verdict)
    while paused:
        pause(0.2)
        _wake(paused)


def _wake(paused: list[tuple[float, Daemon]]) -> None:
    for when, victim in list(paused):
        if time.monotonic() >= when:
            victim.send(signal.SIGCONT)
            paused.remove((when, victim))


def _kill(here: House, running: list[Daemon], victim: Daemon, verdict: Verdict) -> None:
    name = here.replica_of(victim)
    began = time.monotonic()
    victim.end(signal.SIGKILL)
    running.remove(victim)
    # With a single other one left that may be paused, nobody could take over.
    running.append(here.start())
    if name:
        assert eventually(lambda: name not in here.shares(), 60), here.owners()
        verdict.takeovers.append(time.monotonic() - began)


def _peace(here: House, verdict: Verdict, end: float) -> None:
    def caught_up() -> bool:
        found = here.store.coverage().values()
        counted = sum(incident.count for incident in here.store.incidents())
        return (
            counted >= verdict.planted and all(each.frontier >= end for each in found) and here.store.outbox(0)[0] == 0
        )

    until = time.monotonic() + 60
    while not caught_up() and time.monotonic() < until:
        pause(0.5)


def _look(here: House, verdict: Verdict, end: float) -> None:
    coverage: Any = here.store.coverage()
    incidents = here.store.incidents()
    verdict.counted = sum(incident.count for incident in incidents)
    verdict.incidents = len(incidents)
    messages = here.slack.messages(CHANNEL)
    verdict.messages = len(messages)
    keys = Counter(message["metadata"]["event_payload"]["key"] for message in messages)
    verdict.doubled_messages = sum(count - 1 for count in keys.values())
    verdict.holes = sum(len(each.spans) - 1 for each in coverage.values())
    expected = here.plan.groups * 2
    late: list[Coverage] = [each for each in coverage.values() if each.frontier < end]
    verdict.behind = len(late) + expected - len(coverage)
