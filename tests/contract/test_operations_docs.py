"""What the operations document says of alerts and failures is complete, and names tests and commands that exist."""

import ast
import re
from pathlib import Path

import pytest
import typer

from sigwatch.cli.app import application
from tests.fakes.monitoring import alerts

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
NAMES = [rule["alert"] for rule in alerts()]
SECTIONS = dict(re.findall(r"^### (Sigwatch\w+)\n(.*?)(?=^##)", DOCUMENT, re.DOTALL | re.MULTILINE))
FAILURES = DOCUMENT.split("## When something is down")[1].split("\n## ")[0]
BEHIND = DOCUMENT.split("## The tests behind that")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| ([^|]+) \| (`tests/[^|]+`) \|$", BEHIND, re.MULTILINE)
TESTS = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_alert_has_its_section_in_the_order_of_the_rules() -> None:
    assert re.findall(r"^#+ (Sigwatch\w+)$", DOCUMENT, re.MULTILINE) == NAMES


def test_every_alert_leads_to_a_heading() -> None:
    anchors = {title.lower() for title in re.findall(r"^#+ (\S+)$", DOCUMENT, re.MULTILINE)}
    for rule in alerts():
        path, _, anchor = rule["annotations"]["runbook_url"].partition("/main/")[2].partition("#")
        assert (path, anchor in anchors) == ("docs/operations.md", True), rule["alert"]


@pytest.mark.parametrize("name", NAMES)
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_what_comes_else(name: str) -> None:
    said = re.findall(r"^- \*\*([\w ]+):\*\* \S", SECTIONS[name].replace(":**\n", ":** \n"), re.MULTILINE)
    wanted = ["Means", "Look at", "Do", "If nothing is done"]
    assert [word for word in wanted if word in said or f"**{word}:**" in SECTIONS[name]] == wanted


def failing(table: str) -> list[str]:
    return re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[2:]


def test_every_failure_names_its_tests() -> None:
    known = [what for what, _ in ROWS]
    assert len(known) == len(set(known))
    missing = [what for what in failing(FAILURES) if what not in known]
    assert not missing
    assert len(failing(FAILURES)) > 20


@pytest.mark.parametrize(("what", "tests"), ROWS, ids=[what for what, _ in ROWS])
def test_a_row_is_shown_by_tests_that_exist(what: str, tests: str) -> None:
    named = TESTS.findall(tests)
    assert len(named) == tests.count("`") // 2, f"{what}: name tests as `path::test`"
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{what}: {path}"


def test_its_commands_and_their_options_are_there() -> None:
    asked = re.findall(r"(?:^|`)sigwatch ((?:[a-z-]+ ?)+)([^`\n#]*)", DOCUMENT, re.MULTILINE)
    assert len(asked) > 10
    for words, rest in asked:
        command: object = typer.main.get_group(application())
        for word in words.split():
            found = getattr(command, "commands", {}).get(word)
            if found is None:
                break
            command = found
        known = {name for parameter in getattr(command, "params", ()) for name in parameter.opts}
        assert getattr(command, "name", None) in words.split(), words
        assert set(re.findall(r"--[\w-]+", rest)) <= known, (words, rest)


def test_links_within_it_lead_to_headings() -> None:
    titles = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", DOCUMENT) if link not in anchors] == []
