"""The operations on log groups, streams and events."""

import re
from collections.abc import Callable, Mapping, Sequence

from sigwatch.local.errors import invalid, not_found
from sigwatch.local.filtering import filter_log_events, group_of
from sigwatch.local.logs import CLASSES, DAY_MS, Group, Stream
from sigwatch.local.requests import Parameters, page
from sigwatch.local.service import Body, Request, Service, group_arn, group_named

MOST_EVENTS = 10_000
MOST_BATCH_BYTES = 1_048_576
_EVENT_OVERHEAD = 26
_TOO_OLD_MS = 14 * DAY_MS
_TOO_NEW_MS = 2 * 3_600_000
_PATTERN = re.compile(r"\^?[.\-_/#A-Za-z0-9]{3,24}(\|\^?[.\-_/#A-Za-z0-9]{3,24}){0,4}")


def create_log_group(service: Service, request: Request) -> Body:
    """Make an empty group."""
    name = request.parameters.text("logGroupName")
    log_class = request.parameters.optional_text("logGroupClass") or CLASSES[0]
    created = service.clock() - service.settings.group_age_seconds
    service.store.create_group(name, log_class=log_class, created_ms=int(created * 1000))
    return {}


def delete_log_group(service: Service, request: Request) -> Body:
    """Remove a group with all its events."""
    service.store.delete_group(request.parameters.text("logGroupName"))
    return {}


