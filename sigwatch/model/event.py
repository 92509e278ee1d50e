"""What happened, as values that telemetry listens to. No event carries log text or a secret."""

from dataclasses import dataclass
from enum import StrEnum

from sigwatch.model.incident import Decision
from sigwatch.model.knowledge import Library
from sigwatch.model.logs import Window
from sigwatch.model.message import Kind


class QueryStatus(StrEnum):
    """How a query ended; the label of `queries_total`."""

    COMPLETE = "complete"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    THROTTLED = "throttled"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"


class Outcome(StrEnum):
    """How a try to deliver ended; the label of `notifications_total`."""

    POSTED = "posted"
    UPDATED = "updated"
    RESOLVED = "resolved"
    RECONCILED = "reconciled"
    SHORTENED = "shortened"
    RETRIED = "retried"
    RATE_LIMITED = "rate_limited"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"


class SkipReason(StrEnum):
    """Why a scheduled run did not happen; the label of `runs_skipped_total`."""

    STILL_RUNNING = "still_running"
    MISSED = "missed"
    BACKING_OFF = "backing_off"
    FAILED = "failed"


class QuarantineKind(StrEnum):
    """What is set aside; the label of `quarantined`."""

    DOCUMENT = "document"
    PATTERN = "pattern"
    LOG_GROUP = "log_group"
    QUERY = "query"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class KnowledgeLoaded:
    """Knowledge was read and taken over."""

    library: Library
    at: float


@dataclass(frozen=True, slots=True)
class ScopesResolved:
    """Log groups were looked up."""

    scopes: tuple[tuple[str, int, int], ...]
    """Name, number of log groups and number of signatures of each scope."""


@dataclass(frozen=True, slots=True)
class QueryEnded:
    """One Insights query is over."""

    scope: str
    pass_name: str
    status: QueryStatus
    window: Window
    groups: int
    signatures: int
    rows: int = 0
    bytes_scanned: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WindowSearched:
    """A window was read to completion and its hits are recorded."""

    scope: str
    pass_name: str
    window: Window
    groups: int
    rows: int
    hits: tuple[tuple[str, str, int], ...]
    """Signature, project and number of new hits."""
    delays: tuple[float, ...] = ()
    """Of the new hits, seconds from each event's own time to its arrival, where the service told; below 0 for a clock
    that is ahead."""


@dataclass(frozen=True, slots=True)
class CoverageMeasured:
    """How far a pass trails behind where it should be, at most over the scope's log groups."""

    scope: str
    pass_name: str
    lag_seconds: float
    gap_seconds: float


@dataclass(frozen=True, slots=True)
class LeasesMeasured:
    """How the work is shared out now."""

    held: int
    """Leases of this replica."""
    leases: int
    """Of all replicas."""
    replicas: int
    """That show signs of life, this one included."""


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """An incident opened, grew, resolved or came back."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """Somebody said whether the steps of an incident were of use."""

    incident: str
    signature: str
    helped: bool
    actor: str


@dataclass(frozen=True, slots=True)
class ReadIncomplete:
    """A window was read, but not everything in it could be decided."""

    scope: str
    pass_name: str
    window: Window
    detail: str


@dataclass(frozen=True, slots=True)
class OpenIncidentsMeasured:
    """Open incidents by (signature, severity)."""

    counts: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class DeliveryEnded:
    """One try to deliver is over."""

    incident: str
    target: str
    kind: Kind
    outcome: Outcome
    detail: str = ""
    latency_seconds: float | None = None
    """From the first hit's event time to acceptance; set only when a new message was accepted."""


@dataclass(frozen=True, slots=True)
class OutboxMeasured:
    """What is not yet delivered."""

    pending: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class RunSkipped:
    """A scheduled run did not happen or failed; the next one makes up for it."""

    job: str
    reason: SkipReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BudgetMeasured:
    """What a day's budget still allows."""

    saving: str
    """How far the daemon has gone to keep within it: a value of `plan.budget.Saving`."""
    spent_dollars: float
    budget_dollars: float | None
    """None without a budget."""


@dataclass(frozen=True, slots=True)
class OrphansStopped:
    """Queries of an earlier run that nobody waited for any more were stopped."""

    count: int


@dataclass(frozen=True, slots=True)
class DoublesDeleted:
    """Messages that a target showed twice were deleted there."""

    count: int


@dataclass(frozen=True, slots=True)
class QuarantineMeasured:
    """What is set aside now, all of one kind. Empty when all is well."""

    kind: QuarantineKind
    items: tuple[str, ...]
    """Each item named with its cause, for the log."""


Event = (
    KnowledgeLoaded
    | ScopesResolved
    | QueryEnded
    | WindowSearched
    | CoverageMeasured
    | LeasesMeasured
    | IncidentChanged
    | FeedbackGiven
    | ReadIncomplete
    | OpenIncidentsMeasured
    | DeliveryEnded
    | OutboxMeasured
    | RunSkipped
    | BudgetMeasured
    | OrphansStopped
    | DoublesDeleted
    | QuarantineMeasured
)
