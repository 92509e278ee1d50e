"""Threads that read ahead and threads that search, with results in the order of what was read and a bound on all of it.

Readers take one line each, in order; what they give is worked on by whoever is free, and handed on in order. Each line
holds a few pieces, finished or not: a reader that is ahead by more waits. Lines are begun in order, so the one that is
handed on always has a reader of its own, and nothing can wait in a circle.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Generic, TypeVar

LOOK_SECONDS = 0.1
"""Longest time that a request to stop is not noticed while there is nothing to hand on."""

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Size:
    """How many threads, and how far ahead."""

    readers: int
    workers: int
    depth: int
    """Pieces of one line that are read and not yet handed on."""


@dataclass(slots=True)
class _Slot(Generic[Given, Made]):
    given: Given | None
    made: Made | None = None


@dataclass(slots=True)
class _Line(Generic[Given, Made]):
    slots: deque[_Slot[Given, Made]] = field(default_factory=deque)
    over: bool = False


class Crew(Generic[Given, Made]):
    """Threads for one run."""

    def __init__(
        self,
        lines: Sequence[Callable[[], Generator[Given, None, None]]],
        hand: Callable[[], Callable[[Given], Made]],
        size: Size,
        halt: threading.Event,
    ) -> None:
        """Nothing happens before `results`.

        Args:
            lines: each begins to read something; its iterator is used by one thread and closed in it.
            hand: makes what does the work, once for each thread.
            size: of it all.
            halt: set when the run ends, for what is to be read or done no more.
        """
        self._begin = list(lines)
        self._hand = hand
        self._size = size
        self._halt = halt
        self._lines: list[_Line[Given, Made]] = [_Line() for _ in lines]
        self._next = 0
        self._readers = min(size.readers, len(lines))
        self._waiting: deque[_Slot[Given, Made]] = deque()
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def results(self, stopping: Callable[[], bool]) -> Generator[Made, None, None]:
        """What was made, in order; ends early when asked to stop. No thread is left when it is closed.

        Raises:
            Exception: whatever reading or working raised.
        """
        threads = [
            threading.Thread(target=self._guarded, args=(self._read,), daemon=True) for _ in range(self._readers)
        ]
        threads += [
            threading.Thread(target=self._guarded, args=(self._work,), daemon=True) for _ in range(self._size.workers)
        ]
        try:
            for thread in threads:
                thread.start()
            for line in self._lines:
                while (slot := self._first(line, stopping)) is not None and slot.made is not None:
                    yield slot.made
        finally:
            self._end()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _first(self, line: _Line[Given, Made], stopping: Callable[[], bool]) -> _Slot[Given, Made] | None:
        """The next of a line that is done; None at its end, and when asked to stop."""
        with self._changed:
            while not stopping():
                if self._error is not None:
                    raise self._error
                if line.slots and line.slots[0].made is not None:
                    self._changed.notify_all()
                    return line.slots.popleft()
                if line.over and not line.slots:
                    return None
                self._changed.wait(LOOK_SECONDS)
        return None

    def _guarded(self, task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for results
            with self._changed:
                self._error = self._error or error
            self._end()

    def _end(self) -> None:
        with self._changed:
            self._halt.set()
            self._changed.notify_all()

    def _read(self) -> None:
        while (number := self._turn()) is not None:
            line = self._lines[number]
            with closing(self._begin[number]()) as given:
                for each in given:
                    if not self._offer(line, _Slot(each)):
                        return
            with self._changed:
                line.over = True
                self._changed.notify_all()

    def _turn(self) -> int | None:
        with self._changed:
            if self._halt.is_set() or self._next == len(self._lines):
                self._readers -= 1
                self._changed.notify_all()
                return None
            self._next += 1
            return self._next - 1

    def _offer(self, line: _Line[Given, Made], slot: _Slot[Given, Made]) -> bool:
        with self._changed:
            while len(line.slots) >= self._size.depth and not self._halt.is_set():
                self._changed.wait()
            if self._halt.is_set():
                return False
            line.slots.append(slot)
            self._waiting.append(slot)
            self._changed.notify_all()
            return True

    def _work(self) -> None:
        hand = self._hand()
        while (slot := self._take()) is not None:
            given, slot.given = slot.given, None
            if given is not None:
                made = hand(given)
                with self._changed:
                    slot.made = made
                    self._changed.notify_all()

    def _take(self) -> _Slot[Given, Made] | None:
        with self._changed:
            while not self._waiting and self._readers and not self._halt.is_set():
                self._changed.wait()
            return self._waiting.popleft() if self._waiting and not self._halt.is_set() else None
