"""What to do with an outbox row, and what the row becomes by what the target answered. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.audit import Entry
from sigwatch.model.event import Outcome
from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Delivery, Digest, Kind, Milestone, Progress


@dataclass(frozen=True, slots=True)
class OutboxPolicy:
    """Times of the outbox, in milliseconds."""

    call_ms: int = 25_000
    """The longest that one call of a publisher takes; longer than its deadline."""
    claim_ms: int = 120_000
    """How long a row belongs to one worker."""
    settle_ms: int = 60_000
    """How long a target may still work on a request after nobody waits for it: its history is not trusted before."""
    first_backoff_ms: int = 1_000
    longest_backoff_ms: int = 30_000
    """Of one row: a P0 that was tried in vain must not wait longer than what came after it."""
    refused_ms: int = 300_000
    """Between tries of a refused message: a person may have mended the token or the channel."""
    tired_after: int = 3
    """Failures of one target in a row, after which it is left alone for a while: a target that is down costs a deadline
    for each try, and each try leaves a message whose fate is uncertain."""
    longest_rest_ms: int = 30_000
    """Then the most urgent row is tried again, alone."""
    resend_unknown: bool = False
    """Post again where the history that would tell whether a message arrived may not be read; else it is held."""

    def __post_init__(self) -> None:
        if self.claim_ms < 3 * self.call_ms:
            message = "a claim must outlast three calls: looking up, posting, posting plainly"
            raise ValueError(message)


class Action(StrEnum):
    """What to ask of a target."""

    POST = "post"
    UPDATE = "update"
    RECONCILE = "reconcile"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The target shows the row's alert."""

    ref: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was sent; the claim was too old to begin, or a message was found that is yet to be edited."""

    reason: str
    ref: str = ""


Answer = Accepted | Held | PublishError


def next_step(delivery: Delivery, now_ms: int) -> Action:
    """What to do with a row that was claimed at `now_ms`, which stamped it if this is its first try.

    An earlier stamp without a ref means that somebody tried and does not know how it ended: look before posting. A row
    that is not due after all was settled by another worker between the reading and the claim: leave it.
    """
    if delivery.due_ms > now_ms:
        return Action.LEAVE
    if delivery.ref:
        return Action.UPDATE
    return Action.POST if delivery.first_attempt_ms == now_ms else Action.RECONCILE


def backoff_ms(attempts: int, policy: OutboxPolicy, chance: float) -> int:
    """Full jitter: anything up to a bound that doubles with each attempt.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Args:
        attempts: failed so far, this one included.
        policy: bounds.
        chance: 0 to 1.
    """
    bound = policy.first_backoff_ms * 2 ** min(max(attempts - 1, 0), 30)
    return int(min(bound, policy.longest_backoff_ms) * chance)


def settled(
    delivery: Delivery,
    action: Action,
    answer: Answer,
    now_ms: int,
    policy: OutboxPolicy,
    chance: Callable[[], float],
    refresh_ms: int = 0,
) -> tuple[Delivery, Outcome]:
    """The claimed row as it is to be written, and the outcome to be told.

    `attempts` of `delivery` counts this try. `first_attempt_ms` is what makes the next worker look before it posts: it
    is forgotten only when the target certainly has nothing, and kept when an earlier try was ambiguous. An ambiguous
    row waits for the settling time, as one does whose worker died. What is to be sent again although nothing changed
    becomes due `refresh_ms` later, unless that is 0.
    """
    if isinstance(answer, Accepted):
        again = now_ms + refresh_ms if refresh_ms and _lasts(delivery) else 0
        return _accepted(delivery, answer, now_ms, again), answer.outcome
    if isinstance(answer, Held):
        due = now_ms + backoff_ms(delivery.attempts, policy, chance())
        row = replace(delivery, ref=answer.ref or delivery.ref)
        return _waiting(row, due), Outcome.RETRIED
    row = replace(delivery, first_attempt_ms=0) if action is Action.POST else delivery
    match answer:
        case Ambiguous() if action is not Action.UPDATE:
            return _waiting(delivery, now_ms + policy.settle_ms), Outcome.AMBIGUOUS
        case Refused():
            return replace(row, progress=Progress.REFUSED, due_ms=now_ms + policy.refused_ms), Outcome.REFUSED
        case NotSent(retry_after=float() | int() as seconds):
            return _waiting(row, now_ms + int(seconds * 1000)), Outcome.RATE_LIMITED
        case _:
            return _waiting(row, now_ms + backoff_ms(row.attempts, policy, chance())), Outcome.RETRIED


def given_back(delivery: Delivery, now_ms: int) -> Delivery:
    """A row that was claimed at `now_ms` and not touched, as it was before the claim."""
    stamped = delivery.first_attempt_ms == now_ms
    return replace(
        delivery,
        attempts=max(delivery.attempts - 1, 0),
        progress=Progress.WAITING,
        first_attempt_ms=0 if stamped else delivery.first_attempt_ms,
    )


def shown(delivery: Delivery) -> Outcome:
    """What an accepted edit is called: the last word about an incident, or one of many."""
    return Outcome.RESOLVED if delivery.kind is Kind.RESOLVED else Outcome.UPDATED


def rest_ms(failures: int, policy: OutboxPolicy) -> int:
    """How long a target is left alone after so many failures in a row; 0 while it is not tired."""
    beyond = failures - policy.tired_after
    return min(policy.first_backoff_ms * 2 ** min(beyond, 30), policy.longest_rest_ms) if beyond >= 0 else 0


def notified(delivery: Delivery, outcome: Outcome, now_ms: int) -> list[Entry]:
    """What the audit trail says of an accepted or refused message; counts and retries are not worth a line."""
    if outcome not in _TOLD and (outcome is not Outcome.UPDATED or delivery.kind is Kind.COUNTED):
        return []
    content = delivery.content
    where = (("target", delivery.target), ("destination", delivery.destination), ("ref", delivery.ref))
    what = (("outcome", str(outcome)), ("kind", str(delivery.kind)), ("form", type(content).__name__.lower()))
    match content:
        # Of a list that is edited as a rule one incident changed, and that one's decision has its own line.
        case Digest(alerts=alerts) if outcome not in {Outcome.UPDATED, Outcome.RESOLVED}:
            incidents = [alert.incident for alert in alerts]
        case Alert(incident=incident) | Milestone(incident=incident):
            incidents = [incident]
        case _:
            return [Entry(now_ms, "sigwatch", "notified", delivery.id, detail=where + what)]
    return [Entry(now_ms, "sigwatch", "notified", i.id, i.signature, i.project, where + what) for i in incidents]


_TOLD = frozenset({Outcome.POSTED, Outcome.SHORTENED, Outcome.RECONCILED, Outcome.RESOLVED, Outcome.REFUSED})


def _lasts(delivery: Delivery) -> bool:
    return isinstance(delivery.content, Alert) and delivery.content.incident.state is not State.RESOLVED


def _accepted(delivery: Delivery, answer: Accepted, now_ms: int, refresh_ms: int) -> Delivery:
    return replace(
        delivery,
        ref=answer.ref,
        delivered=delivery.revision,
        attempts=0,
        progress=Progress.SENT,
        due_ms=0,
        posted_ms=delivery.posted_ms or now_ms,
        refresh_ms=refresh_ms,
    )


def _waiting(delivery: Delivery, due_ms: int) -> Delivery:
    return replace(delivery, progress=Progress.WAITING, due_ms=due_ms)
