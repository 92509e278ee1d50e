import json
from pathlib import Path

import pytest

from sigwatch.scan.formats import HEAD, recognise
from tests.unit.scan.enumerating import PLACE, every
from tests.unit.scan.samples import EXPORTED, FOUND, ISO, PLAIN, SAMPLES, STRUCTURED, UNDATED, Sample, records

CORPORA = Path(__file__).resolve().parents[3] / "../shared/corpora"

DOCUMENT = "JSON of aws logs filter-log-events"
LINES = "JSON lines of aws logs filter-log-events"
NAMES = {
    "array": DOCUMENT,
    "columns": "text of aws logs filter-log-events",
    "columns of one stream": "text of aws logs filter-log-events",
    "docker": "JSON lines of Docker",
    "document in one line": DOCUMENT,
    "document with streams": DOCUMENT,
    "document without blanks": DOCUMENT,
    "documents": DOCUMENT,
    "lines": LINES,
    "lines of windows": LINES,
    "lines with a mark": LINES,
    "objects over lines": DOCUMENT,
    "pretty document": DOCUMENT,
    "pretty unicode document": DOCUMENT,
    "records": "records of a subscription filter",
    "records in one line": "records of a subscription filter",
    "tail": "aws logs tail",
    "tail of objects": "aws logs tail",
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_format_is_recognised(sample: Sample) -> None:
    assert recognise(sample.data).name == NAMES[sample.name]


LONG = "x" * 2 * HEAD


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps({"events": [FOUND[0] | {"message": LONG}]}), DOCUMENT),
        (json.dumps([FOUND[0] | {"message": LONG}], indent=4), DOCUMENT),
        (json.dumps(FOUND[0] | {"message": LONG}, indent=4), DOCUMENT),
        (json.dumps({"logStreamName": "x", "timestamp": 1, "message": LONG}), LINES),
        (records()[1].replace("two", LONG), "records of a subscription filter"),
        ("".join(records()).replace("three", LONG), "records of a subscription filter"),
    ],
    ids=["document", "array", "object", "line", "record", "records"],
)
def test_a_first_event_longer_than_what_is_looked_at_is_recognised(text: str, name: str) -> None:
    assert recognise(text.encode()[:HEAD]).name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "one line",
        PLAIN,
        UNDATED,
        EXPORTED.decode(),
        # An application's own lines, which have microseconds, a level or a colon where tail has none.
        f"{ISO}11.123456+00:00 web-1 x\n{ISO}11.123000+00:00 web-1 x\n",
        f"{ISO}11.123000+00:00 ERROR x\n",
        f"{ISO}11.123000+00:00 [error] x\n",
        f"{ISO}11.123000+00:00 app: x\n",
        f"{ISO}11+00:00 host x\n",
        f"{ISO}11 short x\n",
        '{"events": 1}\n{"other": 2}\nplain\n',
        "{\n  'not': JSON\n}\n",
        "[1, 2]\n",
        "\x00\x01\x02",
    ],
)
def test_what_nothing_is_known_of_is_plain_text(text: str) -> None:
    assert recognise(text.encode()).name == "plain text"


def test_structured_logs_are_told_apart() -> None:
    assert recognise(STRUCTURED.encode()).name == "JSON lines"
    assert recognise(b'{"message":"x","timestamp":1770184931123,"level":"info"}\n').name == "JSON lines"
    assert recognise(b'{"log":"x","time":"2026"}\n').name == "JSON lines"


def test_an_export_is_one_only_where_its_path_says_so() -> None:
    assert recognise(EXPORTED, exported=True).name == "export of CloudWatch Logs"
    assert recognise(EXPORTED).name == "plain text"
    assert recognise(b"something else", exported=True).name == "plain text"


def test_a_last_line_that_is_cut_off_decides_nothing() -> None:
    line = b"2026-02-04 06:02:11 " + b"x" * 60_000 + b"\n"
    assert len(every(recognise(line + b"20" + b"y" * HEAD).page(line * 2, PLACE))) == 2


@pytest.mark.skipif(not CORPORA.is_dir(), reason="other people's logs do not lie beside the project")
def test_other_peoples_logs_lose_no_line() -> None:
    logs = sorted(CORPORA.glob("*/*/test.log"))
    assert logs
    for log in logs:
        data = log.read_bytes()
        page = recognise(data).page(data, PLACE)
        kept = "\n".join(event.message for event in every(page)).replace("\r", "").split("\n")
        expected = data.decode("utf-8", "replace").replace("\r", "").split("\n")
        assert [line for line in kept if line] == [line for line in expected if line], log
