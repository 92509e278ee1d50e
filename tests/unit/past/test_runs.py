"""Runs of backfills: found again by what they were asked, or by their id, and refused when documents changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from sigwatch.errors import RangeError
from sigwatch.past.runs import Question, Runs, folder_beside, patterns_of, same_patterns
from sigwatch.past.state import State
from sigwatch.plan.windows import DAY
from sigwatch.store.held import held
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import signature

SIGNATURES = (signature("KO-1", "ERROR one"), signature("KO-2", "FATAL"))
QUESTION = Question(1_000, 2_000, patterns_of(SIGNATURES), ("/app/*",))


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.now = 5_000.0
        self.runs = Runs(folder_beside(folder / "state.db"), SqliteStore, held, lambda: self.now)

    def begin(self, question: Question, *, finish: bool = False) -> None:
        state: State = self.runs.begin(question)
        if finish:
            self.runs.finish(state)
        state.close()
        self.now += 10


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_same_question_is_the_same_run_and_any_other_is_not() -> None:
    same = Question(1_000, 2_000, patterns_of(reversed(SIGNATURES)), ("/app/*",))
    assert (same.id, len(same.id)) == (QUESTION.id, 8)
    others = {
        replace(QUESTION, start=999).id,
        replace(QUESTION, end=2_001).id,
        replace(QUESTION, log_groups=()).id,
        replace(QUESTION, drafts=True).id,
        replace(QUESTION, patterns=patterns_of(SIGNATURES[:1])).id,
        replace(QUESTION, patterns=patterns_of([signature("KO-1", "ERROR two"), SIGNATURES[1]])).id,
    }
    assert len(others | {QUESTION.id}) == 7


def test_a_run_is_kept_beside_the_daemons_state_and_found_again(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.runs.all() == []
    shelf.begin(QUESTION)
    assert (tmp_path / "backfills" / f"{QUESTION.id}.db").exists()
    shelf.begin(QUESTION)
    [run] = shelf.runs.all()
    assert (run.id, run.question, run.began, run.finished) == (QUESTION.id, QUESTION, 5_000, None)
    assert shelf.runs.find(QUESTION.id[:3]) == run


def test_the_latest_unfinished_run_is_what_is_gone_on_with(shelf: Shelf) -> None:
    first, second, third = (replace(QUESTION, start=number) for number in (1, 2, 3))
    for question, finish in ((first, False), (second, False), (third, True)):
        shelf.begin(question, finish=finish)
    assert [run.question.start for run in shelf.runs.all()] == [3, 2, 1]
    assert shelf.runs.latest_unfinished().question == second
    assert shelf.runs.all()[0].finished == 5_020


def test_a_run_that_is_not_there_is_named_with_those_that_are(shelf: Shelf) -> None:
    with pytest.raises(RangeError, match=r"there is no backfill zzz; .*backfills holds none"):
        shelf.runs.find("zzz")
    with pytest.raises(RangeError, match="was left unfinished; begin one with --since"):
        shelf.runs.latest_unfinished()
    shelf.begin(QUESTION)
    shelf.begin(replace(QUESTION, drafts=True))
    with pytest.raises(RangeError, match=f"these are known: .*{QUESTION.id}"):
        shelf.runs.find("zzz")
    with pytest.raises(RangeError, match="several backfills begin with"):
        shelf.runs.find("")


def test_what_is_no_run_is_passed_over(shelf: Shelf, tmp_path: Path) -> None:
    shelf.begin(QUESTION)
    (tmp_path / "backfills" / "notes.db").write_text("not a database at all, but long enough to be read as one" * 20)
    SqliteStore(tmp_path / "backfills" / "other.db").close()
    assert [run.id for run in shelf.runs.all()] == [QUESTION.id]


def test_runs_go_some_days_after_they_were_finished_or_left(shelf: Shelf, tmp_path: Path) -> None:
    shelf.begin(replace(QUESTION, start=1), finish=True)
    shelf.begin(replace(QUESTION, start=2))
    shelf.now += 5 * DAY
    shelf.begin(replace(QUESTION, start=3))
    shelf.begin(replace(QUESTION, start=4), finish=True)
    shelf.now += 5 * DAY
    assert shelf.runs.tidy(7) == 2
    assert sorted(run.question.start for run in shelf.runs.all()) == [3, 4]
    assert len(list((tmp_path / "backfills").glob("*.db"))) == 2
    assert shelf.runs.tidy(7) == 0


def test_one_process_at_a_time_is_at_work_on_a_run(shelf: Shelf) -> None:
    with shelf.runs.alone(QUESTION.id) as mine, shelf.runs.alone(QUESTION.id) as theirs:
        assert (mine, theirs) == (True, False)
    with shelf.runs.alone(QUESTION.id) as again:
        assert again


def test_a_run_does_not_go_on_with_other_patterns(shelf: Shelf) -> None:
    shelf.begin(QUESTION)
    [run] = shelf.runs.all()
    same_patterns(run, SIGNATURES)
    changed = [signature("KO-1", "ERROR two"), signature("KO-3", "PANIC")]
    with pytest.raises(RangeError, match=r"can not go on: KO-1, KO-2, KO-3 changed since .* Restore the documents, or"):
        same_patterns(run, changed)
