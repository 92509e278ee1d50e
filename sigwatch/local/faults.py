"""What goes wrong on purpose: throttling, outages, failed queries, lost replies, hidden log groups, masked text."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from typing import Any, get_args, get_type_hints

from sigwatch.local.errors import NOT_FOUND, ApiError, Reply, pool_full, refusal, throttled, unavailable
from sigwatch.local.logs import Event
from sigwatch.local.patterns import compile_pattern


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
"""The work is done, and the connection breaks before the caller learns of it."""
EMPTY_REPLY = "EmptyReply"
"""The same, but what the caller gets is a 502 without a body."""
BAD_ENDS = (Status.FAILED, Status.TIMEOUT, Status.CANCELLED, Status.UNKNOWN)
_READING = frozenset(
    (
        "DescribeLogGroups",
        "DescribeQueries",
        "GetLogRecord",
        "GetQueryResults",
        "ListLogGroups",
        "StartQuery",
        "StopQuery",
    )
)
_PROBABILITY = "_probability"


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that can be made to go wrong; nothing does by default.

    A script is used up one entry a request and counts before any probability. An entry is `ok`, `LostReply`,
    `EmptyReply`, or the code of an error.
    """

    seed: int = 0
    """Of whatever is drawn; the draws begin anew when faults are loaded."""
    start_query: tuple[str, ...] = ()
    """Script for StartQuery."""
    get_query_results: tuple[str, ...] = ()
    """Script for GetQueryResults."""
    get_log_record: tuple[str, ...] = ()
    """Script for GetLogRecord."""
    outcomes: tuple[str, ...] = ()
    """Script of the statuses in which the next queries end."""
    throttle_probability: float = 0.0
    """Of a ThrottlingException from any operation that lists log groups or has to do with queries."""
    unavailable_probability: float = 0.0
    """Of a ServiceUnavailableException from any of these."""
    pool_full_probability: float = 0.0
    """Of a LimitExceededException from StartQuery: others use the pool too."""
    lost_reply_probability: float = 0.0
    """That a query starts and its caller is never told: a broken connection or a 502 without a body."""
    lost_results_probability: float = 0.0
    """That an answer of GetQueryResults is lost, likewise."""
    failure_probability: float = 0.0
    """That a query ends in Failed, Timeout, Cancelled or Unknown."""
    slow_probability: float = 0.0
    """That a query runs `slow_factor` times longer than others."""
    slow_factor: float = 10.0
    max_concurrent: int = 100
    """Queries scheduled or running before LimitExceededException."""
    requests_per_second: float | None = None
    """Of StartQuery and of GetQueryResults each, with a burst of one second; the real service grants 10."""
    truncate_message: int | None = None
    """Characters after which `@message` is cut off in results."""
    missing_groups: tuple[str, ...] = ()
    """Names that StartQuery does not find although they are listed."""
    missing_probability: float = 0.0
    """That one StartQuery does not find one of its log groups."""
    missing_code: str = NOT_FOUND
    """What it then says; an older form of the same is an InvalidParameterException."""
    forbidden_groups: tuple[str, ...] = ()
    """Names that the caller may not query."""
    forbidden_probability: float = 0.0
    """That the caller may not query one of the log groups of one StartQuery."""
    masked: str | None = None
    """Regular expression of text that data protection masks: whoever reads or searches events finds asterisks."""
    ingestion_lag_seconds: float = 0.0
    """Until events that PutLogEvents takes become visible to queries."""
    ingestion_spread_seconds: float = 0.0
    """Up to so much later, drawn for each batch: what was logged later may be seen earlier."""

    def __post_init__(self) -> None:
        for outcome in self.outcomes:
            Status(outcome)
        if self.masked is not None:
            compile_pattern(self.masked)
        for part in fields(self):
            if part.name.endswith(_PROBABILITY) and not 0 <= getattr(self, part.name) <= 1:
                raise ValueError(f"{part.name} can not be {getattr(self, part.name)!r}")


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

    def __init__(self, faults: Faults) -> None:
        self._lock = threading.Lock()
        self.load(faults)

    def load(self, faults: Faults) -> None:
        """Start over with other faults."""
        with self._lock:
            self._faults = faults
            self._rng = Random(faults.seed)  # noqa: S311 - reproducible on purpose, protects nothing
            self._mask = None if faults.masked is None else compile_pattern(faults.masked)
            self._scripts = {
                "StartQuery": deque(faults.start_query),
                "GetQueryResults": deque(faults.get_query_results),
                "GetLogRecord": deque(faults.get_log_record),
            }
            self._outcomes = deque(faults.outcomes)
            self._buckets: dict[str, _Bucket] = {}

    @property
    def faults(self) -> Faults:
        """What is in force."""
        return self._faults

    def admit(self, operation: str, now: float) -> str:
        """Let a request pass: `ok`, or `LostReply` or `EmptyReply` when its answer is not to arrive.

        Raises:
            ApiError: it is refused.
        """
        with self._lock:
            if operation not in _READING:
                return OK
            self._check_rate(operation, now)
            script = self._scripts.get(operation)
            verdict = script.popleft() if script else self._drawn(operation)
        if verdict in (OK, LOST_REPLY, EMPTY_REPLY):
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

    def slowness(self) -> float:
        """How many times longer than usual the query that starts now is to run."""
        with self._lock:
            return self._faults.slow_factor if self._rng.random() < self._faults.slow_probability else 1.0

    def lag(self) -> float:
        """Seconds until the batch that is logged now becomes visible."""
        with self._lock:
            return self._faults.ingestion_lag_seconds + self._faults.ingestion_spread_seconds * self._rng.random()

    def missing(self, groups: Sequence[str]) -> frozenset[str]:
        """The log groups that a StartQuery over `groups` does not find although they are listed."""
        return self._struck(groups, self._faults.missing_groups, self._faults.missing_probability)

    def forbidden(self, groups: Sequence[str]) -> frozenset[str]:
        """The log groups that the caller of a StartQuery over `groups` may not query."""
        return self._struck(groups, self._faults.forbidden_groups, self._faults.forbidden_probability)

    def shown(self, events: Iterable[Event]) -> list[Event]:
        """Events as data protection lets them be read."""
        mask = self._mask
        if mask is None:
            return list(events)
        return [replace(event, message=mask.masked(event.message)) for event in events]

    def _struck(self, groups: Sequence[str], named: Sequence[str], probability: float) -> frozenset[str]:
        with self._lock:
            drawn = (self._rng.choice(groups),) if self._rng.random() < probability else ()
        return frozenset(groups).intersection((*named, *drawn))

    def _check_rate(self, operation: str, now: float) -> None:
        rate = self._faults.requests_per_second
        if rate is None or operation not in ("StartQuery", "GetQueryResults"):
            return
        bucket = self._buckets.setdefault(operation, _Bucket(rate, now))
        if not bucket.take(now):
            raise throttled()

    def _drawn(self, operation: str) -> str:
        faults = self._faults
        lost = self._rng.choice((LOST_REPLY, EMPTY_REPLY))
        chances = [
            ("ThrottlingException", faults.throttle_probability),
            ("ServiceUnavailableException", faults.unavailable_probability),
        ]
        if operation == "StartQuery":
            chances += [("LimitExceededException", faults.pool_full_probability), (lost, faults.lost_reply_probability)]
        if operation == "GetQueryResults":
            chances.append((lost, faults.lost_results_probability))
        return next((verdict for verdict, chance in chances if self._rng.random() < chance), OK)

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
