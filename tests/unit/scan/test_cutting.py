import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.scan.encodings import Encoded
from sigwatch.scan.folding import UNDATED as EACH
from sigwatch.scan.folding import Beginnings
from sigwatch.scan.formats import recognise
from sigwatch.scan.plain import Plain
from sigwatch.scan.timestamps import Dating
from sigwatch.scan.values import Format
from tests.unit.scan.enumerating import PLACE, every, paged, told
from tests.unit.scan.samples import EXPORTED, FOUND, PLAIN, SAMPLES, STRUCTURED, UNDATED


def messages(written: Format, data: bytes, cuts: list[int]) -> list[str]:
    return [message for _, _, _, message in told(paged(written, data, cuts))]


FILES: dict[str, tuple[Format, bytes]] = {
    **{sample.name: (recognise(sample.data), sample.data) for sample in SAMPLES},
    "plain": (recognise(PLAIN.encode()), PLAIN.encode()),
    "undated": (recognise(UNDATED.encode()), UNDATED.encode()),
    "structured": (recognise(STRUCTURED.encode()), STRUCTURED.encode()),
    "export": (recognise(EXPORTED, exported=True), EXPORTED),
    "utf-16": (recognise(b"\xff\xfe" + PLAIN.encode("utf-16-le")), b"\xff\xfe" + PLAIN.encode("utf-16-le")),
    "broken lines": (recognise(SAMPLES[8].data), SAMPLES[8].data.replace(b'"message"', b"message", 1)),
}
WHOLE_LINES = sorted(set(FILES) - {"document in one line", "document without blanks", "records in one line", "utf-16"})


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", sorted(FILES))
def test_however_a_file_is_cut_its_events_are_the_same(name: str, data: st.DataObject) -> None:
    written, content = FILES[name]
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=6))
    assert messages(written, content, cuts) == messages(written, content, [])


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", WHOLE_LINES)
def test_lines_are_counted_over_all_pages(name: str, data: st.DataObject) -> None:
    written, content = FILES[name]
    pages = paged(written, content, data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    assert told(pages) == told(paged(written, content, []))
    assert sum(page.lines for page in pages) == content.count(b"\n") + (not content.endswith(b"\n"))


@pytest.mark.parametrize("name", sorted(FILES))
def test_something_is_cut_off_where_more_than_one_event_is_there(name: str) -> None:
    written, content = FILES[name]
    end = written.cut(content)
    assert 0 < end <= len(content)
    # All but the last event, which may go on.
    assert len(every(written.page(content[:end], PLACE))) >= len(every(written.page(content, PLACE))) - 1


LINES = st.sampled_from(
    [
        b"one\n",
        b"  more\n",
        b"\n",
        b"}\r\n",
        b"Caused by: x\n",
        b"KeyError: x\n",
        "ä€😀".encode() * 9 + b"\n",
        b"\xff\n",
        b" " * 30,
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=30), st.data())
def test_events_that_are_too_long_are_cut_at_the_same_places(lines: list[bytes], data: st.DataObject) -> None:
    content = b"".join(lines)
    short = Plain("short", Beginnings(EACH.pattern), Dating((), None), longest=40)
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=6))
    whole = messages(short, content, [])
    assert messages(short, content, cuts) == whole
    assert all(len(message.encode()) <= 40 or "�" in message for message in whole)
    encoded = Encoded(short, "utf-16-le")
    text = content.decode("utf-8", "replace")
    wide = text.encode("utf-16-le")
    assert messages(encoded, wide, cuts) == messages(short, text.encode(), [])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=8), st.sampled_from([None, 4]), st.booleans(), st.data())
def test_any_text_comes_out_of_a_document_as_it_went_in(
    texts: list[str], indent: int | None, ascii_only: bool, data: st.DataObject
) -> None:
    events = {"events": [FOUND[0] | {"message": text} for text in texts]}
    content = json.dumps(events, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    written = recognise(content)
    found = messages(written, content, data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    # An empty message takes no byte in which a match could end.
    assert [text for text in found if text] == [text for text in texts if text]
