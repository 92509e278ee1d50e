"""The embedded service as a process of its own, seen through the AWS CLI."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

AWS = Path(sys.executable).with_name("aws")
SERVE = """
import time
from sigwatch.local.server import serve
serve("127.0.0.1", 0, clock=time.time, on_ready=lambda url: print(url, flush=True))
"""
GROUP = "/ecs/web"

pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed beside this Python")


@pytest.fixture(scope="module")
def process() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, "-W", "error", "-c", SERVE], stdout=-1, stderr=-1, text=True) as running:
        yield running
        running.kill()


@pytest.fixture(scope="module")
def url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def aws(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    command = [str(AWS), "logs", *arguments, "--endpoint-url", url, "--output", "json"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


def ok(url: str, *arguments: str) -> dict[str, Any]:
    done = aws(url, *arguments)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return answer


def test_a_query_from_the_command_line(url: str) -> None:
    ok(url, "create-log-group", "--log-group-name", GROUP)
    now = ok(url, "describe-log-groups")["logGroups"][0]["creationTime"] // 1000
    ok(url, "create-log-stream", "--log-group-name", GROUP, "--log-stream-name", "s")
    events = [{"timestamp": now * 1000 + at, "message": f"ERROR {at}"} for at in range(3)]
    ok(url, "put-log-events", "--log-group-name", GROUP, "--log-stream-name", "s", "--log-events", json.dumps(events))
    (group,) = ok(url, "describe-log-groups", "--log-group-name-prefix", "/ecs")["logGroups"]
    assert (group["logGroupName"], group["storedBytes"]) == (GROUP, 21)
    bounds = ("--start-time", str(now - 60), "--end-time", str(now + 60))
    query = "fields @message | filter @message like /ERROR [12]/ | sort @timestamp asc"
    query_id = ok(url, "start-query", "--log-group-name", GROUP, *bounds, "--query-string", query)["queryId"]
    results = until_complete(url, query_id)
    assert [row[0]["value"] for row in results["results"]] == ["ERROR 1", "ERROR 2"]
    assert results["statistics"]["bytesScanned"] == 21.0


def until_complete(url: str, query_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        results = ok(url, "get-query-results", "--query-id", query_id)
        if results["status"] == "Complete":
            return results
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_an_unknown_command_fails(url: str) -> None:
    done = aws(url, "start-query", "--log-group-name", GROUP, "--start-time", "1", "--end-time", "2",
               "--query-string", "fields @message | frobnicate")  # fmt: skip
    assert done.returncode != 0
    assert "MalformedQueryException" in done.stderr
    assert "unexpected symbol found frobnicate at line 1 and position 18" in done.stderr


def test_an_operation_that_is_not_imitated_fails(url: str) -> None:
    done = aws(url, "describe-destinations")
    assert done.returncode != 0
    assert "UnknownOperationException" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-W", "error", "-c", SERVE], stdout=-1, stderr=-1, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("http://127.0.0.1:")
        running.send_signal(number)
        rest, talk = running.communicate(timeout=20)
    assert (running.returncode, rest, talk) == (0, "", "")
