"""CloudWatch Logs Insights through boto3: one account and region. Vendor errors stop here."""

import re
import threading
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.errors import SourceError, SourceUnavailable, Stopped
from sigwatch.model.event import QueryStatus
from sigwatch.model.logs import LogGroup, Measure, Row, Search, SearchResult, Volume, Window
from sigwatch.ports import Clock, QueryLog, Wait
from sigwatch.source.limits import Limiter
from sigwatch.source.vendor import code, group_of, may_have_started, may_pass, row_of, throttled, translated, words
from sigwatch.source.volume import incoming_bytes

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

QUERY_DEADLINE_SECONDS = 900
"""A query that runs longer is stopped and its window is done again; the service itself gives up after an hour."""

UNANSWERED_POLLS = 5
"""Polls in a row without an answer, after which a query is given up."""

UNKNOWN_POLLS = 3
"""Polls in a row with the status Unknown, which may pass, after which a query is given up."""

LOOK_UP_TRIES = 4
"""Of a request that costs nothing and changes nothing."""

START_TRIES = 6
"""Of a StartQuery that is refused because too much is going on."""

_FIRST_POLL_SECONDS = 0.2
_SLOWEST_POLL_SECONDS = 5.0
_SLOWEST_TRY_SECONDS = 10.0

_ENDED = {
    "Failed": QueryStatus.FAILED,
    "Timeout": QueryStatus.TIMEOUT,
    "Cancelled": QueryStatus.CANCELLED,
}
_EARLIER, _LATER = 0.95, 1.15
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+]?\d+)?")
_GONE = {"ResourceNotFoundException", "InvalidParameterException"}
_HOPELESS = {*_GONE, "AccessDeniedException"}


