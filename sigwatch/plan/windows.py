"""Which window a pass reads next in a log group. Windows are half-open, so adjoining ones never share an event."""

from collections.abc import Iterable
from dataclasses import dataclass

from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import LogGroup, Pass, Window

DAY = 86400


@dataclass(frozen=True, slots=True)
class Pace:
    """How passes move through time, in seconds."""

    interval: int
    first_lookback: int
    catch_up_window: int


def first_cursor(now: float, pace: Pace) -> int:
    """Where every pass begins in a log group never searched before; a young group may hold older events too."""
    return int(now) - pace.first_lookback


def window_seconds(delay: int, interval: int) -> int:
    """How long the windows of a pass are when it is up to date."""
    return max(interval, delay // 5)


def due_window(step: Pass, group: LogGroup, coverage: Coverage, now: float, pace: Pace) -> Window | None:
    """The window that the pass reads next, or None while there is not enough to read. Gaps come before news.

    A pass at a long delay gathers longer windows: the bytes are the same, the queries are fewer. A second less than the
    interval is enough: ticks come a little late at times, and seconds are whole.
    """
    return _window(step, group, coverage, now, pace, at_least=max(1, window_seconds(step.delay, pace.interval) - 1))


def ripe_window(step: Pass, group: LogGroup, coverage: Coverage, now: float, pace: Pace) -> Window | None:
    """The window that the pass could read now, however short: for a pass that is asked for once."""
    return _window(step, group, coverage, now, pace, at_least=1)


def _window(step: Pass, group: LogGroup, coverage: Coverage, now: float, pace: Pace, at_least: int) -> Window | None:
    target = int(now) - step.delay
    searchable = searchable_from(group)
    if target < searchable:
        return None
    for gap in coverage.gaps(target, since=oldest_kept(group, now)):
        news = gap.end == target
        if gap.end >= searchable and (not news or gap.seconds >= at_least):
            return Window(gap.start, min(gap.end, max(gap.start + pace.catch_up_window, searchable)))
    return None


def oldest_kept(group: LogGroup, now: float) -> int:
    """Epoch second before which the retention has deleted everything; 0 where it deletes nothing."""
    return int(now) - group.retention_days * DAY if group.retention_days is not None else 0


def searchable_from(group: LogGroup) -> int:
    """Earliest end of a window that the service accepts for a log group, in epoch seconds.

    It rejects windows that end before the group's creation, though the group may hold older events.
    """
    return group.created_ms // 1000 + 1


def first_of(window: Window, seconds: int) -> Window:
    """The beginning of a window, that long at most."""
    return Window(window.start, min(window.end, window.start + max(1, seconds)))


def gap_seconds(group: LogGroup, coverage: Coverage, now: float) -> int:
    """Seconds behind the pass's front that it has not searched and still can."""
    holes: Iterable[Window] = coverage.gaps(coverage.frontier, since=oldest_kept(group, now))
    return sum(hole.seconds for hole in holes)
