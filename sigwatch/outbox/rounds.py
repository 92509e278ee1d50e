"""Rounds over the outbox: crowds gathered, stand-ins asked, and what is due sent, one row after the other."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sigwatch.errors import Ambiguous, NotSent, Refused, StoreError
from sigwatch.model.event import DeliveryEnded, Outcome, QuarantineKind, QuarantineMeasured
from sigwatch.model.message import Alert, Delivery, Digest, Kind, Notice
from sigwatch.outbox.crowd import MINUTE_MS, ChannelLimits, Sorted, is_past, probe, sort_out
from sigwatch.outbox.delivery import Accepted, Answer, rest_ms
from sigwatch.outbox.sending import Sender
from sigwatch.publish.key import message_key

Paging = Callable[[Sequence[Alert]], Sequence[int]]
"""How many cards go on each page of a digest."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Another target that is told when one has failed for too long."""

    target: str
    after_ms: int
    destination: Callable[[str], str]
    """Where in it a project's messages go."""


class Outbox:
    """Sends what is due; a failing row or target stops no other.

    Remembers only what makes it polite: until when a target wants to be left alone. All else is in the store, so any
    number of workers may share it.
    """

    def __init__(
        self, sender: Sender, paging: Paging, limits: ChannelLimits | None = None, stand_in: StandIn | None = None
    ) -> None:
        """Deliver through `sender`.

        Args:
            sender: sends one row.
            paging: of digests in targets with threads; elsewhere they have one page.
            limits: of each channel that people read; None for the usual ones.
            stand_in: is told where another target fails; None for nobody.
        """
        self._sender = sender
        self._store = sender.store
        self._paging = paging
        self._limits = limits or ChannelLimits()
        self._stand_in = stand_in
        self._failures: Counter[str] = Counter()
        self._not_before: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._reported: tuple[str, ...] = ()

    def deliver_due(self) -> int:
        """Try every due row once, as far as the rates of the targets allow, and return how many were tried.

        Raises:
            StoreError: the rows can not be read.
        """
        self._ask_stand_in()
        held = self._gather()
        rows = self._store.due(self._now(), self._sender.policy.settle_ms)
        tried = 0
        busy: set[tuple[str, str]] = set()
        for row in rows:
            lane = row.target, "" if row.ref else row.destination
            if row.target not in self._sender.publishers or (row.id, row.target) in held or lane in busy:
                continue
            if self._now() < self._not_before.get(row.target, 0):
                continue
            traits = self._sender.traits[row.target]
            if traits.edit_gap_ms if row.ref else traits.post_gap_ms:
                busy.add(lane)
            tried += 1
            self._attempt(row)
        self._report_targets(Counter(row.target for row in rows if row.target not in self._sender.publishers))
        return tried

    def _now(self) -> int:
        return int(self._sender.clock() * 1000)

    def _attempt(self, row: Delivery) -> None:
        try:
            answer = self._sender.send(row)
        except Exception as failure:  # noqa: BLE001 - one row must not stop the others; its claim runs out by itself
            detail = str(failure) if isinstance(failure, StoreError) else f"{type(failure).__name__} in the outbox"
            ended = DeliveryEnded(row.incident or row.id, row.target, row.kind, Outcome.RETRIED, detail)
            self._sender.observe(ended)
            return
        if answer is not None:
            self._note(row, answer)

    def _note(self, row: Delivery, answer: Answer) -> None:
        """Remember how a target does: one that is down is tried with one row now and then, not with all."""
        # A target that says when it has room again is not down.
        failed = isinstance(answer, Ambiguous) or (isinstance(answer, NotSent) and answer.retry_after is None)
        self._failures[row.target] = self._failures[row.target] + 1 if failed else 0
        rest = rest_ms(self._failures[row.target], self._sender.policy)
        if rest:
            self._not_before[row.target] = self._now() + rest
        name = _channel(row.target, row.destination)
        if isinstance(answer, Refused):
            self._refused[name] = str(answer)
        elif isinstance(answer, Accepted):
            self._refused.pop(name, None)
            self._not_before.pop(row.target, None)

    def _gather(self) -> set[tuple[str, str]]:
        """Gather crowds in digests, and return the rows that wait for room in their channel."""
        now_ms = self._now()
        merging = [name for name in self._sender.publishers if self._sender.traits[name].merges]
        awake = [name for name in merging if now_ms >= self._not_before.get(name, 0)]
        # The past has lists of its own: among hundreds of old incidents nobody would see the one that is going on.
        channels: defaultdict[tuple[str, str, bool], list[Delivery]] = defaultdict(list)
        for row in self._store.unposted() if awake else ():
            if row.target in awake:
                channels[row.target, row.destination, is_past(row)].append(row)
        held: set[tuple[str, str]] = set()
        for (target, destination, past), waiting in channels.items():
            if self._failures[target] or _channel(target, destination) in self._refused:
                found = probe(waiting, now_ms)
            else:
                posted = self._store.posted_since(target, destination, now_ms - MINUTE_MS)
                posted += len(channels.get((target, destination, False), ())) if past else 0
                found = sort_out(waiting, posted, self._limits, now_ms)
            held.update((row.id, row.target) for row in found.held)
            if found.gathered:
                self._store.gather(found.gathered, self._pages(found, now_ms))
        return held

    def _pages(self, found: Sorted, now_ms: int) -> list[tuple[Notice, Sequence[str]]]:
        members = [(row, row.content) for row in found.gathered if isinstance(row.content, Alert)]
        first = found.gathered[0]
        threads = self._sender.traits[first.target].threads
        sizes = self._paging([alert for _, alert in members]) if threads else [len(members)]
        name = f"digest-{self._sender.nonce()}"
        severities = Counter(alert.incident.severity for _, alert in members)
        # The same for all pages, and names that sort as numbers do: they go out in their order.
        since_ms = min(card.behind_since_ms for card, _ in members) or now_ms
        digest = Digest(
            key="",
            crowd=found.crowd,
            page=1,
            pages=len(sizes),
            total=len(members),
            severities=tuple(severities.items()),
        )
        pages: list[tuple[Notice, Sequence[str]]] = []
        start = 0
        for number, size in enumerate(sizes, 1):
            cards = members[start : start + size]
            start += size
            row = f"{name}/{number:03}"
            mention = cards[0][1].mention if number == 1 else ""
            content = replace(digest, key=message_key(row, first.target), page=number, mention=mention)
            notice = Notice(
                id=row,
                target=first.target,
                destination=first.destination,
                kind=Kind.OPENED,
                content=content,
                urgency=cards[0][0].urgency,
                thread=pages[0][0].id if pages else "",
                at_ms=since_ms,
            )
            pages.append((notice, [card.id for card, _ in cards]))
        return pages

    def _ask_stand_in(self) -> None:
        """Have another target told of what one could not be told for too long."""
        stand_in = self._stand_in
        if stand_in is None:
            return
        for row in self._store.overdue(self._now() - stand_in.after_ms):
            if row.target == stand_in.target or not isinstance(row.content, Alert) or is_past(row):
                continue
            content = replace(row.content, key=message_key(row.id, stand_in.target))
            notice = Notice(
                id=row.id,
                target=stand_in.target,
                destination=stand_in.destination(row.content.incident.project),
                kind=Kind.OPENED,
                content=content,
                incident=row.incident,
                urgency=row.urgency,
                at_ms=self._now(),
            )
            self._store.fall_back(row, notice)

    def _report_targets(self, missing: Mapping[str, int]) -> None:
        unknown = {name: f"{count} undelivered, but no such target is configured" for name, count in missing.items()}
        items = tuple(f"{name}: {cause}" for name, cause in sorted({**self._refused, **unknown}.items()))
        if items != self._reported:
            self._reported = items
            self._sender.observe(QuarantineMeasured(QuarantineKind.TARGET, items))


def _channel(target: str, destination: str) -> str:
    return f"{target} {destination}".strip()
