"""The long run: scheduled passes, reloads, deliveries; drained and closed within seconds when asked to stop.

What there is to do follows from the cursors and the outbox, never from ticks: a tick that is missed costs time only.
"""

import threading
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from sigwatch.errors import SigwatchError, StoreError
from sigwatch.model.event import OrphansStopped, OutboxMeasured, RunSkipped, SkipReason
from sigwatch.model.lease import ALONE, CHORES
from sigwatch.model.logs import Pass
from sigwatch.polling.patrol import Patrol, Round
from sigwatch.polling.tenure import BEAT_SECONDS, Tenure
from sigwatch.ports import Clock, Observer, Store
from sigwatch.watch import Watch

HEARTBEAT_SECONDS = 5
ROUND_SECONDS = 0.25
"""Between two looks into the outbox."""
FAILED_ROUND_SECONDS = 2.0
"""After one that failed: what is wrong with the state is so for more than a moment, and is told each time."""
HOUSEKEEPING_SECONDS = 3600
PATIENCE_SECONDS = 20
"""With targets that do not take what is due, where every pass is made but once."""
ORPHANS_AFTER_SECONDS = 60
"""By then whatever an earlier run had begun has been gone on with, unless what is watched has changed."""

RELOAD = "reload"

_SKIPPED = {
    EVENT_JOB_MAX_INSTANCES: SkipReason.STILL_RUNNING,
    EVENT_JOB_MISSED: SkipReason.MISSED,
    EVENT_JOB_ERROR: SkipReason.FAILED,
}


@dataclass(slots=True)
class Pulse:
    """When the scheduler last ran a job, and whether the daemon has been once around."""

    beat_at: float
    first_pass_done: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """What a daemon is made of."""

    watch: Watch
    patrol: Patrol
    tenure: Tenure
    store: Store
    deliver: Callable[[], int]
    """Sends whatever of the outbox is due."""
    delete_doubles: Callable[[int], int]
    """Deletes what targets show twice since an epoch millisecond."""
    take_over: Callable[[], None]
    """Records what the newest knowledge has brought."""
    tidy: Callable[[int], object]
    """Drops what is kept no longer, and of hits only those of events before an epoch second."""
    stop_orphans: Callable[[Container[str]], int]
    """Stops this installation's queries that run and whose markers are not among those given."""
    close_workers: Callable[[], None]
    clock: Clock
    observe: Observer
    pulse: Pulse
    stopping: threading.Event
    interval: int
    reload: int
    """Both in seconds."""


