"""The same detection over the past: searched slice by slice, kept apart from what the daemon knows, told to nobody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from sigwatch.errors import SourceError
from sigwatch.model.logs import LogGroup, Pass, Scope, Window
from sigwatch.pipeline import Pipeline, Prepared, covering
from sigwatch.plan.scopes import Batch, batches
from sigwatch.plan.windows import searchable_from
from sigwatch.search import Reading
from sigwatch.watch import Snapshot

SLICE_SECONDS = 3600
TRIES = 3
STEP = Pass("backfill", 0)


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the past that could not be read."""

    scope: str
    groups: tuple[LogGroup, ...]
    window: Window
    reason: str


@dataclass(slots=True)
class Totals:
    """What a backfill could not do."""

    gaps: list[Gap] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def slices(window: Window) -> Iterator[Window]:
    """Adjoining windows of at most an hour that cover the whole, oldest first."""
    for start in range(window.start, window.end, SLICE_SECONDS):
        yield Window(start, min(start + SLICE_SECONDS, window.end))


def run(
    window: Window, snapshot: Snapshot, pipeline: Pipeline, pause: Callable[[int], bool], done: Callable[[int], None]
) -> Totals:
    """Search every scope over the window; a slice that fails for good is a gap, and the rest goes on.

    `pause` waits after the given number of failures, and says True to give up; `done` is told the seconds of window
    finished, over all batches.
    """
    totals = Totals()
    for part in slices(window):
        for batch in batches(STEP, snapshot.scopes, partial(_share, window, part)):
            _search(batch, snapshot, pipeline, pause, totals)
            done(batch.window.seconds)
    return totals


def _share(window: Window, part: Window, group: LogGroup) -> Window | None:
    """What of a slice to search in a group: the first one that ends after its creation takes all before it along."""
    if part.end < searchable_from(group):
        return None
    return part if part.start >= searchable_from(group) else Window(window.start, part.end)


def work(window: Window, scopes: tuple[Scope, ...]) -> int:
    """Seconds of window over all batches: what `run` counts down."""
    return sum(b.window.seconds for p in slices(window) for b in batches(STEP, scopes, partial(_share, window, p)))


def _search(batch: Batch, snapshot: Snapshot, pipeline: Pipeline, pause: Callable[[int], bool], totals: Totals) -> None:
    """Search a batch to its end; one with too many rows is read in parts."""
    prepared = snapshot.prepared(batch.scope)
    left: Window | None = batch.window
    while left:
        part = replace(batch, window=left)
        reading = _tried(part, prepared, pipeline, pause, totals)
        if reading is None:
            return
        totals.gaps += [Gap(batch.scope.name, (g,), reading.window, why) for g, why in reading.lost_groups.items()]
        totals.problems += [f"{name}: {words}" for name, words in reading.rejected.items()]
        totals.problems += [f"{search.groups[0].name}: too many rows in one second" for search in reading.overflowing]
        left = Window(reading.window.end, left.end) if reading.window.end < left.end else None


def _tried(
    batch: Batch, prepared: Prepared, pipeline: Pipeline, pause: Callable[[int], bool], totals: Totals
) -> Reading | None:
    why = ""
    for failures in range(TRIES):
        if failures and pause(failures):
            break
        try:
            return pipeline.sweep(batch, prepared, covering(batch))
        except SourceError as error:
            why = str(error)
    totals.gaps.append(Gap(batch.scope.name, batch.groups, batch.window, why))
    return None
