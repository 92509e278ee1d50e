"""Silences in files: each entry by itself, beside the documents, read again where they change."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sigwatch import pattern
from sigwatch.cli.app import application
from sigwatch.knowledge.library import Shelf, load
from sigwatch.knowledge.silences import LONGEST_DAYS, ReadSilences, distinct, last_good, read, unread
from sigwatch.model.incident import Matchers, Silence
from sigwatch.model.knowledge import Library, Problem

NOW = 1_772_000_000.0  # 2026-02-25
LATER = 4e9
"""Epoch seconds after which no file here is still fresh."""
ENTRY = "- signature: {}\n  reason: deploy\n  author: ada\n  until: 2026-03-01T06:00Z\n"
GOOD = ENTRY.format("KO-1")
KO = "---\nid: KO-1\ntitle: t\nstatus: approved\ndetection_pattern: 'Boom1: it broke'\n---\n"


def found(text: str) -> tuple[list[Silence], list[tuple[int, str, str]]]:
    given_ = read("ops/silences.yaml", text)
    assert {problem.path for problem in given_.problems} <= {"ops/silences.yaml"}
    return list(given_.silences), [(p.line, p.field, p.message) for p in given_.problems]


def test_an_entry_with_every_key() -> None:
    text = (
        "# planned\n"
        "- {signature: KO-*, project: shop, severity: 'P[23]', log_group: /aws/lambda/x, reason: ' move ',\n"
        "   author: ada, from: 2026-02-28T22:00+01:00, until: 2026-03-01T06:00Z}\n"
    )
    [silence], problems = found(text)
    assert problems == []
    assert silence.matchers == Matchers("KO-*", "shop", "P[23]", "/aws/lambda/x")
    assert (silence.reason, silence.author, silence.source) == ("move", "ada", "ops/silences.yaml:2")
    assert (silence.starts_ms, silence.ends_ms) == (1_772_312_400_000, 1_772_344_800_000)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T06:00Z",
        "2026-03-01T06:00:00Z",
        "2026-03-01 06:00:00",
        "2026-03-01T06:00",
        "'2026-03-01T07:00+01:00'",
        "2026-03-01T07:00:00+01:00",
    ],
)
def test_a_time_is_read_in_whatever_way_yaml_takes_it(written: str) -> None:
    [silence], _ = found(GOOD.replace("2026-03-01T06:00Z", written))
    assert (silence.starts_ms, silence.ends_ms) == (0, 1_772_344_800_000)


def test_a_day_is_its_beginning() -> None:
    [silence], _ = found(GOOD.replace("2026-03-01T06:00Z", "2026-03-01"))
    assert silence.ends_ms == 1_772_323_200_000


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "\ufeff"])
def test_a_file_may_be_empty(text: str) -> None:
    assert found(text) == ([], [])


def test_every_fault_is_named_at_its_line_and_the_other_entries_hold() -> None:
    text = (
        "- signature: KO-1\n  log_groups: /a\n  reason:\n  author: [a, b]\n  until: tomorrow\n"
        + ENTRY.format("KO-2")
        + "- KO-3\n"
        + "- {signature: KO-4}\n"
        + ENTRY.format("KO-5").replace("reason: deploy", "signature: KO-6\n  reason: x")
        + "- {signature: KO-7, reason: x, author: a, from: 2026-03-02T00:00Z, until: 2026-03-02T00:00Z}\n"
        + ENTRY.format("KO-8")
    )
    silences, problems = found(text)
    assert [one.matchers.signature for one in silences] == ["KO-2", "KO-8"]
    assert [(line, field) for line, field, _ in problems] == [
        (2, "log_groups"),
        (3, "reason"),
        (4, "author"),
        (5, "until"),
        (10, "silence"),
        (11, "author"),
        (11, "reason"),
        (11, "until"),
        (13, "signature"),
        (17, "until"),
    ]
    told = [message for _, _, message in problems]
    assert told[0] == "unknown key; did you mean log_group?"
    assert told[3] == "'tomorrow' is no time: write it as 2026-03-01T06:00Z"
    assert "is missing: say who answers for it" in told
    assert "stands twice, first on line 12: delete one of them" in told


def test_a_silence_of_everything_holds_and_is_warned_of() -> None:
    text = "- {reason: x, author: a, until: 2026-03-01T06:00Z}"
    given_ = read("silences.yaml", text)
    assert len(given_.silences) == 1
    assert [(p.line, p.level) for p in given_.problems] == [(1, "warning")]
    assert "EVERY SIGNATURE in EVERY LOG GROUP" in given_.problems[0].message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- signature: [KO-1\n- x", 2, "is not valid YAML"),
        ("signature: KO-1\n", 1, "must be a list: begin each silence with a hyphen"),
        ("# x\nKO-1", 2, "must be a list"),
        ("- a\n---\n- b\n", 2, "is not valid YAML"),
        ("- \x00", 0, "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_list_is_one_problem(text: str, line: int, words: str) -> None:
    silences, [(where, field, message)] = found(text)
    assert (silences, where, field) == ([], line, "file")
    assert words in message


@given(st.text(alphabet="-: \n[]{}&*!'\"#|>abK1\t,\ud800\x07", max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(read("silences.yaml", text), ReadSilences)


def test_the_id_is_that_of_what_it_says_wherever_it_stands() -> None:
    [first], _ = found(GOOD)
    [second], _ = found("# x\n" + GOOD.replace("2026-03-01T06:00Z", "'2026-03-01T07:00:00+01:00'"))
    assert first.id == second.id
    assert first.source != second.source
    changes = [
        ("KO-1", "KO-2"),
        ("deploy", "move"),
        ("ada", "bob"),
        ("06:00Z", "06:01Z"),
        ("  until", "  from: 2026-02-01\n  until"),
    ]
    others = [found(GOOD.replace(*change))[0][0].id for change in changes]
    assert len({first.id, *others}) == 6


def test_the_same_entry_twice_is_one_silence_and_a_warning() -> None:
    [one], _ = found(GOOD)
    [other] = read("b/silences.yaml", "\n" + GOOD).silences
    kept, [problem] = distinct([one, other])
    assert kept == (other,)
    assert (problem.path, problem.line, problem.level) == ("ops/silences.yaml", 1, "warning")
    assert "is the same as in b/silences.yaml:2" in problem.message


class House:
    """A folder of documents, read again and again at a time of one's choice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self._shelf = Shelf([root], root, judge=pattern.judge, required=pattern.required, clock=lambda: self.now)
        self._written = 10**18

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self._written += 10**9
        os.utime(path, ns=(self._written, self._written))

    def read(self) -> Library:
        library = self._shelf.read()
        again = load([self.root], self.root, judge=pattern.judge, clock=lambda: self.now)
        assert library == again
        return library


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write("ko.md", KO)
    house.write("ops/silences.yaml", GOOD)
    return house


