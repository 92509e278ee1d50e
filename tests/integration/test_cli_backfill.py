"""`sigwatch backfill`, called as a user calls it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted
from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.fakes.processes import GROUP, SIGNATURES

NOW_MS = int(time.time() * 1000)  # noqa: TID251 - the embedded server lives in real time
ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"
CONFIGURATION = f"""\
knowledge: {{paths: ["{SIGNATURES}"]}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1}}
targets: [console]
store: sqlite:state.db
http: {{port: 0}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    with LocalServer(clock=time.time, settings=Settings(group_age_seconds=10 * 86_400.0)) as made:  # noqa: TID251 - the same
        made.store.create_group(GROUP, created_ms=NOW_MS - 10 * 86_400_000)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", made.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made


def call(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application(), hoisted(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def call_json(*arguments: str) -> tuple[int, Any]:
    code, out, _ = call(*arguments, "--format", "json")
    return code, json.loads(out)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sigwatch", *arguments]
    return subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True)


def test_backfill_finds_the_past_and_tells_nobody(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    old = NOW_MS - 5 * 3_600_000
    server.store.put(GROUP, "s", [(old, ERROR), (old + 1_000, ERROR + " again"), (old + 2 * 3_600_000, ERROR)])
    code, report = call_json("backfill", "--since", "6h")
    assert code == 0
    assert report["hits"] == {"KO-cm-001": 0, "KO-cm-002": 0, "KO-cm-003": 0, "KO-cm-004": 3, "KO-dp-001": 0}
    assert [(i["signature"], i["group"], i["count"]) for i in report["incidents"]] == [
        ("KO-cm-004", GROUP, 2),
        ("KO-cm-004", GROUP, 1),
    ]
    assert report["incidents"][0]["first_seen"].endswith("Z")
    assert report["bytes_scanned"] == 3 * len(ERROR) + len(" again")
    assert (report["gaps"], report["problems"]) == ([], [])
    assert not (folder / "state.db").exists()
    code, out, _ = call("backfill", "--since", "6h")
    assert "3 hits, 2 incidents" in out
    assert "never seen: KO-cm-001, KO-cm-002, KO-cm-003, KO-dp-001" in out


def test_backfill_finds_events_that_are_older_than_their_log_group(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    young = "/aws/lambda/credmate-young"
    server.store.create_group(young, created_ms=NOW_MS - 1_000)
    server.store.put(young, "s", [(NOW_MS - 3 * 3_600_000, ERROR), (NOW_MS - 60_000, ERROR)])
    code, report = call_json("backfill", "--since", "4h")
    assert code == 0
    assert report["hits"]["KO-cm-004"] == 2


def test_backfill_that_could_search_nothing_does_not_say_never_seen(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.stop()
    code, report = call_json("backfill", "--since", "1h")
    assert (code, report["queries"], report["gaps"][0]["reason"]) == (1, 0, "log groups can not be listed")
    _, out, _ = call("backfill", "--since", "1h")
    assert "never seen" not in out
    assert "not seen in what could be searched: KO-cm-001" in out


def test_backfill_names_what_it_could_not_read(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.inject(Faults(forbidden_groups=(GROUP,)))
    code, report = call_json("backfill", "--since", "1h")
    assert code == 1
    assert {group for gap in report["gaps"] for group in gap["log_groups"]} == {GROUP}


@pytest.mark.parametrize("since", ["1h --until 2h", "2999-01-01", "tomorrow"])
def test_a_range_that_makes_no_sense_is_refused_before_any_query(folder: Path, server: LocalServer, since: str) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    ended = run("backfill", "--since", *since.split(), cwd=folder)
    assert ended.returncode == 2
    assert any(words in ended.stderr for words in ("must lie before", "is no time; write 24h", "is in the future"))
    assert "Traceback" not in ended.stderr
    assert server.stats()["requests"] == {}
