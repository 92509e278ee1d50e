"""A search of the past: slices read in parallel, each recorded with what it found in one transaction.

What there is to do follows from the coverage in the state: a run that was stopped, or killed, goes on where it was, and
queries that had been started are asked for their results, not started again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from sigwatch.errors import SigwatchError, SourceError, Stopped, StoreError
from sigwatch.matching import Matched
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import Event, QueryEnded, QueryStatus
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit, LogGroup, Scope, Window
from sigwatch.model.past import Finding, Gap
from sigwatch.past.begun import begun_batches, pretended
from sigwatch.past.desk import Desk, Slice
from sigwatch.past.notes import gap_of, notes_of
from sigwatch.past.slices import (
    BYTES_PER_SECOND,
    SLOW_SECONDS,
    STEP,
    Came,
    Order,
    Track,
    first_length,
    searchable_part,
    tracks,
    unread,
)
from sigwatch.past.state import PROBLEMS, State, kept_gaps, kept_rejections
from sigwatch.past.values import Ended, Progress, so_far, spending
from sigwatch.pipeline import Prepared, covering, look_through, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.ports import Clock, Wait, cursor_key
from sigwatch.search import Reader, Reading

TRIES = 5
"""Of a slice, after which it is a gap."""

FIRST_PAUSE_SECONDS = 2.0
PAUSE_GROWTH = 3.0
"""The last pause is close to a minute: what fails longer is better done by another run."""


class Finder(Protocol):
    """Makes of a hit what is kept of it."""

    def finding(self, hit: Hit, signature: Signature) -> Finding:
        """The hit of that very signature, masked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for, where and when."""

    window: Window
    scopes: tuple[Scope, ...]
    prepared: Callable[[Scope], Prepared]
    order: Order = Order.NEWEST
    bytes_per_second: Callable[[Track], float | None] = lambda _: None
    """How much the log groups of a track take in, where it is known."""
    rate: float = BYTES_PER_SECOND
    """Bytes that one query is assumed to scan a second."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a search of the past is made of."""

    reader: Reader
    """Asks for as many rows as there is memory for: a full result is paid for and of no use."""
    state: State
    finder: Finder
    places: int
    """Slices that are read at once in each lane."""
    clock: Clock
    wait: Wait
    """Says True when the run is to stop; the source's own stops the queries."""
    chance: Callable[[], float]
    """Gives numbers from 0 to 1 that spread pauses."""

    def run(self, asked: Asked, report: Callable[[Progress], None]) -> Ended:
        """Search whatever is left of what is asked; `report` is told after each slice, one call at a time.

        Raises:
            StoreError: something could not be recorded; what was recorded stays.
        """
        return _Run(self, asked, report).to_the_end()


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at a batch gave."""

    reading: Reading
    found: Matched
    prepared: Prepared
    events: tuple[QueryEnded, ...]

    @property
    def came(self) -> Came:
        """What the queries brought."""
        read = [each for each in self.events if each.status is QueryStatus.COMPLETE]
        rows = [each.rows for each in read if each.window == self.reading.window]
        seconds, sizes = [each.seconds for each in read], [each.bytes_scanned for each in read]
        return Came(self.reading.window, max(rows, default=0), max(seconds, default=0.0), max(sizes, default=0))


@dataclass(slots=True)
class _Tally:
    """What this run has counted."""

    progress: Progress
    gaps: list[Gap] = field(default_factory=list)
    gone: dict[LogGroup, str] = field(default_factory=dict)
    prepared: dict[tuple[str, ...], Prepared] = field(default_factory=dict)
    """By the signatures of a scope: names of scopes are for people, and several may have the same."""


class _Run:
    """One run of a backfill."""

    def __init__(self, parts: Backfill, asked: Asked, report: Callable[[Progress], None]) -> None:
        self._parts = parts
        self._asked = asked
        self._report = report
        self._lock = threading.RLock()
        now, coverage = parts.clock(), parts.state.coverage()
        spans = [part.seconds for scope in asked.scopes for group in scope.groups if (part := self._part(group, now))]
        begun = begun_batches(parts.state.started_queries(), asked.scopes, coverage)
        left = tracks(asked.scopes, asked.window, pretended(coverage, begun), now)
        sized = [replace(track, seconds=first_length(asked.bytes_per_second(track), asked.rate)) for track in left]
        self._desk = Desk(sized, begun, asked.order, parts.places, asked.rate)
        self._tally = _Tally(replace(so_far(parts.state), total=sum(spans)))
        self._count()
        rejected = kept_rejections(parts.state)
        for scope in asked.scopes:
            self._without(scope, rejected)

    def to_the_end(self) -> Ended:
        """Read until nothing is left, or it is time to stop."""
        lanes = self._desk.lanes
        with ThreadPoolExecutor(max(1, len(lanes) * self._parts.places), "backfill") as pool:
            handed = [pool.submit(self._work, lane) for lane in lanes for _ in range(self._parts.places)]
            wait(handed)
        for each in handed:
            each.result()
        stopped = self._desk.left() > 0
        if not stopped:
            with self._parts.state.unit() as unit:
                unit.forget_queries([query.marker for query in self._parts.state.started_queries()])
        state = self._parts.state
        gaps = sorted([*kept_gaps(state), *self._tally.gaps, *self._gone()], key=lambda gap: (gap.start_ms, gap.places))
        problems = tuple(state.facts(PROBLEMS).values())
        return Ended(self._tally.progress, tuple(gaps), problems, kept_rejections(state), stopped)

    def _work(self, lane: str) -> None:
        try:
            while part := self._desk.take(lane):
                if self._parts.wait(0):
                    self._desk.put_back(part)
                    return
                try:
                    self._search(part)
                except Stopped:
                    self._desk.put_back(part)
                    return
        except BaseException:
            self._desk.close()
            raise

    def _search(self, part: Slice) -> None:
        """Read a slice, or its beginning; see to the log groups that were not found in it."""
        look = self._tried(part.batch, divisible=part.divisible)
        if look is None:
            self._desk.put_back(part, shorter=True)
            return
        if isinstance(look, str):
            self._give_up(part.batch, look)
            self._desk.give_up(part)
            return
        self._record(part.batch, look)
        lost = replace(part.batch, groups=tuple(look.reading.lost_groups), window=look.reading.window)
        self._search_alone(lost, look.reading, TRIES - 1)
        self._desk.done(part, look.came)
        self._count(slices=1)

    def _search_alone(self, batch: Batch, before: Reading, chances: int) -> None:
        """Search log groups that a query did not find, without the others; what stays lost is gone."""
        groups = tuple(group for group in batch.groups if group not in self._tally.gone)
        if not groups:
            return
        if not chances:
            self._lose({group: before.lost_groups.get(group, "") for group in groups})
            return
        self._pause(TRIES - chances)
        look = self._tried(replace(batch, groups=groups), divisible=False)
        if look is None or isinstance(look, str):
            self._give_up(replace(batch, groups=groups), look or "")
            return
        self._record(replace(batch, groups=groups), look)
        read = look.reading.window
        self._search_alone(
            replace(batch, groups=tuple(look.reading.lost_groups), window=read), look.reading, chances - 1
        )
        if read.end < batch.window.end:
            rest = replace(batch, groups=groups, window=Window(read.end, batch.window.end))
            self._search_alone(rest, look.reading, chances)

    def _tried(self, batch: Batch, *, divisible: bool) -> "_Look | str | None":
        """What a batch gave, or why it can not be had; None where shorter windows may do.

        Raises:
            Stopped: the run is to stop.
        """
        why = ""
        for attempt in range(TRIES):
            if attempt:
                self._pause(attempt)
            began = self._parts.clock()
            try:
                return self._look(batch)
            except (Stopped, StoreError):
                raise
            except SourceError as error:
                why = str(error)
                late = self._parts.clock() - began > SLOW_SECONDS
                if divisible and late and error.status is QueryStatus.TIMEOUT:
                    return None
            except Exception as fault:  # noqa: BLE001 - one slice must not stop the others; its text may hold log lines
                why = f"{type(fault).__name__} while it was searched"
        return why

    def _pause(self, failures: int) -> None:
        seconds = FIRST_PAUSE_SECONDS * PAUSE_GROWTH ** (failures - 1) * (0.5 + self._parts.chance() / 2)
        if self._parts.wait(seconds):
            raise Stopped("the backfill stops")

    def _look(self, batch: Batch) -> _Look:
        with self._lock:
            prepared = self._tally.prepared[_ids(batch.scope)]
        events: list[QueryEnded] = []

        def hear(event: Event) -> None:
            if isinstance(event, QueryEnded):
                events.append(event)
            self._parts.reader.observe(event)

        try:
            reading, found = look_through(replace(self._parts.reader, observe=hear), batch, prepared)
        except SigwatchError:
            # Of what was complete the result will be asked for again, and counted then.
            failed = [each for each in events if each.status is not QueryStatus.COMPLETE]
            self._parts.state.spend(spending(failed, self._parts.clock()))
            self._count_paid(failed)
            raise
        return _Look(reading, found, prepared, tuple(events))

    def _count_paid(self, events: Sequence[QueryEnded]) -> None:
        failed = sum(each.bytes_scanned for each in events if each.status is not QueryStatus.COMPLETE)
        with self._lock:
            now = self._tally.progress
            self._tally.progress = replace(
                now,
                bytes_scanned=now.bytes_scanned + sum(each.bytes_scanned for each in events),
                bytes_failed=now.bytes_failed + failed,
                dollars=now.dollars + sum(each.dollars for each in events),
                queries=now.queries + len(events),
            )

    def _record(self, batch: Batch, look: _Look) -> None:
        """Write what was found together with what was searched."""
        reading, known = look.reading, {each.id: each for each in look.prepared.signatures}
        findings = [self._parts.finder.finding(hit, known[hit.signature]) for hit in look.found.hits]
        notes = notes_of(batch.scope.name, reading, look.found)
        searched = len(reading.rejected) < len(known)
        with self._parts.state.unit() as unit:
            fresh = unit.add_findings(findings)
            if searched:
                covering(batch)(unit, reading)
            unit.forget_queries(reading.markers)
            unit.spend(spending(look.events, self._parts.clock()))
            for name, value in notes:
                unit.note(name, value)
        self._count_paid(look.events)
        with self._lock:
            self._tally.progress = replace(self._tally.progress, hits=self._tally.progress.hits + fresh)
        if reading.rejected:
            self._without(batch.scope, reading.rejected)

    def _without(self, scope: Scope, rejected: Mapping[str, str]) -> None:
        """Search a scope for what is left of its signatures."""
        with self._lock:
            prepared = self._tally.prepared.get(_ids(scope)) or self._asked.prepared(scope)
            left = [each for each in prepared.signatures if each.id not in rejected]
            if left and len(left) < len(prepared.signatures):
                prepared = prepare(left, previous=prepared)
            self._tally.prepared[_ids(scope)] = prepared
        if not left:
            words = "the service takes none of the patterns that are searched for here"
            self._lose(dict.fromkeys(scope.groups, words))

    def _lose(self, groups: Mapping[LogGroup, str]) -> None:
        with self._lock:
            self._tally.gone.update(groups)
        self._desk.lose(groups)

    def _give_up(self, batch: Batch, why: str) -> None:
        with self._lock:
            self._tally.gaps.append(gap_of(batch.scope.name, batch.groups, batch.window, why))

    def _gone(self) -> list[Gap]:
        """Whatever was not read of log groups that are gone, and is no gap for another reason."""
        coverage, now = self._parts.state.coverage(), self._parts.clock()
        scopes = {group: scope.name for scope in self._asked.scopes for group in scope.groups}
        found = []
        for group, why in self._tally.gone.items():
            known = coverage.get(cursor_key(STEP.name, group), Coverage(((0, 0),)))
            told = [gap for gap in self._tally.gaps if group.name in gap.places and gap.scope == scopes[group]]
            part = self._part(group, now)
            known = known.plus(Window(gap.start_ms // 1000, gap.end_ms // 1000) for gap in told)
            windows = unread(part, known) if part else ()
            found += [gap_of(scopes[group], (group,), window, why) for window in windows]
        return found

    def _part(self, group: LogGroup, now: float) -> Window | None:
        return searchable_part(self._asked.window, group, now)

    def _count(self, slices: int = 0) -> None:
        with self._lock:
            now = self._tally.progress
            covered = max(0, now.total - self._desk.left())
            self._tally.progress = replace(now, covered=covered, slices=now.slices + slices)
            if slices:
                self._report(self._tally.progress)


def _ids(scope: Scope) -> tuple[str, ...]:
    return tuple(signature.id for signature in scope.signatures)