class Daemon:
    """Runs until told to stop."""

    def __init__(self, parts: Parts, scheduler: BackgroundScheduler | None = None) -> None:
        """Nothing starts before `run` or `once`; another scheduler than the usual one may keep another time."""
        self._parts = parts
        self._reload_now = threading.Event()
        self._started_before: set[str] = set()
        self._scheduler = scheduler or BackgroundScheduler()
        self._scheduler.configure(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(parts.patrol.passes) + 5)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._skipped, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def stop(self) -> None:
        """Finish the transactions in hand, and no more. May be called from a signal handler."""
        self._parts.stopping.set()
        self._parts.patrol.stop()

    def reload(self) -> None:
        """Read the knowledge again soon. May be called from a signal handler."""
        self._reload_now.set()

    def run(self) -> None:
        """Watch until `stop`; returns when everything in hand is durable."""
        parts = self._parts
        self._begin()
        self._every(BEAT_SECONDS, "leases", self._keep_leases)
        self._every(HEARTBEAT_SECONDS, "heartbeat", self._beat)
        for step in parts.patrol.passes:
            job = partial(self._pass, step)
            self._every(parts.interval, f"{step.name} pass", job)
        self._every(parts.reload, RELOAD, self._reload, after=parts.reload)
        self._every(HOUSEKEEPING_SECONDS, "housekeeping", self._housekeep)
        if parts.tenure.lease(CHORES) == ALONE:
            self._started_before = {query.marker for query in parts.store.started_queries()}
        self._every(HOUSEKEEPING_SECONDS, "orphans", self._stop_orphans, after=ORPHANS_AFTER_SECONDS)
        sender = threading.Thread(target=self._send, name="sender")
        self._scheduler.start()
        sender.start()
        try:
            while not parts.stopping.wait(0.5):
                if self._reload_now.is_set():
                    self._reload_now.clear()
                    self._scheduler.modify_job(RELOAD, next_run_time=self._now())
        finally:
            self.stop()
            self._scheduler.shutdown(wait=True)
            sender.join()
            parts.close_workers()
            parts.tenure.leave()

    def once(self) -> bool:
        """Make every pass once, deliver what is due, and return whether all of it worked."""
        parts = self._parts
        self._begin()
        fine = bool(parts.watch.snapshot.scopes)
        for step in parts.patrol.passes:
            done = [part.result() for part in parts.patrol.run_now(step)]
            fine = fine and all(done)
        self._deliver_all()
        parts.close_workers()
        parts.tenure.leave()
        return fine and parts.store.outbox(int(parts.clock() * 1000))[0] == 0

    def _begin(self) -> None:
        """Know what is to be watched, and hold a share of it, before the first pass."""
        self._keep_leases()
        self._reload()
        try:
            self._parts.patrol.adopt()
        except StoreError as error:
            self._parts.observe(RunSkipped("adoption", SkipReason.FAILED, str(error)))
        self._keep_leases()

    def _every(self, seconds: int, name: str, job: Callable[[], object], after: int = 0) -> None:
        first = self._now() + timedelta(seconds=after)
        self._scheduler.add_job(job, "interval", seconds=seconds, id=name, name=name, next_run_time=first)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._parts.clock(), UTC)

    def _reload(self) -> None:
        self._parts.watch.reload()
        self._take_over()

    def _take_over(self) -> None:
        """Write down what the knowledge has brought; replicas may have read it at different times, so one does."""
        if self._parts.tenure.lease(CHORES):
            self._parts.take_over()

    def _keep_leases(self) -> None:
        """What was gained has nobody to search it meanwhile, so its passes are made at once."""
        try:
            gained = self._parts.tenure.keep()
        except StoreError as error:
            self._parts.observe(RunSkipped("leases", SkipReason.FAILED, str(error)))
            return
        if gained and self._parts.watch.snapshot.looked_up:
            self._take_over()
            for step in self._parts.patrol.passes:
                self._pass(step)

    def _beat(self) -> None:
        self._parts.pulse.beat_at = self._parts.clock()

    def _pass(self, step: Pass) -> None:
        """Hand out a pass's work; the first that is all done well makes the daemon ready."""
        handed = self._parts.patrol.run(step)
        if not handed:
            self._noted(handed)
        for part in handed:
            part.add_done_callback(lambda _: self._noted(handed))

    def _noted(self, handed: Round) -> None:
        if self._parts.watch.snapshot.looked_up and all(part.done() and part.result() for part in handed):
            self._parts.pulse.first_pass_done = True

    def _send(self) -> None:
        pause = ROUND_SECONDS
        while not self._parts.stopping.wait(pause):
            pause = ROUND_SECONDS
            try:
                self._deliver()
            except SigwatchError as error:
                pause = FAILED_ROUND_SECONDS
                self._parts.observe(RunSkipped("delivery", SkipReason.FAILED, str(error)))
            except Exception as fault:  # noqa: BLE001 - whatever it is, the next alert must still get out
                pause = FAILED_ROUND_SECONDS
                self._parts.observe(RunSkipped("delivery", SkipReason.FAILED, type(fault).__name__))

    def _deliver(self) -> None:
        parts = self._parts
        parts.deliver()
        parts.observe(OutboxMeasured(*parts.store.outbox(int(parts.clock() * 1000))))

    def _deliver_all(self) -> None:
        """Deliver round by round, since a channel takes one message a second, but wait for no target for ever."""
        parts = self._parts
        enough = parts.clock() + PATIENCE_SECONDS
        self._deliver()
        while parts.store.outbox(0)[0] and parts.clock() < enough and not parts.stopping.wait(0.25):
            self._deliver()

    def _housekeep(self) -> None:
        if not self._parts.tenure.lease(CHORES):
            return
        # What is not yet searched by every pass may be found again.
        self._parts.tidy(self._parts.patrol.searched_to())
        self._parts.delete_doubles(int((self._parts.clock() - 2 * HOUSEKEEPING_SECONDS) * 1000))

    def _stop_orphans(self) -> None:
        """Stop what runs without anybody to wait for it, and forget what has been started for longer than any query."""
        parts = self._parts
        if not parts.tenure.lease(CHORES):
            self._started_before = set()
            return
        started = {query.marker for query in parts.store.started_queries()}
        stale = started & self._started_before
        count = parts.stop_orphans(started - stale)
        for marker in stale:
            parts.store.forget(marker)
        self._started_before = started - stale
        if count:
            parts.observe(OrphansStopped(count))

    def _skipped(self, event: object) -> None:
        code = getattr(event, "code", EVENT_JOB_ERROR)
        name = str(getattr(event, "job_id", "")).replace(" pass", "")
        error = getattr(event, "exception", None)
        # The text of any other error may hold a log line.
        detail = str(error) if isinstance(error, SigwatchError) else type(error).__name__ if error else ""
        self._parts.observe(RunSkipped(name, _SKIPPED[code], detail))
