"""Where things lie on a picture of a range of time, in hundredths of its width and height. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sigwatch.model.past import Gap, IncidentFound
from sigwatch.publish.words.wording import date_time, duration, incidents
from sigwatch.report.words import gap_line, hits, span

SLOTS = 240
"""Of a lane: incidents that begin in the same one are drawn as one, since nobody could tell them apart."""
MOST_TICKS = 5
"""So that their labels fit on a phone."""
MOST_BARS = 120
LEAST_HEIGHT = 5.0
"""A single hit beside thousands must still be seen."""
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTHS = 60 * DAY
"""From here on ticks are labelled with months."""
STEPS = (
    *(count * SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * HOUR for count in (1, 2, 3, 6, 12)),
    *(count * DAY for count in (1, 2, 5, 7, 14, 30, 61, 122, 365)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, and what the mouse is told above it."""

    x: float
    width: float
    title: str
    height: float = 100.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str

    @property
    def anchor(self) -> str:
        """Which end of the label is at `x`: near an edge it must not hang over."""
        return "start" if self.x < 6 else "end" if self.x > 94 else "middle"


@dataclass(frozen=True, slots=True)
class Axis:
    """A half-open range in epoch milliseconds; `end_ms` lies after `start_ms`."""

    start_ms: int
    end_ms: int

    def x(self, ms: int) -> float:
        """Where a moment is; one outside of the range is at its edge."""
        share = (ms - self.start_ms) / (self.end_ms - self.start_ms)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def ticks(self) -> tuple[Tick, ...]:
        """Round moments in UTC, at most six of them."""
        step = _step(self.end_ms - self.start_ms)
        first = -(-self.start_ms // step) * step
        return tuple(Tick(self.x(ms), _label(ms, step)) for ms in range(first, self.end_ms, step))

    def lane(self, found: Iterable[IncidentFound]) -> tuple[Bar, ...]:
        """The incidents of one signature, given in the order of time; those without a time are left out."""
        slots: dict[int, list[IncidentFound]] = {}
        for each in found:
            if each.incident.first_seen_ms:
                slots.setdefault(int(self.x(each.incident.first_seen_ms) * SLOTS / 100), []).append(each)
        return tuple(map(self._drawn, slots.values()))

    def missing(self, gaps: Iterable[Gap]) -> tuple[Bar, ...]:
        """What could not be searched; those that overlap, touch or nearly do are drawn as one."""
        joined: list[list[Gap]] = []
        near = (self.end_ms - self.start_ms) // SLOTS
        reached = 0
        for gap in sorted((each for each in gaps if each.end_ms), key=lambda each: (each.start_ms, each.end_ms)):
            if joined and gap.start_ms <= reached + near:
                joined[-1].append(gap)
            else:
                joined.append([gap])
            reached = max(reached, gap.end_ms)
        return tuple(map(self._missed, joined))

    def columns(self, bars: Sequence[int]) -> tuple[Bar, ...]:
        """A histogram whose bars share the range equally; empty parts have no bar."""
        return tuple(self._columns(bars))

    def _drawn(self, found: Sequence[IncidentFound]) -> Bar:
        first = min(each.incident.first_seen_ms for each in found)
        last = max(each.incident.last_seen_ms for each in found)
        count = sum(each.incident.count for each in found)
        what = "" if len(found) == 1 else f"{incidents(len(found))}, "
        where = f"\n{found[0].incident.group}" if len(found) == 1 else ""
        return Bar(self.x(first), self._width(first, last), f"{what}{hits(count)}\n{span(first, last)}{where}")

    def _missed(self, gaps: Sequence[Gap]) -> Bar:
        more = f"\nand {len(gaps) - 1:,} more" if len(gaps) > 1 else ""
        start, end = min(gap.start_ms for gap in gaps), max(gap.end_ms for gap in gaps)
        return Bar(self.x(start), self._width(start, end), f"not searched: {gap_line(gaps[0])}{more}")

    def _width(self, start_ms: int, end_ms: int) -> float:
        return round(max(self.x(end_ms) - self.x(start_ms), 0.1), 2)

    def _columns(self, bars: Sequence[int]) -> Iterator[Bar]:
        most = max(bars, default=0)
        length = (self.end_ms - self.start_ms) / max(len(bars), 1)
        for number, count in enumerate(bars):
            if count:
                at, width = int(self.start_ms + number * length), 100 / len(bars)
                title = f"{hits(count)} in the {duration(int(length))} from {date_time(at)}"
                height = max(100 * count / most, LEAST_HEIGHT)
                yield Bar(round(number * width, 2), round(width * 0.8, 2), title, round(height, 1))


def _step(length_ms: int) -> int:
    """Milliseconds between ticks."""
    years = -(-length_ms // (MOST_TICKS * STEPS[-1]))
    return next((step for step in STEPS if length_ms / step <= MOST_TICKS), years * STEPS[-1])


def _label(ms: int, step: int) -> str:
    when = datetime.fromtimestamp(ms / 1000, UTC)
    if step >= MONTHS:
        return f"{when:%b} {when.year}"
    if step >= DAY or ms % DAY == 0:
        return f"{when.day} {when:%b}"
    return f"{when:%H:%M}" if step >= MINUTE else f"{when:%H:%M:%S}"
