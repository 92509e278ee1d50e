"""What the daemon depends on goes away and comes back, and the daemon is asked to stop meanwhile."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.chaos_of_replicas import CONFIGURATION, KNOWLEDGE, House, Plan, house, now, pause
from tests.fakes.dynamo import ENVIRONMENT, client
from tests.fakes.gate import Gate
from tests.fakes.lossy_proxy import THROTTLE, LossyProxy
from tests.fakes.processes import CHANNEL, Daemon, eventually
from tests.fakes.slack_server import TOKEN, readable

OUTAGE_SECONDS = 14
"""Longer than a lease lasts."""
PROMISED_SECONDS = 10
DOCUMENTS = 1_000
KILLED = -signal.SIGTERM


class Gated:
    """A house in which each of the services can be shut off."""

    def __init__(self, folder: Path, stack: ExitStack, plan: Plan | None = None) -> None:
        self.house: House = stack.enter_context(house(folder, plan or Plan(groups=60)))
        self.state = stack.enter_context(Gate(self.house.db))
        self.logs = stack.enter_context(Gate(self.house.logs.url))
        self.slack = stack.enter_context(Gate(self.house.slack.base_url))
        self.house.db, self.house.logs.url = self.state.url, self.logs.url
        text = CONFIGURATION.format(slack=self.slack.url, table=self.house.table)
        (folder / "sigwatch.yaml").write_text(text)

    def ready(self) -> Daemon:
        """One more replica, once it is ready."""
        running = self.house.start()
        assert eventually(lambda: running.get("/readyz")[0] == 200, 60), running.log.read_text()
        return running

    def log(self) -> None:
        """Something happens."""
        self.house.logs.store.put(self.house.names[0], "app", [(int(now() * 1000), "ERROR kind0 happened")])

    def counted(self) -> int:
        return sum(incident.count for incident in self.house.store.incidents())

    def keys(self) -> list[str]:
        """Of the messages in the channel."""
        return [message["metadata"]["event_payload"]["key"] for message in self.house.slack.messages(CHANNEL)]


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    with ExitStack() as stack:
        yield Gated(tmp_path, stack)


def says_that_the_state_is_away(running: Daemon) -> bool:
    try:
        status, text = running.get("/readyz")
    except OSError:
        # It waits for the state for longer than anybody who asks: no answer is one too.
        return True
    return status == 503 and "the state" in text


@pytest.mark.parametrize("how", [Gate.shut, Gate.hang], ids=["unreachable", "silent"])
def test_without_its_table_it_stays_alive_and_then_loses_and_doubles_nothing(
    tmp_path: Path, how: Callable[[Gate], None]
) -> None:
    plan = Plan(groups=60, seconds=OUTAGE_SECONDS, hits=40)
    with ExitStack() as stack:
        gated = Gated(tmp_path, stack, plan)
        running = [gated.ready(), gated.ready()]
        planted: list[int] = []
        feeder = threading.Thread(target=gated.house.plant, args=(threading.Event(), planted))
        feeder.start()
        assert eventually(lambda: gated.counted() > 2, 30)
        how(gated.state)
        assert eventually(lambda: all(map(says_that_the_state_is_away, running)))
        feeder.join()
        assert [each.get("/healthz")[0] for each in running] == [200, 200]
        before = gated.counted()
        gated.state.open()
        assert before < len(planted) == 40
        assert eventually(lambda: gated.counted() == 40, 60), gated.counted()
        assert eventually(lambda: gated.house.store.outbox(0)[0] == 0, 30)
        assert eventually(lambda: all(each.get("/readyz")[0] == 200 for each in running), 30)
        assert [each.end(seconds=20) for each in running] == [0, 0]
        assert gated.counted() == 40
        assert all(len(found.spans) == 1 for found in gated.house.store.coverage().values())
        assert set(Counter(gated.keys()).values()) == {1}
        assert len(gated.keys()) == len(gated.house.store.incidents())


def ends(running: Daemon) -> int:
    return running.end(signal.SIGTERM, seconds=PROMISED_SECONDS)


def test_asked_to_stop_while_nothing_happens_it_hands_over_and_ends(gated: Gated) -> None:
    assert ends(gated.ready()) == 0
    assert set(gated.house.shares()) == {""}


@pytest.mark.parametrize("how", [Gate.shut, Gate.hang], ids=["unreachable", "silent"])
@pytest.mark.parametrize("service", ["state", "logs", "slack"])
def test_asked_to_stop_it_ends_whatever_it_waits_for(gated: Gated, service: str, how: Callable[[Gate], None]) -> None:
    running = gated.ready()
    gate: Gate = getattr(gated, service)
    how(gate)
    gated.log()
    # Until something hangs in the midst of it: a pass, or a delivery.
    deliveries = 'sigwatch_notifications_total{outcome="%s",target="slack"}'
    noticed: dict[str, Callable[[], bool]] = {
        "state": lambda: says_that_the_state_is_away(running),
        "logs": lambda: running.metric('sigwatch_coverage_lag_seconds{pass="eager",scope="us-east-1/shop"}') > 5,
        "slack": lambda: sum(running.metric(deliveries % each) for each in ("ambiguous", "retried")) > 0,
    }
    assert eventually(noticed[service], 40), running.log.read_text()
    assert ends(running) == 0


def test_asked_to_stop_while_it_reads_many_documents_it_ends(gated: Gated, tmp_path: Path) -> None:
    for number in range(DOCUMENTS):
        (tmp_path / "knowledge" / f"KO-{number}.md").write_text(KNOWLEDGE.format(n=number))
    running = gated.house.start()
    assert eventually(lambda: "watching" in running.log.read_text(), 60), running.log.read_text()
    assert "knowledge loaded" not in running.log.read_text()
    assert ends(running) == 0


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.0, 1.5])
def test_asked_to_stop_while_it_starts_it_ends(gated: Gated, seconds: float) -> None:
    running = gated.house.start()
    pause(seconds)
    # There is nothing yet that would have to be finished.
    assert ends(running) in {0, KILLED}


def test_asked_to_stop_while_the_state_is_silent_at_its_start_it_ends(gated: Gated) -> None:
    gated.state.hang()
    running = gated.house.start()
    pause(1.5)
    assert ends(running) in {0, KILLED}


def process_one(folder: Path, environ: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The daemon as the first process of a container, under the process that made the container."""
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-m", "sigwatch", "run"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SLACK_"))}
    return subprocess.Popen(command, cwd=folder, env=kept | environ, stderr=subprocess.DEVNULL)


