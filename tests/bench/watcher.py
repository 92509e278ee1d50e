"""The daemon's parts on a fast clock, to be killed at will: `python -m tests.bench.watcher JSON`."""

import json
import random
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from sigwatch.incident.lifecycle import Rules
from sigwatch.model.event import Event
from sigwatch.model.knowledge import Library, Signature
from sigwatch.model.logs import Pass
from sigwatch.pipeline import Pipeline
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.polling.workers import Workers
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telemetry.metrics import fan_out
from sigwatch.watch import Watch
from tests.bench.hours import FastTime
from tests.fakes.made import signature

INTERVAL = 15
PASSES = (Pass("eager", 0), Pass("settled", 300), Pass("late", 3600))


@dataclass
class Watching:
    """Everything between the logs and the store."""

    patrol: Patrol
    watch: Watch
    store: SqliteStore
    workers: Workers
    source: CloudWatchSource
    meter: Meter


def watching(
    url: str, state: Path | str, hours: FastTime, signatures: list[Signature], log_groups: str, *heard: object
) -> Watching:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5, max_pool_connections=40)
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("logs", endpoint_url=url, config=config)
    store = SqliteStore(state)
    chance = random.Random(5).random
    limiter = Limiter(Limits, hours.clock, hours.wait)
    account = Account("", linked=False, installation=store.installation)
    source = CloudWatchSource(client, account, limiter, store, hours.clock, hours.wait, chance, dict)
    meter = Meter(store, hours.clock)
    observe = fan_out(meter, *heard)  # type: ignore[arg-type]  # listeners of the caller's
    library = Library(tuple(signatures), digest="1")
    watch = Watch(lambda: library, source, lambda _: (log_groups,), (), INTERVAL, hours.clock, observe)
    rules = Rules(900_000, lambda _, text: text)
    reader = Reader(source, observe, 0.005)
    stages = Pipeline(reader, store, rules, ("log_group",), lambda *_: (), lambda *_: (), hours.clock, observe)
    workers = Workers(30)
    pace = Pace(INTERVAL, 900, 3600)
    places = Places(INTERVAL, chance)
    patrol = Patrol(watch, stages, PASSES, pace, workers, places, lambda passes: meter.allowance(None, passes))
    return Watching(patrol, watch, store, workers, source, meter)


def ten_signatures() -> list[Signature]:
    return [signature(f"KO-{n}", rf"ERROR kind{n} planted \d+") for n in range(10)]


def main() -> None:
    asked = json.loads(sys.argv[1])
    hours = FastTime(asked["epoch"], asked["origin"], asked["speed"])
    signal.signal(signal.SIGTERM, lambda *_: hours.stopping.set())

    def ignore(event: Event) -> None:
        """The parent looks at the store."""

    house = watching(asked["url"], asked["state"], hours, ten_signatures(), "/app/*", ignore)
    while not house.watch.snapshot.looked_up:
        house.watch.reload()
    while not hours.wait(INTERVAL):
        if not house.watch.snapshot.scopes or any(house.watch.snapshot.lost):
            house.watch.rediscover()
        for step in PASSES:
            house.patrol.run(step)
    house.patrol.stop()
    house.workers.close()
    house.store.close()


if __name__ == "__main__":
    main()
