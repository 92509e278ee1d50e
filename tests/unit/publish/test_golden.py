"""Whole messages as people see them.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/unit/publish/test_golden.py`, and read the difference.
"""

import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from sigwatch.model.incident import Alert
from sigwatch.publish.console import ConsolePublisher
from sigwatch.publish.slack_blocks import blocks, plain
from tests.unit.publish.alerts import ALERT, BACK, NO_RIS, RESOLVED, UNRESOLVED

GOLDEN = Path(__file__).parent / "golden"
ALERTS = {"opened": ALERT, "resolved": RESOLVED, "back": BACK, "unresolved_ris": UNRESOLVED, "no_ris": NO_RIS}


def hold_against(name: str, actual: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(actual, encoding="utf-8")
    assert actual == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALERTS)
def test_slack(name: str) -> None:
    text, body = blocks(ALERTS[name])
    told = json.dumps({"text": text, "blocks": body}, indent=2, ensure_ascii=False)
    hold_against(f"slack_{name}.json", told + "\n")


def test_slack_in_plain_text() -> None:
    hold_against("slack_plain.txt", plain(ALERT) + "\n")


@pytest.mark.parametrize(("name", "width"), [("opened", 100), ("opened", 60), ("no_ris", 100), ("unresolved_ris", 80)])
def test_console(name: str, width: int) -> None:
    hold_against(f"console_{name}_{width}.txt", printed(ALERTS[name], width))


def printed(alert: Alert, width: int) -> str:
    out = io.StringIO()
    ConsolePublisher(Console(file=out, width=width)).post("C0ONCALL", alert)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
