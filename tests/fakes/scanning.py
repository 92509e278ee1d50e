"""A search for literals and a format of plain lines, as small as a scan allows."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sigwatch.match.engine import Verdict
from sigwatch.scan.values import Event, Place


@dataclass(frozen=True, slots=True)
class Literals:
    """Finds texts; the id of a signature is what it looks for."""

    texts: tuple[str, ...]
    slow: tuple[str, ...] = ()
    """Of those, what it never decides."""

    def scanner(self) -> "Literals":
        return self

    def ends(self, buffer: bytes) -> list[int]:
        found = set()
        for text in self.texts:
            wanted, at = text.encode(), -1
            while (at := buffer.find(wanted, at + 1)) >= 0:
                found.add(at + len(wanted))
        return sorted(found)

    def match(self, text: str) -> Verdict:
        there = [wanted for wanted in self.texts if wanted in text]
        return Verdict(
            tuple(sorted(wanted for wanted in there if wanted not in self.slow)),
            tuple(wanted for wanted in there if wanted in self.slow),
        )


@dataclass(slots=True)
class LinesPage:
    """Every line is an event; one that begins with digits and a blank has those milliseconds as its time."""

    text: bytes
    place: Place
    lines: int = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.count(b"\n") + (not self.text.endswith(b"\n"))

    def events(self, ends: Sequence[int], *, numbered: bool = True) -> Iterator[Event]:
        at, time = 0, None
        left = deque(ends)
        for before, line in enumerate(self.text.split(b"\n")):
            own = _time(line)
            time = time if own is None else own
            if left and left[0] <= at + len(line):
                yield Event(time, line.decode("utf-8", "replace"), self.place.log_group, self.place.stream, before)
            at += len(line) + 1
            while left and left[0] < at:
                left.popleft()

    def span(self) -> tuple[int, int] | None:
        times = [time for time in map(_time, self.text.split(b"\n")) if time is not None]
        return (times[0], times[-1]) if times else None


class Lines:
    """The format of them."""

    name = "lines"

    def cut(self, data: bytes) -> int:
        return data.rfind(b"\n") + 1

    def page(self, data: bytes, place: Place) -> LinesPage:
        return LinesPage(data, place)


def lines(head: bytes, time_format: str = "", exported: bool = False, near_ms: int | None = None) -> Lines:
    """Takes everything for lines."""
    return Lines()


def _time(line: bytes) -> int | None:
    word = line.split(b" ", 1)[0]
    return int(word) if word.isdigit() else None
