"""What the service says, in words of our own: errors, log groups and rows."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)

from sigwatch.errors import GroupsUnavailable, OutsideRetention, QueryRejected, SourceError, SourceUnavailable
from sigwatch.model.event import QueryStatus
from sigwatch.model.logs import LogGroup, Row

_THROTTLED = {"LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException"}
_MISSING = re.compile(r"[Ll]og group '([^']+)' does not exist")
_DENIED = re.compile(r"log-group:([^:\s\"]+)")
# The service reports a range outside of a group's life as malformed. Only this text tells it from a syntax error.
_OUTSIDE = re.compile(r"end date and time.*(creation time|retention)", re.IGNORECASE | re.DOTALL)


def may_have_started(error: Exception) -> bool:
    """Whether a failed StartQuery may have started a query all the same: it was sent, and nobody refused it."""
    if isinstance(error, ClientError):
        return _status(error) >= 500
    return not isinstance(error, EndpointConnectionError | ConnectTimeoutError)


def throttled(error: Exception) -> bool:
    """Whether the service only asks to come again."""
    return code(error) in _THROTTLED


def group_of(described: Mapping[str, Any], lane: str) -> LogGroup:
    """A log group as DescribeLogGroups gives it, reached through that lane."""
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
        lane=lane,
    )


def row_of(result: Sequence[Mapping[str, str]], groups: Sequence[LogGroup]) -> Row:
    """A result line of GetQueryResults over those log groups."""
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
        pointer=fields.get("@ptr", ""),
    )


def _milliseconds(text: str) -> int:
    """Epoch milliseconds of a result's time: `2026-02-04 06:00:00.123`, in UTC without saying so."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def may_pass(error: Exception) -> bool:
    """Whether the same request may well succeed in a moment: too much going on, an outage, or no answer."""
    if isinstance(error, ClientError):
        return throttled(error) or _status(error) >= 500
    return isinstance(error, HTTPClientError)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))


def code(error: Exception) -> str:
    """The service's name for an error; empty when it did not answer."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def words(error: Exception) -> str:
    """What an error says, and what to do where that is not obvious."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found; set AWS_PROFILE, log in, or run where a role is attached"
    return str(error.response["Error"]["Message"]) if isinstance(error, ClientError) else str(error)


def translated(error: Exception) -> SourceError:
    """The error of our own that says what to do about a vendor's."""
    kind, said = code(error), words(error)
    if kind in _THROTTLED:
        return SourceUnavailable(said, QueryStatus.THROTTLED)
    if kind == "MalformedQueryException":
        return OutsideRetention(said) if _OUTSIDE.search(said) else QueryRejected(said)
    if kind == "ResourceNotFoundException" or _MISSING.search(said):
        return GroupsUnavailable(said, tuple(_MISSING.findall(said)))
    if kind == "AccessDeniedException":
        return GroupsUnavailable(said, tuple(_DENIED.findall(said)))
    if kind == "InvalidParameterException":
        # Not a pattern's fault: the request itself is wrong, and its window must wait.
        return SourceUnavailable(said, QueryStatus.REJECTED)
    return SourceUnavailable(said)
