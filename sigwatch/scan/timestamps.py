"""The time at the beginning of a line, found only where somebody asks for it."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from pydantic_core import from_json

from sigwatch.scan.strptime import Custom

DAY_MS = 86_400_000

FIELDS = ("timestamp", "@timestamp", "time", "ts", "eventTime", "datetime", "date", "t")
"""Where structured logs keep the time of an event; the first that holds one counts."""

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_PREFIX = (
    rb"(?:(?!\d{4}[-/])"  # most lines have none of these
    rb"(?:\x1b\[[\d;]{0,16}m){0,4}+"  # colours of a terminal
    rb"(?:<\d{1,3}>(?:\d )?)?"  # priority of syslog, and its version
    rb"(?:(?:https?|h2|grpcs|wss?|tls) (?:\d\.\d )?)?"  # access logs of load balancers
    rb"(?:\[?(?i:trace|debug|info|notice|warn|warning|error|err|fatal|crit|critical|severe|panic)\]?[ \t:|,-]{1,8})?"
    rb"(?:(?:level=\w{1,16} )?(?:time|ts|t|timestamp|@timestamp|date|datetime)=)?"
    rb"(?:\[\d{1,10}\] |\d{1,10}:[A-Z] )?"  # process ids of some servers
    rb'["\[(]{0,2})?'
)
_WEEKDAY = rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"
_MONTH = rb"(?P<m>" + b"|".join(_MONTHS) + rb")"
_CLOCK = rb"(?P<H>[0-2]?\d):(?P<M>[0-5]\d):(?P<S>[0-6]\d)(?:[.,](?P<f>\d{1,9}))?"
_ZONE = rb"(?: ?(?P<z>Z|UTC|GMT|[+-][01]\d:?[0-5]\d(?!\d)))?"
_ODD_CHARACTER = re.compile(rb"\\u[dD]|[\x80-\xff]")
_NAMES = re.compile(rb"\?P<\w+>")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write the time of a line."""

    pattern: re.Pattern[bytes]
    """Matches at the beginning of a line, within `folding.DECIDED` bytes and without its end."""
    moment: Callable[[re.Match[bytes], int | None], int | None]
    """Epoch milliseconds of a match, given a time near it for what the text leaves out; None where it has none."""


@dataclass(frozen=True, slots=True)
class Dating:
    """The forms that are used in a file."""

    forms: tuple[Form, ...]
    near_ms: int | None
    """Epoch milliseconds, not much before the end of the file: what a time without a year is measured by."""

    def at(self, data: bytes, start: int, stop: int) -> int | None:
        """Epoch milliseconds at the beginning of an event that lies at [start, stop); None without any."""
        for form in self.forms:
            match = form.pattern.match(data, start, stop)
            moment = form.moment(match, self.near_ms) if match else None
            if moment is not None:
                return moment
        return None


def joined(forms: Iterable[Form]) -> bytes:
    """A pattern for the beginning of a line in any of these forms; of no line without any."""
    return b"|".join(_NAMES.sub(b"?:", form.pattern.pattern) for form in forms) or b"(?!)"


def of_text(text: str, forms: Iterable[Form], near_ms: int | None) -> int | None:
    """Epoch milliseconds at the beginning of a text."""
    encoded = text.encode("utf-8", "replace")
    return Dating(tuple(forms), near_ms).at(encoded, 0, len(encoded))


def custom(time_format: str) -> Form:
    """The form that a strptime format describes.

    Raises:
        ValueError: a sentence that says which directive is not supported.
    """
    translated = Custom(time_format)
    return Form(re.compile(translated.pattern), partial(_custom_moment, translated))


def in_json(forms: tuple[Form, ...]) -> Form:
    """The form of structured logs: an object, one of whose `FIELDS` is a number or a text in one of `forms`."""
    return Form(re.compile(rb'\{[ \t\r\n]{0,64}+"'), partial(_json_moment, forms))


def of_number(value: float) -> int | None:
    """Epoch milliseconds of epoch seconds, milli-, micro- or nanoseconds, told apart by their size; None of others.

    Each unit is taken for times between 1990 and 2200, which do not overlap.
    """
    if not math.isfinite(value):
        return None
    for times, over in ((1_000, 1), (1, 1), (1, 1_000), (1, 1_000_000)):
        # What a fraction is short of a whole millisecond is how floating point writes it.
        moment = value * times // over if isinstance(value, int) else int(round(value * times / over, 3))
        if 631_152_000_000 <= moment < 7_258_118_400_000:
            return moment
    return None


def decoded(text: bytes) -> object:
    """A JSON value; None of what is none."""
    try:
        return from_json(text)
    except ValueError:
        if not _ODD_CHARACTER.search(text):
            return None
    try:
        # Much slower, but takes halves of a character and bytes that are no UTF-8.
        value: object = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value


def _custom_moment(translated: Custom, match: re.Match[bytes], near_ms: int | None) -> int | None:
    return translated.moment(match, None if near_ms is None else partial(_with_year, near_ms))


def _json_moment(forms: tuple[Form, ...], match: re.Match[bytes], near_ms: int | None) -> int | None:
    text = match.string[match.start() : match.endpos]
    value = decoded(text)
    if value is None and b"\n" in text.rstrip():
        # Something else follows the object, such as the stack trace of whoever wrote it.
        value = decoded(text[: text.index(b"\n")])
    return _of_object(value, forms, near_ms) if isinstance(value, dict) else None


def _of_object(value: Mapping[str, Any], forms: tuple[Form, ...], near_ms: int | None) -> int | None:
    for name in FIELDS:
        found = _of_value(value.get(name), forms, near_ms)
        if found is not None:
            return found
    return None


