"""A small log, and ways to scan it: in this process, and as one of its own."""

import array
import fcntl
import json
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted
from tests.fakes.processes import SIGNATURES

START_MS = 1_770_184_800_000
TRACE = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.{}'\nTraceback (most recent call last):\n  File \"x\""
MEBIBYTE = 1 << 20
DEADLINE_SECONDS = 60
TASK = "0f1e2d3c-1111-2222-3333-444455556666"


def stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def line(minute: float, router: str = "") -> str:
    """A line of an application at a minute, with an error where a router is named."""
    return f"{stamp(START_MS + int(minute * 60_000))} {TRACE.format(router) if router else 'INFO all is well'}\n"


def log(*routers: str) -> str:
    """Three errors and the like, two minutes apart, with harmless lines between."""
    return "".join(line(2 * at) + line(2 * at + 1, router) for at, router in enumerate(routers))


LOG = log("providers", "licenses", "cme")


def call(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    given = ["--knowledge", str(SIGNATURES), "scan", *arguments]
    result = CliRunner().invoke(application(), hoisted(given), input=stdin, catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def call_json(*arguments: str) -> tuple[int, Any]:
    code, out, _ = call(*arguments, "--format", "json")
    return code, json.loads(out)


def lines_of(*arguments: str) -> list[Any]:
    _, out, _ = call(*arguments, "--format", "jsonl")
    return [json.loads(each) for each in out.splitlines()]


@contextmanager
def running(*arguments: str, stderr: int | IO[bytes] = subprocess.PIPE) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "sigwatch", "--knowledge", str(SIGNATURES), "scan", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr) as process:
        # Whoever waits for output in vain gets its end.
        deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
        deadline.start()
        try:
            yield process
        finally:
            deadline.cancel()
            process.kill()


def told(process: "subprocess.Popen[bytes]") -> Any:
    """The next line of standard output."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def incidents(report: Any) -> list[tuple[str, str, str, str, int]]:
    return [(i["signature"], i["group"], i["first_seen"], i["last_seen"], i["count"]) for i in report["incidents"]]


def pending(pipe: IO[bytes] | None) -> int:
    """Bytes in a pipe that nobody has read yet."""
    assert pipe is not None
    held = array.array("i", [1])
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, held)
    return held[0]
