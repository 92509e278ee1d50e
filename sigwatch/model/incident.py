"""An incident, the reasons of its changes, and the silences that keep it from being told."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why an incident changed, or did not: one word for log, metric, audit trail and message alike."""

    OPENED = "opened"
    RECURRED = "recurred"
    """It came back after its end."""
    REOPENED = "reopened"
    """It came back within the quiet period after somebody or something had ended it."""
    COUNTED = "counted"
    COUNTED_LATE = "counted_late"
    GREW_TENFOLD = "grew_tenfold"
    SPREAD = "spread"
    """A second log group has it."""
    UNACKNOWLEDGED = "unacknowledged"
    """Nobody has acknowledged it for as long as its severity allows."""
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence_ended"
    RESOLVED = "resolved"
    """Quiet for the quiet period."""
    RECOVERED = "recovered"
    """Its `resolved_pattern` was seen."""
    CLOSED = "closed"
    """Somebody said that it is over."""
    FOUND_LATER = "found_later"
    """It was over before anybody knew of it: a search of the past found it."""
    STILL_ACTIVE = "still_active"
    NOT_YET_COVERED = "not_yet_covered"
    ALREADY_SO = "already_so"
    """What was asked for was the case before."""


ESCALATIONS = frozenset({Reason.GREW_TENFOLD, Reason.SPREAD, Reason.UNACKNOWLEDGED})
"""They call people again."""


COUNTS = frozenset({Reason.COUNTED, Reason.COUNTED_LATE})
"""They change a number and nothing else."""


@dataclass(frozen=True, slots=True)
class Matchers:
    """What a silence is for: globs on four properties, all of which must match."""

    signature: str = "*"
    project: str = "*"
    severity: str = "*"
    log_group: str = "*"
    """An incident is matched when all of its log groups are."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Incidents that are recorded and counted, but not told. Times are epoch milliseconds."""

    id: str
    matchers: Matchers
    reason: str
    author: str
    starts_ms: int
    ends_ms: int
    """The first moment at which it no longer holds."""
    source: str = ""
    """Where it came from: `cli`, `slack`, or a file of the knowledge with its line."""
    cancelled_ms: int | None = None
    cancelled_by: str = ""

    def active(self, now_ms: int) -> bool:
        """Whether it holds at that time."""
        end = self.ends_ms if self.cancelled_ms is None else min(self.ends_ms, self.cancelled_ms)
        return self.starts_ms <= now_ms < end


@dataclass(frozen=True, slots=True)
class Incident:
    """Hits of one signature with one grouping key, from the first to a quiet period. Times are epoch milliseconds."""

    id: str
    signature: str
    project: str
    severity: str
    group: str
    """Grouping key as people read it, such as a log group's name. Masked."""
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
    opened_ms: int = 0
    """When it was recorded first, or opened again."""
    histogram: tuple[tuple[int, int], ...] = ()
    """Hits by epoch minute, ascending, over the hour that ends with the newest hit."""
    told_count: int = 0
    """Count a minute after it was opened, or when it last escalated: growth is measured from here."""
    escalated: tuple[Reason, ...] = ()
    """In the order of time."""
    acknowledged_by: str = ""
    acknowledged_ms: int | None = None
    resolution: Reason | None = None
    """How it ended."""
    closed_by: str = ""
    silence: Silence | None = None
    """What keeps it from being told now."""

    @property
    def past(self) -> bool:
        """Whether it was over before anybody knew of it."""
        return self.resolution is Reason.FOUND_LATER


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an incident, and why."""

    reason: Reason
    incident: Incident
    actor: str = "sigwatch"
    """Who made it so."""
