import pytest

from sigwatch.scan.formats import recognise
from sigwatch.scan.plain import Plain
from sigwatch.scan.values import Event, Page
from tests.unit.scan.enumerating import PLACE, every

JAVA = """\
2026-02-04 06:02:11,123 ERROR [main] failed
java.lang.RuntimeException: outer
	at com.example.A.run(A.java:1)
Caused by: java.io.IOException: inner
	... 3 more
2026-02-04 06:02:12,001 INFO [main] goes on
"""
PYTHON = """\
2026-02-04 06:02:11,123 ERROR failed
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    run()
ValueError: no

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
KeyError: 'x'
2026-02-04 06:02:12,001 INFO goes on
"""


def page_of(text: str | bytes, **options: object) -> Page:
    data = text if isinstance(text, bytes) else text.encode()
    return recognise(data, near_ms=1_771_000_000_000).page(data, PLACE)


def messages(text: str | bytes) -> list[str]:
    return [event.message for event in every(page_of(text))]


@pytest.mark.parametrize("text", [JAVA, PYTHON], ids=["java", "python"])
def test_a_stack_trace_goes_on_with_the_event_before(text: str) -> None:
    lines = text.splitlines()
    assert messages(text) == ["\n".join(lines[:-1]), lines[-1]]


@pytest.mark.parametrize("text", [JAVA, PYTHON], ids=["java", "python"])
def test_without_times_too(text: str) -> None:
    bare = text.replace("2026-02-04 06:02:11,123 ", "").replace("2026-02-04 06:02:12,001 ", "")
    # A name of an exception right after a line of text may as well be an event of its own.
    lines = bare.replace("java.lang.RuntimeException: outer\n", "").splitlines()
    assert messages("\n".join(lines)) == ["\n".join(lines[:-1]), lines[-1]]


def test_every_other_line_is_an_event() -> None:
    assert messages("one\ntwo\n\nthree: x\n  more\n}\nTimeoutError: four\nTimeoutError: five") == [
        "one",
        "two",
        "three: x\n  more\n}",
        "TimeoutError: four",
        "TimeoutError: five",
    ]


def test_where_every_line_is_indented_each_is_an_event() -> None:
    assert messages("  one\n  two\n\n\tthree\n") == ["  one", "  two", "\tthree"]


def test_other_lines_go_on_where_most_have_a_time() -> None:
    text = "06:02:11.123 [main] one\nselect *\nfrom x\n" + "06:02:11.124 [main] two\n" * 3
    assert messages(text)[:2] == ["06:02:11.123 [main] one\nselect *\nfrom x", "06:02:11.124 [main] two"]


def test_objects_among_lines_with_times_are_events() -> None:
    text = '[2026-02-04 06:02:11.784][1][info] a\n{"path":"/a"}\n[2026-02-04 06:02:11.785][1][info] b\n{"path":"/b"}\n'
    assert messages(text) == text.splitlines()


def test_each_line_of_a_structured_log_is_an_event_with_its_time() -> None:
    text = '{"time":1770184931123,"m":"a"}\r\n{"m":"b"}\r\n{"time":"2026-02-04T06:02:12Z"}\r\n'
    events = every(page_of(text))
    assert [event.ts_ms for event in events] == [1770184931123, 1770184931123, 1770184932000]
    assert [event.message for event in events] == text.split("\r\n")[:3]


def test_a_line_of_text_in_a_structured_log_has_its_own_time() -> None:
    text = "2026-02-04 06:02:11 begins\n" + '{"time":1770184932000}\n' * 10
    assert [event.ts_ms for event in every(page_of(text))][:2] == [1770184931000, 1770184932000]


def test_events_know_their_place_line_and_time() -> None:
    page = page_of(JAVA)
    expected = [
        Event(1770184931123, "\n".join(JAVA.splitlines()[:-1]), "/app", "one", 0),
        Event(1770184932001, JAVA.splitlines()[-1], "/app", "one", 5),
    ]
    assert every(page) == expected
    assert page.lines == 6
    assert page.span() == (1770184931123, 1770184932001)


