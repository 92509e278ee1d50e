"""Files in which every event is inside of something else: an object, or columns. Every event of them is read."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from pydantic_core import from_json

from sigwatch.scan.folding import LONGEST, last_match, split, whole_characters
from sigwatch.scan.plain import LOOK_BACK, UTF8_MARK, lines_of
from sigwatch.scan.timestamps import decoded
from sigwatch.scan.values import Event, Page, Place

LARGEST = 8 * LONGEST
"""Bytes in which a record must end: JSON may need six of them for one of a message."""


class Record(NamedTuple):
    """One event as it was read."""

    at: int
    """Offset of its beginning in the data of its page."""
    ts_ms: int | None
    message: str
    log_group: str
    stream: str


class RecordPage:
    """Events that were read."""

    def __init__(self, data: bytes, records: Sequence[Record]) -> None:
        """Put the messages of records, in the order of their data, one beside the other."""
        self._data = data
        self._records = records
        messages = [record.message for record in records]
        joined = "\n".join(messages)
        self.text = joined.encode()
        plain = len(self.text) == len(joined)
        lengths = (len(message) if plain else len(message.encode()) for message in messages)
        self._starts = [0, *accumulate(length + 1 for length in lengths)]

    @property
    def lines(self) -> int:
        """Lines of the file on it."""
        return lines_of(self._data, LONGEST)

    def events(self, ends: Sequence[int], *, numbered: bool = True) -> Iterator[Event]:
        """The events in which matches end."""
        done, counted, line = -1, 0, 0
        for end in ends:
            index = min(bisect_right(self._starts, max(end - 1, 0)), len(self._records)) - 1
            if index <= done:
                continue
            record, done = self._records[index], index
            line += self._data.count(b"\n", counted, record.at) if numbered else 0
            counted = record.at
            yield Event(self._time(index), record.message, record.log_group, record.stream, line)

    def span(self) -> tuple[int, int] | None:
        """Times of the first and of the last dated event."""
        first = next((record.ts_ms for record in self._records if record.ts_ms is not None), None)
        last = next((record.ts_ms for record in reversed(self._records) if record.ts_ms is not None), None)
        return None if first is None or last is None else (first, last)

    def _time(self, index: int) -> int | None:
        before = (self._records[other].ts_ms for other in range(index, max(-1, index - LOOK_BACK), -1))
        return next((ms for ms in before if ms is not None), None)


Read = Callable[[int, object, Place], Sequence[Record] | None]
"""The events of a record at an offset, given its decoded JSON; None where it is no such record."""

_SEAM = re.compile(rb'\}\s{0,1024}+(?:,\s{0,1024}+)?(?=\{\s{0,1024}+"[A-Za-z@])')
# Between two objects, never inside of a text: there a quote would end the text, and no letter can follow it.

_ONE_LINE_SEAM = re.compile(rb'(?<=\})(?=\{"[A-Za-z@])')


@dataclass(slots=True)
class JsonLines:
    """One object a line, or one right after the other."""

    name: str
    read: Read

    def cut(self, data: bytes) -> int:
        """The end of the last whole object."""
        seam = last_match(_ONE_LINE_SEAM, data, data.rfind(b"\n") + 1, len(data))
        return seam.start() if seam else data.rfind(b"\n") + 1 or _given_up(data)

    def page(self, data: bytes, place: Place) -> Page:
        """Whole objects as a page; a line that is none is kept as it is."""
        data = data.removeprefix(UTF8_MARK)
        chunks = _objects_of_lines(data)
        return RecordPage(data, _read_all(chunks, self.read, place))


@dataclass(slots=True)
class JsonDocument:
    """Flat objects in an array, itself in an object or not, over any number of lines."""

    name: str
    read: Read

    def cut(self, data: bytes) -> int:
        """The end of the last object that another one follows."""
        seam = last_match(_SEAM, data, 0, len(data))
        if seam is None:
            return _given_up(data)
        # With the line end between the two, so that lines are whole.
        return seam.start() + (seam.group().rfind(b"\n") + 1 or 1)

    def page(self, data: bytes, place: Place) -> Page:
        """Whole objects as a page; what is neither one nor what holds them together is kept as it is."""
        data = data.removeprefix(UTF8_MARK)
        chunks: list[tuple[int, bytes]] = []
        done = 0
        for match in _FLAT.finditer(data):
            chunks += _between(data, done, match.start())
            chunks.append((match.start(), match.group()))
            done = match.end()
        return RecordPage(data, _read_all(chunks + _between(data, done, len(data)), self.read, place))


FLAT = rb'\{(?>[^"{}\\]++|"(?>[^"\\\n]++|\\.)*+"(?=[\s,:}]))*+'
"""An object without others inside of it, but for its end.

