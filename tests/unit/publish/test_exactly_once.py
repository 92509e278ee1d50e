"""Exactly one message, whatever the target does and wherever a worker dies."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sigwatch.errors import Ambiguous, NotSent
from sigwatch.model.incident import Reason
from sigwatch.model.message import Alert, Content, Delivery, Digest, Kind, Milestone
from sigwatch.outbox.rounds import Outbox
from sigwatch.store.sqlite_outbox import SqliteOutbox
from tests.unit.publish.alerts import changed
from tests.unit.publish.worlds import LIMITS, World, card, cards, entry, of_form


class Killed(BaseException):
    """A worker's process ends."""


class Mortal(SqliteOutbox):
    """The outbox of a worker that dies right before or right after a call of the store, by chance."""

    def arm(self, chaos: random.Random, risk: float, meanwhile: Callable[[], None]) -> None:
        """Die with that probability at each step; `meanwhile` is what others do between a look and an act."""
        self._chaos, self._risk, self._meanwhile = chaos, risk, meanwhile

    def _die(self) -> None:
        if self._chaos.random() < self._risk:
            raise Killed

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int, gap_ms: int) -> Delivery | None:
        self._die()
        taken = super().claim(delivery, nonce, now_ms, until_ms, gap_ms)
        self._die()
        return taken

    def settle(self, delivery: Delivery, entries: object = ()) -> bool:
        self._die()
        kept = super().settle(delivery)
        self._die()
        return kept

    def gather(self, members: object, pages: object) -> int:
        self._die()
        self._meanwhile()
        count = super().gather(members, pages)  # type: ignore[arg-type]  # passed on as they came
        self._die()
        return count


class Chaos:
    """A world of threads and lists in which targets fail in every way and workers die anywhere."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World(chance=0.5, limits=LIMITS, paging=halves)
        self.risk = 0.1
        self._workers = 0
        self.world.target.before = self._trouble

    def _trouble(self, _call: str) -> None:
        target = self.world.target
        target.accepts_anyway = self.random.random() < 0.5
        certain = [] if target.accepts_anyway else [NotSent("-"), NotSent("429", retry_after=3)]
        target.script.append(self.random.choice([None, Ambiguous("?"), Killed(), *certain]))

    def calm(self) -> None:
        self.risk = 0.0
        self.world.target.before = lambda _call: None

    def round(self) -> None:
        with suppress(Killed):
            self._worker(meanwhile=self._other).deliver_due()

    def _worker(self, meanwhile: Callable[[], None]) -> Outbox:
        self._workers += 1
        store = Mortal(self.world.store._database)
        store.arm(self.random, self.risk, meanwhile)
        return Outbox(replace(self.world.sender(f"worker-{self._workers}-"), store=store), halves, LIMITS)

    def _other(self) -> None:
        """Another worker that sees a smaller crowd begins to post, or makes a list of its own."""
        if self.random.random() < self.risk * 3:
            limits = replace(LIMITS, digest_from=self.random.choice([5, 100]))
            with suppress(Killed):
                Outbox(self._worker(lambda: None)._sender, halves, limits).deliver_due()


def halves(alerts: object) -> list[int]:
    """Pages of at most four cards."""
    count = len(list(alerts))  # type: ignore[call-overload]  # a sequence
    return [4] * (count // 4) + ([count % 4] if count % 4 else [])


def held_once(world: World) -> None:
    """No key is shown twice, and no incident both alone and in a list, or in two lists."""
    assert not [key for key, times in Counter(world.target.keys.values()).items() if times > 1]
    shown = world.target.shown.values()
    incidents = [alert.incident.id for alert in of_form(shown, Alert)]
    incidents += [alert.incident.id for page in of_form(shown, Digest) for alert in page.alerts]
    assert not [name for name, times in Counter(incidents).items() if times > 1]


def all_told(world: World) -> None:
    """Each incident is shown once as it is now, each entry is in the right thread, and nothing waits."""
    held_once(world)
    assert world.behind == 0
    rows = {row.id: row for told in world.store.incidents() for row in world.store.cards(told.id)}
    shown: dict[str, Content] = world.target.shown
    counts = {alert.incident.id: alert.incident.count for alert in of_form(shown.values(), Alert)}
    for page in of_form(shown.values(), Digest):
        counts |= {alert.incident.id: alert.incident.count for alert in page.alerts}
    assert counts == {told.id: told.count for told in world.store.incidents()}
    page_of = {
        alert.incident.id: world.target.threads[ref] or ref
        for ref, page in shown.items()
        if isinstance(page, Digest)
        for alert in page.alerts
    }
    for ref, content in shown.items():
        if isinstance(content, Milestone):
            name = content.incident.id
            assert world.target.threads[ref] == (page_of[name] if rows[name].digest else rows[name].ref)


@pytest.mark.parametrize("seed", range(40))
def test_no_alert_is_lost_or_doubled_under_faults_and_kills(seed: int) -> None:
    chaos = Chaos(seed)
    world = chaos.world
    for turn in range(250):
        if turn < 30:
            world.tell(*cards(chaos.random.choice([0, 0, 1, 7]), first=100 * turn, at_ms=world.now_ms))
        if turn < 120 and world.store.incidents():
            told = chaos.random.choice(world.store.incidents())
            grown = changed(id=told.id, severity=told.severity, count=told.count + 1)
            reason = chaos.random.choice([Reason.SPREAD, Reason.ACKNOWLEDGED])
            kind = Kind.ESCALATED if reason is Reason.SPREAD else Kind.ACKNOWLEDGED
            world.tell(card(grown, kind), entry(grown, reason, kind))
        if turn == 180:
            chaos.calm()
        chaos.round()
        world.now_ms += chaos.random.randrange(60_000)
        held_once(world)
    all_told(world)


class OnceMachine(RuleBasedStateMachine):
    """Whatever the order of changes, faults, deaths and time, nothing is shown twice, and in the end all is shown."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.chaos = Chaos(seed)
        self.made = 0

    @property
    def world(self) -> World:
        return self.chaos.world

    @rule(count=st.integers(1, 12), severity=st.sampled_from(["P0", "P1", "P3"]))
    def incidents_happen(self, count: int, severity: str) -> None:
        self.world.tell(*cards(count, severity, first=self.made, at_ms=self.world.now_ms))
        self.made += count

    @rule(which=st.integers(0, 10**6), escalates=st.booleans())
    def one_changes(self, which: int, escalates: bool) -> None:
        incidents = self.world.store.incidents()
        if incidents:
            told = incidents[which % len(incidents)]
            grown = changed(id=told.id, severity=told.severity, count=told.count + 1)
            kind = Kind.ESCALATED if escalates else Kind.ACKNOWLEDGED
            self.world.tell(card(grown, kind), entry(grown, Reason(kind) if not escalates else Reason.SPREAD, kind))

    @rule(rounds=st.integers(1, 5), milliseconds=st.sampled_from([0, 1, 1_000, 20_000, 200_000]))
    def workers_try(self, rounds: int, milliseconds: int) -> None:
        for _ in range(rounds):
            self.chaos.round()
            self.world.now_ms += milliseconds

    @invariant()
    def nothing_is_shown_twice(self) -> None:
        if hasattr(self, "chaos"):
            held_once(self.world)

    def teardown(self) -> None:
        if not hasattr(self, "chaos"):
            return
        self.chaos.calm()
        for _ in range(40):
            self.chaos.round()
            self.world.now_ms += 60_000
        all_told(self.world)
        self.world.store.close()


OnceMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestOnce = OnceMachine.TestCase
