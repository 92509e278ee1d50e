"""One log that holds every kind of trouble, the documents that know it, and a daemon that watches it happen."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sigwatch import wiring
from sigwatch.config import Settings, load
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.growth import sample_of
from sigwatch.local.server import LocalServer
from sigwatch.model.knowledge import Library, Signature
from sigwatch.model.logs import Pass, Row
from sigwatch.pipeline import Pipeline
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch
from tests.fakes.past_house import clock
from tests.unit.polling.house import Inline

BASE = int(clock()) // 3600 * 3600 - 4 * 3600
"""Epoch second at which the log begins: long enough ago that a backfill takes all of it for settled."""
MINUTES = 50
QUIET = 300
PASSES = (Pass("eager", 0), Pass("settled", 120), Pass("late", 240))
"""No event of the log arrives so late that live polling has told something meanwhile that it makes untrue."""
INTERVAL = 30
ACCOUNT = "111122223333"
TASK = "0f1e2d3c-1111-2222-3333-444455556666"
GROUPS = ("app-api", "app-jobs", "app-web.x")
STREAMS = ("one", "two/3")

DOCUMENTS: Mapping[str, Mapping[str, Any]] = {
    "KO-import": {"detection_pattern": r"ModuleNotFoundError: No module named 'src\."},
    "KO-user": {"detection_pattern": r"LOGIN FAILED user=(?P<user>\w+)", "group_by": ["user"]},
    "KO-pool": {"detection_pattern": "pool exhausted", "resolved_pattern": "pool recovered"},
    "KO-price": {"detection_pattern": "(?i)preis über [0-9]+ €"},
    "KO-storm": {"detection_pattern": "^storm [0-9]+$"},
    "KO-never": {"detection_pattern": "this is never logged"},
}
CONFIGURATION = f"""\
knowledge: {{paths: [documents]}}
projects: {{shop: {{log_groups: ["app-*"]}}}}
incidents: {{quiet_period: {QUIET}s}}
targets: [console]
"""

Told = tuple[str, str, str, int, str]
"""Of a hit: signature, log group, stream, epoch milliseconds, the masked message."""
Seen = tuple[str, str, int, int, int]
"""Of an incident: signature, group, first and last hit in epoch milliseconds, count."""


@dataclass(frozen=True, order=True)
class Logged:
    """An event, and when it can be searched."""

    ts_ms: int
    group: str
    stream: str
    message: str
    delay: int = 0
    """Seconds after which it arrives."""


def at(minute: float, message: str, delay: int = 0, *, group: str = GROUPS[0], stream: str = STREAMS[0]) -> Logged:
    return Logged(BASE * 1000 + round(minute * 60_000), group, stream, message, delay)


def the_log() -> list[Logged]:
    """Every kind of trouble, at moments that a seed chooses, with harmless events between."""
    rng = random.Random(20)
    users = [
        at(
            rng.choice((3, 4, 12, 13, 27, 40)) + rng.random(),
            f"LOGIN FAILED user={rng.choice(('ada', 'bob', 'eve'))} from ada@example.com",
            rng.choice((0, 0, 45, 200)),
            group=rng.choice(GROUPS),
        )
        for _ in range(60)
    ]
    fine = [
        at(rng.random() * MINUTES, f"INFO request {rng.randrange(9**9)} ünï €", group=rng.choice(GROUPS))
        for _ in range(600)
    ]
    storm = [
        at(35 + number / 300, f"storm {number}", group=GROUPS[2], stream=rng.choice(STREAMS)) for number in range(400)
    ]
    return sorted([*users, *fine, *storm, *traces(), *pools(), *prices()])


def traces() -> Iterator[Logged]:
    trace = (
        "ERROR ModuleNotFoundError: No module named 'src.{}'\nTraceback (most recent call last):\n  password=hunter2"
    )
    # The pauses of the first three are the longest within an incident, those of the others a millisecond longer.
    quiet = QUIET / 60
    for number, minute in enumerate((1, 1 + quiet, 1 + 2 * quiet)):
        yield at(minute, trace.format(number))
    for number, minute in enumerate((2, 2 + quiet + 1 / 60_000, 2 + 2 * (quiet + 1 / 60_000))):
        yield at(minute, trace.format(number), group=GROUPS[1])
    # The same millisecond: the same event twice is one, another text or stream makes two.
    for stream in (STREAMS[0], STREAMS[0], STREAMS[1]):
        yield at(25, trace.format("same"), stream=stream)
    yield at(25, trace.format("other"))


def pools() -> Iterator[Logged]:
    for minute in (5, 5.5, 8, 22, 30, 30.2, 31):
        yield at(minute, f"FATAL pool exhausted token=AKIAIOSFODNN7EXAMPLE {minute}", group=GROUPS[2])
    for minute in (6, 9, 23, 30.1, 45):
        yield at(minute, "INFO pool recovered", group=GROUPS[2])


def prices() -> Iterator[Logged]:
    for minute in (7, 7.2, 33):
        yield at(minute, "WARN Preis über 99 € — ungewöhnlich 😀", 30, group=GROUPS[1], stream=STREAMS[1])


LOG = the_log()


def patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(document["detection_pattern"]) for name, document in DOCUMENTS.items()}


def truth() -> set[tuple[str, str, str, int, str]]:
    """What must be found, by Python's own regular expressions: signature, group, stream, time, message."""
    return {
        (name, event.group, event.stream, event.ts_ms, event.message)
        for name, pattern in patterns().items()
        for event in LOG
        if pattern.search(event.message)
    }


