"""One log, found three ways: by live polling that is restarted, by backfills in several slices, and in files."""

import gzip
import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from typer.testing import CliRunner

from sigwatch import wiring
from sigwatch.cli.app import application, hoisted
from sigwatch.config import Settings, load
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.growth import sample_of
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings as LocalSettings
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import Library, Signature, with_recoveries
from sigwatch.model.logs import Pass, Row, Scope, Window
from sigwatch.past.backfill import Asked
from sigwatch.past.slices import AIM_SECONDS, Order
from sigwatch.pipeline import Pipeline, prepare
from sigwatch.plan.scopes import resolve
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.report.fold import incidents
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch
from tests.fakes.past_house import PastHouse, client_of, clock
from tests.unit.polling.house import Inline

BASE = int(clock()) // 3600 * 3600 - 4 * 3600
"""Epoch second at which the log begins: long enough ago that a backfill takes all of it for settled."""
MINUTES = 50
QUIET = 300
PASSES = (Pass("eager", 0), Pass("settled", 120), Pass("late", 240))
"""The last one comes before another incident can have begun: what is found after that is counted in the newer one."""
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


@pytest.fixture(scope="module")
def parity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    time = Time()
    settings = LocalSettings(account=ACCOUNT, scheduled_seconds=0, running_seconds=0)
    with LocalServer(clock=time.clock, settings=settings) as server:
        for group in GROUPS:
            server.store.create_group(group, created_ms=(BASE - 86_400) * 1000)
        yield Parity(tmp_path_factory.mktemp("parity"), server, time)


def seen(found: Iterator[Incident] | list[Incident]) -> list[Seen]:
    return sorted((each.signature, each.group, each.first_seen_ms, each.last_seen_ms, each.count) for each in found)


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


def live(parity: Parity) -> tuple[list[Told], list[Seen]]:
    """Watch while it happens, with restarts between passes, in the middle of a round, and after a downtime."""
    waiting = sorted(LOG, key=lambda event: event.ts_ms / 1000 + event.delay)
    daemon = Daemon(parity)
    end = BASE + MINUTES * 60 + 2 * PASSES[-1].delay
    rounds = 0
    while parity.time.now < end:
        arrive(parity, waiting)
        rounds += 1
        if rounds % 17 == 0:
            daemon.look(PASSES[:1])
            daemon.close()
            daemon = Daemon(parity)
        elif rounds % 29 == 0:
            parity.time.now += 100
            daemon.close()
            daemon = Daemon(parity)
        else:
            daemon.look()
        parity.time.now += INTERVAL
    try:
        with closing(sqlite3.connect(parity.folder / "state.db")) as state:
            rows = state.execute("SELECT signature, identity FROM hits").fetchall()
        known = parity.by_identity(ACCOUNT)
        recoveries = {each.id for each in with_recoveries(parity.watched)} - {each.id for each in parity.watched}
        told = sorted(known[identity] for name, identity in rows if name not in recoveries)
        return told, seen(daemon.store.incidents())
    finally:
        daemon.close()


@pytest.fixture(scope="module")
def polled(parity: Parity) -> tuple[list[Told], list[Seen]]:
    return live(parity)


def test_live_polling_finds_exactly_what_was_logged(parity: Parity, polled: tuple[list[Told], list[Seen]]) -> None:
    told, found = polled
    assert told == parity.expected()
    assert {each[0] for each in found} == set(DOCUMENTS) - {"KO-never"}
    assert [each[1:2] + each[4:] for each in found if each[0] == "KO-import"] == [
        ("app-api", 3),
        ("app-api", 3),
        *[("app-jobs", 1)] * 3,
    ]
    assert {each[1] for each in found if each[0] == "KO-user"} == {"user=ada", "user=bob", "user=eve"}
    assert "hunter2" not in str(told)


@dataclass
class Past(PastHouse):
    """A session of a backfill that searches these log groups."""

    def scopes(self) -> tuple[Scope, ...]:
        return resolve([(each, ["app-*"]) for each in self.signatures], self.source.log_groups("app-"))[0]