Without possessive quantifiers a text that ends nowhere would be tried from each of its characters. What follows the end
of a text tells it from the beginning of the next one, where a quote is missing.
"""

_FLAT = re.compile(FLAT + rb"\}")

_HOLDER = re.compile(
    rb'(?>[\s,\[\]{}]++|"(?:events|searchedLogStreams)"\s*+:'
    rb'|"(?:nextToken|NextToken|nextForwardToken|nextBackwardToken)"\s*+:\s*+(?>"[^"]*+"|null))*+'
)


def _between(data: bytes, start: int, stop: int) -> list[tuple[int, bytes]]:
    return [] if _HOLDER.fullmatch(data, start, stop) else [(start, data[start:stop])]


def _objects_of_lines(data: bytes) -> list[tuple[int, bytes]]:
    lines = data.split(b"\n")
    starts = accumulate(map(len, lines), lambda start, length: start + length + 1, initial=0)
    chunks = [(at, line) for at, line in zip(starts, lines, strict=False) if line and not line.isspace()]
    return [part for at, line in chunks for part in _parts(at, line)] if b'}{"' in data else chunks


def _parts(at: int, line: bytes) -> list[tuple[int, bytes]]:
    stops = [match.start() for match in _ONE_LINE_SEAM.finditer(line)] + [len(line)]
    return [(at + start, line[start:stop]) for start, stop in zip([0, *stops], stops, strict=False)]


def _read_all(chunks: Sequence[tuple[int, bytes]], read: Read, place: Place) -> list[Record]:
    records: list[Record] = []
    for (at, text), value in zip(chunks, _values([text for _, text in chunks]), strict=True):
        found = read(at, value, place)
        records += raw(at, text, place) if found is None else found
    return records


def _values(texts: Sequence[bytes]) -> Sequence[object]:
    try:
        # One call for all takes half the time of one for each.
        values: list[object] = from_json(b"[" + b",".join(texts) + b"]", cache_strings="keys")
    except ValueError:
        values = []
    if len(values) == len(texts):
        return values
    return [decoded(text) if text.lstrip().startswith(b"{") else None for text in texts]


def raw(at: int, text: bytes, place: Place) -> list[Record]:
    """What could not be read, as events of its own, none longer than CloudWatch takes."""
    records: list[Record] = []
    start, end = 0, len(text.rstrip())
    while start < end:
        stop = end if end - start <= LONGEST else split(text, start, LONGEST)
        message = text[start:stop].decode("utf-8", "replace").strip("\r\n")
        records.append(Record(at + start, None, message, place.log_group, place.stream))
        start = stop
    return records


def _given_up(data: bytes) -> int:
    """Where to cut data in which no record ends: nowhere, as long as the end may follow."""
    return whole_characters(data, 0, LARGEST) if len(data) > LARGEST else 0


@dataclass(slots=True)
class Headed:
    """Records that begin with a header at the beginning of a line and go on to the next one."""

    name: str
    header: re.Pattern[bytes]
    """Of a line end and the header after it; at most `folding.DECIDED` bytes."""
    read: Callable[[int, re.Match[bytes], bytes, Place], Sequence[Record] | None]
    """The events of a record at an offset, given its header and what follows; None where it is broken."""

    def cut(self, data: bytes) -> int:
        """Where the last record begins."""
        # A header is read whole only where its line is, or enough of it.
        header = last_match(self.header, data, 0, data.rfind(b"\n"))
        return header.start() + 1 if header else _given_up(data)

    def page(self, data: bytes, place: Place) -> Page:
        """Whole records as a page; what stands before the first one is kept as it is."""
        data = data.removeprefix(UTF8_MARK)
        lines = b"\n" + data
        headers = list(self.header.finditer(lines))
        stops = [header.start() for header in headers] + [len(lines)]
        records = raw(0, lines[1 : stops[0]], place)
        for header, stop in zip(headers, stops[1:], strict=True):
            found = self.read(header.start(), header, lines[header.end() : stop], place)
            records += raw(header.start(), lines[header.start() + 1 : stop], place) if found is None else found
        return RecordPage(data, records)