@dataclass
class Time:
    """A clock that goes on when somebody waits."""

    now: float = BASE

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@dataclass
class Parity:
    """The folder with documents and configuration, and the server with the log."""

    folder: Path
    server: LocalServer
    time: Time
    settings: Settings = field(init=False)
    library: Library = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "documents").mkdir()
        for name, document in DOCUMENTS.items():
            told = {"id": name, "project": "shop", "title": f"Title of {name}", "status": "approved", **document}
            text = f"---\n{json.dumps({**told, 'prevention_rule': 'Test it.'})}\n---\n# {name}\n"
            (self.folder / "documents" / f"{name}.md").write_text(text)
        (self.folder / "sigwatch.yaml").write_text(CONFIGURATION)
        self.settings = load(self.folder / "sigwatch.yaml")
        self.library = wiring.load_knowledge(self.settings.knowledge.paths)

    @property
    def watched(self) -> tuple[Signature, ...]:
        return tuple(each for each in self.library.signatures if each.approved)

    def masked(self, text: str) -> str:
        return sample_of("shop", text, wiring.rules_of(self.settings).mask)

    def expected(self) -> list[Told]:
        return sorted((*where, self.masked(message)) for *where, message in truth())  # type: ignore[misc]  # a star has no length

    def by_identity(self, account: str) -> dict[str, Told]:
        """Every hit that there may be, by its name."""
        return {
            hit(name, Row(account, "us-east-1", group, stream, ts_ms, message)).identity: (
                name,
                group,
                stream,
                ts_ms,
                self.masked(message),
            )
            for name, group, stream, ts_ms, message in truth()
        }


class Daemon:
    """What one process of the daemon has, on a state that outlives it."""

    def __init__(self, parity: Parity) -> None:
        time, settings = parity.time, parity.settings
        self.store = SqliteStore(parity.folder / "state.db")
        session = boto3.session.Session("test", "test", region_name="us-east-1")
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self._client = session.client("logs", endpoint_url=parity.server.url, config=config)
        account = Account("", linked=False, installation=self.store.installation)
        limiter = Limiter(lambda: Limits(1e6, 1e6, 1e6, 1_000), time.clock, time.wait)
        chance = random.Random(5).random
        source = CloudWatchSource(self._client, account, limiter, self.store, time.clock, time.wait, chance, dict)
        meter = Meter(self.store, time.clock)
        selectors = wiring.selectors_of(settings)
        self.watch = Watch(lambda: parity.library, source, selectors, (), INTERVAL, time.clock, meter)
        rules, group_by = wiring.rules_of(settings), settings.incidents.group_by
        reader = Reader(source, meter, 0.005, 100)
        stages = Pipeline(reader, self.store, rules, group_by, lambda *_: (), lambda *_: (), time.clock, meter)
        pace, places = Pace(INTERVAL, MINUTES * 60, 900), Places(INTERVAL, chance)
        allow = lambda passes: meter.allowance(None, passes)  # noqa: E731 - as short as it is
        self._patrol = Patrol(self.watch, stages, PASSES, pace, Inline(), places, allow)
        self.watch.reload()

    def look(self, steps: tuple[Pass, ...] = PASSES) -> None:
        for step in steps:
            assert all(part.result() for part in self._patrol.run(step))

    def close(self) -> None:
        self._client.close()
        self.store.close()


def arrive(parity: Parity, waiting: list[Logged]) -> None:
    """Put what has come by now into the server."""
    while waiting and waiting[0].ts_ms / 1000 + waiting[0].delay <= parity.time.now:
        event = waiting.pop(0)
        parity.server.store.put(event.group, event.stream, [(event.ts_ms, event.message)])
