"""Who is told, and how often, at the real daemon: crowds, fallbacks, silences, the audit trail."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.processes import (
    CHANNEL,
    GROUP,
    SIGNATURES,
    Logs,
    daemon,
    eventually,
    threaded_logs,
    write_configuration,
)
from tests.fakes.slack_server import FakeSlack, readable, server_error

ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"


def now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the daemon lives in real time


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL,)) as server:
        yield server


@pytest.fixture
def logs() -> Iterator[Logs]:
    with threaded_logs() as server:
        yield server


def configured(folder: Path, slack: FakeSlack, *changes: tuple[str, str], **more: Any) -> None:
    write_configuration(folder, slack.base_url, **more)
    path = folder / "sigwatch.yaml"
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def in_streams(logs: Logs, count: int) -> None:
    """The same error in so many log streams."""
    for number in range(count):
        name = f"stream-{number}"
        logs.client.create_log_stream(logGroupName=GROUP, logStreamName=name)
        event = {"timestamp": now_ms() - 5_000, "message": f"{ERROR} #{number}"}
        logs.client.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=[event])


def told(folder: Path, *arguments: str) -> Any:
    """What a verb prints as JSON."""
    command = [sys.executable, "-m", "sigwatch", *arguments, "--format", "json"]
    return json.loads(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout)


def test_many_incidents_at_once_are_one_message_that_lists_them_all(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    configured(tmp_path, slack, quiet="60s, group_by: [log_stream]")
    in_streams(logs, 12)
    with daemon(tmp_path, logs.url) as running:
        assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=20)
        [digest] = slack.messages(CHANNEL)
        text = readable(digest)
        assert "12 incidents" in text
        assert set(re.findall(r"stream-\d+", text)) == {f"stream-{number}" for number in range(12)}
        one = told(tmp_path, "incidents")["incidents"][3]
        subprocess.run([sys.executable, "-m", "sigwatch", "incidents", "ack", one["id"]], cwd=tmp_path, check=True)
        assert slack.wait_for(lambda: "acknowledged" in readable(slack.messages(CHANNEL)[0]), timeout=20)
        assert running.end() == 0
    assert (len(slack.messages(CHANNEL)), slack.thread(CHANNEL, digest["ts"])) == (1, [])


def test_where_slack_fails_for_long_the_fallback_is_told_and_slack_later_all_the_same(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    fallback = "targets: [slack]\nfallback: {target: console, after: 2s}"
    configured(tmp_path, slack, ("targets: [slack]", fallback), quiet="60s")
    slack.script("chat.postMessage", *[server_error(503)] * 6)
    logs.write(ERROR, now_ms() - 2_000)
    with daemon(tmp_path, logs.url) as running:
        printed = running.line_with("Lazily loaded routers")
        assert "P0" in printed
        assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=60)
        assert running.end() == 0


def test_a_silence_in_a_file_holds_and_its_removal_tells_what_is_open(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    for document in SIGNATURES.rglob("*.md"):
        (knowledge / document.name).write_text(document.read_text())
    silences = knowledge / "silences.yaml"
    until = datetime.fromtimestamp(now_ms() / 1000, UTC) + timedelta(days=9)
    silences.write_text(
        f"- {{signature: KO-cm-004, reason: fixed on Monday, author: ann, until: {until:%Y-%m-%dT%H:%MZ}}}\n"
    )
    configured(tmp_path, slack, knowledge=knowledge, quiet="60s")
    with daemon(tmp_path, logs.url) as running:
        assert eventually(lambda: running.get("/readyz")[0] == 200)
        logs.write(ERROR, now_ms())
        assert eventually(lambda: running.metric('sigwatch_decisions_total{reason="silenced"}') == 1)
        assert slack.messages(CHANNEL) == []
        silences.unlink()
        assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=20)
        assert "KO-cm-004" in readable(slack.messages(CHANNEL)[0])
        assert running.end() == 0
    actions = [entry["action"] for entry in told(tmp_path, "history")["history"] if entry["action"] != "approved"]
    assert actions[:6] == ["reloaded", "silence_added", "opened", "silenced", "silence_cancelled", "silence_ended"]
    assert actions[6] == "notified"
