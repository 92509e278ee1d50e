"""The whole daemon on a fast clock, to be killed and paused at will: `python -m tests.bench.soak_replica JSON`."""

import faulthandler
import gc
import json
import os
import signal
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from rich.console import Console

from sigwatch.cli.run import handle_signals
from sigwatch.config import load
from sigwatch.telemetry.logs import LogObserver, logger, quieten_libraries
from sigwatch.wiring import parts
from tests.bench.hours import FastTime

OF_LEASES = ("leases", "heartbeat")
"""Jobs that go by the time of leases, which runs slower: answers take real time."""


class FastScheduler(BackgroundScheduler):  # type: ignore[misc]  # it comes without types
    """Runs each job as often as a fast clock asks for."""

    def __init__(self, hours: FastTime, beat_speed: float) -> None:
        super().__init__()
        self._hours, self._beat_speed = hours, beat_speed

    def add_job(self, func: Callable[[], object], trigger: Any = None, *args: Any, **options: Any) -> Any:
        speed = self._beat_speed if options["id"] in OF_LEASES else self._hours.speed
        options["seconds"] /= speed
        options["next_run_time"] = self._real(options["next_run_time"])
        return super().add_job(func, trigger, *args, **options)

    def _real(self, moment: datetime) -> datetime:
        ahead = moment.timestamp() - self._hours.clock()
        return datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=ahead / self._hours.speed)  # noqa: TID251 - real time is meant


class Heap:
    """What Python holds. Unlike resident memory it does not depend on how the allocator reuses what was freed."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._first: tracemalloc.Snapshot | None = None

    def tell(self, *_: object) -> None:
        """Log the number of blocks, and where they come from if PYTHONTRACEMALLOC is set."""
        gc.collect()
        self._log.info("heap", blocks=sys.getallocatedblocks(), where=self._grown())

    def _grown(self) -> list[str]:
        if not tracemalloc.is_tracing():
            return []
        now = tracemalloc.take_snapshot()
        self._first = self._first or now
        return [str(each) for each in now.compare_to(self._first, "lineno")[:20]]


def main() -> None:
    asked = json.loads(sys.argv[1])
    hours = FastTime(asked["epoch"], asked["origin"], asked["speed"])
    beats = FastTime(0.0, 0.0, asked["beat_speed"])
    # Before the rooms that build with them are loaded: they take the names as they find them.
    parts.clock, parts.monotonic = hours.clock, beats.clock
    from sigwatch.wiring.daemon import Surroundings, build  # noqa: PLC0415 - see above

    quieten_libraries()
    log = logger(sys.stderr, verbose=False)
    folder = Path(asked["folder"])
    settings = load(folder / "sigwatch.yaml")
    scheduler = FastScheduler(hours, asked["beat_speed"])
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere)
        around = Surroundings(os.environ, console, [LogObserver(log)], hours.wait, scheduler)
        running = build(settings, folder, around)
        handle_signals(running.daemon)
        faulthandler.register(signal.SIGUSR2)
        signal.signal(signal.SIGUSR1, Heap(log).tell)
        with running.closing:
            running.web.start()
            log.info("watching", http=f"http://{settings.http.host}:{running.web.port}/")
            running.daemon.run()
    log.info("stopped")


if __name__ == "__main__":
    main()