def test_a_file_is_found_beside_the_documents(house: House) -> None:
    house.write("silences.yml", ENTRY.format("KO-2"))
    house.write("other.yaml", ENTRY.format("KO-3"))
    library = house.read()
    assert [(one.source, one.matchers.signature) for one in library.silences] == [
        ("ops/silences.yaml:1", "KO-1"),
        ("silences.yml:1", "KO-2"),
    ]
    assert [one.id for one in library.signatures] == ["KO-1"]
    assert (library.problems, library.ignored) == ((), ())


def test_a_file_may_be_named_by_itself(house: House) -> None:
    found_ = load([house.root / "ops/silences.yaml"], house.root, judge=pattern.judge)
    assert [one.source for one in found_.silences] == ["ops/silences.yaml:1"]


def test_an_edit_is_noticed_and_what_is_removed_ends(house: House) -> None:
    house.now = LATER
    house.write("ops/silences.yaml", GOOD + ENTRY.format("KO-2"))
    first = house.read()
    assert house.read() is first
    house.write("ops/silences.yaml", ENTRY.format("KO-2"))
    second = house.read()
    assert second.digest != first.digest
    assert [one.matchers.signature for one in second.silences] == ["KO-2"]
    (house.root / "ops/silences.yaml").unlink()
    assert house.read().silences == ()


