"""`sigwatch backfill` as a process of its own: stopped, killed, asked on a terminal, beside a daemon."""

import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.fakes.processes import CHANNEL, GROUP, SIGNATURES, Daemon, Process, eventually
from tests.fakes.slack_server import TOKEN, FakeSlack

clock = time.time  # noqa: TID251 - the program under test lives in real time
ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"
GROUPS = 160
"""Four slices: a query reads 50 log groups."""
DAY_MS = 86_400_000
ESCAPE = "\x1b"
CONFIGURATION = f"""\
knowledge: {{paths: ["{SIGNATURES}"]}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1, limits: {{concurrent: 1}}}}
polling: {{interval: 1s, passes: {{eager: 0s, settled: 3s}}, first_lookback: 60s}}
targets: [console]
store: sqlite:state.db
http: {{host: 127.0.0.1, port: 0}}
"""
ASKED = ("backfill", "--since", "2d")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer(clock=clock, settings=Settings(running_seconds=1.0)) as made:
        now_ms = int(clock() * 1000)
        for number in range(GROUPS):
            name = f"/aws/lambda/credmate-{number:03}"
            made.store.create_group(name, created_ms=now_ms - 10 * DAY_MS)
            made.store.put(name, "s", [(now_ms - DAY_MS, ERROR)])
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sigwatch.yaml").write_text(CONFIGURATION)
    return tmp_path


