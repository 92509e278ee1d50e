"""What the events of CloudWatch Logs are written in by those who hand them out."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sigwatch.scan.folding import beginning
from sigwatch.scan.plain import Header, Plain
from sigwatch.scan.records import Headed, JsonDocument, JsonLines, Record
from sigwatch.scan.timestamps import ISO, Dating, of_text
from sigwatch.scan.values import Place

_BESIDE = ("ingestionTime", "eventId", "logStreamName")


def is_cloudwatch(value: object) -> bool:
    """Whether it is an event as FilterLogEvents and GetLogEvents return it."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("message"), str)
        and type(value.get("timestamp")) is int
        and any(name in value for name in _BESIDE)
    )


def is_docker(value: object) -> bool:
    """Whether it is a line of Docker's json-file driver: https://docs.docker.com/engine/logging/drivers/json-file/."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("log"), str)
        and isinstance(value.get("time"), str)
        and "stream" in value
    )


def is_subscription(value: object) -> bool:
    """Whether it is what a subscription filter sends: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html."""
    return isinstance(value, dict) and value.get("messageType") in {"DATA_MESSAGE", "CONTROL_MESSAGE"}


def _sound(text: str) -> str:
    # A character cut in half must not stop whoever writes the text elsewhere.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _cloudwatch(at: int, value: object, place: Place) -> Sequence[Record] | None:
    if not isinstance(value, dict):
        return None
    message, ts_ms = value.get("message"), value.get("timestamp")
    if not isinstance(message, str):
        # An entry of searchedLogStreams, or an answer without events.
        return [] if "searchedCompletely" in value or value.get("events") == [] else None
    stream = value.get("logStreamName", place.stream)
    return (Record(at, _whole(ts_ms), _sound(message), place.log_group, _sound(str(stream))),)


def _whole(value: object) -> int | None:
    return value if type(value) is int else None


def _docker(at: int, value: object, place: Place) -> Sequence[Record] | None:
    if not isinstance(value, dict) or not isinstance(value.get("log"), str):
        return None
    ts_ms = of_text(str(value.get("time", ""))[:100], (ISO,), None)
    return [Record(at, ts_ms, _sound(value["log"]).rstrip("\r\n"), place.log_group, place.stream)]


def _subscription(at: int, value: object, place: Place) -> Sequence[Record] | None:
    if not isinstance(value, dict):
        return None
    if value.get("messageType") == "CONTROL_MESSAGE":
        return []
    events = value.get("logEvents")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        return None
    group, stream = value.get("logGroup", place.log_group), value.get("logStream", place.stream)
    return [_delivered(at, event, _sound(str(group)), _sound(str(stream))) for event in events]


def _delivered(at: int, event: Mapping[str, Any], group: str, stream: str) -> Record:
    return Record(at, _whole(event.get("timestamp")), _sound(str(event.get("message", ""))), group, stream)


def _columns(at: int, header: re.Match[bytes], body: bytes, place: Place) -> Sequence[Record] | None:
    if not header.group().startswith(b"\nEVENTS"):
        return []
    stamped = _STAMP.search(body, max(0, len(body) - 32))
    if stamped is None:
        return None
    stream = header["stream"].decode("utf-8", "replace") if header["stream"] is not None else place.stream
    message = body[: stamped.start()].decode("utf-8", "replace")
    return [Record(at, int(stamped[1]), message, place.log_group, stream)]


_STAMP = re.compile(rb"\t(\d{1,15})[\r\n]*\Z")


def _tailed(at: int, header: re.Match[bytes], body: bytes, place: Place) -> Sequence[Record]:
    # Where objects are spread over lines, the first one begins on the line after the header.
    message = body.removeprefix(b" " if body.startswith(b" ") else b"\n").decode("utf-8", "replace").rstrip("\r\n")
    ts_ms = of_text(header["time"].decode(), (ISO,), None)
    return [Record(at, ts_ms, message, place.log_group, header["stream"].decode("utf-8", "replace"))]


CLOUDWATCH_LINES = JsonLines("JSON lines of aws logs filter-log-events", _cloudwatch)
CLOUDWATCH_DOCUMENT = JsonDocument("JSON of aws logs filter-log-events", _cloudwatch)
DOCKER = JsonLines("JSON lines of Docker", _docker)
SUBSCRIPTION = JsonLines("records of a subscription filter", _subscription)

CLOUDWATCH_COLUMNS = Headed(
    "text of aws logs filter-log-events",
    # Columns in the order of their names: eventId, ingestionTime, logStreamName, message, timestamp.
    # GetLogEvents has neither the first nor the third; its tokens are on a line before.
    re.compile(
        rb"\n(?:EVENTS\t(?:\d{20,64}\t\d{13}\t(?P<stream>[^\t\n]{0,512})\t|\d{13}\t)"
        rb"|SEARCHEDLOGSTREAMS\t[^\n]{0,600}|[bf]/\d{20,64}(?:/s)?\t[bf]/\d{20,64}(?:/s)?(?=\r?\n))"
    ),
    _columns,
)
TAIL = Headed(
    "aws logs tail",
    re.compile(
        rb"\n(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00) (?P<stream>[^\s:*]{1,512})(?=[ \r\n]|\Z)"
    ),
    _tailed,
)

_EXPORTED = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
EXPORT = Plain(
    "export of CloudWatch Logs",
    beginning(_EXPORTED),
    Dating((ISO,), None),
    Header(re.compile(rb"\n" + _EXPORTED), 25),
)
"""One stream's events: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html."""
