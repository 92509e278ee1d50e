"""What is told: cards, thread entries, digests and remarks, and where the delivery of each stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sigwatch.model.incident import ESCALATIONS, Incident, Reason
from sigwatch.model.knowledge import Step


@dataclass(frozen=True, slots=True)
class Fix:
    """What the linked RIS says, ready for a message."""

    ris: str
    title: str
    severity: str
    mttr: str
    resolved: bool
    """False: the cause is still open, and the steps are a recommendation."""
    section: str
    """Heading that the steps come from."""
    steps: tuple[Step, ...]
    root_cause: str = ""
    verification: str = ""
    url: str = ""
    """Link to the document, or its path where no address of the repository is configured."""
    date: str = ""
    """Day of the post-mortem as written, such as `2026-02-04`."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The card of one incident, before any target gives it a shape. Holds masked text only."""

    key: str
    """Opaque idempotency key: the same for every try at the same message."""
    incident: Incident
    title: str
    why_it_matters: str
    prevention: str
    fix: Fix | None
    """None when no RIS is known: then `prevention` is all there is to offer."""
    logs_url: str
    """Logs Insights console link for this signature's query over the incident's time range."""
    mention: str = ""
    """Slack mention from the configuration; empty for none."""
    reason: Reason = Reason.OPENED
    """The newest change."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """One entry of an incident's thread. Holds masked text only."""

    key: str
    incident: Incident
    """As it was then."""
    title: str
    reason: Reason
    at_ms: int
    actor: str = ""
    """Who made it so; empty for sigwatch itself."""
    mention: str = ""
    """Whom to call; escalations only."""


class Crowd(StrEnum):
    """Why incidents were gathered in a digest."""

    MANY_AT_ONCE = "many_at_once"
    CHANNEL_FULL = "channel_full"
    CATCHING_UP = "catching_up"
    """They have waited since the target failed, or happened while nobody watched."""
    OF_THE_PAST = "of_the_past"
    """They were over before anybody knew of them."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One page of a list of incidents, in place of a card for each."""

    key: str
    crowd: Crowd
    page: int
    """1 is the message in the channel; the others are in its thread."""
    pages: int
    total: int
    """Incidents on all pages."""
    severities: tuple[tuple[str, int], ...] = ()
    """Incidents on all pages by severity, worst first."""
    mention: str = ""
    """Whom to call; on the first page only."""
    alerts: tuple[Alert, ...] = ()
    """The incidents of this page, worst first, each as it is now."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A few sentences to a channel, such as that a silence is about to end. Holds masked text only."""

    key: str
    title: str
    text: str


Content = Alert | Milestone | Digest | Remark


class Kind(StrEnum):
    """What the newest undelivered change of an incident is."""

    OPENED = "opened"
    COUNTED = "counted"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


TOLD: Mapping[Reason, Kind] = {
    Reason.OPENED: Kind.OPENED,
    Reason.RECURRED: Kind.OPENED,
    Reason.REOPENED: Kind.OPENED,
    Reason.SILENCE_ENDED: Kind.OPENED,
    Reason.COUNTED: Kind.COUNTED,
    Reason.COUNTED_LATE: Kind.COUNTED,
    **dict.fromkeys(ESCALATIONS, Kind.ESCALATED),
    Reason.ACKNOWLEDGED: Kind.ACKNOWLEDGED,
    Reason.SILENCED: Kind.SILENCED,
    Reason.RESOLVED: Kind.RESOLVED,
    Reason.RECOVERED: Kind.RESOLVED,
    Reason.CLOSED: Kind.RESOLVED,
    Reason.FOUND_LATER: Kind.RESOLVED,
}
"""The decisions that change what a target shows."""


class Progress(StrEnum):
    """Where the delivery of a message stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row: what one message in a target should show, and what is known to be shown."""

    id: str
    """Name of the row within its target: an incident's id for its card, something derived from it for the rest."""
    target: str
    destination: str
    """Channel or the like, fixed when the row was made: an edit must find its message."""
    kind: Kind
    content: Content
    revision: int
    """Grows with each change to be shown."""
    urgency: int = 9
    """0 goes first: the rank of the severity."""
    incident: str = ""
    """Id of the incident that it is about; empty for digests and remarks."""
    thread: str = ""
    """Id of the row under whose message this one goes; empty for the channel itself."""
    digest: str = ""
    """Id of the page that shows this card in its place; empty while it has a message of its own."""
    delivered: int = 0
    """Revision that the target has accepted."""
    progress: Progress = Progress.WAITING
    ref: str = ""
    """The target's name for the message; empty until it was posted."""
    thread_ref: str = ""
    """The target's name for the message that `thread` became."""
    attempts: int = 0
    due_ms: int = 0
    claim: str = ""
    """Nonce of the worker that holds the row."""
    claimed_until_ms: int = 0
    first_attempt_ms: int = 0
    """When a post was first tried; 0 for never. Bounds the look-up in the target's history."""
    behind_since_ms: int = 0
    posted_ms: int = 0
    """When the target first accepted it; 0 for not yet."""
    refresh_ms: int = 0
    """When it is to be sent again although nothing has changed; 0 for never."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a target is to show: a row to be made, or the new contents of one."""

    id: str
    target: str
    destination: str
    kind: Kind
    content: Content
    incident: str = ""
    urgency: int = 9
    thread: str = ""
    at_ms: int = field(default=0, compare=False)
    """Since when it is to be shown."""
    route: str = ""
    """Which route of the configuration chose the target; empty where none did."""