def environ(url: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": url}


def backfill(folder: Path, url: str, *arguments: str) -> Process:
    return Process(list(arguments or (*ASKED, "--format", "json")), folder / "talk.log", environ(url))


def finished(folder: Path, url: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, data and talk of a run to the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done = subprocess.run(
        [sys.executable, "-m", "sigwatch", *arguments],
        check=False,
        cwd=folder,
        env=kept | credentials | environ(url),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def paid(server: LocalServer) -> int:
    return int(str(server.stats()["bytes_scanned"]))


def in_the_middle(server: LocalServer) -> Callable[[], bool]:
    """Whether the second slice is being read, so that the first is done: there is one place."""
    return lambda: paid(server) > 50 * len(ERROR) and bool(server.stats()["running"])


def once() -> int:
    """Bytes that it takes to read everything once."""
    return GROUPS * len(ERROR)


def test_ctrl_c_stops_the_queries_and_the_command_that_it_prints_goes_on(folder: Path, server: LocalServer) -> None:
    with backfill(folder, server.url, *ASKED, "--format", "json", "--order", "oldest") as running:
        assert eventually(in_the_middle(server))
        assert running.end(signal.SIGINT) == 1
    assert not server.stats()["running"]
    talk = (folder / "talk.log").read_text()
    assert re.search(r"stopped: \d+% is done, [\d,]+ hits so far, 0\.\d+ dollars paid", talk)
    command = shlex.split(talk.splitlines()[-1])
    assert command[0] == "sigwatch"
    assert command[-4:] == ["--order", "oldest", "--format", "json"]
    before = paid(server)
    code, out, talk = finished(folder, server.url, *command[1:])
    report = json.loads(out)
    assert (code, report["hits"]["KO-cm-004"], report["gaps"]) == (0, GROUPS, [])
    assert "was searched before, and is not paid again" in talk
    assert paid(server) - before < once()
    assert finished(folder, server.url, "backfill", "--resume")[0] == 2


def test_a_killed_backfill_goes_on_without_paying_twice(folder: Path, server: LocalServer) -> None:
    with backfill(folder, server.url) as running:
        assert eventually(in_the_middle(server))
        running.end(signal.SIGKILL)
    code, out, _ = finished(folder, server.url, "backfill", "--resume", "--format", "json")
    report = json.loads(out)
    assert (code, report["hits"]["KO-cm-004"], report["gaps"]) == (0, GROUPS, [])
    assert paid(server) == once()
    assert report["bytes_scanned"] == once()


def test_the_second_ctrl_c_ends_at_once_whatever_the_service_does(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with backfill(folder, url) as running, silent.accept()[0]:
            # Two of one kind might be one to the program.
            running.send(signal.SIGINT)
            running.send(signal.SIGTERM)
            assert running.wait(10) == -signal.SIGTERM


def test_a_pipe_gets_data_and_plain_lines(folder: Path, server: LocalServer) -> None:
    code, out, talk = finished(folder, server.url, *ASKED)
    assert code == 0
    assert ESCAPE not in out + talk
    assert f"{GROUPS} log groups, 4 slices" in talk
    assert "searching" not in talk, "the first line comes after ten seconds"
    assert f"{GROUPS} hits" in out


class Terminal:
    """The program on a pseudo terminal of its own."""

    def __init__(self, folder: Path, url: str, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.text = ""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        shown = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sigwatch", *arguments],
            cwd=folder,
            env=kept | shown | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} | environ(url),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def until(self, words: str) -> None:
        """Read until they are shown."""
        while words not in self.text:
            self.text += self._read()

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Read what is left; returns the exit code."""
        while part := self._read(last=True):
            self.text += part
        os.close(self._master)
        return self._process.wait(20)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def _read(self, *, last: bool = False) -> str:
        try:
            part = os.read(self._master, 4096).decode(errors="replace")
        except OSError:
            part = ""
        assert part or last, self.text
        return part


@pytest.mark.parametrize("answer", ["n\n", "\n", "Ctrl-C"])
def test_who_does_not_agree_pays_nothing(folder: Path, server: LocalServer, answer: str) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION + "backfill: {ask_above_dollars: 0}\n")
    terminal = Terminal(folder, server.url, *ASKED)
    terminal.until("[y/N]")
    if answer == "Ctrl-C":
        terminal.interrupt()
    else:
        terminal.type(answer)
    assert terminal.end() == 2
    assert "4 slices" in terminal.text.split("[y/N]")[0]
    assert "nothing was searched" in terminal.text
    assert paid(server) == 0
    assert not list(folder.glob("backfills/*"))


def test_who_agrees_sees_a_bar_and_then_the_report(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION + "backfill: {ask_above_dollars: 0}\n")
    terminal = Terminal(folder, server.url, *ASKED)
    terminal.until("[y/N]")
    terminal.type("y\n")
    terminal.until("2 slices")
    assert terminal.end() == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.text)
    assert re.search(r"searching .*━.* +\d+% about \d+ s left", shown)
    assert re.search(
        r"\d+\.\d kB of about [\d.]+ kB, 0\.\d+ dollars, [\d,]+ hits, 2 slices, [\d.,]+ (bytes|kB)/s", shown
    )
    assert f"{GROUPS} hits" in shown


def test_alert_opens_nothing_that_the_daemon_has_told(folder: Path) -> None:
    with FakeSlack(channels=(CHANNEL,)) as slack, LocalServer(clock=clock) as server:
        now_ms = int(clock() * 1000)
        server.store.create_group(GROUP, created_ms=now_ms - 10 * DAY_MS)
        server.store.put(GROUP, "s", [(now_ms - 5_000, ERROR), (now_ms - DAY_MS, ERROR)])
        told = CONFIGURATION.replace("[console]", "[slack]")
        told += f'slack: {{channel: {CHANNEL}, base_url: "{slack.base_url}", settle: 1s}}\n'
        (folder / "sigwatch.yaml").write_text(told)
        secrets = environ(server.url) | {"SLACK_BOT_TOKEN": TOKEN}
        with Daemon(["run"], folder / "daemon.log", secrets) as running:
            assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=20)
            with Process([*ASKED, "--alert"], folder / "talk.log", secrets) as past:
                assert past.wait(30) == 0
            assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 2, timeout=20)
            assert running.end() == 0
        talk = (folder / "talk.log").read_text()
        assert "told 1 incident; 1 incident known before" in talk
        assert "the quotas are shared with the daemon that is at work" in talk
        assert len(slack.messages(CHANNEL)) == 2
