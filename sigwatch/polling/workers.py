"""Threads that wait for queries, apart for each lane, and shared out so that nothing slow takes them all.

Work stands in line by its share: one pass of one scope. Half of a lane's threads are kept for the shares, evenly; the
other half is for whoever has most to do. So a scope that hangs leaves threads to every other one, and a late pass that
catches up leaves some to the first. Work that has more to do goes to the end of its own line after each step.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

Share = tuple[str, str]
"""Pass and scope."""

Work = Callable[[], bool | None]
"""One step: whether the work ended well, or None when there is more of it to do. Must not raise."""


def next_share(
    size: int, expected: Collection[Share], running: Mapping[Share, int], waiting: Mapping[Share, int]
) -> Share | None:
    """Whose work a lane with `size` threads begins next; None where nothing waits that may begin.

    Args:
        size: threads of the lane.
        expected: shares that may have work at any time.
        running: threads that each share has in use.
        waiting: work in line by share.
    """
    free = size - sum(running.values())
    wanting = sorted((running.get(share, 0), share) for share, count in waiting.items() if count)
    if free <= 0 or not wanting:
        return None
    shares = {*expected, *running, *waiting}
    own = max(1, size // (2 * len(shares)))
    used, share = wanting[0]
    kept = sum(max(0, own - running.get(other, 0)) for other in shares - {share})
    return share if used < own or free > min(kept, size // 2) else None


@dataclass(frozen=True, slots=True)
class _Job:
    share: Share
    work: Work
    future: "Future[bool]" = field(default_factory=Future)


class _Lane:
    """The threads of one lane, and the lines in front of them."""

    def __init__(self, name: str, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"search {name}".strip())
        self._lock = threading.Lock()
        self._lines: dict[Share, deque[_Job]] = {}
        self._running: Counter[Share] = Counter()
        self._expected: frozenset[Share] = frozenset()
        self._closed = False

    def submit(self, job: _Job) -> None:
        with self._lock:
            if not self._closed:
                self._stand_in_line(job)
                self._begin()
                return
        job.future.set_result(False)

    def expect(self, shares: Collection[Share]) -> None:
        with self._lock:
            self._expected = frozenset(shares)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            left = [job for line in self._lines.values() for job in line]
            self._lines.clear()
        for job in left:
            job.future.set_result(False)
        self._pool.shutdown(wait=True)

    def _stand_in_line(self, job: _Job) -> None:
        self._lines.setdefault(job.share, deque()).append(job)

    def _begin(self) -> None:
        while True:
            waiting = {share: len(line) for share, line in self._lines.items()}
            share = next_share(self._size, self._expected, self._running, waiting)
            if share is None:
                return
            job = self._lines[share].popleft()
            if not self._lines[share]:
                del self._lines[share]
            self._running[share] += 1
            self._pool.submit(self._step, job)

    def _step(self, job: _Job) -> None:
        outcome: bool | None = False
        try:
            outcome = job.work()
        finally:
            with self._lock:
                self._running.subtract([job.share])
                # Shares come and go with the knowledge: what is over is forgotten.
                self._running = +self._running
                over = outcome is not None or self._closed
                if not over:
                    self._stand_in_line(job)
                if not self._closed:
                    self._begin()
            if over:
                job.future.set_result(bool(outcome))


class Crew(Protocol):
    """Whoever does the work."""

    def submit(self, lane: str, share: Share, work: Work) -> "Future[bool]":
        """See `Workers.submit`."""

    def expect(self, lane: str, shares: Collection[Share]) -> None:
        """See `Workers.expect`."""


class Workers:
    """A pool for each lane, made when it is first needed: a lane that hangs takes no thread from another."""

    def __init__(self, size: int) -> None:
        """At most `size` threads a lane."""
        self._size = size
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    def submit(self, lane: str, share: Share, work: Work) -> "Future[bool]":
        """Do work when it is its turn; the future says whether it ended well, False for what `close` left undone."""
        job = _Job(share, work)
        self._of(lane).submit(job)
        return job.future

    def expect(self, lane: str, shares: Collection[Share]) -> None:
        """Keep threads for shares that may have work at any time; replaces what was expected of the lane before."""
        self._of(lane).expect(shares)

    def close(self) -> None:
        """Wait for what is in hand, leave the rest undone, and let the threads go."""
        for lane in self._lanes.values():
            lane.close()

    def _of(self, lane: str) -> _Lane:
        with self._lock:
            if lane not in self._lanes:
                self._lanes[lane] = _Lane(lane, self._size)
            return self._lanes[lane]
