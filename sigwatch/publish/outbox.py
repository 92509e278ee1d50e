"""Delivering the outbox: each row is claimed, looked up where its fate is uncertain, sent, and settled."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.event import DeliveryEnded, Outcome, QuarantineKind, QuarantineMeasured
from sigwatch.model.incident import Delivery
from sigwatch.ports import Clock, Deliveries, Observer, Publisher
from sigwatch.publish.delivery import (
    Accepted,
    Action,
    Answer,
    Held,
    OutboxPolicy,
    given_back,
    next_step,
    settled,
    shown,
)

_NEW = frozenset({Outcome.POSTED, Outcome.SHORTENED})


class Outbox:
    """Sends what is due, one row after the other; a failing row or target stops no other.

    Remembers only what makes it polite: until when a target wants to be left alone. All else is in the store, so any
    number of workers may share it.
    """

    def __init__(
        self,
        store: Deliveries,
        publishers: Mapping[str, Publisher],
        clock: Clock,
        nonce: Callable[[], str],
        observe: Observer,
        chance: Callable[[], float],
        policy: OutboxPolicy | None = None,
    ) -> None:
        """Deliver from `store` through `publishers`, which are named by target.

        Args:
            store: holds the rows.
            publishers: by the target that rows name.
            clock: epoch seconds.
            nonce: a new unguessable name for each claim.
            observe: is told of each try, and of targets that do not work whenever that changes.
            chance: a number from 0 to 1, for spreading retries.
            policy: times; None for the usual ones.
        """
        self._store = store
        self._publishers = publishers
        self._clock = clock
        self._nonce = nonce
        self._observe = observe
        self._chance = chance
        self._policy = policy or OutboxPolicy()
        self._not_before: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._reported: tuple[str, ...] = ()

    def deliver_due(self) -> int:
        """Try every due row once, and return how many were tried.

        Raises:
            StoreError: the rows can not be read.
        """
        tried = 0
        failures: Counter[str] = Counter()
        rows = self._store.due(self._now(), self._policy.settle_ms)
        missing = Counter(row.target for row in rows if row.target not in self._publishers)
        for row in rows:
            if row.target in self._publishers and not self._rests(row.target, failures):
                tried += 1
                fine = self._attempt(row)
                failures[row.target] = 0 if fine else failures[row.target] + 1
        self._report_targets(missing)
        return tried

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _rests(self, target: str, failures: Mapping[str, int]) -> bool:
        # A target that is down costs a deadline for each try: it gets a few in each round, not one for each row.
        return failures.get(target, 0) >= self._policy.tired_after or self._now() < self._not_before.get(target, 0)

    def _attempt(self, row: Delivery) -> bool:
        """Try one row; True unless its target failed."""
        try:
            return self._deliver(row)
        except Exception as failure:  # noqa: BLE001 - one row must not stop the others; its claim runs out by itself
            self._tell(row, Outcome.RETRIED, f"{type(failure).__name__} in the store")
            return True

    def _deliver(self, row: Delivery) -> bool:
        now_ms = self._now()
        until_ms = now_ms + self._policy.claim_ms
        claimed = self._store.claim(row, self._nonce(), now_ms, until_ms)
        if claimed is None:
            return True
        action = next_step(claimed, now_ms)
        if action is Action.LEAVE:
            self._store.settle(given_back(claimed, now_ms))
            return True
        counted = replace(claimed, attempts=row.attempts + 1)
        answer = self._act(action, counted, until_ms)
        after, outcome = settled(counted, action, answer, self._now(), self._policy, self._chance)
        self._note_target(after, answer)
        kept = self._store.settle(after)
        detail = str(answer) if isinstance(answer, PublishError) else answer.reason if isinstance(answer, Held) else ""
        self._tell(
            after, outcome, detail if kept else "; ".join(filter(None, [detail, "the claim was lost meanwhile"]))
        )
        return isinstance(answer, Accepted)

    def _act(self, action: Action, row: Delivery, until_ms: int) -> Answer:
        publisher = self._publishers[row.target]
        try:
            if action is Action.UPDATE:
                publisher.update(row.destination, row.ref, row.alert)
                return Accepted(row.ref, shown(row))
            if action is Action.RECONCILE:
                found = self._find(publisher, row)
                if found:
                    return self._adopt(publisher, row, found)
            return self._post(publisher, row, until_ms)
        except PublishError as error:
            return error
        except Exception as failure:  # noqa: BLE001 - a publisher's fault is the row's, and nobody knows what was sent
            return Ambiguous(f"{type(failure).__name__} in the publisher")

    def _find(self, publisher: Publisher, row: Delivery) -> str | None:
        """Look a message up; whatever goes wrong in that, nothing was sent."""
        try:
            return publisher.find(row.destination, row.alert.key, row.first_attempt_ms)
        except Ambiguous as error:
            raise NotSent(str(error)) from None

    def _adopt(self, publisher: Publisher, row: Delivery, ref: str) -> Answer:
        """Take over a message that is there: it may show an older revision, so it is edited at once."""
        try:
            publisher.update(row.destination, ref, row.alert)
        except PublishError as error:
            return Held(f"the message was found, but editing it failed: {error}", ref)
        return Accepted(ref, Outcome.RECONCILED)

    def _post(self, publisher: Publisher, row: Delivery, until_ms: int) -> Answer:
        if self._too_late(until_ms):
            return Held("not enough of the claim was left")
        try:
            return Accepted(publisher.post(row.destination, row.alert), Outcome.POSTED)
        except Refused as refused:
            if not refused.because_of_content or self._too_late(until_ms):
                raise
        return Accepted(publisher.plain(row.destination, row.alert), Outcome.SHORTENED)

    def _too_late(self, until_ms: int) -> bool:
        """Whether a call begun now might outlast the claim, so that another worker could post as well."""
        return self._now() + self._policy.call_ms > until_ms

    def _tell(self, row: Delivery, outcome: Outcome, detail: str) -> None:
        latency = max(0.0, self._clock() - row.alert.incident.first_seen_ms / 1000) if outcome in _NEW else None
        self._observe(DeliveryEnded(row.incident, row.target, row.kind, outcome, detail, latency))

    def _note_target(self, row: Delivery, answer: Answer) -> None:
        name = f"{row.target} {row.destination}".strip()
        if isinstance(answer, NotSent) and answer.retry_after is not None:
            self._not_before[row.target] = self._now() + int(answer.retry_after * 1000)
        if isinstance(answer, Refused):
            self._refused[name] = str(answer)
        elif isinstance(answer, Accepted):
            self._refused.pop(name, None)

    def _report_targets(self, missing: Mapping[str, int]) -> None:
        unknown = {name: f"{count} undelivered, but no such target is configured" for name, count in missing.items()}
        items = tuple(f"{name}: {cause}" for name, cause in sorted({**self._refused, **unknown}.items()))
        if items != self._reported:
            self._reported = items
            self._observe(QuarantineMeasured(QuarantineKind.TARGET, items))
