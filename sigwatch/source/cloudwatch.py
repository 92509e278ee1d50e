"""CloudWatch Logs Insights through boto3. Vendor errors stop here."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.errors import (
    ConfigurationError,
    GroupsUnavailable,
    OutsideRetention,
    QueryRejected,
    SourceError,
    SourceUnavailable,
    Stopped,
)
from sigwatch.model.event import QueryStatus
from sigwatch.model.knowledge import Problem
from sigwatch.model.logs import LogGroup, Row, Search, SearchResult
from sigwatch.ports import Clock, Wait

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

QUERY_DEADLINE_SECONDS = 900
"""A query that runs longer is stopped and its window is done again; the service itself gives up after an hour."""

UNANSWERED_POLLS = 5
"""Polls in a row without an answer, after which a query is given up."""

_FIRST_POLL_SECONDS = 0.2
_SLOWEST_POLL_SECONDS = 5.0

_ENDED = {
    "Failed": QueryStatus.FAILED,
    "Timeout": QueryStatus.TIMEOUT,
    "Cancelled": QueryStatus.CANCELLED,
    "Unknown": QueryStatus.UNKNOWN,
}
_THROTTLED = {"LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException"}
_MISSING = re.compile(r"[Ll]og group '([^']+)' does not exist")
_DENIED = re.compile(r"log-group:([^:\s\"]+)")
# The service reports a range outside of a group's life as malformed. Only this text tells it from a syntax error.
_OUTSIDE = re.compile(r"end date and time.*(creation time|retention)", re.IGNORECASE | re.DOTALL)


def logs_client(region: str | None, pool: int) -> "CloudWatchLogsClient":
    """A client that never retries by itself.

    StartQuery has no idempotency token: a retry after a lost answer would pay for a second query. Whatever fails is
    done again by the next run of its pass, from the cursor, where it is counted.

    Raises:
        ConfigurationError: region, profile or endpoint can not be used.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=20,
        max_pool_connections=pool,
    )
    try:
        return boto3.session.Session(region_name=region).client("logs", config=config)
    except (BotoCoreError, ValueError) as error:
        cure = f"{error} Set aws.region, or check AWS_DEFAULT_REGION, AWS_PROFILE and AWS_ENDPOINT_URL_CLOUDWATCH_LOGS."
        raise ConfigurationError([Problem("", 0, "aws", cure)]) from error


