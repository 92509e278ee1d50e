"""Exactly one message, whatever the target does and wherever a worker dies."""

import itertools
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import Ambiguous, NotSent, Refused, StoreError
from sigwatch.model.event import DeliveryEnded, Event, Outcome, QuarantineMeasured
from sigwatch.model.incident import Alert, Delivery, Kind, Progress
from sigwatch.publish.delivery import Action, OutboxPolicy, backoff_ms, next_step
from sigwatch.publish.outbox import Outbox
from tests.unit.publish.alerts import ALERT, FIRST_MS, RESOLVED, changed, delivery
from tests.unit.publish.outbox_store import OutboxStore

POLICY = OutboxPolicy()
SETTLE = POLICY.settle_ms


@dataclass
class Target:
    """A target with a history, told beforehand how each call ends: None means well."""

    name: str = "slack"
    shown: dict[str, Alert] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    script: deque[BaseException | None] = field(default_factory=deque)
    accepts_anyway: bool = False
    before: Callable[[str], None] = lambda call: None

    def _next(self, call: str) -> BaseException | None:
        self.calls.append(call)
        self.before(call)
        return self.script.popleft() if self.script else None

    def _accept(self, alert: Alert) -> str:
        ref = f"ts-{len(self.shown) + 1}"
        self.shown[ref], self.keys[ref] = alert, alert.key
        return ref

    def post(self, destination: str, alert: Alert) -> str:
        failure = self._next("post")
        if failure and self.accepts_anyway:
            self._accept(alert)
        if failure:
            raise failure
        return self._accept(alert)

    def plain(self, destination: str, alert: Alert) -> str:
        failure = self._next("plain")
        if failure:
            raise failure
        return self._accept(alert)

    def update(self, destination: str, ref: str, alert: Alert) -> None:
        failure = self._next("update")
        if failure:
            raise failure
        self.shown[ref] = alert

    def find(self, destination: str, key: str, since_ms: int) -> str | None:
        failure = self._next("find")
        if failure:
            raise failure
        return next((ref for ref, its_key in self.keys.items() if its_key == key), None)


@dataclass
class World:
    """One worker's outbox with everything around it."""

    store: OutboxStore = field(default_factory=OutboxStore)
    target: Target = field(default_factory=Target)
    now_ms: int = FIRST_MS + 20_000
    events: list[Event] = field(default_factory=list)
    chance: float = 1.0

    def __post_init__(self) -> None:
        self.outbox = self.worker("w")

    def worker(self, name: str) -> Outbox:
        nonces = (f"{name}{number}" for number in itertools.count())
        publishers = {"slack": self.target}
        return Outbox(
            self.store, publishers, lambda: self.now_ms / 1000, nonces.__next__, self.events.append, lambda: self.chance
        )

    def deliver(self, after_ms: int = 0) -> list[Outcome]:
        self.now_ms += after_ms
        before = len(self.events)
        self.outbox.deliver_due()
        return [event.outcome for event in self.events[before:] if isinstance(event, DeliveryEnded)]

    @property
    def told(self) -> list[DeliveryEnded]:
        return [event for event in self.events if isinstance(event, DeliveryEnded)]

    @property
    def quarantined(self) -> list[tuple[str, ...]]:
        return [event.items for event in self.events if isinstance(event, QuarantineMeasured)]


@pytest.fixture
def world() -> World:
    world = World()
    world.store.put(delivery())
    return world


def test_a_new_incident_is_posted_once(world: World) -> None:
    assert world.deliver() == [Outcome.POSTED]
    assert world.deliver(1) == []
    row = world.store.row()
    assert (row.ref, row.delivered, row.progress, row.attempts) == ("ts-1", 1, Progress.SENT, 0)
    assert world.told[0].latency_seconds == 20.0


