"""Replicas that share log groups: each byte is paid for once, nothing is missed whoever dies, knowledge may differ."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from sigwatch.errors import SourceError, StoreError
from sigwatch.incident.fingerprint import hit
from sigwatch.model.coverage import Lookback
from sigwatch.model.incident import State
from sigwatch.model.knowledge import Signature
from sigwatch.model.lease import Lease
from sigwatch.model.logs import LogGroup, Search, Window
from sigwatch.polling.tenure import LASTS_SECONDS
from sigwatch.ports import cursor_key
from tests.contract.stores import known
from tests.fakes.dynamo import table_in
from tests.fakes.made import group, row, signature
from tests.fakes.source import FakeSource
from tests.unit.polling.house import EAGER, LATE
from tests.unit.polling.replica import Replica, Time, searched

ERRORS = signature(pattern="ERROR", log_groups=("/*",))
FATALS = signature("KO-2", "FATAL", log_groups=("/*",))


class House:
    def __init__(self, endpoint: str, groups: int) -> None:
        self.table, self.time = table_in(endpoint), Time()
        self.groups = [group(f"/g{number:03}") for number in range(groups)]
        self.source = FakeSource(self.groups, [])

    def replica(self, name: str, *signatures: Signature) -> Replica:
        made = Replica(name, self.table, self.time, self.source, list(signatures or [ERRORS]))
        made.begin()
        return made

    def pass_time(self, seconds: float, *alive: Replica) -> None:
        """Every three seconds a sign of life, every fifteen a pass."""
        end = self.time.now + seconds
        while self.time.now < end:
            self.time.now += 3
            for each in alive:
                each.tenure.keep()
            if self.time.now % 15 == 10:
                for each in alive:
                    each.run()

    def write(self, text: str, ago: float = 0.0) -> None:
        """One event in every log group."""
        ts_ms = int((self.time.now - ago) * 1000) + 1
        self.source.rows += [row(text, ts_ms, log_group=each.name) for each in self.groups]

    def unbroken(self, replica: Replica) -> bool:
        found = replica.store.coverage()
        return all(len(found[cursor_key(EAGER.name, each)].spans) == 1 for each in self.groups)

    def twice(self) -> list[str]:
        """Log groups of which some second was asked for twice."""
        return [
            name
            for name, windows in searched(self.source, self.groups).items()
            if any(later[0] < earlier[1] for earlier, later in pairwise(sorted(windows)))
        ]


@pytest.fixture
def house(dynamodb: str) -> House:
    return House(dynamodb, 120)


def counted(replica: Replica, signature: str) -> Counter[str]:
    """Hits by log group, over all incidents."""
    found: Counter[str] = Counter()
    for incident in replica.store.incidents():
        if incident.signature == signature:
            found[incident.group] += incident.count
    return found


def test_two_share_the_log_groups_and_pay_for_nothing_twice(house: House) -> None:
    first = house.replica("a")
    first.run()
    second = house.replica("b")
    house.pass_time(60, first, second)
    assert len(first.mine()) == len(second.mine()) == 2
    assert not house.twice()
    assert house.unbroken(first)
    assert {len(search.groups) for search in house.source.searches} == {50, 20}


def test_when_one_dies_the_other_goes_on_where_it_was(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.pass_time(30, first, second)
    house.write("ERROR while nobody looked")
    house.pass_time(LASTS_SECONDS + 33, first)
    assert len(first.mine()) == 4
    assert house.unbroken(first)
    assert not house.twice()
    assert counted(first, "KO-1") == {each.name: 1 for each in house.groups}


def cover_under(lease: Lease, replica: Replica, where: LogGroup) -> None:
    with replica.store.unit() as unit:
        unit.guard(lease)
        unit.cover(cursor_key(EAGER.name, where), 0, 99_999)


def test_what_a_paused_one_had_begun_is_refused_when_it_wakes(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.pass_time(30, first, second)
    lease = next(held for held in map(first.tenure.lease, first.store.shard_names()) if held)
    house.pass_time(LASTS_SECONDS + 3, second)
    before = first.store.coverage()
    with pytest.raises(StoreError, match="given to another replica"):
        cover_under(lease, first, house.groups[0])
    assert first.store.coverage() == before


def test_a_replica_with_older_knowledge_does_not_search_what_a_newer_one_holds(house: House) -> None:
    old = house.replica("a", ERRORS)
    old.run()
    house.write("FATAL before", ago=100)
    new = house.replica("b", ERRORS, FATALS)
    house.pass_time(15, old, new)
    house.write("FATAL after")
    house.pass_time(45, old, new)
    homes = new.store.shards(house.groups)
    assert counted(new, "KO-2") == {g.name: 2 for g in house.groups if homes[g] in new.mine()}
    old.tenure.leave()
    house.pass_time(60, new)
    assert counted(new, "KO-2") == {g.name: 2 for g in house.groups}


def test_knowledge_does_not_wander_to_and_fro_between_two_versions(house: House) -> None:
    old, new = house.replica("a", ERRORS), house.replica("b", ERRORS, FATALS)
    house.pass_time(30, old, new)
    sets = new.store.watch_sets()
    house.source.searches.clear()
    old.learn(ERRORS)
    new.learn(ERRORS, FATALS)
    house.pass_time(30, old, new)
    assert new.store.watch_sets() == sets
    assert len(set(sets.values())) == 2
    assert "look-back" not in {search.pass_name for search in house.source.searches}


def test_new_log_groups_are_begun_with_by_whoever_sees_them_first(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.pass_time(15, first, second)
    house.groups += [group(f"/h{number:03}") for number in range(60)]
    house.source.groups[:] = house.groups
    first.watch.reload()
    second.watch.reload()
    house.pass_time(60, first, second)
    assert len(first.store.coverage()) == 2 * 180
    assert house.unbroken(first)
    assert not house.twice()
    assert sorted(len(each) for each in (first.mine(), second.mine())) == [2, 3]


def test_hits_that_one_has_recorded_are_known_to_all(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.write("ERROR", ago=1)
    house.pass_time(30, first, second)
    everything = [hit("KO-1", each) for each in house.source.rows]
    assert known(first.store, everything) == known(second.store, everything) == 120
    assert counted(first, "KO-1") == {each.name: 1 for each in house.groups}


def test_what_was_begun_before_a_pause_is_refused_and_done_by_whoever_holds_it_now(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.pass_time(30, first, second)
    asleep: list[Search] = []

    def pause(search: Search) -> SourceError | None:
        if not asleep:
            asleep.append(search)
            house.pass_time(LASTS_SECONDS + 18, second)
        return None

    house.source.refuse = pause
    house.time.now += 15
    first.tenure.keep()
    first.run()
    assert len(asleep) == 1
    assert "given to another replica" in first.refused()[0]
    assert len(second.mine()) == 4
    house.pass_time(30, second)
    assert house.unbroken(second)


def test_a_query_that_one_had_begun_before_it_died_is_gone_on_with_and_not_paid_for_again(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.pass_time(30, first, second)
    homes = first.store.shards(house.groups)
    theirs = tuple(g for g in house.groups if homes[g] in first.mine())[:50]
    shard = homes[theirs[0]]
    theirs = tuple(g for g in house.groups if homes[g] == shard)
    end = first.store.coverage()[cursor_key(EAGER.name, theirs[0])].frontier
    begun = Window(end, end + 7)
    first.store.remember(Search("s", EAGER.name, theirs, (), "q", begun, 1), "query-1")
    house.source.searches.clear()
    house.pass_time(LASTS_SECONDS + 33, second)
    windows = [s.window for s in house.source.searches if set(s.groups) == set(theirs) and s.pass_name == EAGER.name]
    assert windows[0] == begun


def owe(replica: Replica, owed: Lookback) -> None:
    with replica.store.unit() as unit:
        unit.owe(owed)


def test_what_is_owed_is_written_off_by_nobody_but_whoever_searches_there(house: House) -> None:
    old, new = house.replica("a", ERRORS), house.replica("b", ERRORS, FATALS)
    house.pass_time(30, old, new)
    homes = new.store.shards(house.groups)
    theirs = [g for g in house.groups if homes[g] in new.mine()]
    owed = Lookback("owed", Window(9_000, 9_100), tuple(g.arn for g in theirs[:20]), ("KO-2",))
    owe(new, owed)
    owe(new, replace(owed, id="gone", groups=("arn:of:nothing",)))
    assert "chores" in old.mine()
    old.run()
    assert new.store.lookbacks() == [owed]
    new.run()
    assert new.store.lookbacks() == []


def test_one_look_back_over_two_leases_is_searched_under_each(house: House) -> None:
    alone = house.replica("a")
    house.pass_time(15, alone)
    owe(alone, Lookback("owed", Window(9_000, 9_100), tuple(g.arn for g in house.groups), ("KO-1",)))
    house.source.searches.clear()
    for _ in range(3):
        alone.run()
    homes = alone.store.shards(house.groups)
    found = [search.groups for search in house.source.searches if search.pass_name == "look-back"]
    assert [len({homes[g] for g in groups}) for groups in found] == [1, 1, 1]
    assert alone.store.lookbacks() == []


def test_without_the_chores_nothing_is_ended(house: House) -> None:
    first, second = house.replica("a"), house.replica("b")
    house.write("ERROR", ago=1)
    house.pass_time(30, first, second)
    chief, other = (first, second) if "chores" in first.mine() else (second, first)
    for _ in range(8):
        house.time.now += 12
        chief.tenure.keep()
        other.tenure.keep()
        other.run()
    chief.run(LATE)
    assert {incident.state for incident in other.store.incidents()} == {State.OPEN}
    chief.run()
    other.run()
    house.time.now += 3
    chief.tenure.keep()
    chief.run()
    assert {incident.state for incident in other.store.incidents()} == {State.RESOLVED}
