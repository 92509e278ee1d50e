"""Which window a pass reads next in a log group. Windows are half-open, so adjoining ones never share an event."""

from dataclasses import dataclass

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


def due_window(step: Pass, group: LogGroup, cursor: int, now: float, pace: Pace) -> Window | None:
    """The window that the pass reads next, or None while there is not enough to read.

    A pass at a long delay gathers longer windows: the bytes are the same, the queries are fewer.
    """
    return _window(step, group, cursor, now, pace, at_least=max(pace.interval, step.delay // 10))


def ripe_window(step: Pass, group: LogGroup, cursor: int, now: float, pace: Pace) -> Window | None:
    """The window that the pass could read now, however short: for a pass that is asked for once."""
    return _window(step, group, cursor, now, pace, at_least=1)


def _window(step: Pass, group: LogGroup, cursor: int, now: float, pace: Pace, at_least: int) -> Window | None:
    start = cursor
    if group.retention_days is not None:
        start = max(start, int(now) - group.retention_days * DAY)
    target = int(now) - step.delay
    searchable = searchable_from(group)
    if target - start < at_least or target < searchable:
        return None
    return Window(start, min(target, max(start + pace.catch_up_window, searchable)))


def searchable_from(group: LogGroup) -> int:
    """Earliest end of a window that the service accepts for a log group, in epoch seconds.

    It rejects windows that end before the group's creation, though the group may hold older events.
    """
    return group.created_ms // 1000 + 1
