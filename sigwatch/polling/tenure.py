"""Which leases this replica holds: an even share of all, taken when their holders have gone, given back when asked.

Time is a monotonic clock's, and only how long ago a sign of life looked different counts: clocks of two machines are
never compared. Whoever was paused for longer than a lease lasts knows it when it wakes, before it begins anything; what
it had begun is refused by the state. The design is that of Amazon's Kinesis Client Library and of its lock client for
DynamoDB.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from sigwatch.errors import StoreError
from sigwatch.model.event import LeasesMeasured
from sigwatch.model.lease import ALONE, CHORES, Lease, Ledger
from sigwatch.ports import Clock, Leases, Observer

BEAT_SECONDS = 3
"""Between two signs of life."""
LASTS_SECONDS = 12
"""After this long without a sign of life the leases of a replica are anybody's."""
FORGOTTEN_SECONDS = 600
"""After this long without a sign of life a replica is not listed any more."""
TRUSTED_SECONDS = 8
"""For so long after its last sign of life a replica takes its own leases for held."""


class Tenure(Protocol):
    """What is held here."""

    @property
    def era(self) -> int:
        """Changes whenever what is held does."""

    def lease(self, name: str) -> Lease | None:
        """The lease of that name, if it is held now."""

    def keep(self) -> bool:
        """Show a sign of life, take and give back; returns whether something was gained.

        Raises:
            StoreError: the leases can not be read; what is held is so until it is not trusted any more.
        """

    def leave(self) -> None:
        """Give everything back, so that others need not wait for it to run out."""

    @property
    def measured(self) -> LeasesMeasured | None:
        """How the work is shared out; None where nobody shares the state."""

    @property
    def share(self) -> float:
        """What part of all the work is done here, 0 to 1: what may be used of quotas that all replicas share."""


class Alone:
    """Holds everything: nobody shares the state."""

    era = 0
    share = 1.0
    measured = None

    def lease(self, name: str) -> Lease | None:  # noqa: ARG002 - whatever it is
        """See `Tenure.lease`."""
        return ALONE

    def keep(self) -> bool:
        """See `Tenure.keep`."""
        return False

    def leave(self) -> None:
        """See `Tenure.leave`."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What a replica does about leases."""

    take: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()


def moves(ledger: Ledger, me: str, alive: Iterable[str], wanted: Iterable[str]) -> Moves:
    """Come to an even share of the leases: give back what is too much, take what nobody alive has.

    Args:
        ledger: all leases.
        me: this replica.
        alive: the replicas that show signs of life, this one included.
        wanted: names of all leases that should be held by somebody.
    """
    living, names = set(alive), sorted(set(wanted))
    owners = {name: ledger.held[name].owner if name in ledger.held else "" for name in names}
    mine = [name for name in names if owners[name] == me]
    fair = ceil(len(names) / max(1, len(living)))
    if len(mine) > fair:
        # The chores stay: they would only wander about.
        return Moves(give_back=tuple(name for name in mine if name != CHORES)[: len(mine) - fair])
    free = [name for name in names if owners[name] not in living]
    # Each begins somewhere else, so that two rarely want the same.
    start = sum(me.encode()) % len(free) if free else 0
    return Moves(take=(*free[start:], *free[:start])[: fair - len(mine)])


class SharedTenure:
    """Leases of this replica. Safe to use from several threads; `keep` is called by one of them."""

    def __init__(
        self, leases: Leases, me: str, wanted: Callable[[], Iterable[str]], monotonic: Clock, observe: Observer
    ) -> None:
        """Nothing is held before `keep`.

        Args:
            leases: where all replicas see them.
            me: name of this replica, which no other has ever had.
            wanted: names of all leases that should be held by somebody.
            monotonic: seconds, from a clock that never goes back.
            observe: is told how many leases are held here.
        """
        self._leases = leases
        self._me = me
        self._wanted = wanted
        self._monotonic = monotonic
        self._observe = observe
        self._lock = threading.Lock()
        self._held: Mapping[str, Lease] = {}
        self._trusted_until = float("-inf")
        self._era = 0
        self._share = 0.0
        self._beats: dict[str, tuple[str, float]] = {}
        self._measured: LeasesMeasured | None = None
        self._left = False

    @property
    def era(self) -> int:
        """See `Tenure.era`."""
        return self._era

    @property
    def share(self) -> float:
        """See `Tenure.share`."""
        return self._share

    @property
    def measured(self) -> LeasesMeasured | None:
        """See `Tenure.measured`."""
        return self._measured

    def lease(self, name: str) -> Lease | None:
        """See `Tenure.lease`."""
        with self._lock:
            return self._held.get(name) if self._monotonic() < self._trusted_until else None

    def keep(self) -> bool:
        """See `Tenure.keep`."""
        if self._left:
            return False
        asked = self._monotonic()
        self._leases.beat(self._me)
        ledger = self._leases.read()
        alive = self._alive(ledger, asked)
        wanted = sorted({*self._wanted(), CHORES})
        planned = moves(ledger, self._me, alive, wanted)
        held = {name: each.lease for name, each in ledger.held.items() if each.owner == self._me}
        for name in planned.give_back:
            self._leases.give_back(held.pop(name))
        for name in planned.take:
            taken = self._leases.take(name, self._me, ledger.held.get(name))
            if taken:
                held[name] = taken
        return self._note({name: held[name] for name in held if name in wanted}, asked, alive, len(wanted))

    def leave(self) -> None:
        """See `Tenure.leave`."""
        self._left = True
        with self._lock:
            held, self._held = self._held, {}
        try:
            for lease in held.values():
                self._leases.give_back(lease)
            self._leases.bow_out(self._me)
        except StoreError:
            # It runs out by itself.
            return

    def _alive(self, ledger: Ledger, now: float) -> set[str]:
        """Replicas that looked different within the time that a lease lasts; one seen for the first time is alive."""
        before = self._beats
        self._beats = {
            name: before[name] if name in before and before[name][0] == beat else (beat, now)
            for name, beat in ledger.beats.items()
        }
        silent = {name: now - since for name, (_, since) in self._beats.items() if name != self._me}
        for name, seconds in silent.items():
            if seconds > FORGOTTEN_SECONDS:
                self._leases.bow_out(name)
        return {self._me, *(name for name, seconds in silent.items() if seconds <= LASTS_SECONDS)}

    def _note(self, held: Mapping[str, Lease], asked: float, alive: Iterable[str], wanted: int) -> bool:
        with self._lock:
            gained = bool(set(held.values()) - set(self._held.values()))
            if held != self._held:
                self._era += 1
            self._held = held
            self._trusted_until = asked + TRUSTED_SECONDS
        replicas = len(set(alive))
        # Who holds nothing still looks up log groups.
        self._share = len(held) / wanted if held else 1 / (4 * replicas)
        measured = LeasesMeasured(len(held), wanted, replicas)
        if measured != self._measured:
            self._measured = measured
            self._observe(measured)
        return gained
