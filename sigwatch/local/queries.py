"""The life of a query: started, scheduled, running with a partial view, ended; its rows in pages."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from sigwatch.local.errors import QueryError, group_not_found, invalid, malformed, not_found, pool_full
from sigwatch.local.evaluate import Outcome, ResultRow, evaluate
from sigwatch.local.faults import Injector, Status
from sigwatch.local.grammar import parse_query
from sigwatch.local.logs import Clock, Event, LogStore
from sigwatch.local.pointers import number_in, pointer
from sigwatch.local.settings import Settings
from sigwatch.local.syntax import Query, Stats

LONGEST_SECONDS = 3600.0
RESULTS_KEPT_SECONDS = 7 * 86_400.0
_ALIVE = (Status.SCHEDULED, Status.RUNNING)
_OUTSIDE = (
    "Query's end date and time is either before the log groups creation time"
    " or exceeds the log groups log retention settings"
)


@dataclass(frozen=True, slots=True)
class Search:
    """What a caller wants searched."""

    text: str
    groups: tuple[str, ...]
    first_ms: int
    last_ms: int
    """Epoch milliseconds; both ends are included."""
    limit: int | None
    """Most rows; None leaves it to the text, or else to the service's default."""


@dataclass(frozen=True, slots=True)
class Job:
    """A query that was started; all that it will ever say is known from then on."""

    id: str
    search: Search
    created: float
    """Epoch seconds, like every other time here."""
    runs_at: float
    ends_at: float
    end: Status
    """The status after `ends_at`."""
    outcome: Outcome
    partial: tuple[ResultRow, ...]
    """What is shown while it runs: incomplete and in no order."""
    records: int
    size: int
    """Records and bytes to scan."""
    nonce: bytes
    stopped_at: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a caller sees of a query at one moment."""

    job: Job
    status: Status
    rows: tuple[ResultRow, ...]
    share: float
    """How much of it is done, from 0 to 1."""


def status_at(job: Job, now: float) -> Status:
    """Where a query is in its life."""
    if job.stopped_at is not None:
        return Status.CANCELLED
    if now < job.runs_at:
        return Status.SCHEDULED
    return Status.RUNNING if now < job.ends_at else job.end


def view_at(job: Job, now: float) -> View:
    """What a query shows: part of its rows while it runs, all of them only once it is complete."""
    status = status_at(job, now)
    share = _share(job, now if job.stopped_at is None else job.stopped_at)
    if status is Status.COMPLETE:
        return View(job, status, job.outcome.rows, 1.0)
    if status is Status.SCHEDULED:
        return View(job, status, (), 0.0)
    return View(job, status, job.partial[: round(len(job.partial) * share)], share)


def statistics(view: View) -> dict[str, float]:
    """The seven numbers that come with a result."""
    job = view.job
    return {
        "recordsMatched": float(round(job.outcome.matched * view.share)),
        "recordsScanned": float(round(job.records * view.share)),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(round(job.size * view.share)),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(job.search.groups)),
        "resultCount": float(len(view.rows)),
    }


class Queries:
    """Every query of one server; safe to use from several threads."""

    def __init__(
        self,
        store: LogStore,
        clock: Clock,
        settings: Settings,
        injector: Injector,
        new_id: Callable[[], str],
        rng: Random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._injector = injector
        self._new_id = new_id
        self._rng = rng
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._alive: set[str] = set()

    def start(self, search: Search) -> str:
        """Start a query and give its id.

        Raises:
            ApiError: the text is not understood, a group is missing, forbidden or out of range, or too many run.
        """
        query = _compiled(search.text)
        if query.estimates and not self._settings.estimate:
            at = search.text.rindex("estimate")
            raise malformed("unexpected symbol found estimate", at, at + len("estimate") - 1)
        with self._lock:
            now = self._clock()
            self._check_groups(search, now)
            if self.running() >= self._injector.faults.max_concurrent:
                raise pool_full(self._injector.faults.max_concurrent)
            job = self._job(search, query, now)
            self._jobs[job.id] = job
            self._alive.add(job.id)
            return job.id

    def view(self, query_id: str) -> View:
        """What a query shows now.

        Raises:
            ApiError: there is no such query.
        """
        with self._lock:
            return view_at(self._known(query_id), self._clock())

    def stop(self, query_id: str) -> None:
        """End a query early.

        Raises:
            ApiError: there is no such query, or it has ended.
        """
        with self._lock:
            now = self._clock()
            job = self._known(query_id)
            if status_at(job, now) not in _ALIVE:
                raise invalid(f"Query {query_id} has already ended.")
            self._jobs[query_id] = replace(job, stopped_at=now)

    def views(self) -> tuple[View, ...]:
        """All queries as they are now, the newest first."""
        with self._lock:
            now = self._clock()
            return tuple(view_at(job, now) for job in reversed(self._jobs.values()))

    def running(self) -> int:
        """How many queries take a place in the pool."""
        with self._lock:
            now = self._clock()
            self._alive = {each for each in self._alive if status_at(self._jobs[each], now) in _ALIVE}
            return len(self._alive)

    def counts(self) -> Mapping[str, int]:
        """How many queries there are by status."""
        return Counter(str(view.status) for view in self.views())

    def record(self, text: str) -> Event:
        """The event that a pointer from any result leads to.

        Raises:
            ApiError: it is no pointer, or the event is gone.
        """
        number = number_in(text)
        if number is None:
            raise invalid("The specified log record pointer is not valid.")
        event = self._store.event(number)
        if event is None:
            raise not_found("The specified log record does not exist.")
        return self._injector.shown([event])[0]

    def _known(self, query_id: str) -> Job:
        job = self._jobs.get(query_id)
        if job is None or self._clock() > job.ends_at + RESULTS_KEPT_SECONDS:
            raise not_found(f"Query {query_id} does not exist.")
        return job

    def _check_groups(self, search: Search, now: float) -> None:
        groups = {group.name: group for group in self._store.groups()}
        missing = self._injector.missing(search.groups)
        for name in search.groups:
            if name not in groups or name in missing:
                code = self._injector.faults.missing_code
                raise group_not_found(name, self._settings.account, self._new_id(), code)
        for name in search.groups:
            group = groups[name]
            if group.log_class == "DELIVERY":
                raise invalid(f"Log group '{name}' is of a class that can not be queried")
            if search.last_ms < max(group.created_ms, group.oldest_kept_ms(now)):
                last = max(0, len(search.text) - 1)
                raise malformed(f"{_OUTSIDE} ([0,{last}])", 0, last)

    def _job(self, search: Search, query: Query, now: float) -> Job:
        events = self._events(search, now)
        account = self._settings.account
        size = sum(event.size for event in events)
        if query.estimates:
            outcome = Outcome((ResultRow((("estimatedBytes", str(size)),), None),), 0)
            events, size = [], 0
        else:
            outcome = evaluate(query, events, account, search.limit, self._rng)
        runs_at = now + self._settings.scheduled_seconds
        seconds = self._settings.running_seconds
        if self._settings.bytes_per_second is not None:
            seconds += size / self._settings.bytes_per_second
        seconds *= self._injector.slowness()
        return Job(
            id=self._new_id(),
            search=search,
            created=now,
            runs_at=runs_at,
            ends_at=runs_at + min(seconds, LONGEST_SECONDS),
            end=Status.TIMEOUT if seconds > LONGEST_SECONDS else self._injector.outcome(),
            outcome=outcome,
            partial=self._partial(query, events, outcome),
            records=len(events),
            size=size,
            nonce=self._rng.randbytes(8),
        )

    def _events(self, search: Search, now: float) -> list[Event]:
        found: list[Event] = []
        for group in dict.fromkeys(search.groups):
            found += self._store.search(group, search.first_ms, search.last_ms, now)
        return self._injector.shown(found)

    def _partial(self, query: Query, events: Sequence[Event], outcome: Outcome) -> tuple[ResultRow, ...]:
        if any(isinstance(command, Stats) for command in query.commands):
            return evaluate(query, events[::2], self._settings.account, None, self._rng).rows
        # Half at most, so that whoever takes a partial view for the result is seen to lose rows.
        return tuple(self._rng.sample(outcome.rows, (len(outcome.rows) + 1) // 2))


def cells(view: View, row: ResultRow, most: int | None) -> list[dict[str, str]]:
    """A row as the service prints it, with its record pointer; `most` cuts `@message` after so many characters."""
    printed = [{"field": name, "value": value[:most] if name == "@message" else value} for name, value in row.cells]
    if row.event is not None:
        printed.append({"field": "@ptr", "value": pointer(view.job.nonce, row.event)})
    return printed


def _compiled(text: str) -> Query:
    try:
        return parse_query(text)
    except QueryError as fault:
        raise malformed(fault.message, fault.start, fault.end) from fault


def _share(job: Job, now: float) -> float:
    if now >= job.ends_at:
        return 1.0
    return 0.0 if now <= job.runs_at else (now - job.runs_at) / (job.ends_at - job.runs_at)
