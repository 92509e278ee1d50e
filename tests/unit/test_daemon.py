"""What a daemon leaves to the replica that holds the chores, and what it does when it gains a lease."""

import threading
import time
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import pytest

from sigwatch.daemon import Daemon, Parts, Pulse
from sigwatch.errors import StoreError
from sigwatch.model.event import RunSkipped, SkipReason
from sigwatch.model.lease import ALONE, CHORES, Lease
from sigwatch.model.logs import Search, Window
from tests.unit.polling.house import EAGER, House


@dataclass
class Tenure:
    """Says what the test says."""

    held: dict[str, Lease] = field(default_factory=dict)
    gained: bool = False
    broken: bool = False
    left: int = 0
    era: int = 0
    measured: None = None
    share: float = 1.0

    def lease(self, name: str) -> Lease | None:
        return self.held.get(name)

    def keep(self) -> bool:
        if self.broken:
            raise StoreError("the table can not be read")
        return self.gained

    def leave(self) -> None:
        self.left += 1


class Watching:
    """A daemon whose jobs are called by the test."""

    def __init__(self, house: House, tenure: Tenure) -> None:
        self.done: list[str] = []
        self.known: Container[str] = ()
        self.house, self.tenure, self.stopping = house, tenure, threading.Event()
        self.daemon = Daemon(
            Parts(
                watch=house.watch,
                patrol=house.patrol,
                tenure=tenure,
                store=house.store,
                deliver=lambda: 0,
                delete_doubles=lambda _: self.did("doubles"),
                take_over=lambda: self.did("take over"),
                tidy=lambda _: self.did("tidy"),
                stop_orphans=self.orphans,
                close_workers=lambda: None,
                clock=house.clock,
                observe=house.tell,
                pulse=Pulse(0.0),
                stopping=self.stopping,
                interval=15,
                reload=60,
            )
        )

    def did(self, what: str) -> Any:
        self.done.append(what)
        return 0

    def orphans(self, known: Container[str]) -> int:
        self.known = known
        return int(self.did("orphans"))


CHIEF = {CHORES: Lease(CHORES, 1, "s")}


@pytest.fixture
def watching(house: House) -> Watching:
    return Watching(house, Tenure())


@pytest.fixture
def house() -> House:
    return House()


def test_what_one_does_for_all_is_left_to_whoever_holds_the_chores(watching: Watching) -> None:
    for job in (watching.daemon._reload, watching.daemon._housekeep, watching.daemon._stop_orphans):
        job()
    assert watching.done == []
    watching.tenure.held.update(CHIEF)
    for job in (watching.daemon._reload, watching.daemon._housekeep, watching.daemon._stop_orphans):
        job()
    assert watching.done == ["take over", "tidy", "doubles", "orphans"]


def test_what_is_gained_is_searched_at_once_and_the_knowledge_is_written_down(watching: Watching) -> None:
    watching.house.watch.reload()
    watching.daemon._keep_leases()
    assert not watching.house.source.searches
    watching.tenure.gained = True
    watching.tenure.held.update(CHIEF)
    watching.daemon._keep_leases()
    assert {search.pass_name for search in watching.house.source.searches} == {"eager", "late"}
    assert watching.done == ["take over"]


def test_leases_that_can_not_be_read_are_told_and_stop_nothing(watching: Watching) -> None:
    watching.tenure.broken = True
    watching.daemon._keep_leases()
    assert watching.house.last(RunSkipped) == RunSkipped("leases", SkipReason.FAILED, "the table can not be read")


def started(house: House, second: int) -> str:
    """The marker of a query that was started over that second."""
    search = Search("scope", EAGER.name, tuple(house.groups), (), "q", Window(second, second + 1), 1)
    house.store.remember(search, f"query {second}")
    return search.marker


def test_queries_of_other_replicas_are_no_orphans_before_an_hour_has_passed(watching: Watching) -> None:
    watching.tenure.held.update(CHIEF)
    theirs = started(watching.house, 1)
    watching.daemon._stop_orphans()
    assert theirs in watching.known
    later = started(watching.house, 2)
    watching.daemon._stop_orphans()
    assert theirs not in watching.known
    assert later in watching.known
    assert {query.marker for query in watching.house.store.started_queries()} == {later}
    # Whoever gets the chores anew begins to count anew.
    watching.tenure.held.clear()
    watching.daemon._stop_orphans()
    watching.tenure.held.update(CHIEF)
    watching.daemon._stop_orphans()
    assert later in watching.known


@pytest.mark.parametrize("shared", [False, True])
def test_a_run_begins_with_its_leases_and_gives_them_back_in_the_end(house: House, shared: bool) -> None:
    house.now = time.time()  # noqa: TID251 - the scheduler lives in real time
    watching = Watching(house, Tenure(CHIEF if shared else {CHORES: ALONE}))
    before = started(house, 1)
    watching.stopping.set()
    watching.daemon.run()
    assert watching.tenure.left == 1
    assert house.store.coverage()
    assert watching.daemon._started_before == (set() if shared else {before})
