"""Which lines begin an event, and how far an event goes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile

DECIDED = 4_096
"""Bytes of a line that are enough to say whether it begins an event."""

LONGEST = 1_048_576
"""Bytes of an event; CloudWatch Logs takes no more:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html."""

_FIRST_WINDOW = 2_048
_NEAR = 16

CONTINUES = (
    rb"[ \t\r\n\f\v]|[)\]}]|\.\.\. \d+ (?:more|common)|(?:Caused by|Suppressed|Wrapped by): ?"
    rb"|Traceback \(most recent call last\):|During handling of the above exception|The above exception was the direct"
    rb"|goroutine \d+ \[|created by |--- End of "
)
"""Of lines that go on with the one before, in logs without times: whitespace, what closes brackets, stack traces."""

RAISED = re.compile(rb"[A-Za-z_][\w.$]{0,200}(?:Error|Exception|Warning|Exit|Interrupt)(?=[:\r\n]|\Z)")
"""Of the line that names an exception, last in Python's stack traces."""


def last_match(pattern: re.Pattern[bytes], data: bytes, low: int, high: int) -> re.Match[bytes] | None:
    """The last match that begins in [low, high), none of which is longer than `DECIDED`; linear whatever the data."""
    return next(matches_back(pattern, data, low, high), None)


def matches_back(pattern: re.Pattern[bytes], data: bytes, low: int, high: int) -> Iterator[re.Match[bytes]]:
    """The matches that begin in [low, high), the last one first."""
    window = _FIRST_WINDOW
    while high > low:
        start = max(low, high - window)
        yield from reversed(_matches(pattern, data, start, high))
        high, window = start, window * 4


def _matches(pattern: re.Pattern[bytes], data: bytes, low: int, high: int) -> list[re.Match[bytes]]:
    found = pattern.finditer(data, low, min(len(data), high + DECIDED))
    return list(takewhile(lambda match: match.start() < high, found))


def _never(data: bytes, start: int) -> bool:
    del data, start
    return False


def ends_trace(data: bytes, start: int) -> bool:
    """Whether the line there names an exception after the indented lines of its stack trace."""
    before = data.rfind(b"\n", max(0, start - DECIDED), start - 1) + 1
    return data[before : before + 1] in {b" ", b"\t"} and RAISED.match(data, start) is not None


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Which lines begin an event."""

    pattern: re.Pattern[bytes]
    """Of a line end, looking ahead at a line that begins one."""
    unless: Callable[[bytes, int], bool] = _never
    """Takes back what the pattern says of the line that starts at an offset."""

    def last(self, data: bytes, low: int, high: int) -> int | None:
        """The last beginning of an event in (low, high]; None where there is none."""
        # Most events are short, so the lines right before are tried one by one.
        for _ in range(_NEAR):
            newline = data.rfind(b"\n", low, high)
            if newline < 0:
                return None
            match = self.pattern.match(data, newline)
            if match and not self.unless(data, match.end()):
                return match.end()
            high = newline
        for match in matches_back(self.pattern, data, low, high):
            if not self.unless(data, match.end()):
                return match.end()
        return None

    def next(self, data: bytes, after: int) -> int:
        """The first beginning of an event after an offset; the end of the data where there is none."""
        for match in self.pattern.finditer(data, after):
            if not self.unless(data, match.end()):
                return match.end()
        return len(data)


def beginning(line: bytes) -> Beginnings:
    """Lines that match begin an event."""
    return Beginnings(re.compile(rb"\n(?=" + line + rb")"))


UNDATED = Beginnings(re.compile(rb"\n(?!" + CONTINUES + rb")"), ends_trace)
"""Every line that goes on with no other."""

EVERY = Beginnings(re.compile(rb"\n(?=[^\r\n])"))
"""Every line that is not empty."""


def split(data: bytes, start: int, longest: int) -> int:
    """Where an event that is longer is cut: after its last whole line, or else where no character is cut in half."""
    stop = data.rfind(b"\n", start, start + longest) + 1
    return stop or whole_characters(data, start, start + longest)


def whole_characters(data: bytes, start: int, stop: int) -> int:
    """The largest offset up to `stop` at which no UTF-8 character is cut in half; `stop` where it is no UTF-8."""
    for back in range(min(4, stop - start)):
        if data[stop - back : stop - back + 1] and data[stop - back] & 0xC0 != 0x80:
            return stop - back
    return stop
