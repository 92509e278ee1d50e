"""Reports for programs."""

import csv
import io
import json

import pytest

from sigwatch.model.knowledge import Step
from sigwatch.report.data import COLUMNS, as_csv, as_data
from tests.fakes import reports
from tests.fakes.made import API, ris, signature
from tests.fakes.reports import DAY, START_MS, a_month, found, gap, incident, masked, report, unmasked


def rows(told: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told)))


def test_the_object_holds_what_scripts_rely_on() -> None:
    one, two = signature("KO-1", severity="P1"), signature("KO-2")
    seen = found(one, incident(one, START_MS + DAY), incident(one, START_MS + 3 * DAY, count=7, peak=3))
    made = report((seen, found(two)), gaps=(gap(),), problems=("a.md:1: id: missing",), remarks=("odd \x1b[1m",))
    told = as_data(made, unmasked)
    assert told["hits"] == {"KO-1": 47, "KO-2": 0}
    assert told["incidents"][1] == {
        "signature": "KO-1",
        "group": API,
        "first_seen": "2026-01-04T00:00:00.000Z",
        "last_seen": "2026-01-04T00:12:00.000Z",
        "count": 7,
        "peak": 3,
        "peak_at": "2026-01-04T00:01:00.000Z",
        "state": "resolved",
        "log_groups": [API],
        "samples": ["ERROR KO-1 broke\n  at line 45"],
    }
    assert (told["bytes_scanned"], told["queries"], told["cost_dollars"]) == (3 * 1024**3, 12, 0.015)
    assert told["gaps"] == [
        {
            "scope": "us-east-1",
            "log_groups": [API],
            "start": "2026-01-03T00:00:00.000Z",
            "end": "2026-01-03T01:00:00.000Z",
            "reason": "the service refused the query",
        }
    ]
    assert (told["problems"], told["remarks"]) == (["a.md:1: id: missing"], ["odd "])
    assert (told["since"], told["until"]) == ("2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.000Z")


def test_every_signature_has_its_entry() -> None:
    one = signature("KO-1", ris=ris())
    told = as_data(report((found(one, incident(one, START_MS + DAY)), found(signature("KO-2")))), unmasked)
    first, second = told["signatures"]
    assert first | {"histogram": None} == {
        "id": "KO-1",
        "title": "Title of KO-1",
        "project": "shop",
        "severity": "P0",
        "status": "approved",
        "hits": 40,
        "incidents": 1,
        "first_seen": "2026-01-02T00:00:00.000Z",
        "last_seen": "2026-01-02T00:12:00.000Z",
        "histogram": None,
        "ris": "RIS-1",
        "steps": [{"text": "Look at the logs", "code": ""}, {"text": "Deploy again", "code": "make deploy"}],
    }
    assert sum(first["histogram"]) == 40
    assert (second["hits"], second["first_seen"], second["ris"], second["steps"]) == (0, None, None, [])


def test_incidents_of_all_signatures_are_in_the_order_of_time() -> None:
    told = as_data(a_month(), unmasked)
    times = [each["first_seen"] for each in told["incidents"]]
    assert times == sorted(times)
    assert len(times) == 45


def test_a_scan_of_undated_events_has_no_times() -> None:
    one = signature()
    undated = incident(one, 0, 0)
    made = report((found(one, undated),), start_ms=0, end_ms=0, gaps=(gap(start_ms=0, end_ms=0),))
    told = as_data(made, unmasked)
    assert (told["since"], told["incidents"][0]["first_seen"], told["gaps"][0]["start"]) == (None, None, None)
    assert rows(as_csv(made, unmasked))[0]["first_seen"] == ""


def test_documents_are_masked_by_the_rules_of_their_project() -> None:
    steps = ris(steps=(Step("log in with hunter2", "login --password hunter2"),))
    one = signature(title="hunter2 does not work", ris=steps)
    made = report((found(one, incident(one, START_MS)),))
    told = json.dumps(as_data(made, masked)) + as_csv(made, masked)
    assert "hunter2" not in told
    assert told.count("[shop]") == 4


def test_control_characters_are_gone() -> None:
    told = json.dumps(as_data(reports.hostile("\x1b[2Jred\x9b\u202e"), unmasked), ensure_ascii=False)
    assert "red" in told
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert "\\u001b" not in told


def test_the_csv_has_a_line_for_each_incident() -> None:
    told = as_csv(a_month(), unmasked)
    assert told.splitlines()[0] == "signature,title,severity,group,first_seen,last_seen,count,peak,peak_at,state,ris"
    assert tuple(told.splitlines()[0].split(",")) == COLUMNS
    found_rows = rows(told)
    assert len(found_rows) == 45
    assert next(each for each in found_rows if each["signature"] == "KO-cm-004") == {
        "signature": "KO-cm-004",
        "title": "Lambda lazy loading: import paths that only exist on a laptop",
        "severity": "P0",
        "group": API,
        "first_seen": "2026-01-05T06:02:11.000Z",
        "last_seen": "2026-01-05T07:16:11.000Z",
        "count": "1204",
        "peak": "312",
        "peak_at": "2026-01-05T06:03:11.000Z",
        "state": "resolved",
        "ris": "RIS-2026-01-10-001",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\x1b[0m=1+1", "  =1+1", "\t=1+1"])
def test_no_cell_is_a_formula(text: str) -> None:
    one = signature(title=text)
    told = rows(as_csv(report((found(one, incident(one, START_MS, group=text)),)), unmasked))[0]
    assert told["title"][0] == told["group"][0] == "'"


def test_a_line_end_in_a_cell_does_not_break_the_line() -> None:
    one = signature(title='two\nlines, and a "quote"')
    told = as_csv(report((found(one, incident(one, START_MS)),)), unmasked)
    assert len(told.splitlines()) == 2
    assert rows(told)[0]["title"] == 'two lines, and a "quote"'


def test_nothing_found_is_a_header_alone() -> None:
    assert as_csv(report(), unmasked).count("\n") == 1
    assert as_data(report(), unmasked)["incidents"] == []
