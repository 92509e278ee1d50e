"""The surroundings of a soak: logs, a state on disk, a Slack that can be down, and replicas, all on one fast clock."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from random import Random

from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from tests.bench.hours import FastTime
from tests.bench.rules import rules, write_documents
from tests.bench.soak_traffic import DAY, Plan
from tests.fakes.dynamo import ENVIRONMENT, new_table, running_process
from tests.fakes.processes import CHANNEL
from tests.fakes.programs import free_port
from tests.fakes.slack_server import TOKEN, Call, FakeSlack, Fault, reset, server_error

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = """\
knowledge: {{paths: [knowledge], reload: 1h}}
projects: {{default: {{log_groups: ["/app/*"]}}}}
aws:
  region: us-east-1
  limits: {{start_per_second: 10, results_per_second: 10, other_per_second: 10, concurrent: 4}}
polling: {{interval: {interval}s, passes: {{eager: 0s, settled: 5m, late: 1h}}, first_lookback: 15m}}
incidents: {{quiet_period: 1h}}
slack:
  {{channel: C0ONCALL, base_url: "{slack}", timeout: 900s, settle: 600s, messages_per_minute: 600, digest_from: 900}}
targets: [slack]
retention: {{hits: 15d, notifications: 15d, audit: 2d, spending: 3d}}
store: dynamodb://{table}
http: {{host: 127.0.0.1, port: 0}}
"""
"""Slack's timeout is real time to its client and simulated to the claims on messages: it has to be long enough as
both. Nothing hangs there that would need it."""

pause = threading.Event().wait


class MoodySlack(FakeSlack):
    """Takes messages but for the times when it is down; of those that came then some arrived all the same."""

    down = False

    def __init__(self, hours: FastTime, rng: Random) -> None:
        super().__init__(channels=(CHANNEL,), clock=hours.clock)
        self._rng = rng

    def take(self, call: Call) -> Fault | None:
        if not self.down:
            return super().take(call)
        arrived = self._rng.random() < 0.2
        return self._rng.choice([server_error(503, accepted=arrived), reset(accepted=arrived)])


class State:
    """A DynamoDB server with its state on disk, which can hang, and can crash and come back."""

    def __init__(self, folder: Path) -> None:
        self._file, self._port = folder / "state.db", free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        self._process = self._running.enter_context(running_process(self._port, "--db-path", str(self._file)))

    def crash(self) -> None:
        self._running.close()

    def hang(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)


class Replica:
    """One process of the daemon, and what it has used."""

    def __init__(self, asked: str, log: Path, environ: dict[str, str]) -> None:
        self._log = log
        with log.open("w") as stream:
            command = [sys.executable, "-m", "tests.bench.soak_replica", asked]
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=stream, stderr=stream)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, number: signal.Signals, seconds: float = 30.0) -> int:
        self.send(signal.SIGCONT)
        self.send(number)
        return self._process.wait(seconds)

    def resident_kib(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024

    def processor_seconds(self) -> float:
        used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    def said(self) -> list[dict[str, object]]:
        """The lines of its log; what is not JSON is a line with the key `raw`."""
        found: list[dict[str, object]] = []
        for line in self._log.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"raw": line})
        return found

    def heap_blocks(self) -> int:
        """How many blocks of memory Python holds in it; 0 where it does not say in time."""
        before = len(self._heaps())
        self.send(signal.SIGUSR1)
        for _ in range(50):
            if len(found := self._heaps()) > before:
                return found[-1]
            pause(0.1)
        return 0

    def _heaps(self) -> list[int]:
        return [int(str(line["blocks"])) for line in self.said() if line.get("event") == "heap"]

    def scrape(self) -> None:
        """Ask for its metrics and its page, as those who watch it do."""
        where = next((str(line["http"]) for line in self.said()[:50] if "http" in line), "")
        for path in ("metrics", "healthz", "") if where else ():
            with suppress(OSError), urllib.request.urlopen(where + path, timeout=5) as answer:  # noqa: S310 - loopback
                answer.read()


class House:
    """Everything but what goes wrong."""

    def __init__(self, folder: Path, plan: Plan, stack: ExitStack) -> None:
        self.plan, self.folder = plan, folder
        self.hours = FastTime.starting_now(plan.speed)
        self.state = State(folder)
        stack.callback(self.state.crash)
        self.slack = stack.enter_context(MoodySlack(self.hours, Random(plan.seed)))
        client, table = new_table(self.state.url)
        kept = {"hits": 15 * DAY, "audit": 2 * DAY, "spending": 3 * DAY}
        self.store = DynamoStore(Table(client, table), kept, self.hours.clock, self.hours.clock)
        self._environ = dict(os.environ) | ENVIRONMENT | {"MALLOC_ARENA_MAX": "2"}
        self._asked = {"epoch": self.hours.epoch, "origin": self.hours.origin, "speed": plan.speed}
        self._logs = self._start_logs(stack)
        self.logs_url = self._said_by_logs()
        write_documents(rules(plan.signatures), folder / "knowledge")
        text = CONFIGURATION.format(slack=self.slack.base_url, table=table, interval=plan.interval)
        (folder / "sigwatch.yaml").write_text(text)
        self.replicas: list[Replica] = []
        self.all: list[Replica] = []
        stack.callback(self._end_all)

    def _start_logs(self, stack: ExitStack) -> "subprocess.Popen[str]":
        asked = json.dumps(self._asked | {"plan": asdict(self.plan)})
        command = [sys.executable, "-m", "tests.bench.soak_logs", asked]
        pipe = subprocess.PIPE
        process = stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, env=self._environ, stdin=pipe, stdout=pipe, text=True)
        )
        stack.callback(process.kill)
        return process

    def _said_by_logs(self) -> str:
        assert self._logs.stdout is not None
        return self._logs.stdout.readline().strip()

    def begin_traffic(self, second: float) -> None:
        """Have the planned lines logged from that epoch second on."""
        assert self._logs.stdin is not None
        self._logs.stdin.write(f"{second}\n")
        self._logs.stdin.flush()

    def faults_of_logs(self, faults: dict[str, float]) -> None:
        """What goes wrong with the log service from now on."""
        request = urllib.request.Request(f"{self.logs_url}/_local/faults", json.dumps(faults).encode())  # noqa: S310 - likewise
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - loopback

    def stats_of_logs(self) -> dict[str, dict[str, float]]:
        with urllib.request.urlopen(f"{self.logs_url}/_local/stats", timeout=60) as answer:  # noqa: S310 - loopback
            found: dict[str, dict[str, float]] = json.load(answer)
        return found

    def start(self) -> Replica:
        """One more replica."""
        asked = self._asked | {"beat_speed": self.plan.beat_speed, "folder": str(self.folder)}
        environ = self._environ | {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.logs_url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.state.url,
            "SLACK_BOT_TOKEN": TOKEN,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        made = Replica(json.dumps(asked), self.folder / f"replica-{len(self.all)}.log", environ)
        self.replicas.append(made)
        self.all.append(made)
        return made

    def _end_all(self) -> None:
        for each in self.all:
            if each.lives:
                each.end(signal.SIGKILL)
