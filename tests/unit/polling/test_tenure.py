"""Which leases a replica takes, keeps and gives back."""

import uuid
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import StoreError
from sigwatch.model.event import Event, LeasesMeasured
from sigwatch.model.lease import ALONE, CHORES, Held, Lease, Ledger
from sigwatch.polling.tenure import LASTS_SECONDS, TRUSTED_SECONDS, Alone, Moves, SharedTenure, moves
from sigwatch.store.dynamo.leases import DynamoLeases
from sigwatch.store.dynamo.table import Table
from tests.fakes.dynamo import client, new_table, table_in
from tests.fakes.lossy_proxy import FAIL, LossyProxy


def ledger(**owners: str) -> Ledger:
    return Ledger({name: Held(Lease(name, 1, "s"), owner) for name, owner in owners.items()}, {})


def test_one_alone_takes_everything() -> None:
    planned = moves(ledger(), "a", {"a"}, ["1", "2", CHORES])
    assert (sorted(planned.take), planned.give_back) == (["1", "2", CHORES], ())


def test_what_somebody_alive_has_is_left_to_them() -> None:
    held = ledger(**{"1": "b", "2": "dead", "3": ""})
    assert sorted(moves(held, "a", {"a", "b"}, ["1", "2", "3"]).take) == ["2", "3"]


def test_what_is_too_much_is_given_back_and_the_chores_stay() -> None:
    held = ledger(**{"1": "a", "2": "a", CHORES: "a"})
    assert moves(held, "a", {"a", "b"}, ["1", "2", CHORES]) == Moves(give_back=("1",))
    assert moves(held, "a", {"a", "b", "c"}, ["1", "2", CHORES]) == Moves(give_back=("1", "2"))
    assert moves(ledger(**{"z": "a", CHORES: "a"}), "a", {"a", "b"}, ["z", CHORES]) == Moves(give_back=("z",))


def test_leases_on_what_is_gone_are_nobodys_business() -> None:
    assert moves(ledger(**{"1": "a", "old": "dead"}), "a", {"a"}, ["1"]) == Moves()