def test_a_growing_and_ending_incident_is_edited_in_place(world: World) -> None:
    world.deliver()
    world.store.enqueue("slack", "C0OTHER", Kind.COUNTED, changed(count=13))
    assert world.deliver(1) == [Outcome.UPDATED]
    world.store.enqueue("slack", "C0OTHER", Kind.RESOLVED, RESOLVED)
    assert world.deliver(1) == [Outcome.RESOLVED]
    assert world.target.calls == ["post", "update", "update"]
    assert list(world.target.shown.values()) == [RESOLVED]
    assert world.told[-1].latency_seconds is None


def test_what_changes_during_a_post_is_shown_by_the_next_round(world: World) -> None:
    def change(call: str) -> None:
        if call == "post":
            world.store.enqueue("slack", "", Kind.COUNTED, changed(count=99))

    world.target.before = change
    world.deliver()
    assert world.deliver(1) == [Outcome.UPDATED]
    assert world.target.shown["ts-1"].incident.count == 99


def test_certainly_not_sent_is_posted_again_without_looking(world: World) -> None:
    world.target.script.append(NotSent("refused connection"))
    assert world.deliver() == [Outcome.RETRIED]
    assert world.store.row().first_attempt_ms == 0
    assert world.deliver(999) == []
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.target.calls == ["post", "post"]


@pytest.mark.parametrize("accepted", [True, False])
def test_an_ambiguous_post_is_looked_up_after_the_settling_time(world: World, accepted: bool) -> None:
    world.target.accepts_anyway = accepted
    world.target.script.append(Ambiguous("reset"))
    assert world.deliver() == [Outcome.AMBIGUOUS]
    assert world.deliver(SETTLE - 1) == []
    assert world.deliver(1) == [Outcome.RECONCILED if accepted else Outcome.POSTED]
    assert len(world.target.shown) == 1
    assert world.target.calls[1] == "find"


def test_a_found_message_is_brought_up_to_date(world: World) -> None:
    world.target.accepts_anyway = True
    world.target.script.append(Ambiguous("reset"))
    world.deliver()
    world.store.enqueue("slack", "", Kind.COUNTED, changed(count=77))
    assert world.deliver(SETTLE) == [Outcome.RECONCILED]
    assert [alert.incident.count for alert in world.target.shown.values()] == [77]
    assert world.store.row().delivered == 2


def test_a_found_message_whose_edit_fails_is_kept_and_edited_later(world: World) -> None:
    world.target.accepts_anyway = True
    world.target.script.extend([Ambiguous("reset"), None, NotSent("down")])
    world.deliver()
    assert world.deliver(SETTLE) == [Outcome.RETRIED]
    assert world.store.row().ref == "ts-1"
    assert world.deliver(POLICY.longest_backoff_ms) == [Outcome.UPDATED]
    assert world.target.calls == ["post", "find", "update", "update"]


@pytest.mark.parametrize("failure", [NotSent("down"), Ambiguous("cut"), Refused("missing_scope"), KeyError("bug")])
def test_nothing_is_posted_while_the_history_can_not_be_read(world: World, failure: Exception) -> None:
    world.target.script.extend([Ambiguous("reset"), failure])
    world.deliver()
    world.deliver(SETTLE)
    assert world.target.calls == ["post", "find"]
    assert world.deliver(POLICY.refused_ms) == [Outcome.POSTED]
    assert world.target.calls == ["post", "find", "find", "post"]


def test_not_sent_after_an_ambiguous_try_is_still_looked_up(world: World) -> None:
    world.target.script.extend([Ambiguous("reset"), None, NotSent("down")])
    world.deliver()
    world.deliver(SETTLE)
    world.deliver(POLICY.longest_backoff_ms)
    assert world.target.calls == ["post", "find", "post", "find", "post"]


def test_a_worker_that_died_after_the_claim_is_followed_by_a_look(world: World) -> None:
    row = world.store.row()
    world.store.claim(row, "dead", world.now_ms, world.now_ms + POLICY.claim_ms)
    world.target._accept(ALERT)
    assert world.deliver(POLICY.claim_ms + SETTLE - 1) == []
    assert world.deliver(1) == [Outcome.RECONCILED]
    assert len(world.target.shown) == 1


