"""The house rules that a tool can hold: budgets, frozen values, the error tree, no patches."""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch import errors
from sigwatch.model import event, incident, knowledge, logs

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "sigwatch").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES = 350
FUNCTION_LINES = 50


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_keep_their_budgets(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions(path) if f.end_lineno is not None}
    assert not {name: lines for name, lines in long.items() if lines > FUNCTION_LINES}


@pytest.mark.parametrize("module", [event, incident, knowledge, logs])
def test_every_value_of_the_model_is_frozen_and_slotted(module: object) -> None:
    made = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if dataclasses.is_dataclass(kind)]
    assert made
    for kind in made:
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]  # set by the decorator
        assert "__slots__" in vars(kind), kind


def test_the_error_tree_is_drawn_as_it_is() -> None:
    def drawn(kind: type, prefix: str = "") -> Iterator[str]:
        children = [c for c in vars(errors).values() if inspect.isclass(c) and c.__bases__ == (kind,)]
        for number, child in enumerate(children, 1):
            last = number == len(children)
            yield f"{prefix}{'└──' if last else '├──'} {child.__name__}"
            yield from drawn(child, prefix + ("    " if last else "│   "))

    tree = "\n".join(["SigwatchError", *drawn(errors.SigwatchError)])
    assert tree in (errors.__doc__ or "")


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_test_patches_our_own_names_or_sleeps() -> None:
    forbidden = re.compile(r"mock\.patch|monkeypatch\.setattr|time\.sleep\(")
    guilty = [str(path) for path in TESTS if path != Path(__file__) and forbidden.search(path.read_text())]
    assert not guilty


def test_every_exemption_names_its_rule_and_reason() -> None:
    exemption = re.compile(r"#\s*(noqa|type: ignore)(.*)$", re.MULTILINE)
    bare = [
        f"{path}: {found[0]}"
        for path in (*SOURCES, *TESTS)
        if path != Path(__file__)
        for found in exemption.finditer(path.read_text())
        if not re.match(r"(: [A-Z]+\d+(, [A-Z]+\d+)* - \S|\[[\w, -]+\]  # \S)", found[2])
    ]
    assert not bare


def test_every_module_can_be_imported_by_itself() -> None:
    for path in SOURCES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not name.endswith("__main__"):
            importlib.import_module(name.removesuffix(".__init__"))


def test_no_address_of_an_index_or_a_machine_is_in_the_project() -> None:
    listed = subprocess.run(["git", "ls-files"], check=False, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout, so the project's files can not be told from others")
    words = re.compile(r"index-url|find-links|--trusted-host|file:///(?!var|home)|/root/|/work/")
    guilty = [
        name
        for name in listed.stdout.split()
        if (ROOT / name).is_file() and name != "tests/contract/test_architecture.py"
        if words.search((ROOT / name).read_text(errors="replace"))
    ]
    assert not guilty
