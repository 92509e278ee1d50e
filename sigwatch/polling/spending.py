"""What queries cost: counted as they end, kept by day, scope and pass, and held against the budget."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sigwatch.model.coverage import Spending
from sigwatch.model.event import Event, QueryEnded
from sigwatch.model.logs import Pass
from sigwatch.plan.budget import Allowance, allow
from sigwatch.plan.windows import DAY
from sigwatch.ports import Clock, Store


@dataclass(slots=True)
class _Sum:
    bytes_scanned: int = 0
    dollars: float = 0.0
    queries: int = 0


def day_of(second: float) -> str:
    """The day (UTC) that spending at that time counts for."""
    return datetime.fromtimestamp(second, UTC).date().isoformat()


class Meter:
    """Listens to queries and adds up; what it holds is written by `record`. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is read or written before `record`."""
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._sums: defaultdict[tuple[str, str, str], _Sum] = defaultdict(_Sum)

    def __call__(self, event: Event) -> None:
        """Count a query that ended, however it ended."""
        if isinstance(event, QueryEnded):
            with self._lock:
                held = self._sums[day_of(self._clock()), event.scope, event.pass_name]
                held.bytes_scanned += event.bytes_scanned
                held.dollars += event.dollars
                held.queries += 1

    def record(self) -> None:
        """Write what has been counted since the last time.

        Raises:
            StoreError: it is kept for the next time.
        """
        with self._lock:
            if not self._sums:
                return
            held = [Spending(*key, s.bytes_scanned, s.dollars, s.queries) for key, s in self._sums.items()]
            self._store.spend(held)
            self._sums.clear()

    def allowance(self, budget: float | None, passes: Sequence[Pass]) -> Allowance:
        """What may be searched now.

        Raises:
            StoreError: what was spent can not be read.
        """
        self.record()
        now = self._clock()
        before = self._by_pass(now - DAY).get(passes[0].name, 0.0) if budget is not None else 0.0
        return allow(self._by_pass(now), budget, passes, now % DAY / DAY, before)

    def _by_pass(self, second: float) -> dict[str, float]:
        """Dollars of a day by pass."""
        spent: defaultdict[str, float] = defaultdict(float)
        for paid in self._store.spent(day_of(second)):
            spent[paid.pass_name] += paid.dollars
        return spent
