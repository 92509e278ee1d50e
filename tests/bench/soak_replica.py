"""The whole daemon on a fast clock, to be killed and paused at will: `python -m tests.bench.soak_replica JSON`."""

import faulthandler
import gc
import json
import os
import signal
import sys
import time
from collections import Counter
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

MANY = 200
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
        return datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=ahead / self._hours.speed)  # noqa: TID251


def objects() -> dict[str, int]:
    """How many there are of each type, of those that are many: what grows is among them."""
    gc.collect()
    found = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    return {name: count for name, count in found.items() if count >= MANY}


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
        signal.signal(signal.SIGUSR1, lambda _number, _frame: log.info("objects", counts=objects()))
        with running.closing:
            running.web.start()
            log.info("watching", http=f"http://{settings.http.host}:{running.web.port}/")
            running.daemon.run()
    log.info("stopped")


if __name__ == "__main__":
    main()
