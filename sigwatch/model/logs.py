"""What is searched and what comes back: log groups, windows, queries, rows, hits."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from sigwatch.model.knowledge import Signature


@dataclass(frozen=True, slots=True, order=True)
class LogGroup:
    """A log group that exists, as the account describes it."""

    account: str
    region: str
    name: str
    log_class: str = field(default="STANDARD", compare=False)
    created_ms: int = field(default=0, compare=False)
    retention_days: int | None = field(default=None, compare=False)
    """None keeps events for ever."""
    stored_bytes: int = field(default=0, compare=False)
    partition: str = field(default="aws", compare=False)
    """`aws`, or `aws-cn` and the like."""
    lane: str = field(default="", compare=False)
    """The configured account and region that it is searched through; a monitoring account has others' groups too."""

    @property
    def arn(self) -> str:
        """Identifier that StartQuery takes: without the trailing `:*`."""
        return f"arn:{self.partition}:logs:{self.region}:{self.account}:log-group:{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open range [start, end) of event time in whole epoch seconds."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            message = f"an empty window: [{self.start}, {self.end})"
            raise ValueError(message)

    @property
    def seconds(self) -> int:
        """Length."""
        return self.end - self.start

    def holds(self, ts_ms: int) -> bool:
        """Whether an event of that time (epoch milliseconds) lies inside."""
        return self.start * 1000 <= ts_ms < self.end * 1000

    def halves(self) -> tuple["Window", "Window"]:
        """Two adjacent windows that cover this one exactly; it must be at least two seconds long."""
        middle = self.start + self.seconds // 2
        return Window(self.start, middle), Window(middle, self.end)


@dataclass(frozen=True, slots=True, order=True)
class Pass:
    """One sweep over time at a fixed delay behind now."""

    name: str
    delay: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Log groups of one account and region in which the same signatures are searched."""

    name: str
    """Stable and short: the label of this scope's metrics."""
    groups: tuple[LogGroup, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One Logs Insights query over some log groups and one window."""

    scope: str
    pass_name: str
    groups: tuple[LogGroup, ...]
    """At most 50, all of one lane and log class."""
    signatures: tuple[Signature, ...]
    """The signatures that the filter may return rows of."""
    text: str
    window: Window
    limit: int
    """Rows; a result that reaches it is not trusted."""

    @property
    def marker(self) -> str:
        """The same for the same search, after a crash too: by it a query that was already started is found again."""
        arns = (group.arn for group in self.groups)
        parts = (self.pass_name, str(self.window.start), str(self.window.end), str(self.limit), *arns, self.text)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Row:
    """One log event that a query returned."""

    account: str
    region: str
    log_group: str
    stream: str
    ts_ms: int
    message: str
    ingested_ms: int = 0
    """0 when the service did not say."""
    pointer: str = field(default="", compare=False)
    """By which the whole event can be fetched; differs from one query to the next."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The complete answer to one search."""

    rows: tuple[Row, ...]
    bytes_scanned: int
    seconds: float
    """Time the query took, from start to the last page."""

    @property
    def count(self) -> int:
        """Rows returned by the service, those outside of the window included."""
        return len(self.rows)


class Measure(StrEnum):
    """Where a volume is known from."""

    ESTIMATE = "the service's own estimate"
    INCOMING_BYTES = "the metric IncomingBytes"
    STORED = "what the log groups store"


@dataclass(frozen=True, slots=True)
class Volume:
    """Bytes that were logged in some log groups over a window."""

    bytes_logged: int
    measure: Measure


@dataclass(frozen=True, slots=True)
class Hit:
    """One log event in which a signature matched."""

    identity: str
    """Stable hash over signature and event: the same event found twice is one hit."""
    signature: str
    row: Row
