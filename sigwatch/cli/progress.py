"""How far a long search is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sigwatch.cli.context import stderr
from sigwatch.ports import Clock
from sigwatch.publish.words.wording import duration

EVERY_SECONDS = 10.0
"""Between two lines where there is no terminal."""


class Gauge(Protocol):
    """Shows how far something is."""

    def __call__(self, share: float | None, words: str) -> None:
        """So much is done, from 0 to 1, None where nobody knows; `words` say the rest."""


@contextmanager
def gauge(title: str, clock: Clock, stopping: Callable[[], bool] = lambda: False) -> Iterator[Gauge]:
    """A way to show progress on standard error, gone when the work is done.

    Args:
        title: what is being done, as a participle.
        clock: epoch seconds.
        stopping: says True once the work is asked to stop: a bar says so, or nobody would know that Ctrl-C was heard.
    """
    # Lines that wrap softly can not be counted, and a bar that can not count its lines can not take them back.
    talk = Console(stderr=True, highlight=False)
    if not talk.is_terminal or talk.is_dumb_terminal:
        yield _Lines(title, clock)
        return
    bar = _Bar(title, clock, stopping)
    # Standard output is for data, which must not be led to the terminal of the bar.
    with Live(console=talk, transient=True, get_renderable=bar.picture, redirect_stdout=False):
        yield bar


class Pace:
    """How long it will take from here, if it goes on as it did since it was first asked how far it is."""

    def __init__(self, clock: Clock) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def reached(self, share: float | None) -> None:
        """So much is done, from 0 to 1; the first time may be above 0, where earlier work goes on."""
        if share is None:
            return
        self._last = self._clock(), share
        self._first = self._first or self._last

    def left(self) -> float | None:
        """Seconds; None where nothing was done yet, or all is."""
        if self._first is None or not self._first[1] < self._last[1] < 1:
            return None
        (begun, before), (now, share) = self._first, self._last
        expected = (now - begun) * (1 - share) / (share - before)
        return max(0.0, expected - (self._clock() - now))

    def words(self) -> str:
        """The same for people; empty where nobody knows."""
        seconds = self.left()
        if seconds is None:
            return ""
        return f"{'about ' if seconds >= 1 else ''}{duration(int(seconds) * 1000)} left"


def percent(share: float) -> str:
    """So much is done; 100% only where all is."""
    return f"{int(share * 100)}%"


class _Bar:
    """What a terminal shows: a bar as wide as there is room, and the words below it."""

    def __init__(self, title: str, clock: Clock, stopping: Callable[[], bool]) -> None:
        self._title = title
        self._stopping = stopping
        self._pace = Pace(clock)
        self._share: float | None = None
        self._words = ""

    def __call__(self, share: float | None, words: str) -> None:
        self._pace.reached(share)
        self._share, self._words = share, words

    def picture(self) -> RenderableType:
        """As it is now."""
        title = "stopping" if self._stopping() else self._title
        bar = ProgressBar(total=1.0, completed=self._share or 0.0, pulse=self._share is None)
        part = "" if self._share is None else f"{percent(self._share):>4}"
        top = Table.grid(padding=(0, 1), expand=True)
        top.add_column(no_wrap=True)
        top.add_column(ratio=1)
        top.add_column(no_wrap=True)
        top.add_column(no_wrap=True)
        top.add_row(title, bar, part, self._pace.words())
        return Group(top, Text(self._words)) if self._words else top


class _Lines:
    """The first line comes after a while: what is quick needs none."""

    def __init__(self, title: str, clock: Clock) -> None:
        self._title = title
        self._clock = clock
        self._pace = Pace(clock)
        self._talk = stderr()
        self._next = clock() + EVERY_SECONDS

    def __call__(self, share: float | None, words: str) -> None:
        self._pace.reached(share)
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY_SECONDS
        part = "" if share is None else f"{percent(share)}, "
        left = self._pace.words()
        self._talk.print(f"{self._title}: {part}{words}{f', {left}' if left else ''}", markup=False)
