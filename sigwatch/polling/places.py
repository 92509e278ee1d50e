"""Where each pass stands in each log group at this moment: in hand, put off, held up by one window.

A window that fails again and again is stepped over for a while, so that news is not held up by it; it stays a gap in
the coverage and is tried again. The window after it must succeed before a second one may be stepped over: where
everything fails, nothing is gained by trying further on.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sigwatch.model.coverage import Coverage, StartedQuery
from sigwatch.model.logs import LogGroup, Window
from sigwatch.plan.scopes import Batch
from sigwatch.plan.windows import first_of

LONGEST_BACKOFF_SECONDS = 300
TRIES_BEFORE_STEPPING_OVER = 3

MOST_GROWTH = 2
"""How many times longer a window may be than the one before it, where little came back."""

Place = tuple[str, LogGroup]
"""A pass in a log group."""


def backoff(failures: int, interval: float, chance: float) -> float:
    """Seconds to leave a failing place alone: doubling from the interval, spread by `chance` (0 to 1)."""
    longest = max(interval, LONGEST_BACKOFF_SECONDS)
    return min(interval * 2.0 ** (failures - 1), longest) * (0.5 + chance / 2)


def next_length(seconds: int, full: float) -> int:
    """How long the window may be after one of so many seconds whose fullest result was so full, 0 to 1.

    It aims at results that are half full: a full one is paid for and of no use.
    """
    return max(1, int(seconds * min(MOST_GROWTH, 0.5 / full if full else MOST_GROWTH)))


@dataclass(frozen=True, slots=True)
class _Held:
    """A window that is stepped over until its time comes."""

    window: Window
    until: float
    tries: int


@dataclass(slots=True)
class _Standing:
    """What is known of one place."""

    failures: int = 0
    not_before: float = 0.0
    longest: int | None = None
    """Seconds of the next window at most, after one that could not be read at once."""
    again: Window | None = None
    """Begun before: the same window again finds the queries that were already paid for."""
    held: list[_Held] = field(default_factory=list)
    moved_on: bool = True
    """Whether a window was read since the last one was stepped over."""


class Places:
    """Bookkeeping for all passes. Safe to use from several threads."""

    def __init__(self, interval: float, chance: Callable[[], float]) -> None:
        """Failing places are left alone from `interval` seconds up; `chance` gives numbers from 0 to 1."""
        self._interval = interval
        self._chance = chance
        self._lock = threading.RLock()
        self._standing: dict[Place, _Standing] = {}
        self._in_hand: set[Place] = set()

    def resume(self, started: Iterable[StartedQuery], groups: Mapping[str, LogGroup]) -> None:
        """Go on with the windows that an earlier run of the program had begun; `groups` are those watched, by ARN."""
        with self._lock:
            for query in started:
                for arn in query.groups:
                    if arn in groups:
                        self._of((query.pass_name, groups[arn])).again = query.window

    def take(self, choose: Callable[[], list[Batch]]) -> list[Batch]:
        """Take what is chosen into hand, while nobody else chooses."""
        with self._lock:
            chosen = choose()
            self._in_hand.update((batch.step.name, group) for batch in chosen for group in batch.groups)
        return chosen

    def release(self, batch: Batch) -> None:
        """It is no longer in hand."""
        with self._lock:
            self._in_hand.difference_update((batch.step.name, group) for group in batch.groups)

    def free(self, place: Place, now: float) -> bool:
        """Whether the place may be searched now."""
        with self._lock:
            return place not in self._in_hand and self._of(place).not_before <= now

    def seen(self, place: Place, coverage: Coverage, now: float) -> Coverage:
        """The coverage, with windows that are stepped over taken for searched."""
        with self._lock:
            held = [each.window for each in self._of(place).held if each.until > now]
        return coverage.plus(held) if held else coverage

    def fitted(self, place: Place, window: Window) -> Window:
        """The window, or as much of its beginning as this place should read at once."""
        with self._lock:
            standing = self._of(place)
            again = standing.again
            if again and again.start == window.start and again.end <= window.end:
                return again
            return first_of(window, standing.longest) if standing.longest else window

    def succeeded(self, batch: Batch, read: Window, full: float) -> None:
        """The beginning of the batch's window was read to completion, or all of it; how full the results were."""
        short = read.end < batch.window.end
        with self._lock:
            for group in batch.groups:
                standing = self._of((batch.step.name, group))
                standing.failures, standing.not_before, standing.again = 0, 0.0, None
                standing.moved_on = True
                standing.held = [each for each in standing.held if each.window.start != batch.window.start]
                if short or standing.longest:
                    standing.longest = next_length(read.seconds, full)

    def failed(self, batch: Batch, now: float, *, too_much: bool) -> None:
        """The batch could not be read; `too_much` says that a shorter window may do."""
        with self._lock:
            standing = self._of((batch.step.name, batch.groups[0]))
            changed = replace(
                self._put_off(standing, batch.window, now),
                again=None if too_much else batch.window,
                longest=max(1, batch.window.seconds // 2) if too_much else standing.longest,
            )
            for group in batch.groups:
                self._standing[batch.step.name, group] = replace(changed, held=list(changed.held))

    def _put_off(self, standing: _Standing, window: Window, now: float) -> _Standing:
        stuck = next((each for each in standing.held if each.window.start == window.start), None)
        failures = standing.failures + 1
        if stuck:
            others = [each for each in standing.held if each is not stuck]
            return replace(standing, held=[*others, self._step_over(window, now, stuck.tries + 1)])
        if failures >= TRIES_BEFORE_STEPPING_OVER and standing.moved_on:
            held = [*standing.held, self._step_over(window, now, failures)]
            return replace(standing, failures=0, not_before=0.0, moved_on=False, held=held)
        pause = backoff(failures, self._interval, self._chance())
        return replace(standing, failures=failures, not_before=now + pause)

    def _step_over(self, window: Window, now: float, tries: int) -> _Held:
        return _Held(window, now + max(self._interval, backoff(tries, self._interval, self._chance())), tries)

    def _of(self, place: Place) -> _Standing:
        return self._standing.setdefault(place, _Standing())