def child_that_hears(outer: "subprocess.Popen[bytes]") -> int:
    """The number out here of the process within, once it has a handler for SIGTERM; 0 before."""
    for child in Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split():
        [caught] = re.findall(r"^SigCgt:\s+(\w+)$", Path(f"/proc/{child}/status").read_text(), re.MULTILINE)
        return int(child) if int(caught, 16) >> (signal.SIGTERM - 1) & 1 else 0
    return 0


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_the_first_process_of_a_container_hears_a_signal_that_comes_while_it_starts(
    gated: Gated, tmp_path: Path, seconds: float
) -> None:
    if subprocess.run(["unshare", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only who may make a PID namespace can try this")
    # So that it never gets to where the daemon hears signals.
    gated.state.hang()
    environ = ENVIRONMENT | {
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": gated.logs.url,
        "AWS_ENDPOINT_URL_DYNAMODB": gated.state.url,
        "SLACK_BOT_TOKEN": TOKEN,
    }
    outer = process_one(tmp_path, environ)
    try:
        assert eventually(lambda: child_that_hears(outer) > 0)
        pause(seconds)
        os.kill(child_that_hears(outer), signal.SIGTERM)
        assert outer.wait(PROMISED_SECONDS) == 128 + signal.SIGTERM
    finally:
        outer.kill()
        outer.wait()


def test_a_table_that_throttles_costs_time_only(gated: Gated) -> None:
    with LossyProxy(gated.house.db) as proxy:
        gated.house.db = proxy.url
        running = gated.ready()
        proxy.line.extend([THROTTLE] * 100_000)
        gated.log()
        assert eventually(lambda: running.metric('sigwatch_runs_skipped_total{reason="failed"}') > 0, 60)
        assert running.get("/healthz")[0] == 200
        assert eventually(lambda: "ThrottlingException" in running.log.read_text(), 60)
        proxy.line.clear()
        assert eventually(lambda: gated.counted() == 1, 60)
        assert eventually(lambda: len(gated.keys()) == 1, 30)
        assert ends(running) == 0


def test_without_its_table_it_says_so_and_a_new_one_does_not_begin(gated: Gated) -> None:
    running = gated.ready()
    client(gated.house.db).delete_table(TableName=gated.house.table)
    assert eventually(lambda: running.get("/readyz")[0] == 503)
    assert "ResourceNotFoundException" in running.get("/readyz")[1]
    assert running.get("/healthz")[0] == 200
    second = gated.house.start()
    assert second.wait(30) == 1
    assert "can not be opened: ResourceNotFoundException" in second.log.read_text()
    assert ends(running) == 0


FILE = """\
knowledge: {{paths: [knowledge]}}
projects: {{default: {{log_groups: ["/app/*"]}}}}
aws: {{region: us-east-1}}
polling: {{interval: 1s, passes: {{eager: 0s}}, first_lookback: 30s}}
incidents: {{quiet_period: 1h}}
slack: {{channel: C0ONCALL, base_url: "{slack}", timeout: 2s, settle: 1s}}
targets: [slack]
store: sqlite:state/state.db
http: {{host: 127.0.0.1, port: 0}}
"""


def on_a_file(gated: Gated, folder: Path) -> None:
    """Have the daemon keep its state in a file."""
    (folder / "sigwatch.yaml").write_text(FILE.format(slack=gated.slack.url))
    (folder / "state").mkdir()


def said(gated: Gated) -> list[str]:
    return [readable(message) for message in gated.house.slack.messages(CHANNEL)]


def test_a_disk_that_is_full_costs_time_only(gated: Gated, tmp_path: Path) -> None:
    on_a_file(gated, tmp_path)
    small = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path / "state")]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("only who may mount can have a small disk")
    try:
        running = gated.ready()
        filling = tmp_path / "state" / "filling"
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024))
        gated.log()
        assert eventually(lambda: "database or disk is full" in running.log.read_text(), 30)
        assert running.get("/healthz")[0] == 200
        assert said(gated) == []
        filling.unlink()
        assert eventually(lambda: len(said(gated)) == 1, 30), running.log.read_text()
        assert ends(running) == 0
    finally:
        subprocess.run(["umount", str(tmp_path / "state")], check=True)


