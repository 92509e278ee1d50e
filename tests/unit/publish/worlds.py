"""Targets with a history and one worker's outbox with everything around it, on a clock that tests turn."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sigwatch.model.event import DeliveryEnded, Event, Outcome, QuarantineMeasured
from sigwatch.model.incident import Reason
from sigwatch.model.message import Alert, Content, Delivery, Digest, Kind, Milestone, Notice
from sigwatch.outbox.crowd import ChannelLimits
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.rounds import Outbox, Paging, StandIn
from sigwatch.outbox.sending import Sender
from sigwatch.publish.key import message_key
from sigwatch.publish.traits import TRAITS, Traits
from sigwatch.publish.words.paging import pages
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telling import urgency
from tests.unit.publish.alerts import ALERT, FIRST_MS, changed

T = TypeVar("T")

POLICY = OutboxPolicy()
SETTLE = POLICY.settle_ms
CHANNEL = "C0ONCALL"
LIMITS = ChannelLimits(per_minute=10, digest_from=5)
UNHURRIED = replace(TRAITS["slack"], post_gap_ms=0, edit_gap_ms=0)
"""Slack without its rates, for what has nothing to do with them."""


@dataclass
class Target:
    """A target, told beforehand how each call ends: None means well."""

    name: str = "slack"
    shown: dict[str, Content] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    """By ref of a message, the ref of the one that it is under."""
    calls: list[str] = field(default_factory=list)
    script: deque[BaseException | None] = field(default_factory=deque)
    accepts_anyway: bool = False
    before: Callable[[str], None] = lambda call: None

    def _next(self, call: str) -> BaseException | None:
        self.calls.append(call)
        self.before(call)
        return self.script.popleft() if self.script else None

    def accept(self, content: Content, thread: str = "") -> str:
        ref = f"ts-{len(self.shown) + 1}"
        self.shown[ref], self.keys[ref], self.threads[ref] = content, content.key, thread
        return ref

    def post(self, destination: str, content: Content, thread: str) -> str:
        failure = self._next("post")
        if failure and self.accepts_anyway:
            self.accept(content, thread)
        if failure:
            raise failure
        return self.accept(content, thread)

    def plain(self, destination: str, content: Content, thread: str) -> str:
        failure = self._next("plain")
        if failure:
            raise failure
        return self.accept(content, thread)

    def update(self, destination: str, ref: str, content: Content) -> None:
        failure = self._next("update")
        if failure:
            raise failure
        self.shown[ref] = content

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        failure = self._next("find")
        if failure:
            raise failure
        mine = (ref for ref, its_key in self.keys.items() if its_key == key and self.threads[ref] == thread)
        return next(mine, None)


def card(alert: Alert = ALERT, kind: Kind = Kind.OPENED, target: str = "slack", at_ms: int = FIRST_MS) -> Notice:
    """The card of an alert in a target."""
    incident = alert.incident
    content = replace(alert, key=message_key(incident.id, target))
    return Notice(incident.id, target, CHANNEL, kind, content, incident.id, urgency(incident.severity), at_ms=at_ms)


def cards(count: int, severity: str = "P1", first: int = 0, at_ms: int = FIRST_MS) -> list[Notice]:
    """The cards of so many incidents."""
    told = (changed(id=f"{severity}-{number:03}", severity=severity) for number in range(first, first + count))
    return [card(each, at_ms=at_ms) for each in told]


def entry(alert: Alert = ALERT, reason: Reason = Reason.SPREAD, kind: Kind = Kind.ESCALATED) -> Notice:
    """An entry of its thread."""
    name = f"{alert.incident.id}/{reason}"
    content = Milestone(message_key(name, "slack"), alert.incident, alert.title, reason, FIRST_MS)
    return replace(card(alert, kind), id=name, content=content, thread=alert.incident.id)


@dataclass
class World:
    """One worker's outbox with everything around it."""

    store: SqliteStore = field(default_factory=lambda: SqliteStore(":memory:"))
    target: Target = field(default_factory=Target)
    traits: Mapping[str, Traits] = field(default_factory=lambda: {**TRAITS, "slack": UNHURRIED})
    limits: ChannelLimits = field(default_factory=lambda: ChannelLimits(per_minute=1_000, digest_from=1_000))
    policy: OutboxPolicy = POLICY
    others: tuple[Target, ...] = ()
    stand_in: StandIn | None = None
    paging: Paging = lambda alerts: [len(alerts)]
    now_ms: int = FIRST_MS + 20_000
    events: list[Event] = field(default_factory=list)
    chance: float = 1.0

    def __post_init__(self) -> None:
        self.outbox = self.worker("w")

    def sender(self, name: str) -> Sender:
        nonces = (f"{name}{number}" for number in itertools.count())
        return Sender(
            store=self.store.deliveries,
            publishers={target.name: target for target in (self.target, *self.others)},
            traits=self.traits,
            clock=lambda: self.now_ms / 1000,
            nonce=nonces.__next__,
            observe=self.events.append,
            chance=lambda: self.chance,
            policy=self.policy,
        )

    def worker(self, name: str) -> Outbox:
        return Outbox(self.sender(name), self.paging, self.limits, self.stand_in)

    def tell(self, *notices: Notice) -> None:
        with self.store.unit() as unit:
            for notice in notices:
                if isinstance(notice.content, Alert):
                    unit.put_incident(notice.content.incident)
                unit.enqueue(notice)

    def row(self, incident: str = "inc-1", target: str = "slack") -> Delivery:
        [row] = [row for row in self.store.cards(incident) if row.target == target]
        return row

    def execute(self, statement: str) -> None:
        """What another worker did, written straight into the state."""
        self.store._database._connection.execute(statement)

    def deliver(self, after_ms: int = 0) -> list[Outcome]:
        self.now_ms += after_ms
        before = len(self.events)
        self.outbox.deliver_due()
        return [event.outcome for event in self.events[before:] if isinstance(event, DeliveryEnded)]

    def run(self, seconds: int, each_second: Callable[[int], None] = lambda second: None) -> list[tuple[int, Outcome]]:
        """A round each second, with the second in which each try was made."""
        tried = []
        for second in range(seconds):
            each_second(second)
            tried += [(second, outcome) for outcome in self.deliver()]
            self.now_ms += 1_000
        return tried

    @property
    def told(self) -> list[DeliveryEnded]:
        return [event for event in self.events if isinstance(event, DeliveryEnded)]

    @property
    def quarantined(self) -> list[tuple[str, ...]]:
        return [event.items for event in self.events if isinstance(event, QuarantineMeasured)]

    def audit(self) -> list[tuple[str, ...]]:
        """Subject, outcome and form of what the trail says was shown or refused."""
        entries = self.store.audit(0, 10**14, {"notified"})
        return [(entry.subject, dict(entry.detail)["outcome"], dict(entry.detail)["form"]) for entry in entries]

    @property
    def behind(self) -> int:
        return self.store.outbox(self.now_ms)[0]


def of_form(contents: Iterable[object], form: type[T]) -> list[T]:
    """Those contents that are of a form."""
    return [content for content in contents if isinstance(content, form)]


def channel(**changes: object) -> World:
    """A world in which a channel of Slack has its real rates and limits."""
    return World(traits=TRAITS, limits=LIMITS, paging=pages, **changes)  # type: ignore[arg-type]  # names are checked by the dataclass


def listed(target: Target) -> list[str]:
    """The incidents of all lists that a target shows, in their order."""
    return [alert.incident.id for page in of_form(target.shown.values(), Digest) for alert in page.alerts]


def alone(target: Target) -> list[str]:
    """The incidents that have a message of their own."""
    return [alert.incident.id for alert in of_form(target.shown.values(), Alert)]
