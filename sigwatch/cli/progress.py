"""How far a long search is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from sigwatch.cli.context import stderr
from sigwatch.ports import Clock

EVERY_SECONDS = 10.0
"""Between two lines where there is no terminal."""


class Gauge(Protocol):
    """Shows how far something is."""

    def __call__(self, share: float | None, words: str) -> None:
        """So much is done, from 0 to 1, None where nobody knows; `words` say the rest."""


@contextmanager
def gauge(title: str, clock: Clock) -> Iterator[Gauge]:
    """A way to show progress on standard error, gone when the work is done."""
    talk = stderr()
    if not talk.is_terminal:
        yield _Lines(title, clock)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeRemainingColumn())
    with Progress(*columns, console=talk, transient=True) as progress:
        yield _Bar(progress, progress.add_task(title, total=None, words=""))


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, share: float | None, words: str) -> None:
        self._progress.update(self._task, total=None if share is None else 1.0, completed=share or 0.0, words=words)


class _Lines:
    """The first line comes after a while: what is quick needs none."""

    def __init__(self, title: str, clock: Clock) -> None:
        self._title = title
        self._clock = clock
        self._talk = stderr()
        self._next = clock() + EVERY_SECONDS

    def __call__(self, share: float | None, words: str) -> None:
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY_SECONDS
        part = "" if share is None else f"{share:.0%}, "
        self._talk.print(f"{self._title}: {part}{words}", markup=False)
