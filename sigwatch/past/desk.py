"""Where slices are handed out to those who read them, and where what they bring changes the slices to come."""

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sigwatch.model.logs import LogGroup, Window
from sigwatch.past.slices import STEP, Came, Order, Track, adapted, cut, most_seconds, put_back, shortened
from sigwatch.plan.scopes import Batch


@dataclass(frozen=True, slots=True)
class Slice:
    """One window of a track, in somebody's hands until it is given back or done."""

    track: int
    batch: Batch
    divisible: bool
    """Whether shorter windows of the same log groups can be asked for."""


class Desk:
    """Hands out slices, by lane. Safe to use from several threads."""

    def __init__(self, tracks: Iterable[Track], begun: Sequence[Batch], order: Order, places: int, rate: float) -> None:
        """Share out what is left in `tracks` among `places` readers of each lane; `begun` goes first, as it is.

        `rate` is what one query is assumed to scan, in bytes a second.
        """
        self._rate = rate
        self._order = order
        self._places = places
        self._tracks = list(tracks)
        self._begun: list[Slice] = []
        self._in_hand: dict[int, Slice] = {}
        self._lost: set[LogGroup] = set()
        self._closed = False
        self._changed = threading.Condition()
        for batch in begun:
            self._begun.append(self._slice(len(self._tracks), Track(batch.scope, batch.groups, ()), batch.window))
            self._tracks.append(Track(batch.scope, batch.groups, (), max(1, batch.window.seconds)))

    @property
    def lanes(self) -> list[str]:
        """Where there is anything to read."""
        return sorted(
            {track.lane for track in self._tracks if track.left} | {s.batch.groups[0].lane for s in self._begun}
        )

    def take(self, lane: str) -> Slice | None:
        """The next slice; waits while what others have in hand may come back. None when all is done."""
        with self._changed:
            while not self._closed:
                found = self._next(lane)
                if found:
                    self._in_hand[id(found)] = found
                    return found
                if not any(each.batch.groups[0].lane == lane for each in self._in_hand.values()):
                    return None
                self._changed.wait()
            return None

    def done(self, part: Slice, came: Came) -> None:
        """The slice was read, or the beginning of it."""
        with self._changed:
            track = self._tracks[part.track]
            window = part.batch.window
            if came.read.end < window.end:
                track = put_back(track, Window(came.read.end, window.end))
            self._return(part, adapted(track, window, came, self._rate))

    def put_back(self, part: Slice, *, shorter: bool = False) -> None:
        """The slice was not read; `shorter` says that it took too long."""
        with self._changed:
            track = put_back(self._tracks[part.track], part.batch.window)
            self._return(part, shortened(track, part.batch.window) if shorter else track)

    def give_up(self, part: Slice) -> None:
        """The slice will not be read."""
        with self._changed:
            self._return(part, self._tracks[part.track])

    def lose(self, groups: Collection[LogGroup]) -> None:
        """Hand out no more slices with these log groups."""
        with self._changed:
            self._lost.update(groups)
            for number, track in enumerate(self._tracks):
                left = tuple(group for group in track.groups if group not in self._lost)
                self._tracks[number] = replace(track, groups=left) if left else replace(track, left=())

    def left(self) -> int:
        """Seconds of log groups that are not read, those in hand included."""
        with self._changed:
            waiting = sum(track.remaining * len(track.groups) for track in self._tracks)
            parts = [*self._in_hand.values(), *self._begun]
            return waiting + sum(part.batch.window.seconds * len(part.batch.groups) for part in parts)

    def close(self) -> None:
        """Hand out no more slices."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self, lane: str) -> Slice | None:
        for part in self._begun:
            if part.batch.groups[0].lane == lane:
                self._begun.remove(part)
                return part
        mine = [number for number, track in enumerate(self._tracks) if track.left and track.lane == lane]
        if not mine:
            return None
        newest = self._order is Order.NEWEST
        edges = {n: -self._tracks[n].left[-1].end if newest else self._tracks[n].left[0].start for n in mine}
        number = min(mine, key=lambda each: edges[each])
        track = self._tracks[number]
        remaining = sum(self._tracks[each].remaining for each in mine)
        window, rest = cut(track, most_seconds(track.seconds, remaining, self._places), self._order)
        self._tracks[number] = rest
        return self._slice(number, rest, window)

    def _slice(self, number: int, track: Track, window: Window) -> Slice:
        divisible = window.seconds > 1 and window.start >= track.searchable
        return Slice(number, Batch(track.scope, STEP, window, track.groups), divisible)

    def _return(self, part: Slice, track: Track) -> None:
        self._in_hand.pop(id(part), None)
        # Its last log group may have been lost meanwhile.
        lost = self._lost.issuperset(track.groups)
        self._tracks[part.track] = replace(track, left=()) if lost else track
        self._changed.notify_all()
