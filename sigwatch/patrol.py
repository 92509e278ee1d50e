"""Running a pass: every due window, oldest first, each scope by itself so that a failing one holds up no other."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from sigwatch.errors import SourceError, Stopped, StoreError
from sigwatch.model.event import CoverageMeasured, OpenIncidentsMeasured, RunSkipped, SkipReason
from sigwatch.model.incident import Incident
from sigwatch.model.logs import LogGroup, Pass, Window
from sigwatch.pipeline import Pipeline, covered_until
from sigwatch.plan.scopes import Batch, batches
from sigwatch.plan.windows import Pace, due_window, first_cursor, ripe_window
from sigwatch.ports import cursor_key
from sigwatch.watch import Snapshot, Watch

LONGEST_BACKOFF_SECONDS = 300

WindowRule = Callable[[Pass, LogGroup, int, float, Pace], Window | None]


def backoff(failures: int, interval: float, chance: float) -> float:
    """Seconds to leave a failing scope alone: doubling from the interval, spread by `chance` (0 to 1)."""
    longest = max(interval, LONGEST_BACKOFF_SECONDS)
    return min(interval * 2.0 ** (failures - 1), longest) * (0.5 + chance / 2)


class Patrol:
    """Runs passes over whatever is watched now. Passes may run at the same time; the same pass may not."""

    def __init__(
        self,
        watch: Watch,
        pipeline: Pipeline,
        passes: tuple[Pass, ...],
        pace: Pace,
        workers: Executor,
        chance: Callable[[], float],
    ) -> None:
        """Search with `workers`; `chance` gives numbers from 0 to 1 that spread retries."""
        self.passes = tuple(sorted(passes, key=lambda step: step.delay))
        self._watch = watch
        self._pipeline = pipeline
        self._store = pipeline.store
        self._clock = pipeline.clock
        self._observe = pipeline.observe
        self._pace = pace
        self._workers = workers
        self._chance = chance
        self._failures: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._not_before: dict[tuple[str, str], float] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin no further window."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the windows in hand and let the workers go."""
        self._workers.shutdown(wait=True)

    def run(self, step: Pass) -> bool:
        """Read what is due in one pass; True unless something failed."""
        return self._run(step, due_window)

    def run_now(self, step: Pass) -> bool:
        """Read whatever a pass can reach now, however short its windows."""
        return self._run(step, ripe_window)

    def _run(self, step: Pass, rule: WindowRule) -> bool:
        snapshot = self._watch.snapshot
        started = self._clock()
        self._pipeline.adopt(self.passes, snapshot.groups, first_cursor(started, self._pace))
        fine = True
        while due := self._due(step, snapshot, rule, started):
            done = list(self._workers.map(lambda batch: self._sweep(batch, snapshot), due))
            fine = fine and all(done)
            if not any(done) or self._stopping.is_set():
                break
        self._measure(step, snapshot)
        if step == self.passes[0]:
            self._resolve(snapshot)
        return fine

    def _due(self, step: Pass, snapshot: Snapshot, rule: WindowRule, now: float) -> list[Batch]:
        cursors = self._store.cursors()

        def window_of(group: LogGroup) -> Window | None:
            return rule(step, group, cursors[cursor_key(step.name, group)], now, self._pace)

        return [
            batch
            for batch in batches(step, snapshot.scopes, window_of)
            if self._not_before.get((step.name, batch.scope.name), 0.0) <= now
        ]

    def _sweep(self, batch: Batch, snapshot: Snapshot) -> bool:
        place = batch.step.name, batch.scope.name
        if self._stopping.is_set():
            return False
        try:
            reading = self._pipeline.sweep(batch, snapshot.engine(batch.scope))
        except Stopped:
            return False
        except (SourceError, StoreError) as error:
            self._failures[place] += 1
            pause = backoff(self._failures[place], self._pace.interval, self._chance())
            self._not_before[place] = self._clock() + pause
            self._observe(RunSkipped(f"{batch.step.name} {batch.scope.name}", SkipReason.BACKING_OFF, str(error)))
            return False
        self._failures.pop(place, None)
        self._not_before.pop(place, None)
        self._watch.lose(reading.lost_groups, reading.rejected)
        return not reading.lost_groups

    def _measure(self, step: Pass, snapshot: Snapshot) -> None:
        cursors = self._store.cursors()
        target = self._clock() - step.delay
        lags: defaultdict[str, float] = defaultdict(float)
        for scope in snapshot.scopes:
            for group in scope.groups:
                cursor = cursors.get(cursor_key(step.name, group), int(target))
                lags[scope.name] = max(lags[scope.name], target - max(cursor, group.created_ms / 1000))
        for name, lag in lags.items():
            self._observe(CoverageMeasured(name, step.name, max(0.0, lag), 0.0))

    def _resolve(self, snapshot: Snapshot) -> None:
        cursors = self._store.cursors()
        watched = {cursor_key(self.passes[0].name, group) for group in (*snapshot.groups, *snapshot.lost)}

        def covered_ms(incident: Incident) -> int:
            keys = [(self.passes[0].name, incident.account, incident.region, name) for name in incident.log_groups]
            if not watched.intersection(keys):
                # Nobody searches there any more, so waiting for coverage would keep it open for ever.
                return int(self._clock() * 1000)
            return covered_until(cursors, self.passes[0].name, incident)

        known = {signature.id: signature for signature in snapshot.library.signatures}
        self._pipeline.resolve(known, covered_ms)
        self._count_open(self._store.open_incidents())

    def _count_open(self, incidents: Iterable[Incident]) -> None:
        counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        for incident in incidents:
            counts[incident.signature, incident.severity] += 1
        self._observe(OpenIncidentsMeasured(tuple((*key, count) for key, count in sorted(counts.items()))))
