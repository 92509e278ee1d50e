"""`sigwatch run` as people run it, a process of its own, with documents and log groups in any number."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.knowledge import Signature
from tests.bench.bench_reload import knowledge_object
from tests.bench.corpus import signatures
from tests.fakes.dynamo import ENVIRONMENT, new_table, running_server
from tests.fakes.processes import CHANNEL, Daemon, eventually
from tests.fakes.slack_server import TOKEN, FakeSlack

CONFIGURATION = """\
knowledge: {{paths: [knowledge]}}
projects: {{default: {{log_groups: ["/app/*"]}}}}
aws: {{region: us-east-1}}
slack: {{channel: C0ONCALL, base_url: "{slack}"}}
targets: [slack]
store: {store}
http: {{host: 127.0.0.1, port: 0}}
"""
DAY_MS = 86_400_000
now = time.time  # noqa: TID251 - the daemon lives in real time
pause = threading.Event().wait


@dataclass(frozen=True)
class Size:
    """What is watched."""

    signatures: int
    groups: int


class Setting:
    """The servers around a daemon, and its folder."""

    def __init__(self, folder: Path, size: Size, stack: ExitStack) -> None:
        self.folder, self._stack, self._started = folder, stack, 0
        self.watched: list[Signature] = signatures(size.signatures)
        self.names = [f"/app/{number:04d}" for number in range(size.groups)]
        self._database = stack.enter_context(running_server())
        self.slack = stack.enter_context(FakeSlack(channels=(CHANNEL,)))
        # About what a small query takes.
        times = Settings(scheduled_seconds=0.3, running_seconds=0.7)
        self.logs = stack.enter_context(LocalServer(clock=now, settings=times))
        for name in self.names:
            self.logs.store.create_group(name, created_ms=int(now() * 1000) - DAY_MS)
        rng = Random(3)
        (folder / "knowledge").mkdir()
        for one in self.watched:
            (folder / "knowledge" / f"{one.id}.md").write_text(knowledge_object(one, rng))

    def start(self, state: str, cache: str = "cache") -> Daemon:
        """A daemon on a new state, "sqlite" or "dynamodb", with its compiled patterns in that folder."""
        self._started += 1
        store = f"sqlite:state-{self._started}.db"
        if state == "dynamodb":
            store = f"dynamodb://{new_table(self._database)[1]}"
        (self.folder / "sigwatch.yaml").write_text(CONFIGURATION.format(slack=self.slack.base_url, store=store))
        environ = ENVIRONMENT | {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.logs.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self._database,
            "SLACK_BOT_TOKEN": TOKEN,
            "XDG_CACHE_HOME": str(self.folder / cache),
        }
        return self._stack.enter_context(Daemon(["run"], self.folder / f"daemon-{self._started}.log", environ))

    def compiled(self, cache: str = "cache") -> bool:
        """Whether the patterns are compiled and kept."""
        return any((self.folder / cache / "sigwatch").glob("*.hsdb"))


@contextmanager
def setting(folder: Path, size: Size) -> Iterator[Setting]:
    """The servers, and in the end the end of every daemon."""
    with ExitStack() as stack:
        yield Setting(folder, size, stack)


def await_ready(running: Daemon) -> None:
    """Until it says that it is ready."""
    assert eventually(lambda: running.get("/readyz")[0] == 200, 120), running.log.read_text()[-2000:]


def cpu_seconds(pid: int) -> float:
    """Seconds of processor that a process has used so far: proc(5), `utime` and `stime`."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def mebibytes(pid: int, field: str) -> float:
    """`VmRSS`, what it has in memory, or `VmHWM`, the most that it ever had."""
    [found] = re.findall(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found) / 1024


def total(running: Daemon, series: str) -> float:
    """A counter, all labels together."""
    text = running.get("/metrics")[1]
    found = re.findall(rf"^{re.escape(series)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))