def test_a_row_settled_by_another_between_reading_and_claim_is_left(world: World) -> None:
    other = world.worker("other")
    world.target.script.append(Ambiguous("reset"))
    stale = world.store.due(world.now_ms, SETTLE)
    other.deliver_due()
    settled = world.store.row()
    world.now_ms += 5
    world.store.due = lambda now_ms, settle_ms: stale  # type: ignore[method-assign]  # what this worker read a moment ago
    assert world.deliver() == []
    assert world.store.row() == settled
    assert world.target.calls == ["post"]


def test_of_two_workers_with_the_same_rows_one_posts(world: World) -> None:
    other = world.worker("other")

    def meanwhile(call: str) -> None:
        world.target.before = lambda _: None
        other.deliver_due()

    world.target.before = meanwhile
    world.deliver()
    assert world.target.calls == ["post"]


def test_a_lost_claim_is_told(world: World) -> None:
    world.target.before = lambda call: world.store.put(replace(world.store.row(), claim="thief"))
    world.deliver()
    assert world.told[0].detail == "the claim was lost meanwhile"
    assert world.store.row().claim == "thief"


def test_too_little_time_left_in_the_claim_posts_nothing(world: World) -> None:
    world.store.put(replace(delivery(), first_attempt_ms=1))

    def dawdle(call: str) -> None:
        world.now_ms += POLICY.claim_ms - POLICY.call_ms + 1

    world.target.before = dawdle
    assert world.deliver() == [Outcome.RETRIED]
    assert world.target.calls == ["find"]


def test_a_rate_limit_holds_every_row_of_the_target(world: World) -> None:
    world.store.put(*(delivery(changed(id=f"inc-{number}")) for number in range(2, 6)))
    world.target.script.append(NotSent("429", retry_after=7.5))
    assert world.deliver() == [Outcome.RATE_LIMITED]
    assert world.deliver(7_499) == []
    assert world.deliver(1) == [Outcome.POSTED] * 5


def test_a_target_that_is_down_gets_a_few_tries_in_a_round(world: World) -> None:
    world.store.put(*(delivery(changed(id=f"inc-{number}")) for number in range(2, 9)))
    world.target.script.extend([NotSent("down")] * POLICY.tired_after)
    assert world.deliver() == [Outcome.RETRIED] * POLICY.tired_after
    assert world.deliver() == [Outcome.POSTED] * 5


def test_content_that_is_refused_is_posted_plainly(world: World) -> None:
    world.target.script.append(Refused("invalid_blocks", because_of_content=True))
    assert world.deliver() == [Outcome.SHORTENED]
    assert world.target.calls == ["post", "plain"]
    assert world.told[0].latency_seconds == 20.0


def test_a_refused_message_is_kept_and_tried_slowly(world: World) -> None:
    world.target.script.append(Refused("channel_not_found"))
    assert world.deliver() == [Outcome.REFUSED]
    assert world.store.row().progress is Progress.REFUSED
    assert world.quarantined == [("slack C0ONCALL: channel_not_found",)]
    assert world.deliver(POLICY.refused_ms - 1) == []
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.quarantined[-1] == ()


def test_refused_plainly_too_is_refused(world: World) -> None:
    world.target.script.extend([Refused("x", because_of_content=True), Refused("y", because_of_content=True)])
    assert world.deliver() == [Outcome.REFUSED]


def test_an_ambiguous_plain_post_is_looked_up(world: World) -> None:
    world.target.script.extend([Refused("x", because_of_content=True), Ambiguous("reset")])
    assert world.deliver() == [Outcome.AMBIGUOUS]
    world.deliver(SETTLE)
    assert world.target.calls[2] == "find"


