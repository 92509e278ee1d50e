"""Ten thousand signatures over a thousand log groups for a simulated hour. `python -m tests.bench.bench_steady`"""

import json
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.event import CoverageMeasured, Event, QueryEnded, QueryStatus
from sigwatch.model.logs import LogGroup, Window
from sigwatch.polling.spending import day_of
from sigwatch.ports import cursor_key
from tests.bench.corpus import signatures
from tests.bench.hours import FastTime
from tests.bench.watcher import INTERVAL, PASSES, Watching, watching

SPEED = 4.0
MINUTES = 60
ROWS_PER_SECOND = 100
GROUPS = 1_000


def serve(asked: dict[str, float]) -> None:
    """The logs, in a process of their own: 100 rows a second that a query returns, and as many that it does not."""
    hours = FastTime(asked["epoch"], asked["origin"], asked["speed"])
    rng = Random(1)
    names = [f"/app/{n:04d}" for n in range(GROUPS)]
    lines = [
        each.pattern.removeprefix("(?i)").split(".*")[0].split("\\d")[0].replace("\\", "") for each in signatures(500)
    ]
    settings = Settings(scheduled_seconds=0.5, running_seconds=1.5, seed=1)
    with LocalServer(clock=hours.clock, settings=settings) as server:
        for name in names:
            server.store.create_group(name, created_ms=int((hours.clock() - 86_400) * 1000))
        print(server.url, flush=True)
        while not hours.wait(1):
            now = int(hours.clock() * 1000)
            for _ in range(ROWS_PER_SECOND):
                text = rng.choice(lines) + f" {rng.random()}"
                server.store.put(rng.choice(names), "s", [(now, text), (now, "a line of no interest")])


class Heard:
    """Rows, queries and the worst lag of the first pass."""

    def __init__(self) -> None:
        self.rows = self.queries = self.failed = 0
        self.lags: list[float] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, QueryEnded):
            self.queries += 1
            self.rows += event.rows
            self.failed += event.status is not QueryStatus.COMPLETE
        if isinstance(event, CoverageMeasured) and event.pass_name == PASSES[0].name:
            self.lags.append(event.lag_seconds)


def resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def times_paid(house: Watching) -> float:
    """Bytes that the first pass paid for, for each byte that was logged in what it has searched."""
    house.meter.record()
    first = PASSES[0].name
    coverage = house.store.coverage()
    spans: defaultdict[Window, list[LogGroup]] = defaultdict(list)
    for group in house.watch.snapshot.groups:
        found = coverage[cursor_key(first, group)]
        spans[Window(found.begin, found.frontier)].append(group)
    logged = 0
    for window, groups in spans.items():
        for start in range(0, len(groups), 50):
            volume = house.source.volume(groups[start : start + 50], window)
            assert volume is not None
            logged += volume.bytes_logged
    days = {day_of(window.start) for window in spans} | {day_of(window.end) for window in spans}
    paid = sum(each.bytes_scanned for day in days for each in house.store.spent(day) if each.pass_name == first)
    return paid / logged


def measured(folder: Path, url: str, hours: FastTime, minutes: int, say: Callable[[str], None]) -> None:
    heard = Heard()
    state = folder / "state.db"
    house = watching(url, state, hours, signatures(10_000), "/app/*", heard)
    house.watch.reload()
    say(house.watch.snapshot.prepared(house.watch.snapshot.scopes[0]).plan.reason)
    begin, used = hours.clock(), processor_seconds()
    memory = []
    while hours.clock() - begin < minutes * 60:
        hours.wait(INTERVAL)
        for step in PASSES:
            house.patrol.run(step)
        memory.append(resident_mebibytes())
    length = hours.clock() - begin
    share = (processor_seconds() - used) / length
    house.patrol.stop()
    house.workers.close()
    part = max(1, len(memory) // 6)
    sixths = ", ".join(f"{median(memory[n * part : (n + 1) * part]):.0f}" for n in range(6))
    say(f"{length / 60:.0f} simulated minutes: {share:.3f} of one core")
    say(f"memory, the median of each sixth of the time: {sixths} MiB")
    say(f"{heard.rows / length:.0f} rows and {heard.queries / length:.1f} queries a second, {heard.failed} failed")
    lags = sorted(heard.lags[20:])
    most, usual = lags[-1], lags[len(lags) * 19 // 20]
    say(f"lag of the first pass after the look-back, at {INTERVAL} s an interval: p95 {usual:.0f} s, most {most:.0f} s")
    say(f"bytes paid for by the first pass, for each byte logged: {times_paid(house):.3f}")
    house.store.close()


def main() -> None:
    if len(sys.argv) > 2:
        serve(json.loads(sys.argv[2]))
        return
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    hours = FastTime.starting_now(SPEED)
    asked = json.dumps({"epoch": hours.epoch, "origin": hours.origin, "speed": SPEED})
    command = [sys.executable, "-m", "tests.bench.bench_steady", "serve", asked]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            measured(Path(folder), server.stdout.readline().strip(), hours, minutes, print)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
