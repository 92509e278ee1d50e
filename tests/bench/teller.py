"""A worker that sends what is due, to be killed at will: `python -m tests.bench.teller JSON`.

Besides sigwatch's own way it knows two others, to show that the measurement can tell the difference.
"""

import json
import logging
import os
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from slack_sdk import WebClient

from sigwatch.errors import PublishError, StoreError
from sigwatch.model.event import Event
from sigwatch.model.message import Content, Delivery, Progress
from sigwatch.outbox.crowd import ChannelLimits
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox
from sigwatch.outbox.sending import Sender
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.slack_server import TOKEN

TIMEOUT_SECONDS = 1
SETTLE_SECONDS = 2
CALL_MS = TIMEOUT_SECONDS * 1000 + 500
# As wiring computes them; only what a target wants to be left alone for is scaled down with them.
POLICY = OutboxPolicy(
    call_ms=CALL_MS,
    claim_ms=3 * CALL_MS,
    settle_ms=SETTLE_SECONDS * 1000,
    first_backoff_ms=100,
    longest_backoff_ms=2_000,
    longest_rest_ms=500,
)
TRAITS_HERE = {"slack": replace(TRAITS["slack"], post_gap_ms=20, edit_gap_ms=5)}


class Strategy(StrEnum):
    """How to send."""

    OUTBOX = "sigwatch"
    POST_THEN_RECORD = "post, then record"
    SDK_RETRIES = "the SDK's default retries in the same outbox"


@dataclass(frozen=True)
class Asked:
    """What a worker is to do."""

    state: str
    url: str
    worker: int
    workers: int
    strategy: Strategy = Strategy.OUTBOX
    digest_from: int = 1_000_000
    per_minute: int = 1_000_000
    suspended: float = 0.0
    """Share of the posts right before which the worker suspends itself."""
    seed: int = 1

    @classmethod
    def read(cls, text: str) -> "Asked":
        values = json.loads(text)
        return cls(**{**values, "strategy": Strategy(values["strategy"])})


def now() -> float:
    return time.time()  # noqa: TID251 - several processes live in real time


class Suspended(SlackPublisher):
    """Stops the whole process right before a post, as a host that pauses a container does."""

    share = 0.0
    chance: Callable[[], float] = random.Random().random

    def post(self, destination: str, content: Content, thread: str) -> str:
        if self.chance() < self.share:
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().post(destination, content, thread)


def publisher(asked: Asked, chance: Callable[[], float]) -> SlackPublisher:
    if asked.strategy is Strategy.SDK_RETRIES:
        unheard = logging.getLogger("slack_sdk.unheard")
        unheard.setLevel(logging.CRITICAL + 1)
        client = WebClient(token=TOKEN, base_url=asked.url, timeout=10, logger=unheard)
        return SlackPublisher(client, TIMEOUT_SECONDS)
    made = Suspended(slack_client(TOKEN, asked.url), TIMEOUT_SECONDS)
    made.share, made.chance = asked.suspended, chance
    return made


def ignore(event: Event) -> None:
    """The parent looks at what Slack has."""


def outbox(asked: Asked, store: SqliteStore) -> Callable[[], int]:
    chance = random.Random(asked.seed * 1_000 + asked.worker).random
    target = publisher(asked, chance)
    sender = Sender(
        store.deliveries, {"slack": target}, TRAITS_HERE, now, lambda: uuid.uuid4().hex, ignore, chance, POLICY
    )
    return Outbox(sender, pages, ChannelLimits(asked.per_minute, asked.digest_from)).deliver_due


def post_then_record(asked: Asked, store: SqliteStore) -> Callable[[], int]:
    """What many alerting scripts do: post, write down that it was posted, and after any error post again.

    Each worker has rows of its own, so none of its doubles come from two workers at one row.
    """
    target = publisher(asked, random.random)
    not_before: dict[str, float] = {}

    def send(row: Delivery) -> None:
        if row.ref:
            target.update(row.destination, row.ref, row.content)
            ref = row.ref
        else:
            ref = target.post(row.destination, row.content, row.thread_ref)
        claimed = store.deliveries.claim(row, uuid.uuid4().hex, int(now() * 1000), int(now() * 1000) + 1, 0)
        if claimed:
            sent = replace(claimed, ref=ref, delivered=row.revision, progress=Progress.SENT, posted_ms=1)
            store.deliveries.settle(sent)

    def deliver() -> int:
        rows = store.deliveries.due(int(now() * 1000), 0)
        mine = [row for row in rows if sum(row.id.encode()) % asked.workers == asked.worker]
        for row in mine:
            if not_before.get(row.id, 0) > now():
                continue
            try:
                send(row)
            except PublishError:
                not_before[row.id] = now() + 0.2
        return len(mine)

    return deliver


def main() -> None:
    asked = Asked.read(sys.argv[1])
    parent = os.getppid()
    store = SqliteStore(asked.state)
    deliver = post_then_record(asked, store) if asked.strategy is Strategy.POST_THEN_RECORD else outbox(asked, store)
    pause = threading.Event().wait
    while os.getppid() == parent:
        try:
            deliver()
        except StoreError as error:
            print(error, file=sys.stderr)
        pause(0.05)


if __name__ == "__main__":
    main()
