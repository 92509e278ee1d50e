import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigwatch.knowledge.folders import MAX_BYTES
from sigwatch.knowledge.library import load
from sigwatch.knowledge.patterns import PatternJudge

KO = "---\nid: {id}\ntitle: T\nstatus: approved\ndetection_pattern: 'ERROR boom'\n{more}---\n"
RIS = "# {id}: It broke\n**Severity:** P1\n\n## Error Signature\n```\nERROR boom\n```\n## Resolution\n1. Restart\n"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_folders_are_read_recursively_and_linked(tmp_path: Path, judge: PatternJudge) -> None:
    write(tmp_path / "k/b.md", KO.format(id="KO-2", more=""))
    write(tmp_path / "k/deep/a.md", KO.format(id="KO-1", more="ris: RIS-1\n"))
    write(tmp_path / "r/x.md", RIS.format(id="RIS-1"))
    write(tmp_path / "k/README.md", "# Read me")
    write(tmp_path / "k/.hidden/c.md", KO.format(id="KO-3", more=""))
    write(tmp_path / "k/.c.md", KO.format(id="KO-3", more=""))
    write(tmp_path / "k/node_modules/c.md", KO.format(id="KO-3", more=""))
    write(tmp_path / "k/c.txt", KO.format(id="KO-3", more=""))
    library = load([tmp_path / "k", tmp_path / "r"], tmp_path, judge=judge)
    assert library.problems == ()
    assert [(s.id, s.ko.path, s.severity) for s in library.signatures] == [
        ("KO-1", "k/deep/a.md", "P1"),
        ("KO-2", "k/b.md", "P1"),
    ]
    assert [ris.path for ris in library.summaries] == ["r/x.md"]
    assert [ignored.path for ignored in library.ignored] == ["k/README.md"]


