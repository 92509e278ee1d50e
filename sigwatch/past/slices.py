"""How the past is cut into slices: pure decisions on what is left, and on how long the next slice is.

A track is a batch of log groups with what is left of their range. Several slices of a track are read at once, and each
result says whether the next ones may be longer. A slice is taken out when it is cut and put back when it is not read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from sigwatch.model.coverage import Coverage
from sigwatch.model.logs import LogGroup, Pass, Scope, Window
from sigwatch.plan.scopes import GROUPS_PER_QUERY
from sigwatch.plan.windows import DAY, oldest_kept, searchable_from
from sigwatch.ports import CursorKey, cursor_key

STEP = Pass("backfill", 0)
"""The pass under which a search of the past keeps its coverage."""

AIM_ROWS = 5_000
"""Half a page of results, which is half of what the service returns where nobody asks for more."""

FULL_ROWS = 2 * AIM_ROWS
"""Above this a result was fuller than wanted: twenty times as many would be paid for and of no use."""

SPARSE_ROWS = AIM_ROWS // 4
"""Up to this a slice may be twice as long without coming near the aim."""

BYTES_PER_SECOND = 500 * 1024**2
"""Assumed of one query. No figure is published; it only says how slices begin, and results say how they go on."""

AIM_SECONDS = 10
"""How long a slice should be scanned: long against what a query takes in requests, short against what a stop loses."""

QUICK_SECONDS = 20
"""A query that took longer is not made longer: the service gives up after an hour, and sigwatch after 15 minutes."""

SLOW_SECONDS = 60
"""Slices whose queries take longer than this are made shorter."""

UNMEASURED_SECONDS = 900
"""Length of the first slices where nobody can say how much is logged."""

LONGEST_SECONDS = 400 * DAY
"""No slice needs to be longer."""

SMALLEST_PART = 4
"""For the sake of parallel work slices are cut down to this part of their length: less costs more than it saves."""


class Order(StrEnum):
    """Which part of the range is read first."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Verdict(StrEnum):
    """What a result says of the length of slices."""

    SHORTER = "shorter"
    AS_IT_IS = "as it is"
    LONGER = "longer"


@dataclass(frozen=True, slots=True)
class Came:
    """What the queries of one slice brought."""

    read: Window
    """The slice, or the beginning of it where not all could be read at once."""
    rows: int
    """Of the fullest result over that window."""
    seconds: float
    """Of the slowest query, the waiting for its turn included."""
    bytes_scanned: int
    """By the largest query."""


@dataclass(frozen=True, slots=True)
class Track:
    """Log groups of one scope that are searched together, and what is left of their range."""

    scope: Scope
    groups: tuple[LogGroup, ...]
    left: tuple[Window, ...]
    """In the order of time; neither overlapping nor touching."""
    seconds: int = UNMEASURED_SECONDS
    """Length of the next slice."""

    @property
    def searchable(self) -> int:
        """No query may end before this epoch second: the service refuses windows from before a log group's creation."""
        return max(map(searchable_from, self.groups))

    @property
    def lane(self) -> str:
        """The account and region that it is searched through."""
        return self.groups[0].lane

    @property
    def remaining(self) -> int:
        """Seconds that nobody has begun to read."""
        return sum(window.seconds for window in self.left)


def first_length(bytes_per_second: float | None, rate: float = BYTES_PER_SECOND) -> int:
    """Seconds of the first slices of log groups.

    Args:
        bytes_per_second: what the log groups take in; None where nobody can say.
        rate: bytes that one query is assumed to scan a second.
    """
    if bytes_per_second is None:
        return UNMEASURED_SECONDS
    if bytes_per_second * LONGEST_SECONDS <= AIM_SECONDS * rate:
        return LONGEST_SECONDS
    return max(1, int(AIM_SECONDS * rate / bytes_per_second))


