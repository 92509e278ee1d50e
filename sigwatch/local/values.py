"""Values while a query runs: text, numbers and times; how they print, compare and sort."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNKS = re.compile(r"\d+|\D+")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_WHOLE_UP_TO = 1e15


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, in epoch milliseconds."""

    ms: int


Value = str | float | Instant
"""What an expression can yield; None stands for absent."""

SortKey = tuple[int, float | tuple[tuple[str, int, str], ...]]
"""A rank, and a place among the values of that rank."""


def text_of(value: Value) -> str:
    """The value as the service prints it; times in UTC to the millisecond."""
    if isinstance(value, Instant):
        return clock_text(value.ms)
    if isinstance(value, str):
        return value
    # Neither infinity nor NaN is a whole number, so a hostile log line gets no further than its repr.
    return str(int(value)) if abs(value) < _WHOLE_UP_TO and float(value).is_integer() else repr(value)


def clock_text(ms: int) -> str:
    """Epoch milliseconds as YYYY-MM-DD HH:MM:SS.mmm in UTC."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{ms % 1000:03}"


def number_of(value: Value | None) -> float | None:
    """The value as a number, times as epoch milliseconds; None when it is not one."""
    if value is None:
        return None
    if isinstance(value, Instant):
        return value.ms
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value


_ORDERINGS: Mapping[str, Callable[[float, float], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_TEXT_ORDERINGS: Mapping[str, Callable[[str, str], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


def compare(left: Value | None, operator: str, right: Value | None) -> bool:
    """Set two values against each other: as numbers when one is a number, otherwise as text.

    Whatever is absent, or not a number beside one, is unequal to everything and neither less nor more.
    """
    if operator == "!=":
        return not compare(left, "=", right)
    if left is None or right is None:
        return False
    if isinstance(left, str | Instant) and isinstance(right, str | Instant):
        return _TEXT_ORDERINGS[operator](text_of(left), text_of(right))
    one, other = number_of(left), number_of(right)
    return one is not None and other is not None and _ORDERINGS[operator](one, other)


def sort_key(value: Value | None) -> SortKey:
    """Natural order: absent values, then text with its digits taken as numbers, then numbers."""
    if value is None:
        return 0, ()
    number = number_of(value)
    if number is not None:
        return 2, number
    return 1, tuple(_chunk_key(chunk) for chunk in _CHUNKS.findall(text_of(value)))


def _chunk_key(chunk: str) -> tuple[str, int, str]:
    if not chunk.isdecimal():
        return chunk, 0, ""
    # Digits among letters sort where the first digit would, then by length, then by value,
    # which for texts of one length is their order as texts.
    return "0", len(chunk), chunk
