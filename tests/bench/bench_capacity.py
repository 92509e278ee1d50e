"""What one replica takes at several sizes: processor, memory, queries. `python -m tests.bench.bench_capacity`

The daemon is a process of its own with its default polling, on DynamoDB; the late pass, which has nothing to read in
the first hour, is not in the figures: it adds a twelfth of a query a minute to each batch of 50 log groups. With an
argument, seconds to measure over after the warm-up, 60 by default; `busy` after it leaves out the quiet cases.
Processor seconds hardly depend on what else the machine does, but another processor takes more or less of them.
"""

import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.bench.bench_reload import spelled
from tests.bench.whole_daemon import (
    Setting,
    Size,
    await_ready,
    cpu_seconds,
    mebibytes,
    now,
    pause,
    setting,
    total,
)
from tests.fakes.processes import Daemon, eventually

WARM_UP_SECONDS = 30
MEASURED_SECONDS = 60
LOUD_SIGNATURES, LOUD_GROUPS = 10, 20


@dataclass(frozen=True)
class Case:
    """A size, and how much happens."""

    size: Size
    rows_per_second: int = 0


CASES = (
    Case(Size(100, 50)),
    Case(Size(1_000, 200)),
    Case(Size(10_000, 200)),
    Case(Size(1_000, 1_000)),
    Case(Size(1_000, 200), 100),
    Case(Size(1_000, 200), 1_000),
)


def log(here: Setting, rate: int, stopping: threading.Event) -> None:
    """So many events a second in which a signature matches, of few kinds in few log groups."""
    rng = Random(5)
    pairs = [(one.pattern, spelled(one.pattern)) for one in here.watched]
    texts = [text for pattern, text in pairs if re.search(pattern, text)][:LOUD_SIGNATURES]
    due = time.monotonic()
    while not stopping.wait(max(0.0, due - time.monotonic())):
        due += 1
        at_ms = int(now() * 1000)
        for number in range(rate):
            event = at_ms + number % 1000, f"{rng.choice(texts)} {rng.random()}"
            here.logs.store.put(here.names[rng.randrange(LOUD_GROUPS)], "app", [event])


def warm(here: Setting, running: Daemon) -> None:
    """Until looked back, compiled, and at its pace."""
    await_ready(running)
    if len(here.watched) > 1_000:
        assert eventually(here.compiled, 120)
    pause(WARM_UP_SECONDS)


def line(case: Case, seconds: float) -> str:
    """The row of the table."""
    with tempfile.TemporaryDirectory() as folder, setting(Path(folder), case.size) as here:
        stopping = threading.Event()
        feeder = threading.Thread(target=log, args=(here, case.rows_per_second, stopping))
        running = here.start("dynamodb")
        feeder.start()
        try:
            warm(here, running)
            begun, before = time.monotonic(), measures(running)
            pause(seconds)
            minutes, after = (time.monotonic() - begun) / 60, measures(running)
            used, queries, hits = ((then - once) / minutes for once, then in zip(before, after, strict=True))
            memory, most = mebibytes(running.pid, "VmRSS"), mebibytes(running.pid, "VmHWM")
            behind = total(running, 'sigwatch_coverage_lag_seconds{pass="eager",scope="us-east-1/shop"}')
        finally:
            stopping.set()
            feeder.join()
        running.end(seconds=20)
    size = case.size
    return (
        f"| {size.signatures:,} x {size.groups:,} | {case.rows_per_second:,} | {used:.1f} s | {memory:.0f}"
        f" ({most:.0f}) MiB | {queries:.0f} | {hits / 60:,.0f} | {behind:.0f} s |"
    )


def measures(running: Daemon) -> tuple[float, float, float]:
    """Processor seconds, queries and hits until now."""
    return cpu_seconds(running.pid), total(running, "sigwatch_queries_total"), total(running, "sigwatch_hits_total")


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else MEASURED_SECONDS
    cases = [case for case in CASES if case.rows_per_second or "busy" not in sys.argv]
    print(
        "| signatures x log groups | rows/s | processor a minute | memory (most) | queries a minute | hits/s | behind |"
    )
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        print(line(case, seconds), flush=True)


if __name__ == "__main__":
    main()
