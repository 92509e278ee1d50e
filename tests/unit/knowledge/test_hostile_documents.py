"""What somebody can try who may propose changes to the knowledge, and what becomes of it.

Each document is far smaller than the longest that is read. Where reading it takes time that goes with more than its
length, these tests do not end.
"""

from pathlib import Path

import pytest

from sigwatch.knowledge import front_matter, markdown
from sigwatch.knowledge.facts import without_remark
from sigwatch.knowledge.folders import MAX_BYTES
from sigwatch.knowledge.library import load
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import Library
from sigwatch.pattern import judge as deciding
from sigwatch.publish.words.inline import runs

KEYS = "id: {id}\ntitle: T\nstatus: approved\ndetection_pattern: 'ERROR boom'\n"
MANY = MAX_BYTES - 1_000


def document(more: str = "", body: str = "", id_: str = "KO-1") -> str:
    return f"---\n{KEYS.format(id=id_)}{more}---\n# T\n{body}"


def loaded(folder: Path, judge: PatternJudge, **files: str) -> Library:
    """The library of the files, given without their suffix, beside a good one."""
    (folder / "good.md").write_text(document(id_="KO-good"))
    for name, text in files.items():
        assert len(text) < MAX_BYTES
        (folder / f"{name}.md").write_text(text)
    return load([folder], folder, judge=judge)


