"""What goes wrong on purpose: throttling, outages, failed queries, lost replies, hidden log groups."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from random import Random
from typing import Any, get_args, get_type_hints

from sigwatch.local.errors import ApiError, Reply, pool_full, refusal, throttled, unavailable


class Status(StrEnum):
    """Where a query is in its life."""

    SCHEDULED = "Scheduled"
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMEOUT = "Timeout"
    UNKNOWN = "Unknown"


OK = "ok"
LOST_REPLY = "LostReply"
BAD_ENDS = (Status.FAILED, Status.TIMEOUT, Status.CANCELLED, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that can be made to go wrong; nothing does by default.

    A script is used up one entry a request and counts before any probability.
    """

    start_query: tuple[str, ...] = ()
    """Script for StartQuery: `ok`, `LostReply`, or the code of an error."""
    get_query_results: tuple[str, ...] = ()
    """Script for GetQueryResults: `ok` or the code of an error."""
    outcomes: tuple[str, ...] = ()
    """Script of the statuses in which the next queries end."""
    throttle_probability: float = 0.0
    """Of a ThrottlingException from StartQuery or GetQueryResults."""
    unavailable_probability: float = 0.0
    """Of a ServiceUnavailableException from either."""
    lost_reply_probability: float = 0.0
    """That a query starts and its caller is never told."""
    failure_probability: float = 0.0
    """That a query ends in Failed, Timeout, Cancelled or Unknown."""
    max_concurrent: int = 100
    """Queries scheduled or running before LimitExceededException."""
    requests_per_second: float | None = None
    """Of StartQuery and of GetQueryResults each, with a burst of one second; the real service grants 10."""
    truncate_message: int | None = None
    """Characters after which `@message` is cut off in results."""
    missing_groups: tuple[str, ...] = ()
    """Names that StartQuery does not find although they are listed."""
    forbidden_groups: tuple[str, ...] = ()
    """Names that the caller may not query."""
    ingestion_lag_seconds: float = 0.0
    """Until events that PutLogEvents takes become visible to queries."""

    def __post_init__(self) -> None:
        for outcome in self.outcomes:
            Status(outcome)


def faults_from(document: object) -> Faults:
    """Read faults from JSON; what is not named is off.

    Raises:
        TypeError: it is no object.
        ValueError: it names something that is not a fault, or gives it a value that it can not have.
    """
    if not isinstance(document, Mapping):
        raise TypeError("faults are a JSON object")
    known = {part.name for part in fields(Faults)}
    unknown = sorted(set(document) - known)
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}")
    return Faults(**{name: _typed(name, value) for name, value in document.items()})


def _typed(name: str, value: object) -> Any:
    hint = get_type_hints(Faults)[name]
    if hint == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
    elif type(value) in (get_args(hint) or (hint,)):
        return value
    elif isinstance(value, int) and not isinstance(value, bool) and hint in (float, float | None):
        return float(value)
    raise ValueError(f"{name} can not be {value!r}")


class _Bucket:
    """Tokens that come back at a steady rate, a second's worth at most."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._tokens = max(rate, 1.0)
        self._at = now

    def take(self, now: float) -> bool:
        self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Injector:
    """Decides, request by request, what goes wrong; safe to use from several threads."""

    def __init__(self, faults: Faults, rng: Random) -> None:
        self._lock = threading.Lock()
        self._rng = rng
        self.load(faults)

    def load(self, faults: Faults) -> None:
        """Start over with other faults."""
        with self._lock:
            self._faults = faults
            self._scripts = {
                "StartQuery": deque(faults.start_query),
                "GetQueryResults": deque(faults.get_query_results),
            }
            self._outcomes = deque(faults.outcomes)
            self._buckets: dict[str, _Bucket] = {}

    @property
    def faults(self) -> Faults:
        """What is in force."""
        return self._faults

    def admit(self, operation: str, now: float) -> str:
        """Let a request pass: `ok`, or `LostReply` when its answer is not to arrive.

        Raises:
            ApiError: it is refused.
        """
        with self._lock:
            script = self._scripts.get(operation)
            if script is None:
                return OK
            self._check_rate(operation, now)
            verdict = script.popleft() if script else self._drawn(operation)
        if verdict in (OK, LOST_REPLY):
            return verdict
        raise self._error(verdict)

    def outcome(self) -> Status:
        """The status in which the query that starts now is to end."""
        with self._lock:
            if self._outcomes:
                return Status(self._outcomes.popleft())
            if self._rng.random() < self._faults.failure_probability:
                return self._rng.choice(BAD_ENDS)
            return Status.COMPLETE

    def _check_rate(self, operation: str, now: float) -> None:
        rate = self._faults.requests_per_second
        if rate is None:
            return
        bucket = self._buckets.setdefault(operation, _Bucket(rate, now))
        if not bucket.take(now):
            raise throttled()

    def _drawn(self, operation: str) -> str:
        faults = self._faults
        if self._rng.random() < faults.throttle_probability:
            return "ThrottlingException"
        if self._rng.random() < faults.unavailable_probability:
            return "ServiceUnavailableException"
        if operation == "StartQuery" and self._rng.random() < faults.lost_reply_probability:
            return LOST_REPLY
        return OK

    def _error(self, code: str) -> ApiError:
        match code:
            case "ThrottlingException":
                return throttled()
            case "ServiceUnavailableException":
                return unavailable()
            case "LimitExceededException":
                return pool_full(self._faults.max_concurrent)
            case "InternalFailure":
                return ApiError(Reply(code, "An internal error occurred.", status=500))
            case _:
                return refusal(code, "a fault that was asked for")
