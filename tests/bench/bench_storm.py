"""A million hits of one signature in one window: how long beyond reading them? `... -m tests.bench.bench_storm`

The rows come as the service gives them: 10,000 a query at most, so that windows are cut as they are in production.
All else is real: reader, engine, pipeline, a state in a file, the outbox with Slack's rates. Only what takes the
messages is a list. What a sweep takes beyond `search` is counted; each run is a process of its own, for its memory.
"""

import cProfile
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from sigwatch.cli.app import calm_collector
from sigwatch.config import Settings
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import Event
from sigwatch.model.logs import LogGroup, Pass, Row, Scope, Search, SearchResult, Window
from sigwatch.model.message import Content
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox
from sigwatch.outbox.sending import Sender
from sigwatch.pipeline import Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.polling.places import Places
from sigwatch.ports import cursor_key
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from sigwatch.wiring.aws import pipeline
from sigwatch.wiring.parts import clock
from sigwatch.wiring.people import composer_of
from tests.fakes.made import group, ris, signature

HITS = 1_000_000
SECONDS = 900
EAGER = Pass("eager", 0)
WHERE = group("/aws/lambda/checkout")
STORM = signature("KO-storm", r"ERROR checkout: no connection within \d+ms", ris())


@dataclass
class Storm:
    """A source whose rows are made when they are asked for."""

    window: Window
    seconds: float = 0.0
    """Spent in here."""
    queries: int = 0

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        return [WHERE]

    def search(self, search: Search) -> SearchResult:
        began = time.perf_counter()
        self.queries += 1
        first, last = self._number(search.window.start), self._number(search.window.end)
        # The service takes both ends, and an end in whole seconds covers only its first millisecond.
        rows = tuple(self._row(number) for number in range(first, min(last + 1, HITS, first + search.limit)))
        self.seconds += time.perf_counter() - began
        return SearchResult(rows, 200 * len(rows), 0.0)

    def whole_message(self, row: Row, lane: str) -> str | None:
        return None

    def _number(self, second: int) -> int:
        """The first row of a second."""
        return (second - self.window.start) * HITS // SECONDS

    def _row(self, number: int) -> Row:
        ts_ms = self.window.start * 1000 + number * SECONDS * 1000 // HITS
        text = (
            f"2026-11-24T19:15:19.{number % 1000:03}Z 8f3c{number:09x} ERROR checkout: no connection within"
            f" {number % 997}ms to db-{number % 7}.shop.internal (pool 20/20, waiting {number % 51})"
        )
        return Row(WHERE.account, WHERE.region, WHERE.name, f"s-{number % 40}", ts_ms, text, ts_ms + 900, f"p{number}")


@dataclass
class Listing:
    """A target that keeps no more than how often it was called."""

    name: str = "slack"
    posts: int = 0
    entries: int = 0
    updates: int = 0
    newest: Content | None = None

    def post(self, destination: str, content: Content, thread: str) -> str:
        self.posts += not thread
        self.entries += bool(thread)
        return f"ts-{self.posts}-{self.entries}"

    def update(self, destination: str, ref: str, content: Content) -> None:
        self.updates += 1
        self.newest = content

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        return self.post(destination, content, thread)


def ignore(event: Event) -> None:
    """Nobody listens."""


@dataclass
class House:
    """Everything between the rows and the messages."""

    folder: str
    source: Storm
    target: Listing = field(default_factory=Listing)

    def __post_init__(self) -> None:
        settings = Settings(targets=("slack",), store="sqlite:unused")
        self.store = SqliteStore(Path(self.folder) / "state.db")
        self.pipeline: Pipeline = pipeline(settings, self.source, self.store, composer_of(settings), ignore)
        policy, nonce = OutboxPolicy(), lambda: uuid.uuid4().hex
        sender = Sender(
            self.store.deliveries, {"slack": self.target}, TRAITS, clock, nonce, ignore, lambda: 0.5, policy
        )
        self.outbox = Outbox(sender, pages)

    def sweep_all(self) -> tuple[float, int]:
        """Sweep the window to its end, and return the seconds beyond searching and the number of sweeps."""
        prepared = prepare([STORM])
        places = Places(15, lambda: 0.5)
        key = cursor_key(EAGER.name, WHERE)
        scope = Scope("us-east-1/shop", (WHERE,), (STORM,))
        spent, sweeps = 0.0, 0
        while True:
            covered = self.store.coverage().get(key, Coverage(((self.source.window.start,) * 2,)))
            if covered.frontier >= self.source.window.end:
                return spent - self.source.seconds, sweeps
            left = Window(covered.frontier, self.source.window.end)
            batch = Batch(scope, EAGER, places.fitted((EAGER.name, WHERE), left), (WHERE,))
            began = time.perf_counter()
            reading = self.pipeline.sweep(batch, prepared, covering(batch))
            spent += time.perf_counter() - began
            places.succeeded(batch, reading.window, reading.full)
            sweeps += 1
            self.outbox.deliver_due()


def one(profiled: bool) -> dict[str, float]:
    calm_collector()
    end = int(clock())
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder, Storm(Window(end - SECONDS, end)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        profile = cProfile.Profile()
        began = time.perf_counter()
        used = time.process_time()
        beyond, sweeps = profile.runcall(house.sweep_all) if profiled else house.sweep_all()
        used = time.process_time() - used
        took = time.perf_counter() - began
        [incident] = house.store.incidents()
        found = {
            "counted": incident.count,
            "incidents": 1,
            "messages": house.target.posts,
            "thread entries": house.target.entries,
            "edits": house.target.updates,
            "queries": house.source.queries,
            "sweeps": sweeps,
            "seconds beyond reading": round(beyond, 1),
            "seconds making rows": round(house.source.seconds, 1),
            "seconds in all": round(took, 1),
            "processor seconds in all": round(used, 1),
            "MiB before": round(before),
            "MiB at most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "MiB state": round((Path(folder) / "state.db").stat().st_size / 1024**2),
        }
        house.store.close()
    if profiled:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    return found


def main() -> None:
    if sys.argv[1:2] in (["one"], ["profile"]):
        print(json.dumps(one(sys.argv[1] == "profile")))
        return
    runs = []
    for _ in range(int(sys.argv[1]) if sys.argv[1:] else 3):
        done = subprocess.run([sys.executable, "-m", "tests.bench.bench_storm", "one"], check=True, capture_output=True)
        runs.append(json.loads(done.stdout))
    for name in runs[0]:
        values = [run[name] for run in runs]
        each = f" ({', '.join(f'{value:,}' for value in values)})" if len(set(values)) > 1 else ""
        print(f"{name}: {median(values):,}{each}")
    wrong = [run for run in runs if (run["counted"], run["messages"]) != (HITS, 1)]
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
