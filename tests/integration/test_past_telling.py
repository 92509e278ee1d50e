"""A backfill that tells, on the store of a daemon, against a server that behaves as Slack does."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox
from sigwatch.outbox.sending import Sender
from sigwatch.past.telling import deliver_all
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.slack_server import FakeSlack, api_error, readable
from tests.fakes.watched import DAY, NOW, Watched, in_many_groups

CHANNEL = "C0ONCALL"
POLICY = OutboxPolicy(call_ms=5_500, claim_ms=16_500)


@dataclass
class Worker:
    """One process's outbox on a store, and the time that it waits for."""

    watched: Watched
    store: SqliteStore
    slack: FakeSlack
    name: str = "w"

    def __post_init__(self) -> None:
        nonces = (f"{self.name}{number}" for number in itertools.count())
        publisher = SlackPublisher(slack_client(self.slack.token, self.slack.base_url, timeout=5), 5.0)
        deliveries = self.store.deliveries
        sender = Sender(
            deliveries,
            {"slack": publisher},
            TRAITS,
            self.watched.clock,
            nonces.__next__,
            self.watched.events.append,
            lambda: 1.0,
            POLICY,
        )
        self.outbox = Outbox(sender, pages)

    def wait(self, seconds: float) -> bool:
        """Let the time pass."""
        self.watched.now += seconds
        return False

    def deliver(self, rounds: int = 120) -> int:
        """Deliver until nothing is left, or for so many rounds."""
        return deliver_all(self.outbox, self.store.deliveries, self.watched.clock, self.wait, rounds)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL,)) as server:
        yield server


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(SqliteStore(tmp_path / "state.db"))
    yield made
    made.store.close()


def texts(slack: FakeSlack) -> list[str]:
    return [readable(message) for message in slack.messages(CHANNEL)]


def test_a_backfill_tells_what_the_daemon_has_not_and_the_daemon_goes_on(watched: Watched, slack: FakeSlack) -> None:
    worker = Worker(watched, watched.store, slack)
    watched.write(300, 60)
    watched.sweep(600)
    assert worker.deliver() == 0
    [daemons] = texts(slack)
    assert "open since" in daemons
    assert "<!here>" in daemons
    watched.write(40 * DAY, 30 * DAY, 20 * DAY)
    told = watched.backfill()
    assert (len(told.new), len(told.known)) == (3, 1)
    assert worker.deliver() == 0
    [first, *past] = texts(slack)
    assert first == daemons
    assert len(past) == 3
    for text in past:
        assert text.startswith("⏪ P0 in the past · Title of KO-1")
        assert "Already over: from 09:00:00 UTC on" in text
        assert "<!here>" not in text
    entries = [thread(slack, message) for message in slack.messages(CHANNEL)[1:]]
    assert [len(each) for each in entries] == [1, 1, 1]
    assert "<!here>" not in "".join(readable(each) for [each] in entries)

    again = watched.backfill()
    assert (len(again.new), len(again.known)) == (0, 4)
    assert worker.deliver() == 0
    assert texts(slack) == [daemons, *past]

    watched.write(30, message="ERROR one again")
    watched.sweep(600)
    assert worker.deliver() == 0
    [first, *others] = texts(slack)
    assert ("3 events" in first, others) == (True, past)


def thread(slack: FakeSlack, message: dict[str, object]) -> list[dict[str, object]]:
    return slack.thread(CHANNEL, str(message["ts"]))


def test_a_past_of_two_hundred_incidents_is_one_list(watched: Watched, slack: FakeSlack) -> None:
    watched.groups, rows = in_many_groups(200, days=20)
    watched.rows += rows
    worker = Worker(watched, watched.store, slack)
    assert len(watched.backfill().new) == 200
    assert worker.deliver() == 0
    [listed] = slack.messages(CHANNEL)
    under = [readable(page) for page in thread(slack, listed)]
    assert readable(listed).startswith("⏪ 200 incidents in the past · P0 200")
    assert "<!here>" not in "".join([readable(listed), *under])
    assert len(under) < 10
    assert sum(text.count("2026-02-14") for text in [readable(listed), *under]) == 200


def test_what_goes_on_has_its_own_message_beside_a_list_of_the_past(watched: Watched, slack: FakeSlack) -> None:
    watched.groups, rows = in_many_groups(30, days=20)
    watched.rows += rows
    watched.write(60)
    worker = Worker(watched, watched.store, slack)
    assert len(watched.backfill().new) == 31
    assert worker.deliver() == 0
    going_on, past = texts(slack)
    assert ("open since" in going_on, "<!here>" in going_on) == (True, True)
    assert past.startswith("⏪ 30 incidents in the past")


def test_two_backfills_and_their_deliveries_at_once_tell_each_incident_once(
    watched: Watched, slack: FakeSlack, tmp_path: Path
) -> None:
    watched.write(40 * DAY, 30 * DAY, 20 * DAY)
    found, together = watched.found(), threading.Barrier(2)
    other = SqliteStore(tmp_path / "state.db")
    workers = [Worker(watched, store, slack, name) for store, name in ((watched.store, "a"), (other, "b"))]
    left = []

    def run(worker: Worker) -> None:
        together.wait()
        watched.teller(worker.store).tell(found)
        left.append(worker.deliver())

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    # Who comes first may leave while the other one still sends.
    assert workers[0].deliver() == 0
    assert len(texts(slack)) == len(set(texts(slack))) == 3
    other.close()


def test_what_slack_does_not_take_is_left_to_the_daemon(watched: Watched, slack: FakeSlack) -> None:
    watched.write(30 * DAY, 20 * DAY)
    watched.backfill()
    slack.script("chat.postMessage", api_error("fatal_error"))
    worker = Worker(watched, watched.store, slack)
    # Two cards, and two entries of their threads.
    assert worker.deliver(rounds=1) == 4
    assert texts(slack) == []
    watched.now += 3_600
    assert Worker(watched, watched.store, slack, "daemon").deliver() == 0
    assert len(texts(slack)) == 2


def test_nobody_waits_where_nothing_is_left(watched: Watched, slack: FakeSlack) -> None:
    worker = Worker(watched, watched.store, slack)
    assert worker.deliver() == 0
    assert watched.now == NOW


def test_somebody_who_will_not_wait_is_told_what_is_left(watched: Watched, slack: FakeSlack) -> None:
    watched.write(30 * DAY, 20 * DAY)
    watched.backfill()
    outbox, deliveries = Worker(watched, watched.store, slack).outbox, watched.store.deliveries
    assert deliver_all(outbox, deliveries, watched.clock, lambda _seconds: True) == 3
    assert len(texts(slack)) == 1
