"""How numbers, times and lengths are written for people. Pure."""

from datetime import UTC, date, datetime

ELLIPSIS = "…"
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def clock_time(ms: int) -> str:
    """Time of day of an epoch millisecond: `06:02:11 UTC`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S UTC")


def date_time(ms: int) -> str:
    """Date and time of an epoch millisecond: `2026-02-04 06:02:11 UTC`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def moment(ms: int, near_ms: int) -> str:
    """Time of day of an epoch millisecond, and its day where that is another one than that of `near_ms`.

    `06:02:11 UTC`, `06:02:11 UTC on 5 February`.
    """
    when, near = day_of(ms), day_of(near_ms)
    return clock_time(ms) if when == near else f"{clock_time(ms)} on {day(when, near.year)}"


def day_of(ms: int) -> date:
    """The UTC day of an epoch millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def day(when: date, this_year: int) -> str:
    """`4 February`, and the year where it is not this one: `30 December 2025`."""
    told = f"{when.day} {when:%B}"
    return told if when.year == this_year else f"{told} {when.year}"


def days(count: int) -> str:
    """`1 day`, `41 days`."""
    return f"{count:,} day{'' if count == 1 else 's'}"


def rfc3339(ms: int) -> str:
    """An epoch millisecond as machines read it: `2026-02-04T06:02:11.000Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(ms: int) -> str:
    """A length of time in its two leading units at most: `under 1 s`, `45 s`, `12 min`, `3 h 20 min`, `41 days`."""
    seconds = max(ms, 0) // 1000
    minutes, hours, total = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds} s" if seconds else "under 1 s"
    if minutes < 60:
        return f"{minutes} min"
    if total < 2:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{total} days"


def ordinal(number: int) -> str:
    """In words up to the tenth, then `11th`, `22nd`, `23rd`."""
    if 1 <= number <= len(ORDINALS):
        return ORDINALS[number - 1]
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def events(count: int) -> str:
    """`1 event`, `1,204 events`."""
    return f"{count:,} event{'' if count == 1 else 's'}"


def incidents(count: int) -> str:
    """`1 incident`, `500 incidents`."""
    return f"{count:,} incident{'' if count == 1 else 's'}"


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
