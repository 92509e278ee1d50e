"""What a terminal or a pipe gets to read."""

import io
from collections import Counter
from dataclasses import replace

import pytest
from rich.console import Console

from sigwatch.model.incident import Reason
from sigwatch.model.knowledge import Step
from sigwatch.publish.console import ConsolePublisher
from tests.unit.publish.alerts import (
    ACKNOWLEDGED,
    ALERT,
    ESCALATED,
    FIX,
    MILESTONES,
    REMARK,
    RESOLVED,
    SILENCED,
    changed,
    crowd,
    digest,
)


class Screen:
    def __init__(self, width: int = 80, *, terminal: bool = False) -> None:
        self.out = io.StringIO()
        self.target = ConsolePublisher(
            Console(file=self.out, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None)
        )

    @property
    def text(self) -> str:
        return self.out.getvalue()


def test_a_pipe_gets_everything_and_no_colour() -> None:
    screen = Screen()
    assert screen.target.post("C0ONCALL", ALERT, "") == ALERT.key
    assert "\x1b" not in screen.text
    for number, step in enumerate(FIX.steps, 1):
        assert f"{number}. " in screen.text
        assert all(line in screen.text for line in step.code.splitlines())
    assert "No module named 'src.api.v1.providers'" in screen.text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_links_and_commands_are_whole_and_nothing_is_cut_off(width: int) -> None:
    screen = Screen(width)
    title = "word " * 18 + "end-of-title"
    code = "x" * 300
    screen.target.post("C0ONCALL", replace(ALERT, title=title, fix=replace(FIX, steps=(Step("do", code),))), "")
    assert ALERT.logs_url in screen.text
    assert FIX.url in screen.text
    assert code in screen.text
    assert "end-of-title" in "".join(screen.text.split())
    wrapped = [line for line in screen.text.splitlines() if "https://" not in line and code not in line]
    wrapped = [line for line in wrapped if not any(command in line for command in FIX.verification.splitlines())]
    assert max(map(len, wrapped)) <= min(width, 100)


def test_a_terminal_gets_the_colour_of_the_severity() -> None:
    red, yellow = Screen(terminal=True), Screen(terminal=True)
    red.target.post("", ALERT, "")
    yellow.target.post("", changed(severity="P3"), "")
    assert "\x1b[31m" in red.text
    assert "\x1b[33m" in yellow.text


def test_markup_and_escapes_in_log_text_mean_nothing() -> None:
    screen = Screen(terminal=True)
    screen.target.post(
        "", replace(changed(samples=("[bold red]x[/] \x1b[5mblink :smile:",)), title="[link=x]t[/link]"), ""
    )
    assert "[bold red]x[/] blink :smile:" in screen.text
    assert "[link=x]t[/link]" in screen.text
    assert "\x1b[5m" not in screen.text


def test_an_edit_is_one_line_that_says_what_changed() -> None:
    screen = Screen(200)
    screen.target.post("", ALERT, "")
    printed = len(screen.text)
    screen.target.update("", ALERT.key, replace(changed(count=1_204), reason=Reason.COUNTED))
    for alert in (ACKNOWLEDGED, SILENCED, ESCALATED):
        screen.target.update("", ALERT.key, alert)
    assert screen.text[printed:].splitlines() == [
        "✎ same message, edited: P0 KO-cm-004 · 12 → 1,204 events",
        "✎ same message, edited: P0 KO-cm-004 · 1,204 → 12 events · acknowledged by jane at 06:05:11 UTC",
        "✎ same message, edited: P0 KO-cm-004 · 12 events · silenced by jane until 07:08:11 UTC: deploy is on its way",
        (
            "✎ same message, edited: P0 KO-cm-004 · 12 → 12,480 events"
            " · escalated: ten times as many events as when it was last told"
        ),
    ]


def test_an_edit_after_a_restart_tells_the_new_count() -> None:
    screen = Screen()
    screen.target.update("", ALERT.key, replace(changed(count=57), reason=Reason.COUNTED))
    assert screen.text == "✎ same message, edited: P0 KO-cm-004 · 57 events\n"


def test_the_card_keeps_all_log_lines_where_there_is_no_thread() -> None:
    screen = Screen(200)
    screen.target.post("", ESCALATED, "")
    assert screen.text.count("Traceback (most recent call last):") == 2
    assert "Last hour  ▁▁▁▁▁▁▁▁▁▁" in screen.text


def test_a_list_names_each_incident() -> None:
    screen = Screen(200)
    assert screen.target.post("", digest(crowd(30), 1, 2, 60), "") == "d-1"
    assert "🔴 60 incidents · P0 3 · P1 20 · P2 7" in screen.text
    assert all(f"-{number:03}" in screen.text for number in range(30))
    assert "↳ Check CloudWatch logs for exact error" in screen.text


def test_what_becomes_of_a_list_is_one_line() -> None:
    screen = Screen(200)
    page = digest(crowd(30), 1, 2, 60)
    screen.target.update("", page.key, page)
    states = Counter(str(alert.incident.state) for alert in page.alerts)
    assert len(states) == 3
    became = " · ".join(f"{states[state]} {state}" for state in ("open", "acknowledged", "resolved"))
    assert screen.text.splitlines() == [f"✎ same list, edited: 60 incidents, page 1 · {became}"]


def test_a_thread_entry_and_a_remark_are_a_line_each() -> None:
    screen = Screen(200)
    screen.target.post("", MILESTONES[Reason.CLOSED], "")
    screen.target.post("", REMARK, "")
    screen.target.update("", REMARK.key, REMARK)
    screen.target.plain("", REMARK, "")
    closed, *remarks = screen.text.splitlines()
    assert closed == "✅ Resolved after 12 min · closed by ana at 06:22:11 UTC: P0 KO-cm-004 · 1,204 events"
    assert remarks == [f"{REMARK.title}: {REMARK.text}"] * 3


def test_the_end_is_one_line() -> None:
    screen = Screen(40)
    screen.target.update("", ALERT.key, RESOLVED)
    assert screen.text == "✅ resolved after 12 min · quiet since 06:14:11 UTC: P0 KO-cm-004 · 1,204 events\n"


def test_the_plain_form_has_every_step() -> None:
    screen = Screen(40)
    assert screen.target.plain("", ALERT, "") == ALERT.key
    assert "3. Remove unnecessary src. prefix\n4. Deploy with SAM\nsam build --use-container\n" in screen.text


def test_a_terminal_remembers_nothing() -> None:
    screen = Screen()
    screen.target.post("", ALERT, "")
    assert screen.target.find("", ALERT.key, 0, "") is None