def test_after_a_restore_what_opened_since_is_told_again_and_the_rest_stays_in_its_message(
    gated: Gated, tmp_path: Path
) -> None:
    on_a_file(gated, tmp_path)
    running = gated.ready()
    gated.log()
    assert eventually(lambda: len(said(gated)) == 1)
    file, copy = tmp_path / "state" / "state.db", tmp_path / "copy.db"
    with sqlite3.connect(file) as live, sqlite3.connect(copy) as kept:
        live.backup(kept)
    gated.log()
    gated.house.logs.store.put(gated.house.names[1], "app", [(int(now() * 1000), "ERROR kind1 happened")])
    assert eventually(lambda: len(said(gated)) == 2)
    assert eventually(lambda: "2 events" in said(gated)[0])
    assert ends(running) == 0
    for name in ("state.db-wal", "state.db-shm"):
        (file.parent / name).unlink(missing_ok=True)
    copy.replace(file)
    again = gated.ready()
    # Its key is the same: the housekeeping deletes the newer one within the hour.
    assert eventually(lambda: len(said(gated)) == 3, 30), said(gated)
    assert len(set(gated.keys())) == 2
    assert eventually(lambda: again.metric("sigwatch_outbox_pending") == 0)
    assert "2 events" in said(gated)[0]
    assert ends(again) == 0


def test_without_its_documents_a_new_one_is_not_ready_until_they_are_there(gated: Gated, tmp_path: Path) -> None:
    on_a_file(gated, tmp_path)
    elsewhere = (tmp_path / "knowledge").rename(tmp_path / "elsewhere")
    running = gated.house.start()
    assert eventually(lambda: running.get("/readyz") == (503, "knowledge can not be read: knowledge\n"), 30)
    assert running.get("/healthz")[0] == 200
    elsewhere.rename(tmp_path / "knowledge")
    running.send(signal.SIGHUP)
    assert eventually(lambda: running.get("/readyz")[0] == 200, 30)
    assert ends(running) == 0
