import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sigwatch.scan.accounts import Sighting, Totals
from sigwatch.scan.files import Manner, bundles
from sigwatch.scan.places import Source, sources
from sigwatch.scan.scanner import Progress, ScanSettings, run
from sigwatch.scan.values import Place
from tests.fakes.scanning import Lines, LinesPage, Literals, lines

NOW_MS = 9_000
SETTINGS = ScanSettings(Manner(lines, NOW_MS), threads=2)


def scan(
    paths: Sequence[Path | str],
    engine: Literals,
    settings: ScanSettings = SETTINGS,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[list[Sighting], Totals]:
    found: list[Sighting] = []
    named, problems = sources([str(path) for path in paths])
    assert not problems
    totals = run(named, engine, found.extend, lambda progress: None, stopping, settings)
    return found, totals


def told(found: Sequence[Sighting]) -> list[tuple[str, str, int, int, str]]:
    return [(each.signature, Path(each.path).name, each.line, each.row.ts_ms, each.row.message) for each in found]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> object:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def archive(folder: Path) -> list[Path]:
    """Files small and large, plain and packed, each with lines of the same kinds at places of its own."""
    made = []
    for number in range(30):
        text = b"".join(
            b"%d %s %d of %d\n" % (1_000 * line, b"ERROR" if line % (7 + number) == 3 else b"fine", line, number)
            for line in range(5 + 60 * number)
        )
        made.append(folder / f"{number:02}.log")
        made[-1].write_bytes(gzip.compress(text) if number % 3 else text)
    return made


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("block", [50, 1_000, 4 << 20])
def test_the_answer_is_the_same_whatever_the_threads_and_blocks(threads: int, block: int, tmp_path: Path) -> None:
    archive(tmp_path)
    settings = replace(SETTINGS, threads=threads, manner=Manner(lines, NOW_MS, block=block))
    found, totals = scan([tmp_path], Literals(("ERROR", "of 2")), settings)
    expected = [
        (name, f"{number:02}.log", line + 1, 1_000 * line, f"{line * 1000} {word} {line} of {number}")
        for number in range(30)
        for line in range(5 + 60 * number)
        for word in ["ERROR" if line % (7 + number) == 3 else "fine"]
        for name in ["ERROR"] * (word == "ERROR") + ["of 2"] * str(number).startswith("2")
    ]
    assert told(found) == expected
    assert totals.lines == sum(5 + 60 * number for number in range(30))
    assert [Path(file.path).name for file in totals.files] == [f"{number:02}.log" for number in range(30)]
    assert totals.span == (0, 1_000 * (4 + 60 * 29))
    assert (totals.problems, totals.stopped) == ([], False)


def test_a_long_line_is_survived_and_searched(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    with path.open("wb") as file:
        file.write(b"5 first\n6 begin")
        for number in range(800):
            file.write(b"x" * 9_999 + (b"ERROR" if number == 700 else b"-"))
        file.write(b"\n7 ERROR last\n")
    settings = replace(SETTINGS, manner=Manner(lines, NOW_MS, block=100_000, bound=200_000, overlap=1_000))
    found, totals = scan([path], Literals(("ERROR", "begin")), settings)
    assert [(each.signature, each.line, each.row.ts_ms) for each in found] == [
        ("begin", 2, 6),
        ("ERROR", 2, 6),
        ("ERROR", 3, 7),
    ]
    assert max(len(each.row.message) for each in found) <= 200_000
    assert (totals.bytes, totals.lines) == (path.stat().st_size, 3)
    assert len(totals.problems) == 1
    assert totals.problems[0].startswith(f"{path}:2: an event longer than")


def test_events_without_a_time_take_the_one_before_or_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("ERROR early\n7 fine\nERROR later\n" + "fine\n" * 50 + "ERROR last\n")
    (tmp_path / "b.log").write_text("ERROR undated\n")
    os.utime(tmp_path / "a.log", ns=(0, 5_000_000))
    os.utime(tmp_path / "b.log", ns=(0, 6_000_000))
    settings = replace(SETTINGS, manner=Manner(lines, NOW_MS, block=40))
    found, totals = scan([tmp_path], Literals(("ERROR",)), settings)
    assert [each.row.ts_ms for each in found] == [5, 7, 7, 6]
    assert [remark.split("; ")[0] for remark in totals.remarks] == [
        f"{tmp_path}/b.log: no time was found, so the file's own is taken for all"
    ]


def test_times_that_run_backwards_are_told_once_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(f"{time}0000 {'x' * 100}\n" for time in (1, 9, 1, 9, 8, 1)))
    _, totals = scan([tmp_path], Literals(()), replace(SETTINGS, manner=Manner(lines, NOW_MS, block=100)))
    assert totals.files[0].backwards == 2
    assert [remark.split("; ")[0] for remark in totals.remarks] == [
        f"{tmp_path}/a.log:3: times run backwards here (2 times in this file)"
    ]


def test_events_that_a_slow_pattern_does_not_decide_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("1 slow\n2 fine\n3 slow and quick\n")
    found, totals = scan([tmp_path], Literals(("slow", "quick"), slow=("slow",)))
    assert [each.signature for each in found] == ["quick"]
    assert dict(totals.undecided) == {"slow": 2}
    assert totals.files[0].undecided == 2


def test_damaged_and_vanished_files_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = b"".join(b"%d ERROR\n" % number for number in range(1_000))
    (tmp_path / "a.gz").write_bytes(gzip.compress(text)[:-300])
    (tmp_path / "b.log").write_bytes(text)
    (tmp_path / "c.log").write_bytes(text)
    named, _ = sources([str(tmp_path)])
    (tmp_path / "b.log").unlink()
    found: list[Sighting] = []
    totals = run(named, Literals(("ERROR",)), found.extend, lambda progress: None, lambda: False, SETTINGS)
    counts = [sum(each.path.endswith(name) for each in found) for name in ("a.gz", "b.log", "c.log")]
    assert 500 < counts[0] < 1_000
    assert counts[1:] == [0, 1_000]
    words = "\n".join(totals.problems)
    assert ("cut off" in words, "no such file" in words) == (True, True)
    assert [bool(file.unread) for file in totals.files] == [True, True, False]


def test_progress_ends_with_all_that_is_stored(tmp_path: Path) -> None:
    stored = sum(path.stat().st_size for path in archive(tmp_path))
    seen: list[Progress] = []
    named, _ = sources([str(tmp_path)])
    totals = run(named, Literals(("ERROR",)), lambda hits: None, seen.append, lambda: False, SETTINGS)
    assert [each.stored for each in seen] == sorted(each.stored for each in seen)
    assert (seen[-1].stored, seen[-1].bytes, seen[-1].sightings) == (stored, totals.bytes, totals.sightings)


@pytest.mark.parametrize("threads", [1, 7])
def test_what_is_told_may_fail_and_no_thread_is_left(threads: int, tmp_path: Path) -> None:
    archive(tmp_path)
    named, _ = sources([str(tmp_path)])

    def broken(hits: Sequence[Sighting]) -> None:
        raise BrokenPipeError

    settings = replace(SETTINGS, threads=threads, manner=Manner(lines, NOW_MS, block=100))
    with pytest.raises(BrokenPipeError):
        run(named, Literals(("ERROR",)), broken, lambda progress: None, lambda: False, settings)


class _Broken(Lines):
    def page(self, data: bytes, place: object) -> LinesPage:
        raise RuntimeError("of a format")


def test_a_fault_in_a_thread_is_raised_to_the_caller(tmp_path: Path) -> None:
    archive(tmp_path)
    manner = Manner(lambda head, time_format="", exported=False, near_ms=None: _Broken(), NOW_MS)
    with pytest.raises(RuntimeError, match="of a format"):
        scan([tmp_path], Literals(("ERROR",)), replace(SETTINGS, manner=manner))


def test_a_stop_keeps_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"1 ERROR\n" * 100_000)
    found: list[Sighting] = []
    named, _ = sources([str(path)])
    settings = replace(SETTINGS, manner=Manner(lines, NOW_MS, block=1 << 10))
    engine = Literals(("ERROR",))
    totals = run(named, engine, found.extend, lambda progress: None, lambda: len(found) > 1_000, settings)
    assert totals.stopped
    assert 1_000 < len(found) == totals.sightings < 100_000
    assert totals.files[0].unread


