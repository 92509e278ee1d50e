"""How numbers, times and lengths are written for people. Pure."""

from datetime import UTC, datetime

ELLIPSIS = "…"


def clock_time(ms: int) -> str:
    """Time of day of an epoch millisecond: `06:02:11 UTC`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S UTC")


def date_time(ms: int) -> str:
    """Date and time of an epoch millisecond: `2026-02-04 06:02:11 UTC`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(ms: int) -> str:
    """A length of time in its two leading units at most: `under 1 s`, `45 s`, `12 min`, `3 h 20 min`, `41 days`."""
    seconds = max(ms, 0) // 1000
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds} s" if seconds else "under 1 s"
    if minutes < 60:
        return f"{minutes} min"
    if days < 2:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} days"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def events(count: int) -> str:
    """`1 event`, `1,204 events`."""
    return f"{count:,} event{'' if count == 1 else 's'}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of `text`; a cut shows as an ellipsis."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + ELLIPSIS if limit > 0 else ""


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of prose, ended after a sentence if one ends in the second half, else at a word."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 2, 0)]
    sentence = max(head.rfind(". "), head.rfind("! "), head.rfind("? "))
    if sentence >= limit // 2:
        return f"{head[: sentence + 1]} {ELLIPSIS}"
    word = head.rfind(" ")
    return cut(head[:word] + ELLIPSIS if word >= limit // 2 else text, limit)


def level(lengths: list[int], room: int) -> int:
    """The greatest cap under which the capped lengths add up to `room` at most; 0 when even that is too much."""
    rest, left = room, len(lengths)
    for length in sorted(lengths):
        if length * left > rest:
            return max(rest // left, 0)
        rest, left = rest - length, left - 1
    return max(lengths, default=0)
