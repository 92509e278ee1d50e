"""Log files as they are: lines, some of which go on with the event of the one before.

Nothing here visits each line: a page is its bytes, and the lines around an offset are looked at when it is asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sigwatch.scan.folding import DECIDED, LONGEST, Beginnings, matches_back, split
from sigwatch.scan.timestamps import Dating, joined
from sigwatch.scan.values import Event, Page, Place

UTF8_MARK = b"\xef\xbb\xbf"

LOOK_BACK = 256
"""Dated lines among which the time of an event without one is looked for."""

_LOOK_BACK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before every message, and is no part of it."""

    pattern: re.Pattern[bytes]
    """Of a line end and the header after it, which is always as long."""
    width: int
    """Bytes of the header."""

    def hidden(self, data: bytes) -> bytes:
        """As long as the data, each message at the beginning of a line of its own."""
        shown = self.pattern.sub(b"\n" * (self.width + 1), b"\n" + data)
        return shown[1:]

    def length(self, data: bytes, start: int) -> int:
        """Bytes to leave out of an event that starts there."""
        return self.width if self.pattern.match(b"\n" + data[start : start + self.width]) else 0


@dataclass(slots=True)
class Plain:
    """How events are written in lines of text."""

    name: str
    beginnings: Beginnings
    dating: Dating
    header: Header | None = None
    longest: int = LONGEST
    """Bytes of an event; what is longer is cut there."""

    def cut(self, data: bytes) -> int:
        """Where the last event begins: whatever follows may go on with it."""
        # Of a line whose end is not there yet it may not be known whether it begins an event.
        known = max(data.rfind(b"\n"), len(data) - DECIDED)
        start = self.beginnings.last(data, 0, known) or 0
        while known + 1 - start > self.longest:
            start = split(data, start, self.longest)
        return start

    def page(self, data: bytes, place: Place) -> Page:
        """Whole events as a page."""
        return PlainPage(self, data.removeprefix(UTF8_MARK), place)


class PlainPage:
    """Lines of text."""

    def __init__(self, written: Plain, data: bytes, place: Place) -> None:
        """Look at none of them."""
        self._data = data
        self._as = written
        self._place = place
        self._dated = re.compile(rb"\n(?=" + joined(written.dating.forms) + rb")") if written.dating.forms else None
        self.text = written.header.hidden(data) if written.header else data

    @property
    def lines(self) -> int:
        """Lines of the file on it."""
        return lines_of(self._data, self._as.longest)

    def events(self, ends: Sequence[int], *, numbered: bool = True) -> Iterator[Event]:
        """The events in which matches end."""
        line, counted, known, known_ms = 0, 0, 0, None
        for start, stop in self._bounds(ends):
            line += self._data.count(b"\n", counted, start) if numbered else 0
            counted = start
            own = self._as.dating.at(self._data, start, stop)
            if own is None and start > known:
                own = self._before(known, start)
            known, known_ms = start, known_ms if own is None else own
            yield self._event(start, stop, known_ms, line)

    def span(self) -> tuple[int, int] | None:
        """Times of the first and of the last dated event among those nearest to the ends of the page."""
        first = self._first()
        if first is None:
            return None
        last = self._before(0, len(self._data), len(self._data))
        return first, first if last is None else last

    def _bounds(self, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
        data, begins = self._data, self._as.beginnings
        stop = whole = 0
        for end in ends:
            at = min(max(end, 1), len(data)) - 1
            if at < stop or not data:
                continue
            start = stop
            if at >= whole:
                start = begins.last(data, whole, at) or whole
                whole = begins.next(data, at)
                stop = self._stop(start, whole)
            while at >= stop:
                start, stop = stop, self._stop(stop, whole)
            yield start, stop

    def _stop(self, start: int, whole: int) -> int:
        return whole if whole - start <= self._as.longest else split(self._data, start, self._as.longest)

    def _event(self, start: int, stop: int, ts_ms: int | None, line: int) -> Event:
        skipped = self._as.header.length(self._data, start) if self._as.header else 0
        message = self._data[start + skipped : stop].decode("utf-8", "replace").rstrip("\r\n")
        return Event(ts_ms, message, self._place.log_group, self._place.stream, line)

    def _before(self, low: int, high: int, reach: int = _LOOK_BACK_BYTES) -> int | None:
        """The time of the nearest dated line that starts in (low, high), or at 0, looking back so many bytes."""
        if self._dated is None:
            return None
        low = max(low, high - reach)
        for match in islice(matches_back(self._dated, self._data, low, high - 1), LOOK_BACK):
            found = self._at_line(match.end())
            if found is not None:
                return found
        return self._at_line(0) if low == 0 else None

    def _first(self) -> int | None:
        if self._dated is None:
            return None
        found = self._at_line(0)
        starts = (match.end() for match in islice(self._dated.finditer(self._data), LOOK_BACK))
        later = (self._at_line(start) for start in starts)
        return found if found is not None else next((ms for ms in later if ms is not None), None)

    def _at_line(self, start: int) -> int | None:
        stop = self._data.find(b"\n", start, start + self._as.longest)
        return self._as.dating.at(
            self._data, start, stop if stop >= 0 else min(len(self._data), start + self._as.longest)
        )


def lines_of(data: bytes, longest: int) -> int:
    """Lines in the data; one whose end is missing counts where the file ends, not where its event was cut."""
    tail = len(data) - (data.rfind(b"\n") + 1)
    return data.count(b"\n") + (0 < tail < longest - 3)