def most_seconds(length: int, remaining: int, places: int) -> int:
    """Longest slice that leaves work for everyone.

    Args:
        length: of slices, as results make it.
        remaining: seconds left over all tracks that share the places.
        places: slices that are read at once.
    """
    fair = -(-remaining // places)
    return max(1, min(length, max(fair, length // SMALLEST_PART)))


def cut(track: Track, most: int, order: Order) -> tuple[Window, Track]:
    """The next slice, `most` seconds long if it can be, and the track without it; something must be left."""
    if order is Order.OLDEST:
        first = track.left[0]
        end = min(first.end, max(first.start + most, track.searchable))
        rest = (Window(end, first.end),) if end < first.end else ()
        return Window(first.start, end), replace(track, left=(*rest, *track.left[1:]))
    last = track.left[-1]
    start = max(last.start, last.end - most)
    # What would remain could never be asked for.
    start = last.start if start < track.searchable else start
    rest = (Window(last.start, start),) if last.start < start else ()
    return Window(start, last.end), replace(track, left=(*track.left[:-1], *rest))


def put_back(track: Track, window: Window) -> Track:
    """The track with a window that was taken out and not read."""
    return replace(track, left=merged([*track.left, window]))


def judge(came: Came, window: Window, rate: float = BYTES_PER_SECOND) -> Verdict:
    """What a slice's result says of the length that it had; `rate` is as in `first_length`."""
    if came.read != window or came.rows > FULL_ROWS or came.seconds > SLOW_SECONDS:
        return Verdict.SHORTER
    # Where requests have to wait for their turn a query takes long whatever it scans.
    quick = came.seconds < QUICK_SECONDS or came.bytes_scanned < AIM_SECONDS / 2 * rate
    return Verdict.LONGER if quick and came.rows <= SPARSE_ROWS else Verdict.AS_IT_IS


def adapted(track: Track, window: Window, came: Came, rate: float = BYTES_PER_SECOND) -> Track:
    """The track with the length that a slice's result suggests; `rate` is as in `first_length`.

    Several slices of one length are under way at once, so what one of another length says is not multiplied.
    """
    verdict = judge(came, window, rate)
    if verdict is Verdict.LONGER and window.seconds >= track.seconds:
        return replace(track, seconds=min(LONGEST_SECONDS, 2 * window.seconds))
    if verdict is Verdict.SHORTER:
        dense = came.read.seconds * AIM_ROWS // max(1, came.rows) if came.rows > FULL_ROWS else window.seconds
        return replace(track, seconds=max(1, min(track.seconds, window.seconds // 2, dense)))
    return track


def shortened(track: Track, window: Window) -> Track:
    """The track after a slice that took too long to be read."""
    return replace(track, seconds=max(1, min(track.seconds, window.seconds // 2)))


def merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same time in as few windows as possible, in order."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return tuple(found)


def searchable_part(window: Window, group: LogGroup, now: float) -> Window | None:
    """What of a window can be asked for in a log group: not what its retention has deleted, nor what ends too early."""
    start = max(window.start, oldest_kept(group, now))
    return Window(start, window.end) if start < window.end and searchable_from(group) <= window.end else None


def unread(window: Window, coverage: Coverage | None) -> tuple[Window, ...]:
    """What of a window has not been read, whichever part was read first."""
    if coverage is None:
        return (window,)
    begun = Coverage(((window.start, window.start),)).plus(
        Window(*span) for span in coverage.spans if span[0] < span[1]
    )
    return tuple(begun.gaps(window.end, since=window.start))


def tracks(scopes: Iterable[Scope], window: Window, coverage: Mapping[CursorKey, Coverage], now: float) -> list[Track]:
    """What is left of a range in all scopes: each second of each log group that can be asked for in one track.

    A log group that was created inside of the range may hold older events, but no query may end before its creation:
    its time before that goes into a track of its own, which is read in one piece.
    """
    found = []
    for scope in scopes:
        left = {group: part for group in scope.groups if (part := _left(group, window, coverage, now))}
        ordered = sorted(left, key=lambda group: (left[group][0].start, searchable_from(group), group))
        for start in range(0, len(ordered), GROUPS_PER_QUERY):
            chunk = ordered[start : start + GROUPS_PER_QUERY]
            together = _together({group: left[group] for group in chunk})
            found += [Track(scope, groups, windows) for groups, windows in together.items()]
    return found


def _left(group: LogGroup, window: Window, coverage: Mapping[CursorKey, Coverage], now: float) -> tuple[Window, ...]:
    part = searchable_part(window, group, now)
    return unread(part, coverage.get(cursor_key(STEP.name, group))) if part else ()


def _together(left: Mapping[LogGroup, Sequence[Window]]) -> dict[tuple[LogGroup, ...], tuple[Window, ...]]:
    """What is left, by the log groups that can be asked for it together."""
    shared: defaultdict[tuple[LogGroup, ...], list[Window]] = defaultdict(list)
    grown: dict[LogGroup, list[Window]] = {}
    for group, windows in left.items():
        born = searchable_from(group)
        if any(window.start < born for window in windows):
            shared[group,].append(Window(windows[0].start, born))
        grown[group] = [Window(max(window.start, born), window.end) for window in windows if window.end > born]
    for window in _elementary(grown.values()):
        groups = tuple(group for group, windows in grown.items() if any(_holds(each, window) for each in windows))
        if groups:
            shared[groups].append(window)
    return {groups: merged(windows) for groups, windows in shared.items()}


def _elementary(all_windows: Iterable[Sequence[Window]]) -> Iterator[Window]:
    """The time between every two edges that follow each other."""
    edges = {edge for windows in all_windows for window in windows for edge in (window.start, window.end)}
    return (Window(start, end) for start, end in pairwise(sorted(edges)))


def _holds(outer: Window, inner: Window) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
