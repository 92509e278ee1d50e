"""`sigwatch scan`, called as a user calls it."""

import csv
import gzip
import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted
from tests.fakes.processes import SIGNATURES
from tests.fakes.scanned import (
    LOG,
    MEBIBYTE,
    START_MS,
    TASK,
    TRACE,
    call,
    call_json,
    incidents,
    line,
    lines_of,
    log,
    stamp,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_gives_the_report_of_a_backfill(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    code, report = call_json("app.log")
    assert code == 0
    assert report["hits"] == {"KO-cm-001": 0, "KO-cm-002": 0, "KO-cm-003": 0, "KO-cm-004": 3, "KO-dp-001": 0}
    assert incidents(report) == [
        ("KO-cm-004", "app.log", "2026-02-04T06:01:00.000Z", "2026-02-04T06:05:00.000Z", 3),
    ]
    assert report["incidents"][0]["samples"][0].endswith('call last):\n  File "x"')
    assert (report["bytes_scanned"], report["queries"], report["cost_dollars"]) == (len(LOG), 0, 0)
    assert (report["gaps"], report["problems"], report["remarks"]) == ([], [], [])
    code, out, err = call("app.log")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "1 incident of 1 signature in 5 min; 4 signatures never seen"
    assert "Fixed last time by RIS-2026-02-04-001" in out


def in_json(events: list[tuple[int, str]]) -> str:
    found = [
        {"logStreamName": "web", "timestamp": ms, "message": text, "ingestionTime": ms, "eventId": f"{ms:056}"}
        for ms, text in events
    ]
    return json.dumps({"events": found, "searchedLogStreams": []}, indent=4)


def in_columns(events: list[tuple[int, str]]) -> str:
    return "".join(f"EVENTS\t{ms:056}\t{ms}\tweb\t{text}\t{ms}\n" for ms, text in events)


def in_tail(events: list[tuple[int, str]]) -> str:
    return "".join(f"{stamp(ms)[:-1]}000+00:00 web {text}\n" for ms, text in events)


def in_json_lines(events: list[tuple[int, str]]) -> str:
    return "".join(json.dumps({"time": stamp(ms), "level": "error", "message": text}) + "\n" for ms, text in events)


@pytest.mark.parametrize(
    ("write", "group"),
    [(in_json, "a/b.log"), (in_columns, "a/b.log"), (in_tail, "a/b.log"), (in_json_lines, "a/b.log")],
)
def test_what_cloudwatch_hands_out_has_its_times_and_messages(folder: Path, write: Any, group: str) -> None:
    events = [(START_MS + 60_000 * at, TRACE.format(at) if at % 2 else "INFO fine") for at in range(6)]
    (folder / "a").mkdir()
    (folder / "a" / "b.log").write_text(write(events))
    code, report = call_json("a/b.log")
    assert (code, incidents(report)) == (
        0,
        [("KO-cm-004", group, "2026-02-04T06:01:00.000Z", "2026-02-04T06:05:00.000Z", 3)],
    )
    _, report = call_json("a/b.log", "--log-group", "/aws/lambda/a")
    assert [each["group"] for each in report["incidents"]] == ["/aws/lambda/a"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_what_is_packed_is_read_whatever_its_name(folder: Path, pack: Any) -> None:
    (folder / "app.log").write_bytes(pack(LOG.encode()))
    (folder / "other.log.gz").write_bytes(pack(LOG.encode()))
    code, report = call_json("app.log", "other.log.gz")
    assert (code, report["places"]) == (0, {"app.log": 3, "other.log": 3})


def test_an_export_to_s3_is_one_log_group_with_its_streams(folder: Path) -> None:
    for stream, router in (("web-1", "providers"), ("web-2", "licenses")):
        made = folder / "prod" / TASK / stream
        made.mkdir(parents=True)
        text = "".join(f"{stamp(START_MS + at)} {TRACE.format(router)}\n" for at in (0, 1))
        (made / "000000.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "prod" / "aws-logs-write-test").write_text("Permission Check Successful")
    found = lines_of("prod")
    assert [(each["log_group"], each["log_stream"]) for each in found] == [("prod", "web-1")] * 2 + [
        ("prod", "web-2")
    ] * 2
    assert found[0]["message"].startswith("[ERROR] ModuleNotFoundError")
    _, report = call_json("prod", "--log-group", "/aws/lambda/api")
    assert [(each[1], each[4]) for each in incidents(report)] == [("/aws/lambda/api", 4)]


def test_times_may_be_described_and_events_are_folded_by_them(folder: Path) -> None:
    (folder / "app.log").write_text(f"am 04.02.2026 um 06:01:00 {TRACE.format('x')}\nam 04.02.2026 um 06:02:00 fine\n")
    [found] = lines_of("app.log", "--time-format", "am %d.%m.%Y um %H:%M:%S")
    assert (found["time"], found["line"]) == ("2026-02-04T06:01:00.000Z", 1)
    assert found["message"].endswith('File "x"')


@pytest.mark.parametrize(("given", "said"), [("%Q", "%Q is not supported"), ("today", "without any directive")])
def test_a_time_format_that_can_not_be_used_is_refused(folder: Path, given: str, said: str) -> None:
    (folder / "app.log").write_text(LOG)
    code, _, err = call("app.log", "--time-format", given)
    assert code == 2
    assert said in err


def test_without_times_every_line_counts_and_it_is_said(folder: Path) -> None:
    (folder / "app.log").write_text((TRACE.format("x") + "\n") * 3)
    os.utime("app.log", (START_MS / 1000, START_MS / 1000))
    code, report = call_json("app.log", "--time-format", "%d/%m")
    assert (code, report["hits"]["KO-cm-004"], report["problems"]) == (0, 3, [])
    assert incidents(report)[0][2:] == ("2026-02-04T06:00:00.000Z", "2026-02-04T06:00:00.000Z", 3)
    assert report["remarks"] == [
        "app.log: no time was found, so the file's own is taken for all; no line begins as --time-format '%d/%m' says"
    ]
    assert len(lines_of("app.log")) == 3
    assert "say how times look with --time-format" in call("app.log")[1]


def test_times_that_run_backwards_are_said_counted_and_cost_no_hit(folder: Path) -> None:
    (folder / "app.log").write_text(log("a", "b", "c", "d") + line(1.5, "e") + line(9))
    code, out, _ = call("app.log", "--format", "json")
    report = json.loads(out)
    assert (code, report["hits"]["KO-cm-004"], report["problems"]) == (0, 5, [])
    assert "times run backwards here (once in this file)" in report["remarks"][0]
    assert (report["since"], report["until"]) == ("2026-02-04T06:00:00.000Z", "2026-02-04T06:09:00.001Z")
    assert sum(report["signatures"][3]["histogram"]) == 5
    assert call("app.log", "--fail-on-hit")[0] == 1
    code, _, err = call("app.log", "--format", "csv")
    assert (code, "sigwatch: app.log" in err, "run backwards" in err) == (0, True, True)


def test_files_of_which_half_lies_before_the_other_span_both(folder: Path) -> None:
    (folder / "app.log").write_text(line(20) + line(30) + line(1) + line(2))
    _, report = call_json("app.log")
    assert "run backwards" in report["remarks"][0]


def test_the_same_event_in_two_copies_is_one_hit_in_every_shape(folder: Path) -> None:
    for name in ("a.log", "b.log"):
        (folder / name).write_text(in_json([(START_MS, TRACE.format("x"))]))
    code, report = call_json("a.log", "b.log", "--log-group", "g")
    assert (code, report["hits"]["KO-cm-004"]) == (0, 1)
    assert [each["path"] for each in lines_of("a.log", "b.log", "--log-group", "g")] == ["a.log"]


def test_jsonl_is_a_hit_a_line_with_its_place_and_without_secrets(folder: Path) -> None:
    text = line(0) + line(1, "x").replace("'\n", "' password=hunter2 ada@example.com\n") + line(2, "y")
    (folder / "app.log").write_text(text)
    first, second = lines_of("app.log")
    assert first == {
        "signature": "KO-cm-004",
        "time": "2026-02-04T06:01:00.000Z",
        "log_group": "app.log",
        "log_stream": "app.log",
        "path": "app.log",
        "line": 2,
        "message": f"{stamp(START_MS + 60_000)} {TRACE.format('x')}".replace("'\n", "' password=[secret] [email]\n"),
    }
    assert second["line"] == 5


@pytest.mark.parametrize("shape", ["table", "json", "jsonl", "csv", "html"])
def test_no_shape_shows_secrets_or_controls(folder: Path, shape: str) -> None:
    secret = " password=hunter2 ada@example.com \x1b[31m \u202e\n"
    (folder / "app.log").write_text(line(1, "x").replace("\n", secret, 1))
    _, out, err = call("app.log", "--format", shape)
    assert "KO-cm-004" in out
    for unwanted in ("hunter2", "ada@example.com", "\x1b", "\u202e"):
        assert unwanted not in out + err


def test_csv_and_html(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    _, out, _ = call("app.log", "--format", "csv")
    [row] = csv.DictReader(io.StringIO(out))
    assert (row["signature"], row["group"], row["count"]) == ("KO-cm-004", "app.log", "3")
    code, out, _ = call("app.log", "no.log", "a", "b", "c", "--format", "html")
    assert code == 1
    assert "app.log, no.log, a and 2 more" in out
    assert "no.log: there is no such file" in out


def test_what_is_missing_among_good_files_is_a_gap(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    (folder / "empty").mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        code, report = call_json("no.log", "app.log", "empty", "socket")
    assert (code, report["hits"]["KO-cm-004"]) == (1, 3)
    assert {each["scope"]: each["reason"].split("; ")[0] for each in report["gaps"]} == {
        "no.log": "there is no such file",
        "empty": "a directory without files to search",
        "socket": "can not be read (No such device or address)",
    }
    _, out, _ = call("no.log", "app.log")
    assert "never seen" not in out
    assert "not searched: no.log: there is no such file; check the path" in out


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_what_may_not_be_read_is_a_gap(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    (folder / "app.log").chmod(0)
    code, report = call_json("app.log")
    assert (code, "may not be read" in report["gaps"][0]["reason"]) == (1, True)


def test_without_anything_to_read_it_is_a_usage_error(folder: Path) -> None:
    code, out, err = call("no.log")
    assert (code, out, err) == (2, "", "sigwatch: no.log: there is no such file; check the path\n")


def test_an_empty_file_is_no_failure_and_is_said(folder: Path) -> None:
    (folder / "app.log").touch()
    code, out, _ = call("app.log", "--fail-on-hit")
    assert code == 0
    assert "there was nothing to search: every file is empty" in out


def test_binary_junk_is_survived_and_what_stands_in_it_is_found(folder: Path) -> None:
    junk = bytes(range(256)) * 4_000
    (folder / "a.bin").write_bytes(junk + b"\n" + TRACE.format("x").encode() + b"\n" + junk)
    (folder / "app.log").write_text(LOG)
    code, report = call_json("a.bin", "app.log")
    assert (code, report["places"]) == (0, {"a.bin": 1, "app.log": 3})


def test_a_truncated_file_is_searched_as_far_as_it_goes(folder: Path) -> None:
    text = "".join(line(at / 60, "x") for at in range(3_000))
    whole = gzip.compress(text.encode())
    (folder / "a.gz").write_bytes(whole[: len(whole) * 2 // 3])
    code, report = call_json("a.gz")
    assert code == 1
    assert 1_000 < report["hits"]["KO-cm-004"] < 3_000
    assert "cut off before byte" in report["gaps"][0]["reason"]
    assert report["problems"] == []
    code, _, err = call("a.gz", "--format", "jsonl")
    assert (code, err.startswith("sigwatch: a.gz: cut off before byte")) == (1, True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings_may_be_mixed(folder: Path, encoding: str) -> None:
    (folder / "app.log").write_bytes((LOG + line(7).replace("well", "schön")).encode(encoding))
    (folder / "other.log").write_text(LOG)
    code, report = call_json("app.log", "other.log")
    assert (code, report["places"], report["remarks"]) == (0, {"app.log": 3, "other.log": 3}, [])


def test_names_that_are_no_text_are_shown_as_well_as_can_be(folder: Path) -> None:
    for raw in (b"b\xff.log", b"app.log"):
        Path(os.fsdecode(raw)).write_text(LOG)
    name = os.fsdecode(b"b\xff.log")
    code, report = call_json(name, os.fsdecode(b"no\xff"), ".")
    assert (code, report["places"]) == (1, {"b\ufffd.log": 3, "app.log": 3})
    assert report["gaps"][0]["scope"] == "no\ufffd"
    assert {each["path"] for each in lines_of(name)} == {"b\ufffd.log"}
    for shape in ("table", "csv", "html"):
        assert "b\ufffd.log" in call(name, "--format", shape)[1]


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


def test_a_line_of_100_megabytes_takes_little_memory(folder: Path) -> None:
    with (folder / "app.log").open("wb") as file:
        file.write(line(0).encode() + stamp(START_MS).encode() + b" ")
        for at in range(100):
            file.write(b" x" * (MEBIBYTE // 2 - 100) + TRACE.format("y").split("\n")[0].encode() * (at == 50))
        file.write(b"\n" + line(1, "z").encode())
    # Through a small process: what whoever starts a program holds is counted as the program's.
    command = [sys.executable, "-m", "sigwatch", "--knowledge", str(SIGNATURES), "scan", "app.log", "--format", "json"]
    ended = subprocess.run([sys.executable, "-c", PEAK, *command], check=True, capture_output=True, text=True)
    report = json.loads(ended.stdout)
    assert report["hits"]["KO-cm-004"] == 2
    assert all(len(sample) < 10_000 for each in report["incidents"] for sample in each["samples"])
    assert int(ended.stderr.splitlines()[-1]) < 250 * 1024


def test_named_signatures_and_drafts(folder: Path) -> None:
    document = {
        "id": "KO-new",
        "project": "shop",
        "title": "Till",
        "status": "draft",
        "detection_pattern": "till closed",
    }
    (folder / "till.md").write_text(f"---\n{json.dumps(document | {'prevention_rule': 'Open it.'})}\n---\n# till\n")
    (folder / "app.log").write_text(line(0).replace("all is well", "till closed"))
    library = ("--knowledge", "till.md")
    result = CliRunner().invoke(application(), hoisted(["scan", "app.log", *library]))
    assert (result.exit_code, "try drafts with --include-drafts" in result.stderr) == (2, True)
    for more in (["--include-drafts"], ["--signature", "KO-new"]):
        result = CliRunner().invoke(application(), hoisted(["scan", "app.log", *library, *more, "--fail-on-hit"]))
        assert (result.exit_code, "1 hit, 1 incident" in result.stdout) == (1, True)
    code, _, err = call("app.log", "--signature", "KO-nope")
    assert (code, "no signature has the id KO-nope" in err) == (2, True)


def test_without_knowledge_it_says_what_to_do(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    command = [sys.executable, "-m", "sigwatch", "scan", "app.log"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, "use --knowledge PATH" in ended.stderr, "Traceback" in ended.stderr) == (2, True, False)
    ended = subprocess.run([*command, "--knowledge", "nowhere"], check=False, capture_output=True, text=True)
    assert (ended.returncode, "nowhere: path: there is no such file" in ended.stderr) == (2, True)


def test_the_rules_are_those_of_the_configuration(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    (folder / "sigwatch.yaml").write_text(
        f'knowledge: {{paths: ["{SIGNATURES}"]}}\nincidents: {{quiet_period: 1m, group_by: [log_stream]}}\n'
        'projects: {default: {log_groups: ["/a"]}}\ntargets: [console]\n'
    )
    result = CliRunner().invoke(application(), hoisted(["scan", "app.log", "--format", "json"]))
    assert [each[1:] for each in incidents(json.loads(result.stdout))] == [
        ("app.log", f"2026-02-04T06:0{minute}:00.000Z", f"2026-02-04T06:0{minute}:00.000Z", 1) for minute in (1, 3, 5)
    ]
