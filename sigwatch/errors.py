"""Every error that sigwatch raises on purpose.

SigwatchError
├── ConfigurationError
├── RangeError
├── SourceError
│   ├── SourceUnavailable
│   ├── QueryRejected
│   ├── GroupsUnavailable
│   ├── OutsideRetention
│   └── Stopped
├── PublishError
│   ├── NotSent
│   ├── Ambiguous
│   └── Refused
└── StoreError
    ├── Conflict
    └── TooMuch
"""

from collections.abc import Sequence

from sigwatch.model.event import QueryStatus
from sigwatch.model.knowledge import Problem


class SigwatchError(Exception):
    """Anything that sigwatch can explain to its user in a sentence."""


class ConfigurationError(SigwatchError):
    """The configuration can not work; carries every fault found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class RangeError(SigwatchError):
    """A search of the past can not be begun, or gone on with, as it was asked for; nothing was paid."""


class SourceError(SigwatchError):
    """A search did not give a complete answer; its window must be done again."""

    status = QueryStatus.FAILED


class SourceUnavailable(SourceError):
    """Throttled, unreachable, or the query ended without completing: try again later."""

    def __init__(self, message: str, status: QueryStatus = QueryStatus.UNAVAILABLE, bytes_scanned: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.bytes_scanned = bytes_scanned
        """Paid for all the same."""


class QueryRejected(SourceError):
    """The service does not accept the query text, and never will."""

    status = QueryStatus.REJECTED


class GroupsUnavailable(SourceError):
    """One or more log groups are missing or forbidden; the whole query failed with them."""

    status = QueryStatus.REJECTED

    def __init__(self, message: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.names = names
        """The culprits, where the service named them."""


class OutsideRetention(SourceError):
    """The window lies before a log group's creation or beyond its retention: nothing can be there."""

    status = QueryStatus.REJECTED


class Stopped(SourceError):
    """sigwatch is shutting down; the query was stopped."""

    status = QueryStatus.CANCELLED


class PublishError(SigwatchError):
    """A message was not accepted, as far as is known."""


class NotSent(PublishError):
    """Certainly not accepted: safe to try again, after `retry_after` seconds if the target said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Ambiguous(PublishError):
    """May have been accepted: the target's history decides before anything is sent again."""


class Refused(PublishError):
    """The target will never accept this message as it is."""

    def __init__(self, message: str, *, because_of_content: bool = False) -> None:
        super().__init__(message)
        self.because_of_content = because_of_content
        """True when a plainer text might still be accepted."""


class StoreError(SigwatchError):
    """The state can not be read or written."""


class Conflict(StoreError):
    """Somebody else changed the same state at the same time and was faster: nothing was written, do it again."""


class TooMuch(StoreError):
    """More than the state takes in one transaction: nothing was written, do it in parts."""
