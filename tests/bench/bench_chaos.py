"""Ten thousand planted log events under all faults: is each found, once? `python -m tests.bench.bench_chaos`

At 5 % each: throttling, outages, a full pool, lost answers of StartQuery and of GetQueryResults, queries that end as
Failed, Timeout, Cancelled or Unknown or run twenty times longer, log groups that one query finds missing or forbidden,
and events so long that results cut off what matches in them. Ties come in any order, and pointers change with each
query. One event in a hundred is late by up to an hour, five are searchable up to two minutes late. An hour of events
and an hour for the late ones take two minutes on a fast clock; then all of it again, with a SIGKILL every few seconds.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.store.sqlite import SqliteStore
from tests.bench.hours import FastTime

SPEED = 60.0
HITS = 10_000
LENGTH = 3_600
GROUPS = [f"/app/{n:02d}" for n in range(20)]
SHARE = 0.05
CUT = 1_000
FAULTS = Faults(
    seed=3,
    throttle_probability=SHARE,
    unavailable_probability=SHARE,
    pool_full_probability=SHARE,
    lost_reply_probability=SHARE,
    lost_results_probability=SHARE,
    failure_probability=SHARE,
    slow_probability=SHARE,
    slow_factor=20,
    missing_probability=SHARE,
    forbidden_probability=SHARE,
    truncate_message=CUT,
)


def planted(rng: Random, begin: float) -> list[tuple[float, int, str, str, float]]:
    """Arrival, event time in ms, log group, message, seconds until it can be searched; by arrival."""
    made = []
    for number in range(HITS):
        ts = begin + rng.random() * LENGTH
        luck = rng.random()
        late = rng.uniform(60, 3_600) if luck < 0.01 else 0.0
        indexing = rng.uniform(5, 120) if 0.01 <= luck < 0.06 else rng.uniform(0, 2)
        text = f"ERROR kind{number % 10} planted {number}"
        if rng.random() < SHARE:
            text = f"request {number}: {'x' * CUT} {text}"
        made.append((ts + late, int(ts * 1000), rng.choice(GROUPS), text, indexing))
    return sorted(made)


def feed(server: LocalServer, hours: FastTime, events: list[tuple[float, int, str, str, float]]) -> None:
    for arrival, ts_ms, group, text, indexing in events:
        while hours.clock() < arrival:
            if hours.wait(arrival - hours.clock()):
                return
        server.store.put(group, "app", [(ts_ms, text), (ts_ms, "INFO nothing to see")], visible_after_seconds=indexing)


def run(*, kill_every: float | None) -> dict[str, float]:
    hours = FastTime.starting_now(SPEED)
    begin = hours.clock() + 60
    rng = Random(11)
    settings = Settings(scheduled_seconds=0.5, running_seconds=1.0, seed=3)
    with tempfile.TemporaryDirectory() as folder, LocalServer(clock=hours.clock, settings=settings) as server:
        for group in GROUPS:
            server.store.create_group(group, created_ms=int((begin - 86_400) * 1000))
        server.inject(FAULTS)
        events = planted(rng, begin)
        threading.Thread(target=feed, args=(server, hours, events), daemon=True).start()
        state = Path(folder) / "state.db"
        asked = {"epoch": hours.epoch, "origin": hours.origin, "speed": SPEED, "url": server.url, "state": str(state)}
        kills = _watched(asked, begin + LENGTH + 3_600 + 900, hours, kill_every, rng)
        hours.stopping.set()
        return _verdict(state, begin + LENGTH, server) | {"kills": kills}


def _watched(asked: dict[str, object], until: float, hours: FastTime, kill_every: float | None, rng: Random) -> int:
    kills = 0
    command = [sys.executable, "-m", "tests.bench.watcher", json.dumps(asked)]
    while hours.clock() < until:
        worker = subprocess.Popen(command)
        left = (until - hours.clock()) / SPEED
        alive = min(left, rng.uniform(0.7, 1.3) * kill_every) if kill_every else left
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(alive)
        if hours.clock() < until:
            kills += 1
            worker.kill()
        else:
            worker.terminate()
        worker.wait(60)
    return kills


def _verdict(state: Path, end: float, server: LocalServer) -> dict[str, float]:
    store = SqliteStore(state)
    found = sum(store.hit_counts().values())
    counted = sum(incident.count for incident in store.incidents())
    coverage = store.coverage()
    holes = sum(len(each.spans) - 1 for each in coverage.values())
    behind = sum(each.frontier < end for each in coverage.values())
    store.close()
    stored = sum(server.store.stored_bytes(group) for group in GROUPS)
    paid = int(str(server.stats()["bytes_scanned"]))
    return {
        "planted": HITS,
        "found": found,
        "doubled": counted - found,
        "windows skipped": holes + behind,
        "bytes paid per byte and pass": round(paid / stored / 3, 2),
    }


def main() -> None:
    for name, kill_every in (("all faults at 5 %", None), ("the same, killed every 4 s", 4.0)):
        began = time.monotonic()
        print(name, json.dumps(run(kill_every=kill_every)), f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
