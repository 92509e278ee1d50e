"""What each target can show and how often it may be told: one table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sigwatch.model.message import Kind

_ALL = frozenset(Kind)
_NEWS = frozenset({Kind.OPENED, Kind.ESCALATED, Kind.RESOLVED})
_STATES = _NEWS | {Kind.ACKNOWLEDGED}
_ALL_BUT_COUNTS = _STATES | {Kind.SILENCED}


@dataclass(frozen=True, slots=True)
class Traits:
    """What is peculiar to a target, as far as anything but its publisher has to know."""

    threads: bool
    """Milestones go there as replies under the card."""
    merges: bool
    """People read it as a channel: cards may be gathered in digests, and the messages a minute are capped.

    Where machines read, each incident has to arrive under its own identity, and merging would lose it.
    """
    kinds: frozenset[Kind]
    """Changes that are told there; others leave what it shows as it is."""
    refresh_seconds: int = 0
    """An open incident is sent again that often, changed or not; 0 for never."""
    post_gap_ms: int = 0
    """Least time between two new messages in one destination."""
    edit_gap_ms: int = 0
    """Least time between two edits anywhere in the target."""


TRAITS: Mapping[str, Traits] = MappingProxyType(
    {
        # One message a second in a channel: docs.slack.dev/apis/web-api/rate-limits. chat.update is Tier 3, 50 a minute
        # and more: docs.slack.dev/reference/methods/chat.update.
        "slack": Traits(threads=True, merges=True, kinds=_ALL, post_gap_ms=1_000, edit_gap_ms=1_200),
        "console": Traits(threads=False, merges=True, kinds=_ALL),
        # Nothing can be edited there, so each change is another message, and a new count or name is not worth one. The
        # rate is that of a channel: docs.slack.dev/apis/web-api/rate-limits, section on incoming webhooks.
        "slack-webhook": Traits(threads=False, merges=True, kinds=_NEWS, post_gap_ms=1_000),
        # As above. What an address behind it allows a minute differs by service, and Apprise says it to nobody.
        "apprise": Traits(threads=False, merges=True, kinds=_NEWS),
        # An event has three actions: trigger, acknowledge, resolve. A silence is none of them, and to acknowledge
        # in its place would claim that somebody works on it. developer.pagerduty.com/docs/send-alert-event.
        "pagerduty": Traits(threads=False, merges=False, kinds=_STATES),
        # Its clients are to send again what is still firing, every 30 s to 3 min:
        # prometheus.io/docs/alerting/latest/clients. The newest count comes along, so it needs no sending of its own.
        "alertmanager": Traits(threads=False, merges=False, kinds=_ALL_BUT_COUNTS, refresh_seconds=60),
        # Each change is an event of its own, and the newest count is in the next one.
        "webhook": Traits(threads=False, merges=False, kinds=_ALL_BUT_COUNTS),
    }
)
"""By the name under which a target is configured."""
