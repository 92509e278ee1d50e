"""Staying below the quotas of one account and region, which are shared with everybody else who uses it.

Own code, and little of it: libraries for this bring a clock and a way to sleep of their own.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sigwatch.errors import Stopped
from sigwatch.ports import Clock, Wait


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second by kind, and queries that run at once."""

    start_per_second: float = 6.0
    results_per_second: float = 8.0
    other_per_second: float = 5.0
    concurrent: int = 30

    def rate(self, kind: str) -> float:
        """Requests a second of one kind: `start`, `results` or `other`."""
        return {
            "start": self.start_per_second,
            "results": self.results_per_second,
            "other": self.other_per_second,
        }[kind]


def reserve(promised: float, now: float, rate: float) -> tuple[float, float]:
    """Take the next place in a line that moves `rate` times a second, a second's worth at once when it was empty.

    Args:
        promised: until when the line is full, in seconds; 0 for one never used.
        now: seconds, on the same clock.
        rate: places a second.

    Returns:
        The new `promised`, and the seconds to wait.
    """
    taken = max(promised, now) + 1 / rate
    return taken, max(0.0, taken - now - max(1.0, 1 / rate))


class Limiter:
    """Lets requests through no faster than the limits. Safe to use from several threads, first come, first served."""

    def __init__(self, limits: Callable[[], Limits], clock: Clock, wait: Wait) -> None:
        """`limits` gives those that hold now, `wait` says True when sigwatch is to stop."""
        self._limits = limits
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._promised: defaultdict[str, float] = defaultdict(float)
        self._room = threading.Condition()
        self._running = 0

    def pass_through(self, kind: str) -> None:
        """Wait for the turn of a request: `start`, `results` or `other`.

        Raises:
            Stopped: sigwatch is to stop first.
        """
        limits = self._limits()
        with self._lock:
            self._promised[kind], pause = reserve(self._promised[kind], self._clock(), limits.rate(kind))
        if pause > 0 and self._wait(pause):
            raise Stopped("sigwatch shuts down")

    @contextmanager
    def running(self) -> Iterator[None]:
        """One of the queries that may run at once.

        Raises:
            Stopped: sigwatch is to stop before there is room.
        """
        while not self._entered():
            if self._wait(0):
                raise Stopped("sigwatch shuts down")
        try:
            yield
        finally:
            with self._room:
                self._running -= 1
                self._room.notify()

    def _entered(self) -> bool:
        limits = self._limits()
        with self._room:
            if self._running >= limits.concurrent:
                self._room.wait(0.2)
            if self._running >= limits.concurrent:
                return False
            self._running += 1
            return True