def test_an_ambiguous_edit_is_simply_repeated(world: World) -> None:
    world.deliver()
    world.store.enqueue("slack", "", Kind.COUNTED, ALERT)
    world.target.script.append(Ambiguous("reset"))
    assert world.deliver(1) == [Outcome.RETRIED]
    assert world.deliver(1_000) == [Outcome.UPDATED]


def test_a_target_that_is_not_configured_is_reported_once_and_left_alone(world: World) -> None:
    world.store.put(delivery(target="pager"))
    world.deliver()
    world.deliver(1)
    assert world.quarantined == [("pager: 1 undelivered, but no such target is configured",)]
    assert world.store.row(target="pager") == delivery(target="pager")
    assert world.store.row().progress is Progress.SENT


def test_a_fault_in_a_publisher_stops_no_other_row(world: World) -> None:
    world.store.put(delivery(changed(id="inc-2")))
    world.target.script.append(KeyError("bug"))
    assert world.deliver() == [Outcome.AMBIGUOUS, Outcome.POSTED]


def test_a_fault_in_the_store_stops_no_other_row(world: World) -> None:
    world.store.put(delivery(changed(id="inc-2")))
    settle = world.store.settle

    def broken(row: Delivery) -> bool:
        if row.incident == "inc-1":
            raise StoreError("disk full")
        return settle(row)

    world.store.settle = broken  # type: ignore[method-assign, assignment]  # a disk that is full for one row
    assert world.deliver() == [Outcome.RETRIED, Outcome.POSTED]


def test_no_event_carries_log_text(world: World) -> None:
    world.target.script.append(KeyError(ALERT.incident.samples[0]))
    world.deliver()
    assert "ModuleNotFoundError" not in repr(world.events)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_backoff_grows_to_five_minutes(attempts: int, chance: float) -> None:
    assert 0 <= backoff_ms(attempts, POLICY, chance) <= backoff_ms(attempts + 1, POLICY, chance) <= 300_000
    assert backoff_ms(attempts, POLICY, 1) >= 1_000


def test_a_claim_shorter_than_its_calls_is_an_error() -> None:
    with pytest.raises(ValueError, match="outlast"):
        OutboxPolicy(call_ms=50_000, claim_ms=100_000)


@pytest.mark.parametrize(
    ("first_attempt_ms", "ref", "due_ms", "action"),
    [
        (100, "", 0, Action.POST),
        (99, "", 0, Action.RECONCILE),
        (101, "", 0, Action.RECONCILE),
        (99, "ts", 0, Action.UPDATE),
        (100, "", 101, Action.LEAVE),
        (100, "", 100, Action.POST),
    ],
)
def test_next_step(first_attempt_ms: int, ref: str, due_ms: int, action: Action) -> None:
    row = replace(delivery(), first_attempt_ms=first_attempt_ms, ref=ref, due_ms=due_ms)
    assert next_step(row, 100) is action


class Killed(BaseException):
    """A worker's process ends."""


@pytest.mark.parametrize("seed", range(40))
def test_no_alert_is_lost_or_doubled_under_faults_and_kills(seed: int) -> None:
    chaos = random.Random(seed)
    keys = [f"key-{number:02d}" for number in range(12)]
    world = World(chance=0.5)
    world.store.put(*(delivery(replace(changed(id=key), key=key)) for key in keys))

    def trouble(call: str) -> None:
        world.target.accepts_anyway = chaos.random() < 0.5
        certain = [] if world.target.accepts_anyway else [NotSent("-")]
        world.target.script.append(chaos.choice([None, Ambiguous("?"), Killed(), *certain]))

    world.target.before = trouble
    for turn in range(400):
        if turn == 300:
            world.target.before = lambda call: None
        with suppress(Killed):
            world.worker(f"worker-{turn}-").deliver_due()
        world.now_ms += chaos.randrange(60_000)
    assert sorted(world.target.keys.values()) == keys
    assert all(row.delivered == row.revision for row in world.store.rows.values())
