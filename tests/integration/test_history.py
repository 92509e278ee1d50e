"""`history`, called as a user calls it."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted
from sigwatch.model.audit import Entry
from sigwatch.store.sqlite import SqliteStore

NOW_MS = int(time.time() * 1000)  # noqa: TID251 - the verb lives in real time
DAY = 86_400_000
ENTRIES = (
    Entry(NOW_MS - 30 * DAY, "knowledge", "approved", "KO-1", "KO-1", "shop", (("hash", "abc"),)),
    Entry(NOW_MS - DAY, "sigwatch", "opened", "1111aaaa", "KO-1", "shop", (("count", "3"), ("severity", "P0"))),
    Entry(NOW_MS - 1_000, "slack:jane", "silence_added", "s1", detail=(("reason", "=HYPERLINK(1), known"),)),
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sigwatch.yaml").write_text("store: sqlite:state.db\n")
    store = SqliteStore("state.db")
    with store.unit() as unit:
        for entry in ENTRIES:
            unit.record(entry)
    store.close()


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application(), hoisted(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout


def as_json(*arguments: str) -> list[dict[str, Any]]:
    code, out = call("history", "--format", "json", *arguments)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)["history"]
    return found


def test_the_trail_of_the_last_week_is_shown_a_line_each() -> None:
    code, out = call("history")
    assert code == 0
    first, second = out.splitlines()
    assert first.endswith("UTC  sigwatch  opened  KO-1 1111aaaa  count=3 severity=P0")
    assert second.endswith("slack:jane  silence added  s1  reason==HYPERLINK(1), known")


def test_json_holds_every_fact() -> None:
    [approved, *_] = as_json("--since", "7w")
    assert approved | {"at": ""} == {
        "at": "", "actor": "knowledge", "action": "approved", "subject": "KO-1", "signature": "KO-1",
        "project": "shop", "detail": {"hash": "abc"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "subjects"),
    [
        ((), ["1111aaaa", "s1"]),
        (("--since", "7w"), ["KO-1", "1111aaaa", "s1"]),
        (("--since", "7w", "--until", "2d"), ["KO-1"]),
        (("--since", "7w", "--action", "approved", "--action", "opened"), ["KO-1", "1111aaaa"]),
        (("--subject", "s1"), ["s1"]),
    ],
)
def test_it_can_be_narrowed(arguments: tuple[str, ...], subjects: list[str]) -> None:
    assert [entry["subject"] for entry in as_json(*arguments)] == subjects


def test_csv_has_a_column_for_each_fact_and_no_formula() -> None:
    code, out = call("history", "--format", "csv", "--since", "7w")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["hash"] for row in rows] == ["abc", "", ""]
    assert [row["severity"] for row in rows] == ["", "P0", ""]
    assert rows[2]["reason"] == "'=HYPERLINK(1), known"


def test_an_empty_range_is_a_mistake() -> None:
    assert call("history", "--since", "1d", "--until", "2d")[0] == 2
