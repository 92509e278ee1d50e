"""Whether waiting cards get a message each, share one, or wait until a channel has room. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sigwatch.model.message import Alert, Crowd, Delivery

MINUTE_MS = 60_000
WAITED_MS = 2 * MINUTE_MS
"""A card that waits longer than this was held up by more than the rate of its channel."""
OLD_MS = 15 * MINUTE_MS
"""An incident whose newest hit is older than this happened while nobody watched."""


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """How much a channel that people read is told."""

    per_minute: int = 10
    """New messages a minute, those in threads aside."""
    digest_from: int = 5
    """So many waiting cards become one digest."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What becomes of the cards that wait for one channel; those in neither list get a message each, now."""

    gathered: tuple[Delivery, ...] = ()
    """They share a digest."""
    crowd: Crowd = Crowd.MANY_AT_ONCE
    """Why."""
    held: tuple[Delivery, ...] = ()
    """They wait until the channel has room, or for a digest."""


def sort_out(waiting: Sequence[Delivery], posted: int, limits: ChannelLimits, now_ms: int) -> Sorted:
    """Decide over the cards that wait for one channel.

    The worst incidents never wait for room: a full channel is no reason to sleep through a P0.

    Args:
        waiting: most urgent first.
        posted: messages that the channel has got over the last minute.
        limits: of the channel.
        now_ms: the time.
    """
    room = limits.per_minute - posted
    worst = [row for row in waiting if row.urgency == 0]
    others = [row for row in waiting if row.urgency > 0]
    candidates = waiting if room > 0 else worst
    if len(candidates) >= limits.digest_from:
        return Sorted(tuple(candidates), _crowd(candidates, posted, limits, now_ms), () if room > 0 else tuple(others))
    return Sorted(held=tuple(others[max(room - len(worst), 0) :]))


def is_past(row: Delivery) -> bool:
    """Whether it is the card of an incident that was over before anybody knew of it."""
    return isinstance(row.content, Alert) and row.content.incident.past


def probe(waiting: Sequence[Delivery], now_ms: int) -> Sorted:
    """Try a channel that takes nothing with one card: lists made meanwhile would all be posted once it is back.

    Args:
        waiting: most urgent first.
        now_ms: the time.
    """
    first = next((row for row in waiting if row.due_ms <= now_ms), None)
    return Sorted(held=tuple(row for row in waiting if row is not first))


def _crowd(waiting: Sequence[Delivery], posted: int, limits: ChannelLimits, now_ms: int) -> Crowd:
    if all(is_past(row) for row in waiting):
        return Crowd.OF_THE_PAST
    old = sum(isinstance(row.content, Alert) and row.content.incident.last_seen_ms < now_ms - OLD_MS for row in waiting)
    if 2 * old > len(waiting) or min(row.behind_since_ms for row in waiting) < now_ms - WAITED_MS:
        return Crowd.CATCHING_UP
    return Crowd.CHANNEL_FULL if 2 * posted >= limits.per_minute else Crowd.MANY_AT_ONCE