def _of_value(value: object, forms: tuple[Form, ...], near_ms: int | None) -> int | None:
    if isinstance(value, dict):
        # MongoDB writes {"t": {"$date": "..."}}.
        value = value.get("$date")
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        # An integer may be too long for a float.
        return of_number(value) if abs(value) < 1e30 else None
    return of_text(value[:100], forms, near_ms) if isinstance(value, str) else None


def _written(match: re.Match[bytes], near_ms: int | None) -> int | None:
    parts = match.groupdict()
    clock = _clock_ms(parts)
    if clock is None or not parts.get("d"):
        return None
    month = parts["m"]
    place = (_MONTHS.index(month) + 1 if month in _MONTHS else int(month), int(parts["d"]))
    year = parts.get("Y") or parts.get("Y2")
    if year is None:
        return None if near_ms is None else _with_year(near_ms, lambda y: _plus(_midnight(y, *place), clock))
    return _plus(_midnight(int(year) + (2_000 if len(year) == 2 else 0), *place), clock)


def _clock_ms(parts: Mapping[str, bytes | None]) -> int | None:
    """Milliseconds between midnight UTC of the written day and the written time."""
    hour, minute, second, half = parts["H"] or b"", parts["M"] or b"", parts["S"] or b"", parts.get("p")
    hours = int(hour) % 12 + (12 if half in {b"PM", b"pm"} else 0) if half else int(hour)
    if hours > 23:
        return None
    fraction = int((parts.get("f") or b"").ljust(3, b"0")[:3])
    # A leap second counts as the one before it.
    clock = (hours * 60 + int(minute)) * 60_000 + min(int(second), 59) * 1_000 + fraction
    zone = parts.get("z") or b""
    if zone[:1] not in {b"+", b"-"}:
        return clock
    offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * 60_000
    return clock + offset if zone.startswith(b"-") else clock - offset


@lru_cache(maxsize=64)
def _midnight(year: int, month: int, day: int) -> int | None:
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000
    except ValueError:
        return None


def _plus(start: int | None, more: int) -> int | None:
    return None if start is None else start + more


def _with_year(near_ms: int, moment: Callable[[int], int | None]) -> int | None:
    """The last one of its kind up to a day after `near_ms`: a file may be written in another time zone."""
    year = datetime.fromtimestamp(near_ms / 1_000, UTC).year
    # Every eight years, at the latest, there is a 29th of February.
    found = (moment(candidate) for candidate in range(year + 1, year - 8, -1))
    return next((ms for ms in found if ms is not None and ms <= near_ms + DAY_MS), None)


def _epoch(match: re.Match[bytes], _: int | None) -> int | None:
    whole, fraction = match["e"], match["f"]
    return of_number(int(whole)) if not fraction else _plus(of_number(int(whole)), _thousandths(whole, fraction))


def _thousandths(whole: bytes, fraction: bytes) -> int:
    return int(fraction.ljust(3, b"0")[:3]) if len(whole) == 10 else 0


def _form(pattern: bytes, moment: Callable[[re.Match[bytes], int | None], int | None] = _written) -> Form:
    return Form(re.compile(pattern), moment)


ISO = _form(_PREFIX + rb"(?P<Y>\d{4})[-/](?P<m>[01]\d)[-/](?P<d>[0-3]\d)[T \t_:]" + _CLOCK + _ZONE)
"""ISO 8601 and RFC 3339, and what looks like it: Python, log4j, Go, nginx, PostgreSQL, RFC 5424."""

KNOWN: tuple[Form, ...] = (
    ISO,
    # Access logs of Apache and nginx.
    _form(
        rb"(?:[^\s\[]{1,256} ){0,6}\[(?P<d>[0-3]\d)/"
        + _MONTH
        + rb"/(?P<Y>\d{4}):"
        + _CLOCK
        + rb"(?: (?P<z>[+-]\d{4}))?"
    ),
    # Syslog, ctime, java.util.logging.
    _form(
        _PREFIX + _WEEKDAY + _MONTH + rb" {1,2}(?P<d>[0-3]?\d),?(?: (?P<Y>\d{4}))? " + _CLOCK + rb"(?: (?P<p>[AP]M))?"
        rb"(?: [A-Z]{3,4}(?= \d{4}))?(?: (?P<Y2>(?:19|20)\d\d)(?!\S*\w))?"
    ),
    # Tomcat, Redis, RFC 1123.
    _form(_PREFIX + _WEEKDAY + rb"(?P<d>[0-3]?\d)[ /-]" + _MONTH + rb"[ /-](?P<Y>\d{4})[ T:]" + _CLOCK + _ZONE),
    # glog, klog.
    _form(rb"[IWEFD](?P<Y>20\d\d)?(?P<m>[01]\d)(?P<d>[0-3]\d) {1,2}" + _CLOCK),
    # Spark and Hadoop.
    _form(rb"(?P<Y>\d\d)/(?P<m>[01]\d)/(?P<d>[0-3]\d) " + _CLOCK + rb" (?=[A-Z]{4,5} )"),
    _form(_PREFIX + rb"(?P<e>1\d{9}(?:\d{3}){0,3})(?:\.(?P<f>\d{1,9}))?(?![\w.-])", _epoch),
    # Begins an event, but the day is not known.
    _form(_PREFIX + rb"(?P<H>[0-2]\d):(?P<M>[0-5]\d):(?P<S>[0-6]\d)[.,](?P<f>\d{3})"),
)
"""The forms that are recognised, the most common first."""
