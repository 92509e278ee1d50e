"""Every promise of the security document names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
POLICY = (ROOT / "SECURITY.md").read_text()
PROMISES = DOCUMENT.split("## Promises, and the tests that hold them")[1]
ROWS = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \|$", PROMISES, re.MULTILINE)
TESTS = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize(("promise", "tests"), ROWS, ids=[promise for promise, _ in ROWS])
def test_a_promise_is_held_by_tests_that_exist(promise: str, tests: str) -> None:
    named = TESTS.findall(tests)
    assert len(named) == tests.count("`") // 2, f"{promise}: name tests as `path::test`"
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{promise}: {path}"


def test_the_table_is_there_and_holds_every_promise_once() -> None:
    lines = [line for line in PROMISES.splitlines() if line.startswith("|")]
    assert len(ROWS) == len(lines) - 2 > 20
    assert len({promise for promise, _ in ROWS}) == len(ROWS)


def test_whoever_may_attack_has_a_section() -> None:
    told = re.findall(r"^### (.+)$", DOCUMENT, re.MULTILINE)
    for who in ("log a line", "knowledge", "Slack token", "dashboard", "AWS role", "VPC"):
        assert [title for title in told if who in title], who


def test_the_policy_names_commands_that_there_are() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`", POLICY):
        assert re.search(rf"^(?:\.PHONY:.*\b{target}\b|{target}:)", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!https?://)([^)#]+)", POLICY):
        assert (ROOT / link).exists(), link
    assert not re.search(r"\S+@\S+\.\w+", POLICY)
