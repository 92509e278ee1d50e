import gzip
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sigwatch.scan.accounts import Sighting
from sigwatch.scan.files import Manner, read_on
from sigwatch.scan.following import Failed, Fate, Fresh, Pace, fate, follow
from sigwatch.scan.formats import recognise
from sigwatch.scan.inputs import Lull
from sigwatch.scan.looking import Part
from sigwatch.scan.places import sources
from sigwatch.scan.scanner import Following, ScanSettings, run
from tests.fakes.scanning import Literals, lines

NOW_MS = 1_767_225_600_000
PACE = Pace(every=1.0, quiet=2.0)


class Play:
    """A wait in which something happens to the files each time; stops after the last of it."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps: Iterator[Callable[[], object]] = iter(steps)

    def __call__(self, seconds: float) -> bool:
        step = next(self._steps, None)
        if step is not None:
            step()
        return step is None


def nothing() -> None:
    pass


def add(path: Path, text: str) -> Callable[[], object]:
    def act() -> None:
        with path.open("a") as file:
            file.write(text)

    return act


def rotate(path: Path) -> None:
    path.rename(path.with_suffix(".1"))


def seen(paths: Sequence[Path], play: Play) -> list[object]:
    """What is given, times left out."""
    given = follow([str(path) for path in paths], play, PACE)
    return [(number, Fresh if isinstance(each, Fresh) else each) for number, each in given]


def scan(paths: Sequence[Path], play: Play, manner: Manner) -> tuple[list[tuple[int, str]], list[str]]:
    found: list[Sighting] = []
    named, _ = sources([str(path) for path in paths])
    settings = ScanSettings(manner, threads=2, following=Following(play, PACE))
    before = threading.active_count()
    totals = run(named, Literals(("ERROR",)), found.extend, lambda progress: None, lambda: False, settings)
    assert threading.active_count() == before
    return [(each.line, each.row.message) for each in found], totals.problems


@pytest.mark.parametrize(
    ("position", "size", "named", "marked", "expected"),
    [
        (10, 10, (1, 1), True, Fate.SAME),
        (10, 20, (1, 1), True, Fate.SAME),
        (10, 9, (1, 1), True, Fate.SHORTER),
        (10, 20, (1, 1), False, Fate.SHORTER),
        (10, 10, (1, 2), True, Fate.REPLACED),
        (10, 0, (1, 2), False, Fate.REPLACED),
        (10, 10, None, True, Fate.GONE),
    ],
)
def test_what_became_of_a_file(
    position: int, size: int, named: tuple[int, int] | None, marked: bool, expected: Fate
) -> None:
    assert fate(position, size, (1, 1), named, marked=marked) is expected


def test_growth_is_given_as_it_comes_and_lulls_between(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\n")
    assert seen([path], Play(add(path, "two\n"), nothing, nothing, nothing, add(path, "three\n"))) == [
        (0, Fresh),
        (0, b"one\n"),
        (0, Lull.SHORT),
        (0, b"two\n"),
        (0, Lull.SHORT),
        (0, Lull.LONG),
        (0, b"three\n"),
        (0, Lull.SHORT),
    ]


def test_the_rest_of_a_file_that_is_rotated_comes_before_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\n")

    def rotated() -> None:
        add(path, "last\n")()
        rotate(path)
        path.write_text("new\n")

    assert [each for each in seen([path], Play(rotated)) if not isinstance(each[1], Lull)] == [  # type: ignore[index]  # pairs
        (0, Fresh),
        (0, b"one\n"),
        (0, b"last\n"),
        (0, Fresh),
        (0, b"new\n"),
    ]


def test_what_is_written_after_the_name_is_gone_is_read_until_there_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1 ERROR one\n")
    play = Play(
        lambda: rotate(path),
        add(path.with_suffix(".1"), "2 ERROR late\n"),
        nothing,
        lambda: path.write_text("3 ERROR new\n"),
    )
    assert scan([path], play, Manner(lines, NOW_MS)) == (
        [(1, "1 ERROR one"), (2, "2 ERROR late"), (1, "3 ERROR new")],
        [],
    )


@pytest.mark.parametrize("text", ["4 ERROR a\n", "4 ERROR after it was cut and grew past where it was\n"])
def test_a_file_that_is_cut_short_is_read_from_its_beginning(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1 ERROR one\n2 fine\n3 fine\n")
    found, problems = scan([path], Play(nothing, lambda: path.write_text(text), nothing), Manner(lines, NOW_MS))
    assert (found, problems) == ([(1, "1 ERROR one"), (1, text.strip())], [])


def test_a_file_that_vanishes_and_one_that_is_not_there_yet_come_back(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_text("1 ERROR a\n")
    second.write_text("1 ERROR b\n")
    named, _ = sources([str(first), str(second)])
    second.unlink()
    found: list[Sighting] = []
    play = Play(
        first.unlink,
        lambda: second.write_text("2 ERROR b\n"),
        lambda: first.write_text("3 ERROR a\n"),
    )
    settings = ScanSettings(Manner(lines, NOW_MS), threads=2, following=Following(play, PACE))
    run(named, Literals(("ERROR",)), found.extend, lambda progress: None, lambda: False, settings)
    assert [each.row.message for each in found] == ["1 ERROR a", "2 ERROR b", "3 ERROR a"]


def test_an_event_waits_for_what_may_go_on_with_it_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2026-01-01T00:00:00Z fine\n2026-01-01T00:00:01Z ERROR one\n")
    looks = [0]

    def step(text: str = "") -> Callable[[], object]:
        def act() -> None:
            looks[0] += 1
            add(path, text)()

        return act

    texts = ("  at a.b.C\n", "", "", "", "2026-01-01T00:00:05Z ERR", "", "", "", "OR two\n", "", "", "")
    named, _ = sources([str(path)])
    batches = read_on(named, Manner(recognise, NOW_MS), Play(*map(step, texts)), PACE, lambda: False)
    given = [(looks[0], item.piece.data) for batch in batches for item in batch if isinstance(item, Part)]
    assert given == [
        (0, b"2026-01-01T00:00:00Z fine\n"),
        (3, b"2026-01-01T00:00:01Z ERROR one\n  at a.b.C\n"),
        (11, b"2026-01-01T00:00:05Z ERROR two\n"),
    ]


def test_a_file_that_may_not_be_read_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.mkdir()
    given = seen([path], Play(nothing, nothing, nothing, nothing))
    assert len([each for each in given if isinstance(each[1], Failed)]) == 1  # type: ignore[index]  # pairs


def test_standard_input_is_not_followed_beside_files(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1 ERROR one\n")
    found, problems = scan([path, Path("-")], Play(nothing), Manner(lines, NOW_MS))
    assert found == [(1, "1 ERROR one")]
    assert problems == ["standard input: can not be followed together with files; give it alone"]


def test_what_is_packed_is_read_once_and_the_rest_followed(tmp_path: Path) -> None:
    path, packed = tmp_path / "a.log", tmp_path / "a.log.1.gz"
    path.write_text("2 ERROR now\n")
    packed.write_bytes(gzip.compress(b"1 ERROR then\n"))
    found, problems = scan([path, packed], Play(add(path, "3 ERROR later\n")), Manner(lines, NOW_MS))
    assert found == [(1, "1 ERROR then"), (1, "2 ERROR now"), (2, "3 ERROR later")]
    assert not problems


def test_a_stop_ends_following_with_what_has_come(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1 ERROR one\n2 ERROR half")
    assert scan([path], Play(), Manner(lines, NOW_MS))[0] == [(1, "1 ERROR one"), (2, "2 ERROR half")]
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    scan([path], Play(nothing), replace(Manner(lines, NOW_MS), block=20))
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