@pytest.mark.parametrize("filler", [" ", "\t", "\n", " \n", "\u3000"])
@pytest.mark.parametrize(
    "shape",
    ["---{}x\n", "---\n{}x\n---\n", "---\na{}x\n---\n", "# RIS-1: x\n\n**a{}b\n", "# RIS-1: x\n**MTTR:** a{}b\n"],
)
def test_no_filling_holds_up_the_reading(tmp_path: Path, judge: PatternJudge, shape: str, filler: str) -> None:
    library = loaded(tmp_path, judge, long=shape.format(filler * (MANY // 2 // len(filler.encode()))))
    assert "KO-good" in [signature.id for signature in library.signatures]


def test_no_filling_holds_up_a_single_line() -> None:
    blanks = " " * MANY
    assert front_matter.block_of(f"---{blanks}x") is None
    assert markdown.label_in(f"**a{blanks}b") is None
    assert without_remark(f"10 minutes{blanks}x").startswith("10 minutes")
    assert len(runs("`" * MANY)) == 1


def test_a_sentence_of_dots_does_not_fill_the_memory(tmp_path: Path, judge: PatternJudge) -> None:
    many = {f"ko{number}": document(id_=f"KO-{number}") for number in range(12)}
    library = loaded(tmp_path, judge, dots=f"# RIS-1: It broke\n\nSee KO-7. And KO-1{'.' * (MANY - 100)}\n", **many)
    assert {one.id for one in library.signatures if one.ris} == {"KO-1", "KO-7"}


def nested(first: str, each: str) -> str:
    """Nine times nine times nine ... of something, in half a kilobyte."""
    return first + "".join(each.format(here=n, below=", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 10))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (nested("a0: &a0 {x: 1}\n", "a{here}: &a{here}\n  <<: [{below}]\n"), "merge key <<"),
        (nested("a0: &a0 [x]\n", "a{here}: &a{here} [{below}]\n") + "tags: *a9\n", "item 1 must be text, not a list"),
        ("tags: &a [*a]\n", "item 1 must be text, not a list"),
        (f"mttr: 1{':1' * 90_000}\n", "number too long"),
        (f"mttr: {'9' * 5_000}\n", "number too long"),
        ("tags: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    ],
    ids=["merges", "aliases", "itself", "base 60", "digits", "code"],
)
def test_a_bomb_of_yaml_is_a_problem_and_costs_nothing_else(
    tmp_path: Path, judge: PatternJudge, more: str, told: str
) -> None:
    library = loaded(tmp_path, judge, bomb=document(more))
    assert [signature.id for signature in library.signatures] == ["KO-good"]
    assert {problem.path for problem in library.problems} == {"bomb.md"}
    assert any(told in problem.message for problem in library.problems)


@pytest.mark.parametrize("name", ["x.md", "silences.yaml", "RIS-050-x.md"])
def test_a_link_does_not_show_other_files_of_the_machine(tmp_path: Path, judge: PatternJudge, name: str) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("# The token is hunter2\n\n## Resolution\n1. hunter2\n")
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / name).symlink_to(secrets)
    (folder / "other.md").symlink_to("../secrets")
    (folder / "all").symlink_to(tmp_path, target_is_directory=True)
    library = loaded(folder, judge)
    assert [signature.id for signature in library.signatures] == ["KO-good"]
    assert not library.summaries
    assert {problem.path for problem in library.problems} == {name, "other.md", "all"}
    assert all("leads out of the knowledge folders" in problem.message for problem in library.problems)


def test_links_that_stay_inside_are_followed_as_mounted_volumes_have_them(tmp_path: Path, judge: PatternJudge) -> None:
    (tmp_path / "mount" / "..2026_01_01").mkdir(parents=True)
    (tmp_path / "mount" / "..2026_01_01" / "a.md").write_text(document())
    (tmp_path / "mount" / "..data").symlink_to("..2026_01_01")
    (tmp_path / "mount" / "a.md").symlink_to("..data/a.md")
    (tmp_path / "current").symlink_to("mount")
    library = load([tmp_path / "current"], tmp_path, judge=judge)
    assert [signature.id for signature in library.signatures] == ["KO-1"]
    assert library.problems == ()


@pytest.mark.parametrize(
    ("id_", "told"),
    [("KO-" + "x" * 400, "longer than 200"), ('"KO-\\u202Ex"', "invisible"), ('"KO-\\e[31m"', "invisible")],
)
def test_an_id_is_short_and_visible(tmp_path: Path, judge: PatternJudge, id_: str, told: str) -> None:
    library = loaded(tmp_path, judge, odd=document(id_=id_))
    assert [signature.id for signature in library.signatures] == ["KO-good"]
    assert told in library.problems[0].message


@pytest.mark.parametrize("key", ["channel", "slack_channel", "mention", "targets", "route", "url", "ris_url"])
def test_an_object_can_not_say_whom_to_tell_or_call(tmp_path: Path, judge: PatternJudge, key: str) -> None:
    library = loaded(tmp_path, judge, other=document(f"{key}: C0EVIL\n"))
    assert "C0EVIL" not in repr(library.signatures)


@pytest.mark.parametrize("pattern", ["", ".*", "x?", "(a|)", "^", "$", "(?:)", r"\b|", "(?=)", "(?!x)"])
def test_a_pattern_that_finds_the_empty_text_is_not_watched(tmp_path: Path, pattern: str) -> None:
    library = loaded(tmp_path, deciding, every=document().replace("ERROR boom", pattern))
    assert [signature.id for signature in library.watched] == ["KO-good"]
    assert "every.md" in {problem.path for problem in library.problems}


@pytest.mark.parametrize("pattern", [".", "e", r"\w+", r"[^\n]", "[[:print:]]", "(?i)[a-z]{2}", ".*.", "I|o", "(?=.)."])
def test_a_pattern_that_finds_nearly_everything_is_not_watched(tmp_path: Path, pattern: str) -> None:
    library = loaded(tmp_path, deciding, every=document().replace("ERROR boom", pattern))
    assert [signature.id for signature in library.watched] == ["KO-good"]
    assert "every.md" in {problem.path for problem in library.problems}


def test_a_pattern_of_any_size_is_decided_on_or_refused(tmp_path: Path) -> None:
    patterns = {
        "deep": "(" * 20_000 + "a" + ")" * 20_000,
        "repeated": "((a{1,1000}){1,1000}){1,1000}",
        "wide": "|".join(f"x{number}y" for number in range(9_000)),
        "stars": "a*" * 40_000 + "b",
        "looking": "(?=a)" * 20_000 + "ab",
        "slow": "(?=x)(x+x+)+y",
    }
    library = loaded(
        tmp_path,
        deciding,
        **{name: document(id_=f"KO-{name}").replace("ERROR boom", each) for name, each in patterns.items()},
    )
    assert "KO-good" in {signature.id for signature in library.watched}
    assert {problem.path for problem in library.problems} >= {"deep.md", "repeated.md", "wide.md", "stars.md"}