def first_look(seconds: float, *, in_time: bool) -> float:
    """When to look at the next query first, after one was looked at after that many seconds and was, or was not, done.

    It settles where three of four queries are done at the first look: looks are scarcer than starts, and too late a
    look delays an alert.
    """
    later = seconds * (_EARLIER if in_time else _LATER)
    return min(max(later, _FIRST_POLL_SECONDS), _SLOWEST_POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a source searches, and what it is told apart by."""

    lane: str
    linked: bool
    """Whether log groups of accounts count that are linked to this one, a monitoring account."""
    installation: str
    """Short name of the state that this program keeps: marks its queries."""


class CloudWatchSource:
    """LogSource over one account and region. Safe to use from several threads."""

    def __init__(
        self,
        client: "CloudWatchLogsClient",
        account: Account,
        limiter: Limiter,
        queries: QueryLog,
        clock: Clock,
        wait: Wait,
        chance: Callable[[], float],
        metrics: Callable[[], Any],
    ) -> None:
        """Search through `client`; `wait` says True when sigwatch is to stop, `chance` (0 to 1) spreads retries.

        `metrics` makes boto3's client for CloudWatch of the same account and region, when it is first needed.
        """
        self._metrics = metrics
        self._client = client
        self._account = account
        self._limiter = limiter
        self._queries = queries
        self._clock = clock
        self._wait = wait
        self._chance = chance
        self._in_hand: set[str] = set()
        # Markers of queries that may run although nobody knows their ids.
        self._uncertain: set[str] = set()
        self._first_look = _FIRST_POLL_SECONDS
        self._lock = threading.Lock()

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        """See `ports.LogSource.log_groups`."""
        wanted: dict[str, Any] = {"logGroupNamePrefix": prefix} if prefix else {}
        if self._account.linked:
            wanted["includeLinkedAccounts"] = True
        found: list[LogGroup] = []
        try:
            while True:
                page = self._looked_up(partial(self._client.describe_log_groups, **wanted))
                found += [group_of(described, self._account.lane) for described in page["logGroups"]]
                if "nextToken" not in page:
                    return found
                wanted["nextToken"] = page["nextToken"]
        except (BotoCoreError, ClientError) as error:
            raise SourceUnavailable(f"log groups can not be listed: {words(error)}") from error

    def search(self, search: Search) -> SearchResult:
        """See `ports.LogSource.search`."""
        with self._lock:
            self._in_hand.add(search.marker)
        try:
            with self._limiter.running():
                started = self._clock()
                results, scanned = self._results(search, started)
        finally:
            with self._lock:
                self._in_hand.discard(search.marker)
        rows = tuple(row_of(result, search.groups) for result in results)
        return SearchResult(rows, scanned, self._clock() - started)

    def whole_message(self, row: Row, lane: str) -> str | None:  # noqa: ARG002 - this source is one lane
        """See `ports.LogSource.whole_message`."""
        try:
            record = self._looked_up(partial(self._client.get_log_record, logRecordPointer=row.pointer))["logRecord"]
        except (BotoCoreError, ClientError) as error:
            if code(error) in _HOPELESS:
                return None
            raise SourceUnavailable(f"an event can not be fetched: {words(error)}") from error
        return str(record.get("@message", "")).encode("utf-8", "replace").decode()

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        """Bytes that a query over the log groups and window would scan; None where nobody can say.

        The service's own estimate costs nothing; where a Region lacks it, the metric of what came in is asked for.
        """
        asked = Search("", "estimate", tuple(groups), (), "fields @message | estimate", window, 1)
        try:
            with self._limiter.running():
                results, _ = self._results(asked, self._clock())
        except Stopped:
            raise
        except SourceError:
            total = incoming_bytes(self._metrics(), groups, window)
            return None if total is None else Volume(total, Measure.INCOMING_BYTES)
        finally:
            self._queries.forget(asked.marker)
        numbers = [float(field["value"]) for row in results for field in row if _NUMBER.fullmatch(field["value"])]
        return Volume(round(numbers[0]), Measure.ESTIMATE) if numbers else None

    def stop_orphans(self, known: Container[str]) -> int:
        """Stop this installation's running queries whose markers are neither known nor in hand; returns how many."""
        mine = f"# sigwatch:{self._account.installation}:"
        stopped = 0
        for status in ("Scheduled", "Running"):
            for query in self._described(status):
                _, found, marker = query.get("queryString", "").rpartition(mine)
                if found and marker not in known and marker not in self._in_hand:
                    self._stop(query["queryId"])
                    stopped += 1
        return stopped

    def _results(self, search: Search, started: float) -> tuple[list[Any], int]:
        known = self._queries.recall(search.marker)
        if known:
            try:
                return self._finish(known, search, started)
            except _Gone:
                # Its results are kept for days only.
                self._queries.forget(search.marker)
        query = self._found_late(search) or self._start(search)
        self._queries.remember(search, query)
        try:
            return self._finish(query, search, started)
        except _Gone as error:
            self._queries.forget(search.marker)
            raise SourceUnavailable(str(error)) from error

    def _start(self, search: Search) -> str:
        for attempt in range(START_TRIES):
            self._limiter.pass_through("start")
            try:
                return self._client.start_query(
                    logGroupIdentifiers=[group.arn for group in search.groups],
                    # Both ends are inclusive in some readings of the interface; rows outside are dropped.
                    startTime=search.window.start,
                    endTime=search.window.end,
                    queryString=self._marked(search),
                    limit=search.limit,
                )["queryId"]
            except (BotoCoreError, ClientError) as error:
                if may_have_started(error):
                    if found := self._lost(search):
                        return found
                    self._uncertain.add(search.marker)
                if not throttled(error) or attempt == START_TRIES - 1:
                    raise translated(error) from error
            # Full jitter: whoever was refused together must not come back together.
            if self._wait(self._chance() * min(_SLOWEST_TRY_SECONDS, 0.5 * 2.0**attempt)):
                break
        raise Stopped("the query was not started because sigwatch shuts down")

    def _marked(self, search: Search) -> str:
        return f"{search.text}\n# sigwatch:{self._account.installation}:{search.marker}"

    def _found_late(self, search: Search) -> str | None:
        """The id of a query that could not be found when the answer to its start was lost."""
        if search.marker not in self._uncertain:
            return None
        self._uncertain.discard(search.marker)
        return self._lost(search)

    def _lost(self, search: Search) -> str | None:
        """The id of a query that was started without an answer; only this search can have written its text."""
        text = self._marked(search)
        for status in ("Running", "Scheduled", "Complete"):
            for query in self._described(status):
                if query.get("queryString") == text:
                    return str(query["queryId"])
        return None

    def _described(self, status: Any) -> list[Any]:
        asked = partial(self._client.describe_queries, status=status, maxResults=1000)
        try:
            return list(self._looked_up(asked)["queries"])
        except (BotoCoreError, ClientError):
            return []

    def _looked_up(self, request: Callable[..., Any]) -> Any:
        """The answer to a request that may be made again, after a few tries.

        Raises:
            BotoCoreError: or ClientError; the last try's.
            Stopped: sigwatch shuts down.
        """
        for attempt in range(LOOK_UP_TRIES):
            self._limiter.pass_through("other")
            try:
                return request()
            except (BotoCoreError, ClientError) as error:
                if not may_pass(error) or attempt == LOOK_UP_TRIES - 1:
                    raise
            if self._wait(self._chance() * 2.0**attempt):
                break
        raise Stopped("sigwatch shuts down")

    def _finish(self, query: str, search: Search, started: float) -> tuple[list[Any], int]:
        """Wait until the query is complete and read all pages; a query that is given up is stopped."""
        begun = self._clock()
        pause = self._first_look
        looks = unanswered = unknown = 0
        while True:
            if self._wait(pause):
                self._give_up(query, search)
                raise Stopped("the query was stopped because sigwatch shuts down")
            pause = min(max(_FIRST_POLL_SECONDS, (self._clock() - begun) / 2), _SLOWEST_POLL_SECONDS)
            answer = self._poll(query)
            looks += bool(answer)
            unanswered = 0 if answer else unanswered + 1
            if unanswered > UNANSWERED_POLLS:
                raise SourceUnavailable("the service does not answer; the query is asked for again")
            status = answer["status"] if answer else "Running"
            scanned = int(answer["statistics"].get("bytesScanned", 0)) if answer and "statistics" in answer else 0
            if answer and status == "Complete":
                self._first_look = first_look(self._first_look, in_time=looks == 1)
                return self._pages(query, answer), scanned
            unknown = unknown + 1 if status == "Unknown" else 0
            if status in _ENDED or unknown > UNKNOWN_POLLS:
                self._give_up(query, search)
                raise SourceUnavailable(
                    f"the query ended as {status}", _ENDED.get(status, QueryStatus.UNKNOWN), scanned
                )
            if self._clock() - started > QUERY_DEADLINE_SECONDS:
                self._give_up(query, search)
                raise SourceUnavailable("the query took too long and was stopped", QueryStatus.TIMEOUT, scanned)

    def _poll(self, query: str, token: str | None = None) -> Any:
        """One look at the query; None when the look failed but the query may well be running."""
        self._limiter.pass_through("results")
        try:
            if token:
                return self._client.get_query_results(queryId=query, nextToken=token)
            return self._client.get_query_results(queryId=query)
        except (BotoCoreError, ClientError) as error:
            if code(error) in _GONE:
                raise _Gone(words(error)) from error
            if code(error) in _HOPELESS:
                raise translated(error) from error
            return None

    def _pages(self, query: str, answer: Any) -> list[Any]:
        results = list(answer["results"])
        failures = 0
        while token := answer.get("nextToken"):
            page = self._poll(query, token)
            failures = 0 if page else failures + 1
            if failures > UNANSWERED_POLLS or (failures and self._wait(_FIRST_POLL_SECONDS)):
                raise SourceUnavailable("a page of results could not be read")
            if page:
                answer = page
                results += answer["results"]
        return results

    def _give_up(self, query: str, search: Search) -> None:
        self._stop(query)
        self._queries.forget(search.marker)

    def _stop(self, query: str) -> None:
        try:
            self._client.stop_query(queryId=query)
        except (BotoCoreError, ClientError):
            # Stopping an ended query is an error too, and there is nobody left to tell.
            return


class _Gone(Exception):
    """The service does not know a query any more."""