@pytest.mark.parametrize(
    ("order", "seconds", "limit"),
    [
        (Order.NEWEST, None, 100_000),
        (Order.NEWEST, 7, 100_000),
        (Order.OLDEST, 97, 40),
        (Order.OLDEST, MINUTES * 60, 150),
    ],
)
def test_a_backfill_finds_what_live_polling_did(
    parity: Parity, polled: tuple[list[Told], list[Seen]], order: Order, seconds: int | None, limit: int
) -> None:
    house = Past(parity.server.url, ":memory:", tuple(with_recoveries(parity.watched)), limit)
    window = Window(BASE, BASE + MINUTES * 60)
    prepared = prepare(house.signatures)
    # Ten seconds of scanning are aimed at, of one byte a second.
    takes_in = None if seconds is None else AIM_SECONDS / seconds
    asked = Asked(window, house.scopes(), lambda _: prepared, order, lambda _: takes_in, 1)
    try:
        ended = house.backfill().run(asked, house.reports.append)
        assert (ended.gaps, ended.problems, ended.stopped) == ((), (), False)
        findings = list(house.state.findings.in_time())
        known = parity.by_identity(ACCOUNT)
        told = sorted(known[each.hit.identity] for each in findings if not each.recovers)
        by_id = {each.id: each for each in parity.watched}
        rules = wiring.rules_of(parity.settings)
        found = [each.incident for each in incidents(findings, by_id, rules, window.end * 1000)]
    finally:
        house.close()
    assert (told, seen(found)) == polled
    assert ended.progress.slices >= (MINUTES * 60 // seconds // 20 if seconds else 1)


Write = Callable[[Parity], list[str]]
"""Puts the log into files below the current folder, and returns what to scan."""


def _stored(parity: Parity, group: str) -> list[dict[str, Any]]:
    """The events of a log group as the service hands them out."""
    client = client_of(parity.server.url)
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
    found = [event for page in pages for event in page["events"]]
    client.close()
    return found


def as_lines(parity: Parity) -> list[str]:
    for group in GROUPS:
        Path(group).write_text("".join(json.dumps(event) + "\n" for event in _stored(parity, group)))
    return list(GROUPS)


def as_documents(parity: Parity) -> list[str]:
    for group in GROUPS:
        text = json.dumps({"events": _stored(parity, group), "searchedLogStreams": []}, indent=4)
        Path(f"{group}.gz").write_bytes(gzip.compress(text.encode()))
    return [f"{group}.gz" for group in reversed(GROUPS)]


def as_export(parity: Parity) -> list[str]:
    for group in GROUPS:
        for stream in STREAMS:
            folder = Path(group, TASK, stream.replace("/", "-"))
            folder.mkdir(parents=True)
            lines = [line_of(event) for event in _stored(parity, group) if event["logStreamName"] == stream]
            for number, part in enumerate((lines[:50], lines[50:])):
                (folder / f"{number:06}.gz").write_bytes(gzip.compress("".join(part).encode()))
    return list(GROUPS)


def line_of(event: Mapping[str, Any]) -> str:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{event['timestamp'] % 1000:03}Z {event['message']}\n"


def call(parity: Parity, *arguments: str) -> str:
    given = ["-c", str(parity.folder / "sigwatch.yaml"), *arguments]
    result = CliRunner().invoke(application(), hoisted(given), catch_exceptions=False)
    assert (result.exit_code, result.stderr.count("sigwatch: ")) == (0, 0), result.stderr
    return result.stdout


def in_ms(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


@pytest.mark.parametrize("write", [as_lines, as_documents, as_export])
def test_a_scan_finds_what_live_polling_did(
    parity: Parity,
    polled: tuple[list[Told], list[Seen]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Write,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = write(parity)
    lines = [json.loads(line) for line in call(parity, "scan", *files, "--format", "jsonl").splitlines()]
    names = {stream.replace("/", "-"): stream for stream in STREAMS} | {stream: stream for stream in STREAMS}
    told = sorted(
        (each["signature"], each["log_group"], names[each["log_stream"]], in_ms(each["time"]), each["message"])
        for each in lines
    )
    report = json.loads(call(parity, "scan", *files, "--format", "json"))
    found = sorted(
        (each["signature"], each["group"], in_ms(each["first_seen"]), in_ms(each["last_seen"]), each["count"])
        for each in report["incidents"]
    )
    assert (told, found) == polled
    assert sum(report["hits"].values()) == len(told)
    assert (report["gaps"], report["problems"], report["remarks"]) == ([], [], [])


def test_the_reports_of_a_backfill_and_of_a_scan_say_the_same(
    parity: Parity, polled: tuple[list[Told], list[Seen]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", parity.server.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    scanned = json.loads(call(parity, "scan", *as_lines(parity), "--format", "json"))
    begin, end = (datetime.fromtimestamp(BASE + 60 * minute, UTC).isoformat() for minute in (0, MINUTES))
    searched = json.loads(call(parity, "backfill", "--since", begin, "--until", end, "--format", "json", "--yes"))
    assert scanned["hits"] == searched["hits"]
    # Whether the last one is over depends on how far was searched.
    assert [each | {"state": ""} for each in scanned["incidents"]] == [
        each | {"state": ""} for each in searched["incidents"]
    ]
    assert len(scanned["incidents"]) == len(polled[1])
