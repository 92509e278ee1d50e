"""A shelf that is read again and again gives at every moment what a first reading would give."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sigwatch import pattern
from sigwatch.knowledge import library
from sigwatch.knowledge.folders import MAX_BYTES, Found, listed
from sigwatch.knowledge.library import RACY_SECONDS, Shelf, load
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import Library, Problem

LATER = 4e9
"""Epoch seconds after which no file here is still fresh."""
KO = "---\nid: {id}\ntitle: {title}\nstatus: approved\ndetection_pattern: '{pattern}'\n{more}---\n{body}\n"
RIS = (
    "# {id}: {title}\n**Date:** {date}\n\n{body}\n\n## Error Signature\n```\n{quote}\n```\n## Resolution\n1. Restart\n"
)
BOOMS = ["Boom1: it broke", "Boom2: it broke", "Bang: no table", "Bang: no", "(?i)BANG", "(?i)boom[12]"]
BAD = ["(", ".*", r"\d+"]
NAMES = [
    "a.md",
    "b.md",
    "c d.md",
    "e.f.md",
    "k/a.md",
    "k/b.md",
    "k/x.md/c.md",
    "k/deep/g.md",
    "l/1.md",
    "l/2.md",
    ".h.md",
    "note.txt",
]


class Tree:
    """A folder that is changed at random. Each change gets a time of its own, whatever the clock of the disk."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self._random = Random(seed)
        self._written = 10**18

    def change(self) -> str:
        act: Callable[[], str] = self._random.choice(
            [*[self._document] * 12, self._delete, self._rename, self._folder, self._link, self._odd, self._same_size]
        )
        return act()

    def _pick(self) -> Path:
        return self.root / self._random.choice(NAMES)

    def _existing(self) -> Path | None:
        found = sorted(path for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir())
        return self._random.choice(found) if found else None

    def _clear(self, path: Path) -> Path:
        for each in (path, *path.parents):
            if each == self.root:
                break
            if each.is_symlink() or (each.exists() and not each.is_dir()):
                each.unlink()
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _write(self, path: Path, content: bytes) -> str:
        path.write_bytes(content)
        self._written += 10**9
        os.utime(path, ns=(self._written, self._written))
        return f"write {path.name}"

    def _document(self) -> str:
        choose = self._random.choice
        ko = KO.format(
            id=choose([*["KO-1", "KO-2", "KO-22", "KO-3", "KO-4", "KO-5"] * 2, "KO 6"]),
            title=choose(["payment gateway", "import path", "t"]),
            pattern=choose([*BOOMS * 3, *BAD]),
            more=choose(["", "ris: RIS-1\n", "ris: RIS-9\n", "tags: [db, net]\n", "log_gruops: x\n"]),
            body=choose(["", "", "", "## Must Match\n```\nBoom1: it broke\n```\n"]),
        )
        ris = RIS.format(
            id=choose(["RIS-1", "RIS-2", "RIS-3"]),
            title=choose(["payment gateway down", "import", "t"]),
            date=choose(["2024-01-01", "2025-01-01", "once"]),
            body=choose(["", "", "see KO-2.", "see k/a.md", "KO-1, KO-22", "e.f.md and c d.md"]),
            quote=choose(BOOMS),
        )
        text = choose([*[ko] * 6, *[ris] * 4, "# Notes\n", "---\nid: KO-1\ntitle: [\n---\n"])
        return self._write(self._clear(self._pick()), text.encode())

    def _same_size(self) -> str:
        path = self._existing()
        if path is None or not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
            return "nothing to rewrite"
        content = path.read_bytes()
        return self._write(path.resolve(), content.replace(b"RIS-1", b"RIS-2").replace(b"Boom1", b"Boom2"))

    def _delete(self) -> str:
        path = self._existing()
        if path:
            path.unlink()
        return f"delete {path}"

    def _rename(self) -> str:
        path, to = self._existing(), self._pick()
        if path and to not in (path, *path.parents) and path not in to.parents:
            self._clear(to)
            if path.is_symlink() or path.exists():
                path.rename(to)
        return f"rename {path} to {to}"

    def _folder(self) -> str:
        path = self._clear(self._pick())
        path.mkdir()
        return f"folder {path}"

    def _link(self) -> str:
        path, to = self._clear(self._pick()), self._random.choice([self._pick(), self.root, self.root / "k"])
        if self._random.random() < 0.2 and to.is_file() and to != path:
            path.hardlink_to(to)
        else:
            path.symlink_to(to)
        return f"link {path} to {to}"

    def _odd(self) -> str:
        path = self._clear(self._pick())
        odd = self._random.randrange(4)
        if odd == 0:
            os.mkfifo(path)
        else:
            self._write(path, [b"", "grün".encode("latin-1"), b"x" * (MAX_BYTES + 1), KO.encode()][odd])
            path.chmod(self._random.choice([0o644, 0o000]))
        return f"odd {path}"


