"""Sending one outbox row: claimed, looked up where its fate is uncertain, sent, and settled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.event import DeliveryEnded, Outcome
from sigwatch.model.message import Alert, Delivery, Digest, Progress
from sigwatch.outbox.delivery import (
    Accepted,
    Action,
    Answer,
    Held,
    OutboxPolicy,
    given_back,
    next_step,
    notified,
    settled,
    shown,
)
from sigwatch.ports import Clock, Deliveries, Observer, Publisher
from sigwatch.publish.traits import Traits

_NEW = frozenset({Outcome.POSTED, Outcome.SHORTENED})


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends rows through publishers, each of them once. Any number of workers may share the store."""

    store: Deliveries
    publishers: Mapping[str, Publisher]
    traits: Mapping[str, Traits]
    clock: Clock
    nonce: Callable[[], str]
    """A new unguessable name for each claim."""
    observe: Observer
    chance: Callable[[], float]
    """A number from 0 to 1, for spreading retries."""
    policy: OutboxPolicy

    def send(self, row: Delivery) -> Answer | None:
        """Try one row; None where nothing was asked of the target.

        Raises:
            StoreError: the claim or the outcome can not be written; the claim runs out by itself.
        """
        traits = self.traits[row.target]
        now_ms = self._now()
        until_ms = now_ms + self.policy.claim_ms
        gap_ms = traits.edit_gap_ms if row.ref else traits.post_gap_ms
        claimed = self.store.claim(row, self.nonce(), now_ms, until_ms, gap_ms)
        if claimed is None:
            return None
        action = next_step(claimed, now_ms)
        if action is Action.LEAVE:
            self.store.settle(given_back(claimed, now_ms))
            return None
        counted = replace(claimed, attempts=row.attempts + 1)
        answer = self._act(action, counted, until_ms)
        self._settle(counted, action, answer, refused_before=row.progress is Progress.REFUSED)
        return answer

    def _settle(self, row: Delivery, action: Action, answer: Answer, *, refused_before: bool) -> None:
        now_ms = self._now()
        refresh_ms = self.traits[row.target].refresh_seconds * 1000
        after, outcome = settled(row, action, answer, now_ms, self.policy, self.chance, refresh_ms)
        if isinstance(answer, NotSent) and answer.retry_after is not None:
            self.store.rest(row, now_ms + int(answer.retry_after * 1000))
        # A refusal is worth a line once, not every five minutes, and so is what a target is shown over and over.
        repeated = refused_before if outcome is Outcome.REFUSED else row.delivered == row.revision
        entries = [] if repeated else notified(after, outcome, now_ms)
        kept = self.store.settle(after, entries)
        detail = str(answer) if isinstance(answer, PublishError) else answer.reason if isinstance(answer, Held) else ""
        self._tell(after, outcome, "; ".join(filter(None, [detail, "" if kept else "the claim was lost meanwhile"])))

    def _now(self) -> int:
        return int(self.clock() * 1000)

    def _act(self, action: Action, row: Delivery, until_ms: int) -> Answer:
        publisher = self.publishers[row.target]
        try:
            if action is Action.UPDATE:
                publisher.update(row.destination, row.ref, row.content)
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
            return publisher.find(row.destination, row.content.key, row.first_attempt_ms, row.thread_ref)
        except Ambiguous as error:
            raise NotSent(str(error)) from None
        except Refused:
            if self.policy.resend_unknown:
                return None
            raise

    def _adopt(self, publisher: Publisher, row: Delivery, ref: str) -> Answer:
        """Take over a message that is there: it may show an older revision, so it is edited at once."""
        try:
            publisher.update(row.destination, ref, row.content)
        except PublishError as error:
            return Held(f"the message was found, but editing it failed: {error}", ref)
        return Accepted(ref, Outcome.RECONCILED)

    def _post(self, publisher: Publisher, row: Delivery, until_ms: int) -> Answer:
        if self._too_late(until_ms):
            return Held("not enough of the claim was left")
        try:
            return Accepted(publisher.post(row.destination, row.content, row.thread_ref), Outcome.POSTED)
        except Refused as refused:
            if not refused.because_of_content or self._too_late(until_ms):
                raise
        return Accepted(publisher.plain(row.destination, row.content, row.thread_ref), Outcome.SHORTENED)

    def _too_late(self, until_ms: int) -> bool:
        """Whether a call begun now might outlast the claim, so that another worker could post as well."""
        return self._now() + self.policy.call_ms > until_ms

    def _tell(self, row: Delivery, outcome: Outcome, detail: str) -> None:
        begun = _begun(row) if outcome in _NEW else None
        latency = None if begun is None else max(0.0, self.clock() - begun / 1000)
        self.observe(DeliveryEnded(row.incident or row.id, row.target, row.kind, outcome, detail, latency))


def _begun(row: Delivery) -> int | None:
    """Epoch millisecond of the first hit that a new message is about; None for what is no news of an incident."""
    match row.content:
        case Alert(incident=incident) if not incident.past:
            return incident.first_seen_ms
        case Digest(alerts=alerts):
            return min((alert.incident.first_seen_ms for alert in alerts if not alert.incident.past), default=None)
        case _:
            return None
