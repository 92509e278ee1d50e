"""A search of the past as it is wired in production, over the embedded server, on fast waits."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import boto3
from botocore.config import Config

from sigwatch.findings import Finder
from sigwatch.local.server import LocalServer
from sigwatch.model.event import Event
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Scope, Window
from sigwatch.past.backfill import Asked, Backfill
from sigwatch.past.slices import Order
from sigwatch.past.values import Ended, Progress
from sigwatch.pipeline import prepare
from sigwatch.plan.scopes import resolve
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore

clock = time.time  # noqa: TID251 - the embedded server lives in real time


def client_of(url: str) -> Any:
    return boto3.client(
        "logs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=120),
    )


@dataclass
class PastHouse:
    """One session of a backfill."""

    url: str
    path: Path | str
    signatures: tuple[Signature, ...]
    limit: int = 100_000
    places: int = 8
    limits: Callable[[], Limits] = lambda: Limits(1e6, 1e6, 1e6, 1_000)
    longest_wait: float = 0.01
    stopping: threading.Event = field(default_factory=threading.Event)
    events: list[Event] = field(default_factory=list)
    reports: list[Progress] = field(default_factory=list)
    on_report: Callable[[Progress], None] = lambda _: None

    def __post_init__(self) -> None:
        self.client = client_of(self.url)
        self.state = SqliteStore(self.path)
        account = Account("", linked=False, installation=self.state.installation)
        limiter = Limiter(self.limits, clock, self.wait)
        self.source = CloudWatchSource(
            self.client, account, limiter, self.state, clock, self.wait, Random(4).random, lambda: None
        )

    def wait(self, seconds: float) -> bool:
        return self.stopping.wait(min(seconds, self.longest_wait))

    def scopes(self) -> tuple[Scope, ...]:
        return resolve([(each, ["/*"]) for each in self.signatures], self.source.log_groups("/"))[0]

    def run(self, window: Window, order: Order = Order.NEWEST) -> Ended:
        prepared = prepare(self.signatures)
        asked = Asked(window, self.scopes(), lambda _: prepared, order)
        return self.backfill().run(asked, self._report)

    def backfill(self) -> Backfill:
        reader = Reader(self.source, self.events.append, 0.005, self.limit)
        finder = Finder(("log_group",), lambda _, text: text)
        return Backfill(reader, self.state, finder, self.places, clock, self.wait, Random(5).random)

    def found(self) -> list[tuple[str, int]]:
        """Signature and time of each hit."""
        return sorted((each.hit.signature, each.hit.row.ts_ms) for each in self.state.findings.in_time())

    def _report(self, progress: Progress) -> None:
        self.reports.append(progress)
        self.on_report(progress)

    def close(self) -> None:
        self.client.close()
        self.state.close()


def paid(server: LocalServer) -> int:
    """Bytes that the server has billed."""
    return int(str(server.stats()["bytes_scanned"]))


def stored(server: LocalServer) -> int:
    """Bytes of all log groups."""
    return sum(server.store.stored_bytes(group.name) for group in server.store.groups())
