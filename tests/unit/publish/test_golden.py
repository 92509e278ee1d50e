"""Everything that is told, as people see it.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/unit/publish/test_golden.py`, and read the difference.
"""

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sigwatch.model.incident import Reason, State
from sigwatch.model.message import Content, Crowd
from sigwatch.publish.console import ConsolePublisher
from sigwatch.publish.slack.blocks import blocks, blocks_with_buttons, plain
from tests.unit.publish.alerts import CARDS, DAY, FIRST_MS, MILESTONES, REMARK, changed, crowd, digest

GOLDEN = Path(__file__).parent / "golden"
MANY = crowd(40, urgent=4)
PAST = [
    changed(alert, state=State.RESOLVED, resolution=Reason.FOUND_LATER, first_seen_ms=FIRST_MS + number * DAY)
    for number, alert in enumerate(MANY[:7])
]
CONTENTS: dict[str, Content] = {
    **{f"card_{name}": alert for name, alert in CARDS.items()},
    **{f"thread_{reason}": entry for reason, entry in MILESTONES.items()},
    "list_first": digest(MANY[:12], 1, 3, 40),
    "list_further": digest(MANY[12:30], 2, 3, 40),
    "list_alone": digest(MANY[:3]),
    "list_of_the_past": replace(digest(PAST), crowd=Crowd.OF_THE_PAST, mention=""),
    "remark": REMARK,
}


def hold_against(name: str, actual: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(actual, encoding="utf-8")
    assert actual == path.read_text(encoding="utf-8")


def as_json(told: tuple[str, list[dict[str, object]]]) -> str:
    text, body = told
    return json.dumps({"text": text, "blocks": body}, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", CONTENTS)
def test_slack(name: str) -> None:
    hold_against(f"slack_{name}.json", as_json(blocks(CONTENTS[name])))


@pytest.mark.parametrize("name", [name for name in CONTENTS if name.startswith(("card_", "list_"))])
def test_slack_with_buttons(name: str) -> None:
    """Only what the buttons add or take away is kept: the rest is as above."""
    bare = blocks(CONTENTS[name])[1]
    text, body = blocks_with_buttons(CONTENTS[name])
    assert text == blocks(CONTENTS[name])[0]
    hold_against(f"buttons_{name}.json", as_json(("", [block for block in body if block not in bare])))


def test_slack_in_plain_text() -> None:
    told = (f"{name}\n{plain(content)}\n" for name, content in CONTENTS.items())
    hold_against("slack_plain.txt", "\n".join(told))


@pytest.mark.parametrize(
    ("name", "width"), [*((name, 100) for name in CONTENTS), ("card_opened", 60), ("card_unresolved_ris", 80)]
)
def test_console(name: str, width: int) -> None:
    hold_against(f"console_{name}_{width}.txt", printed(CONTENTS[name], width))


def test_console_edits() -> None:
    out = io.StringIO()
    target = ConsolePublisher(Console(file=out, width=100))
    for alert in CARDS.values():
        target.update("C0ONCALL", alert.key, alert)
    hold_against("console_edits.txt", out.getvalue())


def test_every_golden_file_is_held() -> None:
    shown = {f"slack_{name}.json" for name in CONTENTS} | {f"console_{name}_100.txt" for name in CONTENTS}
    shown |= {f"buttons_{name}.json" for name in CONTENTS if name.startswith(("card_", "list_"))}
    shown |= {"slack_plain.txt", "console_edits.txt"}
    shown |= {"console_card_opened_60.txt", "console_card_unresolved_ris_80.txt"}
    assert {path.name for path in GOLDEN.iterdir()} == shown


def test_every_reason_of_a_thread_is_here() -> None:
    silent = {Reason.COUNTED, Reason.COUNTED_LATE, Reason.STILL_ACTIVE, Reason.NOT_YET_COVERED, Reason.ALREADY_SO}
    assert set(MILESTONES) == set(Reason) - silent


def printed(content: Content, width: int) -> str:
    out = io.StringIO()
    ConsolePublisher(Console(file=out, width=width)).post("C0ONCALL", content, "")
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
