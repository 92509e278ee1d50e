"""What a backfill may use of the quotas, so that a daemon on the same account and region keeps its share."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.ports import Clock, CursorKey
from sigwatch.source.limits import Limits

GRANTED = Limits(start_per_second=10.0, results_per_second=10.0, other_per_second=10.0, concurrent=100)
"""Of one account and region: StartQuery, GetQueryResults and DescribeLogGroups a second, and running queries."""

MARGIN = 0.9
"""Part of what the daemon leaves that is used: others share the account, and two limiters may meet in one moment."""

LEAST_PER_SECOND = 0.5
"""Where the daemon is given everything the backfill still goes on, and whoever is refused waits."""

LOOK_AGAIN_SECONDS = 15.0

FRESH_SECONDS = 60
FRESH_INTERVALS = 4
"""A daemon that is at work records something within these, whichever is longer."""


@dataclass(frozen=True, slots=True)
class Signs:
    """By what a daemon at work is known."""

    interval: int
    """Seconds between its runs."""
    delays: Mapping[str, int]
    """Seconds that each of its passes reads behind now."""

    def at_work(self, coverage: Mapping[CursorKey, Coverage], now: float) -> bool:
        """Whether any pass has searched close to where it should be by now."""
        fresh = max(FRESH_SECONDS, FRESH_INTERVALS * self.interval)
        return any(each.frontier >= now - fresh - self.delays.get(key[0], 0) for key, each in coverage.items())


def left_by(daemon: Limits) -> Limits:
    """What the quotas leave beside a daemon that takes so much, and of running queries no more than that takes."""

    def rest(kind: str) -> float:
        return max(LEAST_PER_SECOND, (GRANTED.rate(kind) - daemon.rate(kind)) * MARGIN)

    running = int((GRANTED.concurrent - daemon.concurrent) * MARGIN)
    return Limits(rest("start"), rest("results"), rest("other"), max(1, min(daemon.concurrent, running)))


class Share:
    """The limits that hold now. Safe to use from several threads."""

    def __init__(
        self, own: Limits, signs: Signs, coverage: Callable[[], Mapping[CursorKey, Coverage]], clock: Clock
    ) -> None:
        """Use `own` while no daemon is at work, and what that leaves while one is.

        `coverage` reads that of the daemon's state; empty where there is none.
        """
        self._own = own
        self._signs = signs
        self._coverage = coverage
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._shared = False

    def __call__(self) -> Limits:
        """What may be used at this moment; looks for the daemon again now and then."""
        return left_by(self._own) if self.shared else self._own

    @property
    def shared(self) -> bool:
        """Whether a daemon is at work."""
        with self._lock:
            now = self._clock()
            if now - self._looked >= LOOK_AGAIN_SECONDS:
                self._looked = now
                try:
                    self._shared = self._signs.at_work(self._coverage(), now)
                except StoreError:
                    # A state that can not be read now may well be in use.
                    self._shared = True
            return self._shared