def test_a_pipe_is_told_at_once_and_ends_with_a_stop() -> None:
    stop = threading.Event()
    found: list[Sighting] = []
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        assert cat.stdin is not None
        assert cat.stdout is not None
        named, _ = sources([f"/dev/fd/{cat.stdout.fileno()}"])
        cat.stdin.write(b"1 ERROR one\n")
        cat.stdin.flush()

        def heard(hits: Sequence[Sighting]) -> None:
            found.extend(hits)
            assert cat.stdin is not None
            if len(found) == 1:
                cat.stdin.write(b"2 ERROR two\n3 ERR")
                cat.stdin.flush()
            else:
                stop.set()

        totals = run(named, Literals(("ERR",)), heard, lambda progress: None, stop.is_set, SETTINGS)
        cat.stdin.close()
    assert [each.row.message for each in found] == ["1 ERROR one", "2 ERROR two", "3 ERR"]
    assert totals.stopped


def test_a_named_pipe_that_nobody_writes_to_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    looks = iter(range(5))
    found, totals = scan([tmp_path / "pipe"], Literals(()), stopping=lambda: next(looks, None) is None)
    assert (found, totals.stopped) == ([], True)


def test_of_nothing_there_is_nothing_to_tell() -> None:
    assert scan([], Literals(("ERROR",))) == ([], Totals())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1, 2, 3], [3]),
        ([1, None, 2, 3], [1, 1, 2]),
        ([1, 5 << 20, 2], [1, 1, 1]),
        ([3 << 20, 1 << 20, 1], [2, 1]),
        ([1] * 600, [256, 256, 88]),
    ],
)
def test_small_neighbours_are_read_together(sizes: list[int | None], expected: list[int]) -> None:
    made = [Source(Place(str(number), "g", "s"), False, size) for number, size in enumerate(sizes)]
    found = list(bundles(made))
    assert [len(bundle) for bundle in found] == expected
    assert [source for bundle in found for source in bundle] == made


_MAIN = """
import sys
from sigwatch.scan.files import Manner
from sigwatch.scan.places import sources
from sigwatch.scan.scanner import ScanSettings, run
from tests.fakes.scanning import Literals, lines
def tell(hits):
    for hit in hits:
        print(hit.row.log_group, hit.row.ts_ms, hit.line, hit.row.message, flush=True)
named, _ = sources(["-"])
run(named, Literals(("ERROR",)), tell, lambda p: None, lambda: False, ScanSettings(Manner(lines, 9000), 2))
"""


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_standard_input_is_read_to_its_end(pack: Callable[[bytes], bytes]) -> None:
    text = b"".join(b"%s %d\n" % (b"ERROR" if number % 1_000 == 0 else b"fine", number) for number in range(20_000))
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _MAIN], input=pack(text), cwd=root, capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().splitlines() == [
        f"stdin 9000 {number + 1} ERROR {number}" for number in range(0, 20_000, 1_000)
    ]
