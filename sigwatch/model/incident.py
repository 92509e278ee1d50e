"""What is told: incidents, the reasons of their changes, the alert, and its delivery."""

from dataclasses import dataclass
from enum import StrEnum

from sigwatch.model.knowledge import Step


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why an incident changed, or did not: one word for log, metric and message alike."""

    OPENED = "opened"
    RECURRED = "recurred"
    COUNTED = "counted"
    COUNTED_LATE = "counted_late"
    RESOLVED = "resolved"
    STILL_ACTIVE = "still_active"
    NOT_YET_COVERED = "not_yet_covered"


@dataclass(frozen=True, slots=True)
class Incident:
    """Hits of one signature with one grouping key, from the first to a quiet period. Times are epoch milliseconds."""

    id: str
    signature: str
    project: str
    severity: str
    group: str
    """Grouping key as people read it, such as a log group's name."""
    account: str
    region: str
    log_groups: tuple[str, ...]
    state: State
    count: int
    first_seen_ms: int
    last_seen_ms: int
    """Event time of the newest hit."""
    active_ms: int
    """When the newest hit was recorded: late finds keep an incident open for as long as fresh ones."""
    resolved_ms: int | None = None
    occurrence: int = 1
    """1 the first time, 2 when it came back once."""
    previous_ms: int | None = None
    """Last hit of the previous occurrence."""
    samples: tuple[str, ...] = ()
    """Masked log events, oldest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an incident, and why."""

    reason: Reason
    incident: Incident


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


@dataclass(frozen=True, slots=True)
class Alert:
    """A message about one incident, before any target gives it a shape. Holds masked text only."""

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


class Kind(StrEnum):
    """What the newest undelivered change of an incident is."""

    OPENED = "opened"
    COUNTED = "counted"
    RESOLVED = "resolved"


class Progress(StrEnum):
    """Where the delivery of a message stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outbox row of one incident and target: what should be shown there, and what is known to be shown."""

    incident: str
    target: str
    destination: str
    """Channel or the like, fixed when the incident opened: an edit must find its message."""
    kind: Kind
    alert: Alert
    revision: int
    """Grows with each change to be shown."""
    delivered: int = 0
    """Revision that the target has accepted."""
    progress: Progress = Progress.WAITING
    ref: str = ""
    """The target's name for the message; empty until it was posted."""
    attempts: int = 0
    due_ms: int = 0
    claim: str = ""
    """Nonce of the worker that holds the row."""
    claimed_until_ms: int = 0
    first_attempt_ms: int = 0
    """When a post was first tried; 0 for never. Bounds the look-up in the target's history."""
