"""One log, found three ways: by live polling that is restarted, by backfills in several slices, and in files."""

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sigwatch import wiring
from sigwatch.cli.app import application, hoisted
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings as LocalSettings
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import with_recoveries
from sigwatch.model.logs import Scope, Window
from sigwatch.past.backfill import Asked
from sigwatch.past.slices import AIM_SECONDS, Order
from sigwatch.pipeline import prepare
from sigwatch.plan.scopes import resolve
from sigwatch.report.fold import incidents
from tests.fakes.one_log import (
    ACCOUNT,
    BASE,
    DOCUMENTS,
    GROUPS,
    INTERVAL,
    LOG,
    MINUTES,
    PASSES,
    STREAMS,
    TASK,
    Daemon,
    Parity,
    Seen,
    Time,
    Told,
    arrive,
)
from tests.fakes.past_house import PastHouse, client_of


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
    assert list(map(_comparable, scanned["incidents"])) == list(map(_comparable, searched["incidents"]))
    assert len(scanned["incidents"]) == len(polled[1])


def _comparable(incident: dict[str, Any]) -> dict[str, Any]:
    """Whether the last one is over depends on how far was searched.

    Events of one millisecond are in the order of their identities, and a file does not tell the account.
    """
    return incident | {"state": "", "samples": sorted(incident["samples"])}
