import os
import threading
from collections.abc import Callable, Generator
from pathlib import Path

from sigwatch.scan.files import Manner, read
from sigwatch.scan.formats import recognise
from sigwatch.scan.inputs import Input, Lull
from sigwatch.scan.looking import Part
from sigwatch.scan.order import Crew, Size
from sigwatch.scan.places import Source
from sigwatch.scan.values import Place


def test_readers_are_never_ahead_by_more_than_the_depth_and_results_are_in_order() -> None:
    read_, done, lead = [0, 0], [0, 0], [0, 0]

    def line(number: int) -> Generator[tuple[int, int], None, None]:
        for count in range(2_000):
            read_[number] += 1
            lead[number] = max(lead[number], read_[number] - done[number])
            yield number, count

    def hand() -> Callable[[tuple[int, int]], tuple[int, int]]:
        return lambda item: item

    crew = Crew([lambda: line(0), lambda: line(1)], hand, Size(2, 3, 4), threading.Event())
    found = []
    for number, count in crew.results(lambda: False):
        found.append((number, count))
        done[number] += 1
    assert found == [(number, count) for number in range(2) for count in range(2_000)]
    # One in the hand of the reader, and one that was handed on and is not counted yet.
    assert max(lead) <= 4 + 2


def test_a_pipe_that_gives_nothing_for_long_says_so_once() -> None:
    out, into = os.pipe()
    os.write(into, b"one\n")
    given: list[bytes | Lull] = []
    with Input(f"/dev/fd/{out}", lambda: Lull.LONG in given, quiet=0.1) as data:
        for each in data.give():
            given.append(each)  # noqa: PERF402 - what was given so far decides when it stops
    os.close(out)
    os.close(into)
    assert given == [b"one\n", Lull.SHORT, Lull.LONG]


def test_the_format_is_told_again_when_there_is_more_to_tell_it_by(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    greeting = b"hello\n"
    dated = b"".join(b"2026-01-01T00:00:%02dZ fine\n" % second for second in range(60))
    path.write_bytes(greeting + dated)
    source = Source(Place(str(path), "g", "s"), False, path.stat().st_size)
    batches = list(read([source], Manner(recognise, 0, block=len(greeting)), lambda: False))
    parts = [item for batch in batches for item in batch if isinstance(item, Part)]
    spans = [part.written.page(part.piece.data, source.place).span() for part in parts]
    assert spans[-1] is not None
    assert spans[-1][1] == 1_767_225_659_000