def test_what_ends_too_far_away_does_not_hold_until_it_is_near(house: House) -> None:
    house.write("ops/silences.yaml", GOOD + ENTRY.format("KO-2").replace("2026-03", "2027-03"))
    library = house.read()
    assert [one.matchers.signature for one in library.silences] == ["KO-1"]
    [problem] = library.problems
    assert (problem.path, problem.line, problem.field, problem.level) == ("ops/silences.yaml", 5, "until", "error")
    assert f"more than {LONGEST_DAYS} days from now" in problem.message
    house.now += 7 * 86_400
    library = house.read()
    assert len(library.silences) == 2
    assert library.problems == ()


def test_without_a_clock_nothing_is_too_far_away(house: House) -> None:
    house.write("ops/silences.yaml", GOOD.replace("2026", "2099"))
    assert len(load([house.root], house.root, judge=pattern.judge).silences) == 1


def test_the_same_silence_in_two_files_is_told(house: House) -> None:
    house.write("silences.yaml", GOOD)
    library = house.read()
    assert [one.source for one in library.silences] == ["ops/silences.yaml:1"]
    assert [(p.path, p.level) for p in library.problems] == [("silences.yaml", "warning")]


def test_a_file_that_is_not_utf_8_is_a_problem(house: House) -> None:
    (house.root / "ops/silences.yaml").write_bytes("- {reason: für}".encode("latin-1"))
    assert [(p.path, p.field) for p in house.read().problems] == [("ops/silences.yaml", "file")]


@pytest.mark.parametrize("broken", ["- [", "not a list"])
def test_a_broken_file_keeps_its_last_good_silences(house: House, broken: str) -> None:
    house.write("b/silences.yaml", ENTRY.format("KO-2"))
    before = house.read()
    house.write("ops/silences.yaml", broken)
    house.write("b/silences.yaml", ENTRY.format("KO-3"))
    fresh = house.read()
    kept = last_good(before.silences, fresh.silences, fresh.problems)
    assert [one.matchers.signature for one in kept] == ["KO-3", "KO-1"]


def test_an_entry_at_fault_is_not_kept(house: House) -> None:
    before = house.read()
    house.write("ops/silences.yaml", GOOD.replace("until", "untill"))
    fresh = house.read()
    assert last_good(before.silences, fresh.silences, fresh.problems) == ()


def test_a_folder_that_is_gone_keeps_its_silences() -> None:
    [one], _ = found(GOOD)
    gone = [Problem("ops", 0, "path", "there is no such file or folder")]
    assert last_good([one], [], gone) == (one,)
    assert last_good([one], [], []) == ()
    assert not unread(gone)("opsx/silences.yaml")


def test_check_names_the_silences_and_their_problems(house: House) -> None:
    house.write(
        "ops/silences.yaml", "- {reason: x, author: bob, from: 2026-02-28, until: 2026-03-01}\n" + GOOD + "- x\n"
    )
    path = house.root / "ops/silences.yaml"
    told = CliRunner().invoke(application(), ["check", str(house.root)])
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    assert (
        f"silence {path}:1: every signature in every log group from 2026-02-28 00:00:00 UTC "
        "until 2026-03-01 00:00:00 UTC: x (bob)"
    ) in lines
    assert f"silence {path}:2: signature=KO-1 until 2026-03-01 06:00:00 UTC: deploy (ada)" in lines
    assert any(line.startswith(f"{path}:6: silence: must have keys") for line in lines)
    assert "1 signatures (0 linked), 0 RIS, 2 silences, 0 files ignored, 1 errors, 1 warnings" in lines
    report = json.loads(CliRunner().invoke(application(), ["check", str(house.root), "--format", "json"]).stdout)
    assert [(one["starts"], one["ends"]) for one in report["silences"]] == [
        ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"),
        (None, "2026-03-01T06:00:00Z"),
    ]
