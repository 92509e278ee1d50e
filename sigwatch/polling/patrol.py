"""Running passes: every due window, oldest first, each batch by itself: a slow or failing one holds up no other.

A run only hands out work. What is due follows from the coverage in the store: a run that is missed, or a program that
is killed, costs time and nothing else.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from sigwatch.errors import SourceError, SourceUnavailable, Stopped, StoreError
from sigwatch.incident.own import unread_hit
from sigwatch.model.coverage import Coverage, Lookback
from sigwatch.model.event import BudgetMeasured, CoverageMeasured, QueryStatus, RunSkipped, SkipReason
from sigwatch.model.incident import Incident
from sigwatch.model.lease import CHORES, Lease
from sigwatch.model.logs import LogGroup, Pass, Scope, Window
from sigwatch.pipeline import Pipeline, Prepared, Record, covering, prepare
from sigwatch.plan.budget import Allowance, Saving
from sigwatch.plan.scopes import Batch, batches
from sigwatch.plan.windows import Pace, due_window, ripe_window
from sigwatch.polling.adoption import adopt
from sigwatch.polling.lookback import batch_for, repaying, wanted_of
from sigwatch.polling.measure import coverage_measured, open_measured
from sigwatch.polling.places import Places
from sigwatch.polling.tenure import Alone, Tenure
from sigwatch.polling.workers import Crew, Share, Work
from sigwatch.ports import CursorKey, cursor_key
from sigwatch.transaction import transacted
from sigwatch.watch import Snapshot, Watch

CLOCK_TOLERANCE_SECONDS = 60
"""A pass further ahead of the clock than this was moved there by a clock that was wrong."""

WindowRule = Callable[[Pass, LogGroup, Coverage, float, Pace], Window | None]
Round = Sequence["Future[bool]"]
"""The work that one run handed out; each part says whether it went well."""


class Patrol:
    """Runs passes over whatever is watched now; runs may overlap."""

    def __init__(
        self,
        watch: Watch,
        pipeline: Pipeline,
        passes: tuple[Pass, ...],
        pace: Pace,
        workers: Crew,
        places: Places,
        allowance: Callable[[Sequence[Pass]], Allowance],
        tenure: Tenure | None = None,
    ) -> None:
        """Hand work to `workers`, by the lane of its log groups and by pass and scope; what is not held is left alone.

        Without a tenure everything is held: nobody shares the state.
        """
        self.passes = tuple(sorted(passes, key=lambda step: step.delay))
        self._pace = pace
        self._watch = watch
        self._pipeline = pipeline
        self._store = pipeline.store
        self._clock = pipeline.clock
        self._observe = pipeline.observe
        self._workers = workers
        self._places = places
        self._allowance = allowance
        self._tenure = tenure or Alone()
        self._adopted = Snapshot(), -1
        self._adopting = threading.Lock()
        self._measured: dict[str, set[str]] = {step.name: set() for step in passes}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin no further window."""
        self._stopping.set()

    def run(self, step: Pass) -> Round:
        """Begin whatever is due in one pass, as far as the budget allows."""
        return self._run(step, due_window)

    def run_now(self, step: Pass) -> Round:
        """Begin whatever a pass can reach now, however short its windows."""
        return self._run(step, ripe_window)

    def adopt(self) -> None:
        """Begin with what is watched now, without searching it yet."""
        self._adopt(self._watch.snapshot)

    def searched_to(self) -> int:
        """Epoch second before which every pass has searched every watched log group."""
        coverage = self._store.coverage()
        keys = [cursor_key(step.name, group) for _, group in self._watch.snapshot.places for step in self.passes]
        found = [coverage.get(key) for key in keys]
        return min((each.unbroken_from(each.begin) if each else 0 for each in found), default=0)

    def _run(self, step: Pass, rule: WindowRule) -> Round:
        snapshot = self._watch.snapshot
        self._adopt(snapshot)
        due = self._take(step, rule, snapshot.scopes)
        handed = [self._hand_out(batch, self._following(batch, snapshot, rule)) for batch in due]
        if step == self.passes[0]:
            handed += self._look_back(snapshot)
            self._account(snapshot)
            if snapshot.looked_up:
                self._review(snapshot)
            self._observe(open_measured(self._store.unresolved()))
        self._measure(step, snapshot)
        return handed

    def _hand_out(self, batch: Batch, work: Work) -> "Future[bool]":
        return self._workers.submit(batch.groups[0].lane, (batch.step.name, batch.scope.name), work)

    def _adopt(self, snapshot: Snapshot) -> None:
        """Begin with what a snapshot has anew, and go on with what others had begun in log groups that are new here."""
        with self._adopting:
            before, era = self._adopted
            # Read first: a lease that comes meanwhile is adopted the next time.
            now_era = self._tenure.era
            if snapshot is before and era == now_era:
                return
            now = self._clock()
            if any(each.frontier > now + CLOCK_TOLERANCE_SECONDS for each in self._store.coverage().values()):
                transacted(self._store, lambda unit: unit.uncover(int(now)))
            adopt(self._store, self.passes, snapshot.scopes, now, self._pace, self._is_mine)
            self._expect(snapshot.scopes)
            if not before.looked_up or era != now_era:
                mine = {group.arn: group for group in snapshot.groups if self._is_mine(group)}
                self._places.resume(self._store.started_queries(), mine)
            self._adopted = snapshot, now_era

    def _is_mine(self, group: LogGroup) -> bool:
        return self._lease_of(group) is not None

    def _lease_of(self, group: LogGroup) -> Lease | None:
        """The lease under which a log group may be searched here and now; None where another replica does."""
        shard = self._store.shards([group]).get(group)
        return None if shard is None else self._tenure.lease(shard)

    def _expect(self, scopes: Iterable[Scope]) -> None:
        """Have threads kept for every pass of every scope, whichever has work first."""
        shares: defaultdict[str, set[Share]] = defaultdict(set)
        for scope in scopes:
            shares[scope.groups[0].lane].update((step.name, scope.name) for step in self.passes)
        for lane, expected in shares.items():
            self._workers.expect(lane, expected)

    def _take(self, step: Pass, rule: WindowRule, scopes: Iterable[Scope], most: int | None = None) -> list[Batch]:
        """The batches that are due, now in hand: nobody else begins them before they are released."""
        allowance = self._allowance(self.passes)
        if step not in allowance.passes or self._stopping.is_set():
            return []
        pace = replace(self._pace, interval=self._pace.interval * allowance.stretch)

        def choose() -> list[Batch]:
            # Read only now: what was released before must be seen as searched, or it would be paid for twice.
            coverage = self._store.coverage()
            now = self._clock()

            def window_of(group: LogGroup) -> Window | None:
                place = step.name, group
                found = coverage.get(cursor_key(step.name, group))
                if found is None or not self._places.free(place, now):
                    return None
                window = rule(step, group, self._places.seen(place, found, now), now, pace)
                return window and self._places.fitted(place, window)

            return batches(step, scopes, window_of, self._lease_of)[:most]

        return self._places.take(choose)

    def _following(self, batch: Batch, snapshot: Snapshot, rule: WindowRule) -> Work:
        """Search a batch, then whatever is due in the same log groups until they are up to date, a window a step."""
        left = [batch]

        def step() -> bool | None:
            fine = self._attempt(left[0], snapshot.prepared(batch.scope), covering(left[0]))
            if not fine or snapshot is not self._watch.snapshot:
                return fine
            try:
                left[:] = self._take(batch.step, rule, [replace(batch.scope, groups=batch.groups)], most=1)
            except StoreError as error:
                self._observe(RunSkipped(f"{batch.step.name} {batch.scope.name}", SkipReason.FAILED, str(error)))
                return False
            return None if left else True

        return step

    def _look_back(self, snapshot: Snapshot) -> list["Future[bool]"]:
        """Begin with what new signatures are owed."""
        handed = []
        for owed in [] if self._stopping.is_set() else self._store.lookbacks():
            wanted = wanted_of(owed, snapshot.scopes)
            batch = batch_for(owed, wanted, self._places.fitted, self._lease_of)
            if batch is None:
                if not wanted:
                    self._write_off(owed, snapshot)
                continue
            for taken in self._places.take(partial(self._still_owed, owed, batch)):
                work = partial(self._attempt, taken, prepare(taken.scope.signatures), repaying(owed, taken))
                handed.append(self._hand_out(taken, work))
        return handed

    def _still_owed(self, owed: Lookback, batch: Batch) -> list[Batch]:
        now = self._clock()
        free = all(self._places.free((batch.step.name, group), now) for group in batch.groups)
        return [batch] if free and owed in self._store.lookbacks() else []

    def _write_off(self, owed: Lookback, snapshot: Snapshot) -> None:
        """Nothing of a look-back is watched any more; where log groups are only set aside, it stays owed.

        Whoever searches its log groups knows that best.
        """
        there = [group for group in snapshot.groups if group.arn in owed.groups]
        mine = all(map(self._is_mine, there)) if there else self._tenure.lease(CHORES) is not None
        if mine and not any(group.arn in owed.groups for group in snapshot.lost):
            transacted(self._store, lambda unit: unit.repay(owed.id))

    def _attempt(self, batch: Batch, prepared: Prepared, record: Record) -> bool:
        try:
            return not self._stopping.is_set() and self._sweep(batch, prepared, record)
        finally:
            self._places.release(batch)

    def _sweep(self, batch: Batch, prepared: Prepared, record: Record) -> bool:
        try:
            reading = self._pipeline.sweep(batch, prepared, record)
        except Stopped:
            return False
        except SourceUnavailable as error:
            return self._put_off(batch, str(error), too_much=error.status is QueryStatus.TIMEOUT)
        except (SourceError, StoreError) as error:
            return self._put_off(batch, str(error))
        except Exception as fault:  # noqa: BLE001 - one batch must not stop the others; its text may hold log lines
            return self._put_off(batch, f"{type(fault).__name__} while it was searched")
        self._places.succeeded(batch, reading.window, reading.full)
        rejected = [(s, reading.rejected[s.id]) for s in batch.scope.signatures if s.id in reading.rejected]
        self._watch.lose(batch.scope.name, reading.lost_groups, rejected)
        return not reading.lost_groups and len(rejected) < len(batch.scope.signatures)

    def _put_off(self, batch: Batch, why: str, *, too_much: bool = False) -> bool:
        self._places.failed(batch, self._clock(), too_much=too_much)
        self._observe(RunSkipped(f"{batch.step.name} {batch.scope.name}", SkipReason.BACKING_OFF, why))
        return False

    def _account(self, snapshot: Snapshot) -> None:
        """Say what the budget has come to; where it is spent, on-call must know that nothing is read."""
        allowance = self._allowance(self.passes)
        self._observe(BudgetMeasured(allowance.saving, allowance.spent, allowance.budget))
        if allowance.saving is Saving.LEAVE_UNREAD and allowance.budget is not None and self._tenure.lease(CHORES):
            every = max(1, self._pipeline.rules.quiet_ms // 2)
            at_ms = int(self._clock() * 1000) // every * every
            groups, since = self._unread(snapshot)
            self._pipeline.report(unread_hit(at_ms, allowance.spent, allowance.budget, groups, since))

    def _unread(self, snapshot: Snapshot) -> tuple[int, int]:
        """Watched log groups, and the epoch second up to which the first pass has searched all of them."""
        coverage = self._store.coverage()
        keys = [cursor_key(self.passes[0].name, group) for group in snapshot.groups]
        fronts = [coverage[key].frontier for key in keys if key in coverage]
        return len(keys), min(fronts, default=int(self._clock()))

    def _measure(self, step: Pass, snapshot: Snapshot) -> None:
        found = coverage_measured(step, snapshot.places, self._store.coverage(), self._clock())
        names = {event.scope for event in found}
        # A scope that is gone lags no more.
        gone = [CoverageMeasured(name, step.name, 0.0, 0.0) for name in self._measured[step.name] - names]
        self._measured[step.name] = names
        for event in (*gone, *found):
            self._observe(event)

    def _review(self, snapshot: Snapshot) -> None:
        if not self._tenure.lease(CHORES):
            return
        coverage = self._store.coverage()
        watched = {cursor_key(self.passes[0].name, group) for _, group in snapshot.places}
        known = {signature.id: signature for signature in snapshot.library.signatures}
        self._pipeline.review(known, lambda incident: self._covered_ms(incident, coverage, watched))

    def _covered_ms(self, incident: Incident, coverage: Mapping[CursorKey, Coverage], watched: set[CursorKey]) -> int:
        first = self.passes[0].name
        keys = {(first, incident.account, incident.region, name) for name in incident.log_groups} & watched
        since = incident.last_seen_ms // 1000
        # Where nobody searches any more, waiting for coverage would keep an incident open for ever.
        ends = [coverage[key].unbroken_from(since) if key in coverage else 0 for key in keys]
        return min(ends, default=int(self._clock())) * 1000