@pytest.mark.parametrize("now", [LATER, 0.0])
@pytest.mark.parametrize("seed", range(6))
def test_after_any_change_it_gives_what_a_first_reading_gives(tmp_path: Path, seed: int, now: float) -> None:
    root = tmp_path / "knowledge"
    root.mkdir()
    tree = Tree(root, seed)
    paths = [root / "k", root, root / "note.txt"]
    shelf = Shelf(paths, tmp_path, judge=pattern.judge, required=pattern.required, clock=lambda: now)
    changes = []
    for _ in range(60):
        changes.append(tree.change())
        assert shelf.read() == load(paths, tmp_path, judge=pattern.judge), changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(20):
        text = KO.format(id=f"KO-{number}", title="t", pattern=f"Boom{number}: x", more="", body="")
        (tmp_path / f"{number}.md").write_text(text)
    (tmp_path / "r.md").write_text(RIS.format(id="RIS-1", title="u", date="", body="", quote="Boom7: x"))
    return tmp_path


def shelf_of(folder: Path, judge: PatternJudge, now: float = LATER) -> Shelf:
    return Shelf([folder], folder, judge=judge, required=pattern.required, clock=lambda: now)


def linked(found: Library) -> list[str]:
    return [signature.id for signature in found.signatures if signature.links]


def test_what_has_not_changed_is_the_library_from_before(folder: Path) -> None:
    shelf = shelf_of(folder, pattern.judge)
    assert shelf.read() is shelf.read()


def test_only_what_has_changed_is_tried_again(folder: Path) -> None:
    tried: list[str] = []

    def judge(wanted: str, text: str) -> bool:
        tried.append(wanted)
        return pattern.judge(wanted, text)

    shelf = shelf_of(folder, judge)
    assert linked(shelf.read()) == ["KO-7"]
    assert len(tried) == 41
    del tried[:]
    (folder / "3.md").write_text(KO.format(id="KO-3", title="t", pattern="Boom[7]: x", more="", body=""))
    assert linked(shelf.read()) == ["KO-3", "KO-7"]
    assert set(tried) == {"Boom[7]: x"}
    del tried[:]
    (folder / "r.md").write_text(RIS.format(id="RIS-1", title="u", date="", body="", quote="Boom12: x"))
    assert linked(shelf.read()) == ["KO-12"]
    assert set(tried) == {"Boom12: x"}


def test_a_file_that_is_only_touched_changes_nothing(folder: Path) -> None:
    shelf = shelf_of(folder, pattern.judge)
    first = shelf.read()
    os.utime(folder / "3.md")
    assert shelf.read() is first


def test_a_file_that_went_and_came_back_is_read_again(folder: Path) -> None:
    shelf = shelf_of(folder, pattern.judge)
    first = shelf.read()
    (folder / "r.md").rename(folder / "r.txt")
    assert linked(shelf.read()) == []
    (folder / "r.txt").rename(folder / "r.md")
    assert shelf.read() == first


def reading(folder: Path, now: float, before: dict[str, library._Kept], found: Found) -> dict[str, library._Kept]:
    settled_ns = int((now - RACY_SECONDS) * 1e9)
    return library._taken([found], before, settled_ns, pattern.judge)[0]


@pytest.mark.parametrize(("age", "noticed"), [(0.5, True), (1.9, True), (2.5, False), (-60, True)])
def test_a_second_change_within_one_tick_is_noticed(folder: Path, age: float, noticed: bool) -> None:
    """The stamp is the one from before, as if the file had been written twice before its clock moved on."""
    [found] = [one for one in listed([folder], folder) if not isinstance(one, Problem) and one.shown == "r.md"]
    now = found.touched_ns / 1e9 + age
    first = reading(folder, now, {}, found)
    (folder / "r.md").write_text(RIS.format(id="RIS-2", title="u", date="", body="", quote="Boom7: x"))
    second = reading(folder, now + 120, first, found)
    assert (second["r.md"].digest != first["r.md"].digest) is noticed
    assert reading(folder, now + 120, second, found)["r.md"] is second["r.md"]


def test_a_file_that_is_written_in_the_future_is_read_each_time(folder: Path) -> None:
    os.utime(folder / "r.md", (LATER, LATER))
    shelf = shelf_of(folder, pattern.judge, LATER)
    assert linked(shelf.read()) == ["KO-7"]
    assert not shelf._state.files["r.md"].settled
    assert shelf._state.files["7.md"].settled


def test_what_fails_to_be_opened_is_a_problem_and_is_tried_again(tmp_path: Path) -> None:
    [found] = [one for one in listed([_written(tmp_path / "a.md")], tmp_path) if not isinstance(one, Problem)]
    (tmp_path / "a.md").unlink()
    files, [trouble] = library._taken([found], {}, 0, pattern.judge)
    assert files == {}
    assert (trouble.path, trouble.field) == ("a.md", "file")
    assert "No such file" in trouble.message


def test_what_goes_while_a_folder_is_listed_is_a_problem(tmp_path: Path) -> None:
    _written(tmp_path / "a.md")
    _written(tmp_path / "b.md")
    found = listed([tmp_path], tmp_path)
    first = next(found)
    assert isinstance(first, Found)
    (tmp_path / "b.md").unlink()
    [second] = found
    assert isinstance(second, Problem)
    assert (second.path, second.field) == ("b.md", "path")


def test_a_folder_that_can_not_be_listed_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    _written(tmp_path / "0.md")
    found = listed([tmp_path], tmp_path)
    assert isinstance(next(found), Found)
    (tmp_path / "a").rmdir()
    [problem] = found
    assert isinstance(problem, Problem)
    assert (problem.path, problem.field) == ("a", "path")


def _written(path: Path) -> Path:
    path.write_text("# x\n")
    return path
