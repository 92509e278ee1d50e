"""What a terminal or a pipe gets to read."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from sigwatch.model.knowledge import Step
from sigwatch.publish.console import ConsolePublisher
from tests.unit.publish.alerts import ALERT, FIX, RESOLVED, changed


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
    assert screen.target.post("C0ONCALL", ALERT) == ALERT.key
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
    screen.target.post("C0ONCALL", replace(ALERT, title=title, fix=replace(FIX, steps=(Step("do", code),))))
    assert ALERT.logs_url in screen.text
    assert FIX.url in screen.text
    assert code in screen.text
    assert "end-of-title" in "".join(screen.text.split())
    wrapped = [line for line in screen.text.splitlines() if "https://" not in line and code not in line]
    wrapped = [line for line in wrapped if not any(command in line for command in FIX.verification.splitlines())]
    assert max(map(len, wrapped)) <= min(width, 100)


def test_a_terminal_gets_the_colour_of_the_severity() -> None:
    red, yellow = Screen(terminal=True), Screen(terminal=True)
    red.target.post("", ALERT)
    yellow.target.post("", changed(severity="P3"))
    assert "\x1b[31m" in red.text
    assert "\x1b[33m" in yellow.text


def test_markup_and_escapes_in_log_text_mean_nothing() -> None:
    screen = Screen(terminal=True)
    screen.target.post("", replace(changed(samples=("[bold red]x[/] \x1b[5mblink :smile:",)), title="[link=x]t[/link]"))
    assert "[bold red]x[/] blink :smile:" in screen.text
    assert "[link=x]t[/link]" in screen.text
    assert "\x1b[5m" not in screen.text


def test_an_edit_is_one_line() -> None:
    screen = Screen()
    screen.target.post("", ALERT)
    printed = len(screen.text)
    screen.target.update("", ALERT.key, changed(count=1_204))
    screen.target.update("", ALERT.key, changed(count=1_204))
    assert screen.text[printed:].splitlines() == [
        "✎ same message, edited: P0 KO-cm-004 · 12 → 1,204 events",
        "✎ same message, edited: P0 KO-cm-004 · 1,204 events",
    ]


def test_an_edit_after_a_restart_tells_the_new_count() -> None:
    screen = Screen()
    screen.target.update("", ALERT.key, changed(count=57))
    assert screen.text == "✎ same message, edited: P0 KO-cm-004 · 57 events\n"


def test_the_end_is_one_line() -> None:
    screen = Screen(40)
    screen.target.update("", ALERT.key, RESOLVED)
    assert screen.text == "✅ resolved after 12 min · quiet since 06:14:11 UTC: P0 KO-cm-004 · 1,204 events\n"


def test_the_plain_form_has_every_step() -> None:
    screen = Screen(40)
    assert screen.target.plain("", ALERT) == ALERT.key
    assert "3. Remove unnecessary src. prefix\n4. Deploy with SAM\nsam build --use-container\n" in screen.text


def test_a_terminal_remembers_nothing() -> None:
    screen = Screen()
    screen.target.post("", ALERT)
    assert screen.target.find("", ALERT.key, 0) is None
