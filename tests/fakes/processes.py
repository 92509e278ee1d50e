"""The real program as subprocesses: the embedded server and the daemon, each with its own log."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import boto3

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.fakes.slack_server import TOKEN

ROOT = Path(__file__).resolve().parents[2]
SIGNATURES = ROOT / "signatures"
CHANNEL = "C0ONCALL"
GROUP = "/aws/lambda/credmate-lambda-prod-BackendApiFunction-zeRfK8mebejx"

CONFIGURATION = """\
knowledge: {{paths: ["{knowledge}"], reload: 1s}}
projects:
  default: {{log_groups: ["/aws/lambda/credmate-*"]}}
aws: {{region: us-east-1}}
polling: {{interval: 1s, passes: {{eager: 0s, settled: 3s}}, first_lookback: 60s}}
incidents: {{quiet_period: {quiet}}}
slack: {{channel: C0ONCALL, base_url: "{slack}", timeout: 1s, settle: 1s}}
targets: [slack]
store: sqlite:state.db
http: {{host: 127.0.0.1, port: 0}}
"""

_pause = threading.Event().wait


def eventually(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it becomes true within that time."""
    for _ in range(int(seconds / 0.05)):
        if true():
            return True
        _pause(0.05)
    return False


class Process:
    """A sigwatch subprocess whose stderr goes to a file."""

    def __init__(self, arguments: list[str], log: Path, environ: dict[str, str]) -> None:
        self.log = log
        self._before = len(log.read_text().splitlines()) if log.exists() else 0
        with log.open("a") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sigwatch", *arguments],
                cwd=log.parent,
                env=_environment() | environ,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        """The next line of stdout."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def line_with(self, words: str) -> str:
        """The next line of stdout that holds them."""
        while words not in (line := self.line()):
            assert self.running, self.log.read_text()
        return line

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Send a signal and wait for the exit code."""
        self.send(number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        code = self._process.wait(seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.end(signal.SIGKILL)


class Daemon(Process):
    """`sigwatch run`."""

    def address(self) -> str:
        """Where its HTTP side is."""
        found: list[str] = []

        def said() -> bool:
            found[:] = re.findall(r'"http": "(http://[^"]+)"', "\n".join(self.lines()))
            return bool(found) or not self.running

        assert eventually(said), self.log.read_text()
        assert found, self.log.read_text()
        return found[-1]

    def lines(self) -> list[str]:
        """What this run has logged."""
        return self.log.read_text().splitlines()[self._before :]

    def wait_for_lines(self, count: int) -> None:
        """Until this run has logged that many lines."""
        assert eventually(lambda: len(self.lines()) >= count), self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.address() + path.lstrip("/"), timeout=5) as answer:  # noqa: S310 - loopback
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """Value of a series, written as in the exposition."""
        _, text = self.get("/metrics")
        found = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.rsplit(" ", 1)[0] == name]
        return float(found[0]) if found else float("nan")


class Logs:
    """The embedded server and a client that writes to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = boto3.client(
            "logs",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        for group in (GROUP, "/aws/lambda/docprof-dev-course-request-handler"):
            self.client.create_log_group(logGroupName=group)
            self.client.create_log_stream(logGroupName=group, logStreamName="stream")

    def write(self, message: str, *times_ms: int) -> None:
        events = [{"timestamp": ts, "message": f"{message} #{n}"} for n, ts in enumerate(sorted(times_ms))]
        self.client.put_log_events(logGroupName=GROUP, logStreamName="stream", logEvents=events)

    def queries(self, *statuses: str) -> list[str]:
        """The texts of the queries in any of these statuses, or of all."""
        found = self.client.describe_queries(maxResults=1000)["queries"]
        return [query["queryString"] for query in found if not statuses or query["status"] in statuses]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SLACK_"))}
    return kept | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PYTHONUNBUFFERED": "1"}


@contextmanager
def local_logs(folder: Path, port: int = 0) -> Iterator[Logs]:
    """`sigwatch local` with the log groups of the starter library."""
    with Process(["local", "--port", str(port)], folder / "local.log", {}) as process:
        yield Logs(process.line())


@contextmanager
def threaded_logs(settings: Settings | None = None) -> Iterator[Logs]:
    """The same server in a thread of the test's own process, which starts sooner."""
    clock = time.time  # noqa: TID251 - the daemon under test lives in real time
    with LocalServer(clock=clock, settings=settings) as server:
        yield Logs(server.url)


def write_configuration(folder: Path, slack: str, knowledge: Path = SIGNATURES, quiet: str = "4s") -> None:
    text = CONFIGURATION.format(knowledge=knowledge, slack=slack, quiet=quiet)
    (folder / "sigwatch.yaml").write_text(text)


def daemon(folder: Path, logs_url: str, *arguments: str) -> Daemon:
    environ = {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs_url, "SLACK_BOT_TOKEN": TOKEN}
    return Daemon(["run", *arguments], folder / "daemon.log", environ)
