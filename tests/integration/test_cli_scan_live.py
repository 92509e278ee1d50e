"""`sigwatch scan` as a process: pipes, terminals, signals, files that grow."""

import gzip
import json
import os
import pty
import signal
from pathlib import Path

import pytest

from tests.fakes.processes import eventually
from tests.fakes.scanned import LOG, call, incidents, line, pending, running, told


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_standard_input_may_be_packed(folder: Path) -> None:
    code, out, _ = call("-", "--format", "json", stdin=b"")
    assert (code, json.loads(out)["remarks"]) == (0, ["there was nothing to search: every file is empty"])
    with running("-", "--log-group", "/g", "--format", "json") as process:
        out_bytes, _ = process.communicate(gzip.compress(LOG.encode()))
    assert incidents(json.loads(out_bytes))[0][1::3] == ("/g", 3)


def test_a_pipe_that_dribbles_is_told_line_by_line() -> None:
    with running("-", "--format", "jsonl") as process:
        assert process.stdin is not None
        for router in ("a", "b", "c"):
            process.stdin.write(line(1, router).encode() + line(2).encode())
            process.stdin.flush()
            assert f"src.api.v1.{router}" in told(process)["message"]
        process.stdin.close()
        assert process.wait(20) == 0


def test_what_is_stopped_shows_what_was_done_and_what_was_not(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    with running("app.log", "-", "late.log", "--format", "jsonl") as process:
        assert [told(process)["line"] for _ in range(3)] == [2, 6, 10]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 1
        assert process.stderr is not None
        said = process.stderr.read().decode().splitlines()
    assert "sigwatch: late.log: there is no such file; check the path" in said
    assert any(each.startswith("sigwatch: standard input: ") for each in said)


def test_what_was_not_begun_when_it_was_stopped_is_a_gap(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    with running("-", "app.log", "--format", "json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LOG.encode())
        process.stdin.flush()
        # It listens to signals once it reads, and it has read when the pipe is empty.
        assert eventually(lambda: pending(process.stdin) == 0)
        process.send_signal(signal.SIGTERM)
        report = json.loads(process.stdout.read())
        assert process.wait(20) == 1
    gaps = {each["scope"]: each["reason"] for each in report["gaps"]}
    assert gaps["app.log"] == "not begun when it was stopped"
    assert "standard input" in gaps


def test_a_file_is_followed_through_growth_and_rotation_until_it_is_stopped(folder: Path) -> None:
    path = folder / "app.log"
    path.write_text(LOG)
    with running("--follow", "app.log", "no.log", "--format", "jsonl") as process:
        assert [told(process)["line"] for _ in range(3)] == [2, 6, 10]
        with path.open("a") as file:
            file.write(line(7, "grown"))
        assert (found := told(process))["line"] == 13
        assert "grown" in found["message"]
        path.rename(folder / "app.log.1")
        path.write_text(line(8, "rotated"))
        assert (found := told(process))["line"] == 1
        assert "rotated" in found["message"]
        assert process.stderr is not None
        assert process.stderr.readline() == b"sigwatch: no.log: there is no such file; check the path\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 1


def test_following_shows_each_hit_as_it_comes_and_ends_with_the_report(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    with running("--follow", "app.log") as process:
        assert process.stdout is not None
        first = [process.stdout.readline().decode().rstrip() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()
        assert process.wait(20) == 0
    title = "Lazily loaded routers must be named from the package root"
    assert first[0] == f"2026-02-04 06:01:00 UTC  KO-cm-004  {title}  app.log:2"
    assert rest.splitlines()[-1] == "1 incident of 1 signature in 5 min; 4 signatures never seen"


@pytest.mark.parametrize("shape", ["jsonl", "table"])
def test_following_ends_when_nobody_reads_any_more(folder: Path, shape: str) -> None:
    (folder / "app.log").write_text(line(1, "x"))
    with running("--follow", "app.log", "--format", shape) as process:
        assert process.stdout is not None
        assert b"KO-cm-004" in process.stdout.readline()
        process.stdout.close()
        process.wait(20)
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_reader_that_has_enough_ends_a_long_answer_without_a_traceback(folder: Path) -> None:
    (folder / "app.log").write_text("".join(line(at / 60, str(at)) for at in range(5_000)))
    with running("app.log", "--format", "jsonl") as process:
        assert told(process)["line"] == 1
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) in {0, 1}
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_data_stay_in_the_pipe_while_a_bar_is_on_the_terminal(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    terminal, end = pty.openpty()
    with running("--follow", "app.log", "--format", "jsonl", stderr=end) as process:
        os.close(end)
        assert [told(process)["line"] for _ in range(3)] == [2, 6, 10]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        shown = os.read(terminal, 100_000)
    os.close(terminal)
    assert b"KO-cm-004" not in shown


def test_standard_input_is_not_followed_beside_files(folder: Path) -> None:
    (folder / "app.log").write_text(LOG)
    with running("--follow", "-", "app.log", "--format", "jsonl") as process:
        assert told(process)["path"] == "app.log"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert b"standard input: can not be followed together with files" in process.stderr.read()
