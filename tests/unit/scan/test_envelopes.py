import json

import pytest

from sigwatch.scan.formats import recognise
from sigwatch.scan.values import Event
from tests.unit.scan.enumerating import PLACE, every
from tests.unit.scan.samples import BARE, EVENTS, EXPORTED, FOUND, GOT, SAMPLES, Sample, records

SAMPLE = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


@SAMPLE
def test_messages_are_what_cloudwatch_holds(sample: Sample) -> None:
    events = every(recognise(sample.data).page(sample.data, PLACE))
    assert [(event.ts_ms, event.stream, event.message) for event in events] == sample.told
    assert {event.log_group for event in events} == {"/app"}


@SAMPLE
def test_the_text_of_a_page_holds_its_messages_in_their_order(sample: Sample) -> None:
    page = recognise(sample.data).page(sample.data, PLACE)
    assert page.text == "\n".join(message for _, _, message in sample.told).encode()
    assert page.span() == (sample.told[0][0], sample.told[-1][0])


@SAMPLE
def test_a_match_leads_to_its_event_alone(sample: Sample) -> None:
    page = recognise(sample.data).page(sample.data, PLACE)
    end = page.text.index("ü 😀".encode()) + 3
    assert [event.message for event in page.events([end, end + 1])] == [EVENTS[1][2]]


def test_events_of_an_export_have_no_time_in_their_message() -> None:
    written = recognise(EXPORTED, exported=True)
    page = written.page(EXPORTED, PLACE)
    events = every(page)
    assert [(event.ts_ms, event.stream, event.message) for event in events] == BARE
    assert [event.line for event in events] == [0, 2, 3]
    assert page.text.count(b"2026-02-04T") == 0
    # Every message begins a line of what is searched, so that patterns for the beginning of a line find it.
    assert b"\nERROR one\n  at x" in page.text
    assert page.span() == (EVENTS[0][0], EVENTS[2][0])


def test_the_time_of_another_file_is_part_of_the_message() -> None:
    events = every(recognise(EXPORTED).page(EXPORTED, PLACE))
    assert [event.message for event in events] == split_at_times(EXPORTED.decode())


def split_at_times(text: str) -> list[str]:
    first, *others = text.rstrip("\n").split("\n2026-")
    return [first, *("2026-" + other for other in others)]


def test_lines_are_counted_in_the_file() -> None:
    data = (json.dumps({"events": FOUND}, indent=4) + "\n").encode()
    page = recognise(data).page(data, PLACE)
    assert [event.line for event in every(page)] == [2, 9, 16]
    assert page.lines == data.count(b"\n")


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"".join(json.dumps(e).encode() + b"\n{broken\n" for e in FOUND), ["{broken"] * 3),
        (b"".join(json.dumps(e).encode() + b"\n\n[1]\n" for e in FOUND), ["[1]"] * 3),
        (json.dumps({"events": FOUND}).replace("}, {", '}, {"message": "half, {').encode(), ['{"message": "half,']),
        ("".join(json.dumps(e, indent=1) + "\nhere\n" for e in FOUND).encode(), ["here"] * 3),
        ("".join(json.dumps(e, indent=1) + '\n{"other": 1}\n' for e in FOUND).encode(), ['{"other": 1}'] * 3),
        (
            "".join(f"EVENTS\t1770184931123\t{m}\t{t}\n" for t, _, m in EVENTS).encode()
            + b"EVENTS\t1770184931123\tcut",
            ["EVENTS\t1770184931123\tcut"],
        ),
        (
            b"WARNING: first\n" + "".join(f"EVENTS\t1770184931123\t{m}\t{t}\n" for t, _, m in EVENTS).encode(),
            ["WARNING: first"],
        ),
        (("\n".join(records()) + '\n{"messageType":"DATA_MESSAGE"}').encode(), ['{"messageType":"DATA_MESSAGE"}']),
    ],
)
def test_what_is_broken_is_kept_as_it_is_and_loses_nothing_else(data: bytes, kept: list[str]) -> None:
    page = recognise(data).page(data, PLACE)
    messages = [event.message for event in every(page)]
    assert [message for message in messages if message in {text for _, _, text in EVENTS}] == [m for _, _, m in EVENTS]
    others = [message for message in messages if message not in {text for _, _, text in EVENTS}]
    assert len(others) >= len(kept)
    assert all(any(text in other for other in others) for text in kept)


def test_what_is_broken_has_the_time_of_the_event_before() -> None:
    data = json.dumps(FOUND[0]).encode() + b"\n{broken\n" + json.dumps(FOUND[1]).encode()
    events = every(recognise(data).page(data, PLACE))
    assert events[1] == Event(EVENTS[0][0], "{broken", "/app", "one", 1)


def test_half_a_character_is_replaced() -> None:
    lines = [json.dumps(FOUND[0] | {"message": "half \ud83d of it"}).encode(), json.dumps(FOUND[1]).encode()]
    data = b"\n".join([*lines, lines[1].replace(b"two", b"\xff")])
    events = every(recognise(data).page(data, PLACE))
    assert [event.message for event in events] == ["half ? of it", EVENTS[1][2], EVENTS[1][2].replace("two", "�")]


def test_events_of_one_record_come_from_its_group_and_stream() -> None:
    entries = [{"id": str(n), "timestamp": 1770184931000 + n, "message": f"m{n}"} for n in range(3)]
    record = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/g", "logStream": "s", "logEvents": entries}
    data = json.dumps(record).encode()
    events = every(recognise(data).page(data, PLACE))
    assert events == [Event(1770184931000 + n, f"m{n}", "/g", "s", 0) for n in range(3)]


def test_a_document_without_events_is_empty() -> None:
    data = json.dumps({"events": [], "searchedLogStreams": []}, indent=4).encode()
    page = recognise(data).page(data, PLACE)
    assert (page.text, list(page.events([0, 1])), page.span()) == (b"", [], None)


def test_the_stream_is_the_files_where_events_name_none() -> None:
    data = json.dumps({"events": GOT}).encode()
    assert {event.stream for event in every(recognise(data).page(data, PLACE))} == {"one"}