class CloudWatchSource:
    """LogSource over one account and region. Safe to use from several threads."""

    def __init__(self, client: "CloudWatchLogsClient", clock: Clock, wait: Wait) -> None:
        """Search through `client`; `wait` says True when sigwatch is to stop."""
        self._client = client
        self._clock = clock
        self._wait = wait

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        """See `ports.LogSource.log_groups`."""
        pages = self._client.get_paginator("describe_log_groups")
        found = pages.paginate(logGroupNamePrefix=prefix) if prefix else pages.paginate()
        try:
            return [_group(described) for page in found for described in page["logGroups"]]
        except (BotoCoreError, ClientError) as error:
            raise SourceUnavailable(f"log groups can not be listed: {_words(error)}") from error

    def search(self, search: Search) -> SearchResult:
        """See `ports.LogSource.search`."""
        started = self._clock()
        try:
            query = self._client.start_query(
                logGroupIdentifiers=[group.arn for group in search.groups],
                # Both ends are inclusive in some readings of the interface; rows outside of the window are dropped.
                startTime=search.window.start,
                endTime=search.window.end,
                queryString=search.text,
                limit=search.limit,
            )["queryId"]
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from error
        results, scanned = self._finish(query, started)
        rows = tuple(_row(result, search.groups) for result in results)
        return SearchResult(rows, scanned, self._clock() - started)

    def _finish(self, query: str, started: float) -> tuple[list[Any], int]:
        """Wait until the query is complete and read all pages; a query that is given up is stopped."""
        pause = _FIRST_POLL_SECONDS
        unanswered = 0
        while True:
            if self._wait(pause):
                self._stop(query)
                raise Stopped("the query was stopped because sigwatch shuts down")
            pause = min(pause * 1.5, _SLOWEST_POLL_SECONDS)
            answer = self._poll(query)
            unanswered = 0 if answer else unanswered + 1
            if unanswered > UNANSWERED_POLLS:
                raise SourceUnavailable("the service does not answer; the query is started anew")
            status = answer["status"] if answer else "Running"
            scanned = int(answer["statistics"].get("bytesScanned", 0)) if answer and "statistics" in answer else 0
            if answer and status == "Complete":
                return self._pages(query, answer), scanned
            if status in _ENDED:
                raise SourceUnavailable(f"the query ended as {status}", _ENDED[status], scanned)
            if self._clock() - started > QUERY_DEADLINE_SECONDS:
                self._stop(query)
                raise SourceUnavailable("the query took too long and was stopped", QueryStatus.TIMEOUT, scanned)

    def _poll(self, query: str, token: str | None = None) -> Any:
        """One look at the query; None when the look failed but the query may well be running."""
        try:
            if token:
                return self._client.get_query_results(queryId=query, nextToken=token)
            return self._client.get_query_results(queryId=query)
        except (BotoCoreError, ClientError) as error:
            if _code(error) in {"ResourceNotFoundException", "InvalidParameterException", "AccessDeniedException"}:
                raise _translated(error) from error
            return None

    def _pages(self, query: str, answer: Any) -> list[Any]:
        results = list(answer["results"])
        while token := answer.get("nextToken"):
            page = self._poll(query, token)
            if page is None:
                raise SourceUnavailable("a page of results could not be read")
            answer = page
            results += answer["results"]
        return results

    def _stop(self, query: str) -> None:
        try:
            self._client.stop_query(queryId=query)
        except (BotoCoreError, ClientError):
            # Stopping an ended query is an error too, and there is nobody left to tell.
            return


def _group(described: Mapping[str, Any]) -> LogGroup:
    _, partition, _, region, account, *_ = described["arn"].split(":")
    return LogGroup(
        partition=partition,
        account=account,
        region=region,
        name=described["logGroupName"],
        log_class=described.get("logGroupClass", "STANDARD"),
        created_ms=described.get("creationTime", 0),
        retention_days=described.get("retentionInDays"),
        stored_bytes=described.get("storedBytes", 0),
    )


def _row(result: Sequence[Mapping[str, str]], groups: Sequence[LogGroup]) -> Row:
    fields = {field["field"]: field.get("value", "") for field in result}
    account, _, name = fields.get("@log", "").rpartition(":")
    return Row(
        account=account or groups[0].account,
        region=groups[0].region,
        log_group=name or groups[0].name,
        stream=fields.get("@logStream", ""),
        ts_ms=_milliseconds(fields["@timestamp"]),
        # A character cut in half must not stop whoever writes the text elsewhere.
        message=fields.get("@message", "").encode("utf-8", "replace").decode(),
        ingested_ms=_milliseconds(fields["@ingestionTime"]) if fields.get("@ingestionTime") else 0,
    )


def _milliseconds(text: str) -> int:
    """Epoch milliseconds of a result's time: `2026-02-04 06:00:00.123`, in UTC without saying so."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def _words(error: Exception) -> str:
    return str(error.response["Error"]["Message"]) if isinstance(error, ClientError) else str(error)


def _translated(error: Exception) -> SourceError:
    """The error of our own that says what to do about a vendor's."""
    code, words = _code(error), _words(error)
    if code in _THROTTLED:
        return SourceUnavailable(words, QueryStatus.THROTTLED)
    if code == "MalformedQueryException":
        return OutsideRetention(words) if _OUTSIDE.search(words) else QueryRejected(words)
    if code == "ResourceNotFoundException" or _MISSING.search(words):
        return GroupsUnavailable(words, tuple(_MISSING.findall(words)))
    if code == "AccessDeniedException":
        return GroupsUnavailable(words, tuple(_DENIED.findall(words)))
    if code == "InvalidParameterException":
        # Not a pattern's fault: the request itself is wrong, and its window must wait.
        return SourceUnavailable(words, QueryStatus.REJECTED)
    return SourceUnavailable(words)