def describe_log_groups(service: Service, request: Request) -> Body:
    """A page of groups, by name, found by prefix or by a part of the name in any case."""
    parameters = request.parameters
    prefix = parameters.optional_text("logGroupNamePrefix")
    pattern = parameters.optional_text("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    listed = {group_named(service, each) for each in parameters.texts("logGroupIdentifiers", 50)}
    groups = [
        group
        for group in _of_class(service, parameters)
        if group.name.startswith(prefix or "")
        and (pattern or "").lower() in group.name.lower()
        and (not listed or group.name in listed)
    ]
    part, token = page(groups, _name_of, parameters, parameters.optional_number("limit", 1, 50) or 50)
    return _listing("logGroups", [_described(service, request.region, group) for group in part], token)


def list_log_groups(service: Service, request: Request) -> Body:
    """A page of groups, by name, found by alternatives that may be bound to the start of the name."""
    parameters = request.parameters
    pattern = parameters.optional_text("logGroupNamePattern")
    if pattern is not None and _PATTERN.fullmatch(pattern) is None:
        raise invalid(f"Value '{pattern}' at 'logGroupNamePattern' failed to satisfy constraint")
    choices = (pattern or "").split("|")
    groups = [group for group in _of_class(service, parameters) if any(_fits(group.name, each) for each in choices)]
    part, token = page(groups, _name_of, parameters, parameters.optional_number("limit", 1, 1000) or 50)
    found = [
        {
            "logGroupName": group.name,
            "logGroupArn": group_arn(service, request.region, group.name),
            **_class_of(service, group),
        }
        for group in part
    ]
    return _listing("logGroups", found, token)


def put_retention_policy(service: Service, request: Request) -> Body:
    """Keep a group's events for a number of days."""
    parameters = request.parameters
    service.store.set_retention(parameters.text("logGroupName"), parameters.number("retentionInDays", 1))
    return {}


def create_log_stream(service: Service, request: Request) -> Body:
    """Make an empty stream."""
    parameters = request.parameters
    service.store.create_stream(parameters.text("logGroupName"), parameters.text("logStreamName"))
    return {}


def describe_log_streams(service: Service, request: Request) -> Body:
    """A page of a group's streams, by name or by the time of their last event."""
    parameters = request.parameters
    prefix = parameters.optional_text("logStreamNamePrefix") or ""
    order = parameters.optional_text("orderBy") or "LogStreamName"
    if order not in ("LogStreamName", "LastEventTime"):
        raise invalid(f"Value '{order}' at 'orderBy' failed to satisfy constraint")
    if prefix and order == "LastEventTime":
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    group = group_of(service, parameters)
    streams = [stream for name, stream in service.store.streams(group).items() if name.startswith(prefix)]
    if order == "LastEventTime":
        streams.sort(key=lambda stream: stream.last_ms or 0)
    if parameters.flag("descending"):
        streams.reverse()
    size = parameters.optional_number("limit", 1, 50) or 50
    part, token = page(streams, lambda stream: stream.name, parameters, size)
    arn = group_arn(service, request.region, group)
    return _listing("logStreams", [_stream_body(arn, stream) for stream in part], token)


def put_log_events(service: Service, request: Request) -> Body:
    """Log a batch; events that are too old or too new are named in the answer and not stored."""
    parameters = request.parameters
    group = service.store.group(parameters.text("logGroupName"))
    stream = parameters.text("logStreamName")
    if stream not in service.store.streams(group.name):
        raise not_found("The specified log stream does not exist.")
    events = [(each.number("timestamp", 0), each.text("message")) for each in parameters.objects("logEvents")]
    _check_batch(events)
    now = service.clock()
    now_ms = int(now * 1000)
    expired_before = group.oldest_kept_ms(now)
    old = sum(ts < now_ms - _TOO_OLD_MS for ts, _ in events)
    expired = sum(ts < expired_before for ts, _ in events)
    new = sum(ts > now_ms + _TOO_NEW_MS for ts, _ in events)
    accepted = events[max(old, expired) : len(events) - new]
    service.store.put(group.name, stream, accepted, visible_after_seconds=service.injector.lag())
    rejected: dict[str, object] = {}
    if old:
        rejected["tooOldLogEventEndIndex"] = old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    if new:
        rejected["tooNewLogEventStartIndex"] = len(events) - new
    return {"rejectedLogEventsInfo": rejected} if rejected else {}


OPERATIONS: Mapping[str, Callable[[Service, Request], Body]] = {
    "CreateLogGroup": create_log_group,
    "CreateLogStream": create_log_stream,
    "DeleteLogGroup": delete_log_group,
    "DescribeLogGroups": describe_log_groups,
    "DescribeLogStreams": describe_log_streams,
    "FilterLogEvents": filter_log_events,
    "ListLogGroups": list_log_groups,
    "PutLogEvents": put_log_events,
    "PutRetentionPolicy": put_retention_policy,
}


def _check_batch(events: Sequence[tuple[int, str]]) -> None:
    if not 1 <= len(events) <= MOST_EVENTS:
        raise invalid(f"'logEvents' failed to satisfy constraint: Member must have length between 1 and {MOST_EVENTS}")
    times = [ts for ts, _ in events]
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > DAY_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = sum(len(text.encode("utf-8", "replace")) + _EVENT_OVERHEAD for _, text in events)
    if size > MOST_BATCH_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {MOST_BATCH_BYTES}")


def _name_of(group: Group) -> str:
    return group.name


def _fits(name: str, choice: str) -> bool:
    return name.startswith(choice[1:]) if choice.startswith("^") else choice in name


def _of_class(service: Service, parameters: Parameters) -> list[Group]:
    wanted = parameters.optional_text("logGroupClass")
    accounts = parameters.texts("accountIdentifiers", 20)
    linked = parameters.flag("includeLinkedAccounts")
    return [
        group
        for group in service.store.groups()
        if wanted in (None, group.log_class)
        and (linked or not group.owner)
        and (not accounts or (group.owner or service.settings.account) in accounts)
    ]


def _described(service: Service, region: str, group: Group) -> Body:
    arn = group_arn(service, region, group.name)
    body: Body = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": service.store.stored_bytes(group.name),
        **_class_of(service, group),
    }
    if group.retention_days is not None:
        body["retentionInDays"] = group.retention_days
    return body


def _class_of(service: Service, group: Group) -> Body:
    return {"logGroupClass": group.log_class} if service.settings.log_classes else {}


def _stream_body(arn: str, stream: Stream) -> Body:
    body: Body = {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": f"{arn}:log-stream:{stream.name}",
        "storedBytes": 0,
        "firstEventTimestamp": stream.first_ms,
        "lastEventTimestamp": stream.last_ms,
        "lastIngestionTime": stream.ingested_ms,
    }
    return {name: value for name, value in body.items() if value is not None}


def _listing(name: str, items: Sequence[object], token: str | None) -> Body:
    return {name: list(items)} if token is None else {name: list(items), "nextToken": token}
