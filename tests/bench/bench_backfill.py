"""A month of fifty log groups, searched at once and slice by slice. `python -m tests.bench.bench_backfill`

The embedded server grants what the service does: 10 StartQuery and 10 GetQueryResults a second, 100 running queries.
It scans at a fixed rate, on a clock that runs faster than the wall's. One query in twenty fails. Bursts make some
results larger than 10,000 rows, and two of them larger than the 100,000 that a query returns. One slice at a time reads
a part of the range only, and its time is extrapolated.
"""

import gc
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import boto3
from botocore.config import Config

from sigwatch.findings import Finder
from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.event import Event, QueryEnded, QueryStatus
from sigwatch.model.logs import Window
from sigwatch.past.backfill import Asked, Backfill
from sigwatch.past.values import Ended
from sigwatch.pipeline import prepare
from sigwatch.plan.scopes import resolve
from sigwatch.plan.windows import DAY
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from tests.bench.hours import FastTime
from tests.fakes.made import signature

DAYS = 30
ALONE_DAYS = 1.5
GROUPS = [f"/app/{number:02d}" for number in range(50)]
HITS = 5_000
CALM, CALM_LENGTH = 20_000, 15_000
"""Events that nothing matches, and their size."""
BURSTS = [10_500] * 110 + [105_000] * 2
BYTES_PER_SECOND = 60_000.0
"""That a query scans: the whole month in about an hour and a half."""
FAILING = 0.05
SPEED, ALONE_SPEED = 1.0, 8.0
"""Real parts do the work of a hundred searches on this machine, so their time must not run ahead of it."""
QUOTAS = Limits(start_per_second=9.5, results_per_second=9.5, other_per_second=9.5, concurrent=98)
SIGNATURES = (signature("KO-1", "ERROR planted"), signature("KO-2", "flood [0-9]+"))


@dataclass
class Session:
    """What one search took."""

    ended: Ended
    seconds: float
    found: int
    paid: int
    results: list[int]


def fill(server: LocalServer, start: int, days: float) -> int:
    """Log the past; returns how many events there are to be found."""
    rng, end = Random(7), start + int(days * DAY)
    share = days / DAYS

    def moment() -> int:
        return rng.randrange(start * 1000 + 1, end * 1000) // 1000 * 1000 + rng.randrange(1, 1_000)

    by_group: dict[str, list[tuple[int, str]]] = {name: [] for name in GROUPS}
    planted = round(HITS * share)
    for number in range(planted):
        by_group[rng.choice(GROUPS)].append((moment(), f"ERROR planted {number}"))
    for number in range(round(CALM * share)):
        by_group[rng.choice(GROUPS)].append((moment(), f"INFO {number} ".ljust(CALM_LENGTH, "x")))
    for burst, size in enumerate(BURSTS[: round(len(BURSTS) * share)]):
        begin, place = moment(), by_group[rng.choice(GROUPS)]
        place += [(begin + number // 2, f"flood {burst * 1_000_000 + number}") for number in range(size)]
        planted += size
    for name, events in by_group.items():
        server.store.create_group(name, created_ms=(start - DAY) * 1000)
        server.store.put(name, "s", events)
    return planted


def search(hours: FastTime, server: LocalServer, folder: Path, window: Window, places: int) -> Session:
    state = SqliteStore(folder / f"{places}.db")
    client = boto3.client(
        "logs",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=places + 4),
    )
    limiter = Limiter(lambda: QUOTAS, hours.clock, hours.wait)
    account = Account("", linked=False, installation=state.installation)
    chance = Random(1).random
    source = CloudWatchSource(client, account, limiter, state, hours.clock, hours.wait, chance, lambda: None)
    events: list[Event] = []
    lock = threading.Lock()

    def observe(event: Event) -> None:
        with lock:
            events.append(event)

    scopes, _ = resolve([(each, ["/app/*"]) for each in SIGNATURES], source.log_groups("/app/"))
    prepared = prepare(SIGNATURES)
    stored = sum(server.store.stored_bytes(name) for name in GROUPS)
    asked = Asked(
        window,
        scopes,
        lambda _: prepared,
        bytes_per_second=lambda _: stored / window.seconds,
        rate=BYTES_PER_SECOND,
    )
    finder = Finder(("log_group",), lambda _, text: text)
    parts = Backfill(Reader(source, observe, 0.005, 100_000), state, finder, places, hours.clock, hours.wait, chance)
    before, began = int(str(server.stats()["bytes_scanned"])), hours.clock()
    ended = parts.run(asked, lambda _: None)
    seconds = hours.clock() - began
    found = sum(state.findings.hit_counts().values())
    state.close()
    client.close()
    rows = [e.rows for e in events if isinstance(e, QueryEnded) and e.status is QueryStatus.COMPLETE]
    return Session(ended, seconds, found, int(str(server.stats()["bytes_scanned"])) - before, rows)


def measure(days: float, places: int, speed: float) -> Session:
    hours = FastTime.starting_now(speed)
    start = int(hours.clock()) - (DAYS + 1) * DAY
    settings = Settings(scheduled_seconds=0.2, running_seconds=0.5, bytes_per_second=BYTES_PER_SECOND, seed=3)
    with tempfile.TemporaryDirectory() as folder, LocalServer(clock=hours.clock, settings=settings) as server:
        began = time.monotonic()
        planted = fill(server, start, days)
        stored = sum(server.store.stored_bytes(name) for name in GROUPS)
        print(f"{days} days, {stored:,} bytes, {planted:,} planted, logged in {time.monotonic() - began:.0f} s")
        server.inject(Faults(seed=3, failure_probability=FAILING, requests_per_second=10.0, max_concurrent=100))
        done = search(hours, server, Path(folder), Window(start, start + int(days * DAY)), places)
        tell(done, planted, stored, server)
    gc.collect()
    return done


def tell(done: Session, planted: int, stored: int, server: LocalServer) -> None:
    paid = done.ended.progress
    complete = paid.bytes_scanned - paid.bytes_failed
    large = sum(rows > 10_000 for rows in done.results)
    print(
        f"  {done.seconds:,.0f} s of the service's time; found {done.found:,} of {planted:,};"
        f" gaps {len(done.ended.gaps)}"
    )
    print(
        f"  paid per byte: {complete / stored:.4f} by complete queries, {paid.bytes_failed / stored:.4f} by failed"
        f" ones, {done.paid / stored:.4f} as the server counts"
    )
    print(
        f"  {len(done.results):,} results: {large / len(done.results):.1%} over 10,000 rows,"
        f" {sum(rows >= 100_000 for rows in done.results)} at 100,000; requests {server.stats()['requests']}"
    )


def main() -> None:
    together = measure(DAYS, QUOTAS.concurrent, SPEED)
    alone = measure(ALONE_DAYS, 1, ALONE_SPEED)
    whole = alone.seconds * DAYS / ALONE_DAYS
    print(f"one slice at a time would take {whole:,.0f} s: {whole / together.seconds:.1f} times as long")


if __name__ == "__main__":
    main()