def test_only_the_events_in_which_something_ends_are_told_each_once() -> None:
    text = "".join(f"2026-02-04 06:02:{n:02} event {n}\n" for n in range(50))
    data = text.encode()
    page = page_of(data)
    ends = [data.index(b"event 7\n") + 3, data.index(b"event 7\n") + 5, data.index(b"event 30\n") + 8]
    # The second one ends at its line end, which is part of it.
    assert [(event.message[-7:].strip(), event.line) for event in page.events([*ends, ends[-1] + 1])] == [
        ("event 7", 7),
        ("vent 30", 30),
    ]


def test_an_event_without_a_time_has_that_of_the_nearest_before_it() -> None:
    text = (
        "START RequestId: 1\nno time\n[INFO]\t2026-02-04T06:02:11.123Z\t1\tx\nREPORT RequestId: 1\nEND RequestId: 1\n"
    )
    data = text.encode()
    page = page_of(data)
    assert [event.ts_ms for event in every(page)] == [None, None, 1770184931123, 1770184931123, 1770184931123]
    last = list(page.events([len(data)]))
    assert [(event.ts_ms, event.message) for event in last] == [(1770184931123, "END RequestId: 1")]
    assert page.span() == (1770184931123, 1770184931123)


def test_a_page_without_times_has_no_span() -> None:
    assert page_of("one\ntwo\n").span() is None


def test_line_ends_of_windows_are_left_out() -> None:
    assert messages("2026-02-04 06:02:11 one\r\n  more\r\n2026-02-04 06:02:12 two\r\n") == [
        "2026-02-04 06:02:11 one\r\n  more",
        "2026-02-04 06:02:12 two",
    ]


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert messages(b"a \xff b\nc \xc3\xa9\n") == ["a � b", "c é"]


def test_a_byte_order_mark_is_no_part_of_the_first_event() -> None:
    text = b"\xef\xbb\xbf2026-02-04 06:02:11 one\n2026-02-04 06:02:12 two\n"
    assert messages(text) == ["2026-02-04 06:02:11 one", "2026-02-04 06:02:12 two"]
    assert page_of(text).span() == (1770184931000, 1770184932000)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read(encoding: str) -> None:
    data = ("\ufeff" + PYTHON.replace("no", "nö 😀")).encode(encoding)
    assert messages(data)[0].endswith("KeyError: 'x'")
    assert "ValueError: nö 😀" in messages(data)[0]
    assert recognise(data).name == f"plain text in {encoding[:6].upper()}"


def test_an_event_that_is_too_long_is_cut_after_a_line_or_else_after_a_character() -> None:
    text = "2026-02-04 06:02:11 a\n" + " x\n" * 10 + "ä" * 40 + "\n2026-02-04 06:02:12 b\n"
    written = recognise(text.encode())
    assert isinstance(written, Plain)
    short = Plain("short", written.beginnings, written.dating, longest=25)
    found = [event.message for event in every(short.page(text.encode(), PLACE))]
    assert found == [
        "2026-02-04 06:02:11 a\n x",
        " x\n" * 7 + " x",
        " x",
        "ä" * 12,
        "ä" * 12,
        "ä" * 12,
        "ä" * 4,
        "2026-02-04 06:02:12 b",
    ]


def test_an_empty_page_has_no_events() -> None:
    page = page_of("")
    assert (list(page.events([])), list(page.events([0, 1])), page.lines, page.span()) == ([], [], 0, None)


def test_a_format_of_the_users_decides_where_events_begin() -> None:
    data = b"04.02.2026 06:02 a\nb\nc\nd\n04.02.2026 06:03 e\n"
    page = recognise(data, "%d.%m.%Y %H:%M").page(data, PLACE)
    assert [(event.message, event.ts_ms) for event in every(page)] == [
        ("04.02.2026 06:02 a\nb\nc\nd", 1770184920000),
        ("04.02.2026 06:03 e", 1770184980000),
    ]
    with pytest.raises(ValueError, match="%Q"):
        recognise(data, "%Q")
