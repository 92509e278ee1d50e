"""Running a pass: every due window, oldest first, each scope by itself so that a failing one holds up no other."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from sigwatch.errors import SourceError, Stopped, StoreError
from sigwatch.model.event import CoverageMeasured, OpenIncidentsMeasured, RunSkipped, SkipReason
from sigwatch.model.incident import Incident
from sigwatch.model.logs import LogGroup, Pass, Window
from sigwatch.pipeline import Pipeline
from sigwatch.plan.scopes import Batch, batches
from sigwatch.plan.windows import Pace, due_window, first_cursor, ripe_window
from sigwatch.ports import cursor_key
from sigwatch.watch import Snapshot, Watch

LONGEST_BACKOFF_SECONDS = 300

Place = tuple[str, LogGroup]
"""A pass in a log group."""

WindowRule = Callable[[Pass, LogGroup, int, float, Pace], Window | None]


def backoff(failures: int, interval: float, chance: float) -> float:
    """Seconds to leave a failing scope alone: doubling from the interval, spread by `chance` (0 to 1)."""
    longest = max(interval, LONGEST_BACKOFF_SECONDS)
    return min(interval * 2.0 ** (failures - 1), longest) * (0.5 + chance / 2)


class Patrol:
    """Runs passes over whatever is watched now; runs may overlap."""

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
        self._failures: defaultdict[Place, int] = defaultdict(int)
        self._not_before: dict[Place, float] = {}
        self._in_flight: set[Place] = set()
        self._measured: defaultdict[str, set[str]] = defaultdict(set)
        self._taking = threading.Lock()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin no further window."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the windows in hand and let the workers go."""
        self._workers.shutdown(wait=True)

    def run(self, step: Pass) -> bool:
        """Read what is due in one pass; True unless something failed.

        A run may begin while another of the same pass waits for a slow query: what that one searches is left to it.
        """
        return self._run(step, due_window)

    def run_now(self, step: Pass) -> bool:
        """Read whatever a pass can reach now, however short its windows."""
        return self._run(step, ripe_window)

    def searched_to(self) -> int:
        """Epoch second before which every pass has searched every watched log group."""
        cursors = self._store.cursors()
        keys = [cursor_key(step.name, group) for _, group in self._watch.snapshot.places for step in self.passes]
        return min((cursors.get(key, 0) for key in keys), default=0)

    def _run(self, step: Pass, rule: WindowRule) -> bool:
        snapshot = self._watch.snapshot
        started = self._clock()
        self._pipeline.adopt(self.passes, snapshot.groups, first_cursor(started, self._pace))
        fine = True
        while due := self._take(step, snapshot, rule, started):
            done = list(self._workers.map(lambda batch: self._search(batch, snapshot), due))
            fine = fine and all(done)
            if not any(done) or self._stopping.is_set():
                break
        self._measure(step, snapshot)
        if step == self.passes[0] and snapshot.looked_up:
            self._resolve(snapshot)
        return fine

    def _take(self, step: Pass, snapshot: Snapshot, rule: WindowRule, now: float) -> list[Batch]:
        """The batches that are due, now in flight: nobody else begins them before they are done."""
        with self._taking:
            cursors = self._store.cursors()

            def window_of(group: LogGroup) -> Window | None:
                place = step.name, group
                if place in self._in_flight or self._not_before.get(place, 0.0) > now:
                    return None
                return rule(step, group, cursors[cursor_key(step.name, group)], now, self._pace)

            due = batches(step, snapshot.scopes, window_of)
            self._in_flight.update((step.name, group) for batch in due for group in batch.groups)
        return due

    def _search(self, batch: Batch, snapshot: Snapshot) -> bool:
        try:
            return not self._stopping.is_set() and self._sweep(batch, snapshot)
        finally:
            with self._taking:
                self._in_flight.difference_update((batch.step.name, group) for group in batch.groups)

    def _sweep(self, batch: Batch, snapshot: Snapshot) -> bool:
        try:
            reading = self._pipeline.sweep(batch, snapshot.engine(batch.scope))
        except Stopped:
            return False
        except (SourceError, StoreError) as error:
            return self._put_off(batch, str(error))
        except Exception as fault:  # noqa: BLE001 - one batch must not stop the others; its text may hold log lines
            return self._put_off(batch, f"{type(fault).__name__} while it was searched")
        for group in batch.groups:
            self._failures.pop((batch.step.name, group), None)
            self._not_before.pop((batch.step.name, group), None)
        rejected = [(s, reading.rejected[s.id]) for s in batch.scope.signatures if s.id in reading.rejected]
        self._watch.lose(batch.scope.name, reading.lost_groups, rejected)
        return not reading.lost_groups and len(rejected) < len(batch.scope.signatures)

    def _put_off(self, batch: Batch, why: str) -> bool:
        place = batch.step.name, batch.groups[0]
        failures = self._failures[place] + 1
        not_before = self._clock() + backoff(failures, self._pace.interval, self._chance())
        for group in batch.groups:
            self._failures[batch.step.name, group] = failures
            self._not_before[batch.step.name, group] = not_before
        self._observe(RunSkipped(f"{batch.step.name} {batch.scope.name}", SkipReason.BACKING_OFF, why))
        return False

    def _measure(self, step: Pass, snapshot: Snapshot) -> None:
        cursors = self._store.cursors()
        target = self._clock() - step.delay
        lags: defaultdict[str, float] = defaultdict(float)
        for name, group in snapshot.places:
            cursor = cursors.get(cursor_key(step.name, group), int(target))
            lags[name] = max(lags[name], target - max(cursor, group.created_ms / 1000))
        # A scope that is gone lags no more.
        for name in self._measured[step.name] - lags.keys():
            self._observe(CoverageMeasured(name, step.name, 0.0, 0.0))
        for name, lag in lags.items():
            self._observe(CoverageMeasured(name, step.name, lag, 0.0))
        self._measured[step.name] = set(lags)

    def _resolve(self, snapshot: Snapshot) -> None:
        cursors = self._store.cursors()
        first = self.passes[0].name
        watched = {cursor_key(first, group) for _, group in snapshot.places}

        def covered_ms(incident: Incident) -> int:
            keys = {(first, incident.account, incident.region, name) for name in incident.log_groups} & watched
            # Where nobody searches any more, waiting for coverage would keep an incident open for ever.
            return min((cursors.get(key, 0) for key in keys), default=int(self._clock())) * 1000

        known = {signature.id: signature for signature in snapshot.library.signatures}
        self._pipeline.resolve(known, covered_ms)
        self._count_open(self._store.open_incidents())

    def _count_open(self, incidents: Iterable[Incident]) -> None:
        counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        for incident in incidents:
            counts[incident.signature, incident.severity] += 1
        self._observe(OpenIncidentsMeasured(tuple((*key, count) for key, count in sorted(counts.items()))))
