"""Nothing that a file holds makes a format fail, lose bytes, or take more than a few looks at each."""

import random

import pytest

from sigwatch.scan.envelopes import (
    CLOUDWATCH_COLUMNS,
    CLOUDWATCH_DOCUMENT,
    CLOUDWATCH_LINES,
    DOCKER,
    EXPORT,
    SUBSCRIPTION,
    TAIL,
)
from sigwatch.scan.folding import LONGEST
from sigwatch.scan.formats import recognise
from sigwatch.scan.values import Format
from tests.unit.scan.enumerating import PLACE
from tests.unit.scan.samples import PLAIN, STRUCTURED, UNDATED

SIZE = 200_000
FORMATS: list[Format] = [
    CLOUDWATCH_COLUMNS,
    CLOUDWATCH_DOCUMENT,
    CLOUDWATCH_LINES,
    DOCKER,
    EXPORT,
    SUBSCRIPTION,
    TAIL,
    *(recognise(text.encode()) for text in (PLAIN, STRUCTURED, UNDATED)),
    recognise(b"\xff\xfe" + PLAIN.encode("utf-16-le")),
]
PARTS: dict[str, bytes] = {
    "no line end": b"x",
    "zeros": b"\0",
    "blanks": b" ",
    "line ends": b"\n",
    "lines that go on": b"\tx\n",
    "lines": b"x\n",
    "exceptions after blanks": b" \nE: Error: x\n",
    "digits": b"2026-",
    "open braces": b"{",
    "open texts": b'{"',
    "open escapes": b'{"\\"',
    "closed braces": b"} \n\t",
    "seams": b'}{"a',
    "commas": b'},{"a",',
    "open times": b"\n2026-02-04T06:02:11.123000+00:00",
    "columns": b"\nEVENTS\t1770184931123\t",
    "access": b"a b c [",
    "words": b"a ",
}
DATA = {name: part * (SIZE // len(part)) for name, part in PARTS.items()} | {
    "junk": random.Random(1).randbytes(SIZE),
    "blanks after a brace": b"}" + b" " * SIZE + b"}" * SIZE,
}


@pytest.mark.parametrize("name", sorted(DATA))
@pytest.mark.parametrize("written", FORMATS, ids=lambda written: written.name)
def test_anything_is_survived(written: Format, name: str) -> None:
    data = DATA[name]
    end = written.cut(data)
    assert 0 <= end <= len(data)
    page = written.page(data, PLACE)
    step = max(1, len(page.text) // 300)
    events = list(page.events(range(1, len(page.text) + 1, step)))
    assert len({(event.line, event.message) for event in events}) <= len(events) <= 301
    assert all(len(event.message) <= LONGEST for event in events)
    page.span()
    recognise(data[:65_536])


@pytest.mark.parametrize("part", [b"x", b"\tx\n", b"\n"])
@pytest.mark.parametrize("text", [PLAIN, UNDATED], ids=["dated", "undated"])
def test_what_begins_no_event_is_cut_where_it_is_too_long(text: str, part: bytes) -> None:
    written = recognise(text.encode())
    data = part * (5 * LONGEST // 2 // len(part))
    end = written.cut(data)
    assert 2 * LONGEST - len(part) <= end <= 2 * LONGEST
    events = list(written.page(data, PLACE).events(range(1, len(data), 10_000)))
    assert [event.line for event in events] == [data.count(b"\n", 0, start) for start in (0, end // 2, end)]


@pytest.mark.parametrize("written", FORMATS, ids=lambda written: written.name)
def test_what_never_ends_is_given_up_at_last(written: Format) -> None:
    assert 0 < written.cut(b"x" * (9 * LONGEST)) < 9 * LONGEST