def test_paths_are_shown_as_typed(tmp_path: Path, judge: PatternJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = write(tmp_path / "outside.md", "# x")
    write(tmp_path / "here/k/a.md", "# x")
    monkeypatch.chdir(tmp_path / "here")
    library = load([Path("k"), Path("../outside.md"), Path("gone")], judge=judge)
    assert [ignored.path for ignored in library.ignored] == ["../outside.md", "k/a.md"]
    assert [problem.path for problem in library.problems] == ["gone"]
    assert [ignored.path for ignored in load([outside], judge=judge).ignored] == [outside.as_posix()]


def test_a_file_by_name_is_read_whatever_its_suffix_and_only_once(tmp_path: Path, judge: PatternJudge) -> None:
    named = write(tmp_path / "k/ko.txt", KO.format(id="KO-1", more=""))
    (tmp_path / "k/again.md").symlink_to(named)
    library = load([named, named, tmp_path / "k", tmp_path], judge=judge)
    assert [signature.id for signature in library.signatures] == ["KO-1"]
    assert library.problems == ()


def test_what_can_not_be_read_is_a_problem_and_costs_nothing_else(tmp_path: Path, judge: PatternJudge) -> None:
    write(tmp_path / "good.md", KO.format(id="KO-1", more=""))
    write(tmp_path / "latin.md", "ok\ngrün".encode("latin-1"))
    write(tmp_path / "huge.md", b"x" * (MAX_BYTES + 1))
    (tmp_path / "broken.md").symlink_to("nowhere.md")
    (tmp_path / "self.md").symlink_to("self.md")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.md")
    library = load([tmp_path, tmp_path / "gone"], tmp_path, judge=judge)
    assert [signature.id for signature in library.signatures] == ["KO-1"]
    told = {problem.path: problem.message for problem in library.problems}
    assert "No such file" in told["broken.md"]
    assert "loop of links" in told["self.md"]
    assert "leads back" in told["loop"]
    assert "UTF-8 text (byte 5)" in told["latin.md"]
    assert "200 kB" in told["huge.md"]
    assert "regular file" in told["pipe.md"]
    assert "no such file or folder" in told["gone"]
    assert [problem.line for problem in library.problems if problem.path == "latin.md"] == [2]


def test_a_link_loop_given_by_name_is_a_problem(tmp_path: Path, judge: PatternJudge) -> None:
    (tmp_path / "a").symlink_to("a")
    (problem,) = load([tmp_path / "a"], tmp_path, judge=judge).problems
    assert problem.path == "a"


def test_a_path_that_no_system_accepts_is_a_problem(tmp_path: Path, judge: PatternJudge) -> None:
    (problem,) = load([tmp_path / ("x" * 5000)], tmp_path, judge=judge).problems
    assert "can not be read" in problem.message or "no such file" in problem.message


def test_the_first_of_two_equal_ids_counts(tmp_path: Path, judge: PatternJudge) -> None:
    write(tmp_path / "a.md", "\n" + KO.format(id="KO-1", more=""))
    write(tmp_path / "b.md", KO.format(id="KO-1", more=""))
    write(tmp_path / "r1.md", RIS.format(id="RIS-1"))
    write(tmp_path / "r2.md", "\n\n" + RIS.format(id="RIS-1"))
    library = load([tmp_path], tmp_path, judge=judge)
    assert [signature.ko.path for signature in library.signatures] == ["a.md"]
    assert [ris.path for ris in library.summaries] == ["r1.md"]
    assert [(p.path, p.line, p.field, p.level) for p in library.problems] == [
        ("b.md", 2, "id", "error"),
        ("r2.md", 3, "id", "error"),
    ]
    assert "a.md:3" in library.problems[0].message
    assert "r1.md:1" in library.problems[1].message


def test_the_order_of_the_paths_does_not_matter(tmp_path: Path, judge: PatternJudge) -> None:
    first = write(tmp_path / "a.md", KO.format(id="KO-1", more="ris: RIS-9\n"))
    second = write(tmp_path / "b.md", KO.format(id="KO-1", more="tag: x\n"))
    library = load([second, tmp_path / "gone", first], tmp_path, judge=judge)
    assert library == load([first, second, tmp_path / "gone"], tmp_path, judge=judge)
    assert [signature.ko.path for signature in library.signatures] == ["a.md"]
    assert [(p.path, p.field) for p in library.problems] == [
        ("a.md", "ris"),
        ("b.md", "id"),
        ("b.md", "tag"),
        ("gone", "path"),
    ]


def test_one_broken_document_leaves_the_others(tmp_path: Path, judge: PatternJudge) -> None:
    write(tmp_path / "bad.md", KO.format(id="KO-1", more="tags: 5\n"))
    write(tmp_path / "broken.md", "---\nid: [\n---\n")
    write(tmp_path / "good.md", KO.format(id="KO-2", more="ris: RIS-404\n"))
    library = load([tmp_path], tmp_path, judge=judge)
    assert [signature.id for signature in library.signatures] == ["KO-2"]
    assert [(p.path, p.field) for p in library.problems] == [
        ("bad.md", "tags"),
        ("broken.md", "front matter"),
        ("good.md", "ris"),
    ]


def test_faults_of_all_kinds_are_told_at_once(tmp_path: Path, judge: PatternJudge) -> None:
    text = "---\nid: KO-1\ntitle: t\nstatus: approved\ndetection_pattern: '.*'\nris: RIS-404\n---\n"
    write(tmp_path / "ko.md", text)
    library = load([tmp_path], tmp_path, judge=judge)
    assert not library.signatures
    assert [(p.line, p.field, p.level) for p in library.problems] == [
        (5, "detection_pattern", "error"),
        (6, "ris", "warning"),
    ]


def test_the_digest_follows_names_and_contents(tmp_path: Path, judge: PatternJudge) -> None:
    first = write(tmp_path / "a.md", "one")
    digests = [load([tmp_path], tmp_path, judge=judge).digest]
    assert load([tmp_path, first], tmp_path, judge=judge).digest == digests[0]
    write(first, "two")
    digests.append(load([tmp_path], tmp_path, judge=judge).digest)
    first.rename(tmp_path / "b.md")
    digests.append(load([tmp_path], tmp_path, judge=judge).digest)
    write(tmp_path / "not-read.txt", "x")
    assert load([tmp_path], tmp_path, judge=judge).digest == digests[-1]
    assert len(set(digests)) == 3


SCRAPS = st.sampled_from(
    [
        "---\n",
        "id: KO-1\n",
        "id: RIS-1\n",
        "# RIS-1: t\n",
        "{",
        "}\n",
        '"id": ',
        "[",
        ": ",
        "&a ",
        "*a\n",
        "!!int ",
        "```\n",
        "## Must Match\n",
        "## Resolution\n",
        "1. ",
        "- ",
        "**Status:** ",
        "> ",
        "detection_pattern: '(",
        "title: T\nstatus: draft\n",
        "severity: ",
        "tags: ",
        "2026-13-45\n",
        "\t",
        "\r\n",
        "**",
        "`",
        "\n",
        "<!--",
        "✅".encode().decode("mac_roman"),
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SCRAPS | st.text(max_size=8), max_size=25).map("".join), st.booleans())
def test_no_text_makes_it_raise(tmp_path: Path, judge: PatternJudge, text: str, framed: bool) -> None:
    written = f"---\n{text}\n---\n{text}" if framed else text
    write(tmp_path / "any.md", written.encode("utf-8", "replace"))
    library = load([tmp_path], tmp_path, judge=judge)
    assert all(problem.message and problem.line >= 0 for problem in library.problems)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_no_bytes_make_it_raise(tmp_path: Path, judge: PatternJudge, content: bytes) -> None:
    write(tmp_path / "any.md", content)
    load([tmp_path], tmp_path, judge=judge)