@given(st.integers(1, 12), st.integers(0, 30), st.integers(0, 2**32))
def test_they_come_to_an_even_share_whoever_looks_first(replicas: int, leases: int, seed: int) -> None:
    names, rng = [str(number) for number in range(leases)], Random(seed)
    everyone = [f"r{number}" for number in range(replicas)]
    owners = {name: rng.choice([*everyone, "dead", ""]) for name in names}
    for _ in range(6):
        for me in rng.sample(everyone, replicas):
            planned = moves(ledger(**owners), me, everyone, names)
            assert not (planned.take and planned.give_back)
            owners |= dict.fromkeys(planned.give_back, "")
            owners |= dict.fromkeys(planned.take, me)
    shares = [list(owners.values()).count(each) for each in everyone]
    assert sum(shares) == leases
    assert max(shares) <= -(-leases // replicas)


class Replica:
    """One that keeps its leases when it is told to."""

    def __init__(self, table: Table, name: str, clock: Callable[[], float]) -> None:
        self.events: list[Event] = []
        leases = DynamoLeases(table, lambda: uuid.uuid4().hex)
        self.tenure = SharedTenure(leases, name, lambda: ["1", "2", "3"], clock, self.events.append)

    def held(self) -> set[str]:
        return {name for name in ("1", "2", "3", CHORES) if self.tenure.lease(name)}


class House:
    def __init__(self, table: Table) -> None:
        self.now = 100.0
        self.table = table

    def replica(self, name: str, ahead: float = 0.0) -> Replica:
        """With a monotonic clock that began somewhere else."""
        return Replica(self.table, name, lambda: self.now + ahead)


@pytest.fixture
def house(dynamodb: str) -> House:
    return House(table_in(dynamodb))


ALL = {"1", "2", "3", CHORES}


def test_a_second_one_gets_half_and_the_first_keeps_the_chores(house: House) -> None:
    first, second = house.replica("a"), house.replica("b", ahead=1e6)
    assert first.tenure.keep()
    assert (first.held(), second.held()) == (ALL, set())
    second.tenure.keep()
    assert second.held() == set()
    assert not first.tenure.keep()
    assert second.tenure.keep()
    assert len(first.held()) == len(second.held()) == 2
    assert first.held() | second.held() == ALL
    assert CHORES in first.held()
    assert (first.tenure.share, second.tenure.share) == (0.5, 0.5)
    assert second.events[-1] == LeasesMeasured(2, 4, 2)


def test_leases_of_one_that_died_are_taken_once_they_have_run_out_and_not_before(house: House) -> None:
    first, second = house.replica("a"), house.replica("b", ahead=-50)
    first.tenure.keep()
    second.tenure.keep()
    house.now += LASTS_SECONDS
    assert not second.tenure.keep()
    house.now += 1
    assert second.tenure.keep()
    assert second.held() == ALL


def test_one_that_was_paused_holds_nothing_when_it_wakes_and_then_what_is_left_to_it(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    first.tenure.keep()
    lost = first.tenure.lease("1")
    second.tenure.keep()
    house.now += LASTS_SECONDS + 1
    assert first.held() == set()
    second.tenure.keep()
    before = first.tenure.era
    first.tenure.keep()
    assert first.held() == set()
    assert first.tenure.era != before
    second.tenure.keep()
    first.tenure.keep()
    assert (len(first.held()), len(second.held())) == (2, 2)
    again = first.tenure.lease("1") or second.tenure.lease("1")
    assert lost
    assert again
    assert again.fence > lost.fence
    assert again.stamp != lost.stamp


def test_what_is_held_is_trusted_for_less_time_than_others_wait(house: House) -> None:
    first = house.replica("a")
    first.tenure.keep()
    house.now += TRUSTED_SECONDS - 0.1
    assert first.held() == ALL
    house.now += 0.1
    assert first.held() == set()
    assert TRUSTED_SECONDS < LASTS_SECONDS


def test_one_that_leaves_gives_everything_back_at_once_and_takes_nothing_more(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    first.tenure.keep()
    second.tenure.keep()
    first.tenure.leave()
    assert first.held() == set()
    assert not first.tenure.keep()
    assert first.held() == set()
    assert second.tenure.keep()
    assert second.held() == ALL
    assert LeasesMeasured(4, 4, 1) in second.events


def test_where_the_state_can_not_be_reached_what_is_held_runs_out_by_itself(dynamodb: str) -> None:
    made, name = new_table(dynamodb)
    del made
    with LossyProxy(dynamodb) as proxy:
        house = House(Table(client(proxy.url, retries=1), name))
        first = house.replica("a")
        first.tenure.keep()
        proxy.line.extend([FAIL] * 9)
        with pytest.raises(StoreError):
            first.tenure.keep()
        assert first.held() == ALL
        house.now += TRUSTED_SECONDS
        assert first.held() == set()
        # Leaving must not fail either; it runs out.
        first.tenure.leave()


def test_of_two_that_want_the_same_lease_one_gets_it(house: House) -> None:
    leases = DynamoLeases(house.table, lambda: uuid.uuid4().hex)
    first = leases.take("1", "a", None)
    assert first is not None
    assert leases.take("1", "b", None) is None
    seen = leases.read().held["1"]
    second = leases.take("1", "b", seen)
    assert second is not None
    assert second.fence == first.fence + 1
    assert leases.take("1", "c", seen) is None
    leases.give_back(first)
    assert leases.read().held["1"].owner == "b"
    leases.give_back(second)
    assert leases.read().held["1"].owner == ""


def test_one_that_has_been_silent_for_long_is_not_listed_any_more(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    first.tenure.keep()
    second.tenure.keep()
    leases = DynamoLeases(house.table, lambda: uuid.uuid4().hex)
    for _ in range(2):
        house.now += 601
        second.tenure.keep()
    assert set(leases.read().beats) == {"b"}


def test_where_nobody_shares_the_state_everything_is_held() -> None:
    alone = Alone()
    assert (alone.lease("whatever"), alone.share, alone.keep(), alone.era) == (ALONE, 1.0, False, 0)
    alone.leave()
