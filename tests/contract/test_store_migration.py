"""A state that was copied into another store says the same through every port, and goes on as the first would have."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sigwatch.errors import StoreError
from sigwatch.incident.fingerprint import hit
from sigwatch.ports import cursor_key
from sigwatch.store.digests import DIGEST_PREFIX
from sigwatch.store.dynamo.archive import DynamoArchive
from sigwatch.store.dynamo.bulk import Bulk
from sigwatch.store.dynamo.checking import check
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from sigwatch.store.migration import Archive, migrate
from sigwatch.store.records import Known, KnownHit, Message, Record, totals
from sigwatch.store.sqlite import SqliteStore
from sigwatch.store.sqlite_archive import SqliteArchive
from sigwatch.store.sqlite_checking import check as check_file
from sigwatch.store.unfinished import Marker
from tests.contract.rich_state import GROUPS, fill, hits, seen
from tests.contract.stores import KEPT, AnyStore, accept, due, known
from tests.fakes.dynamo import new_table
from tests.fakes.made import row

NOW = 1_790_000_000
NOW_MS = NOW * 1000


@dataclass(frozen=True)
class End:
    """A place of a state."""

    open: Callable[[], AnyStore]
    archive: Callable[[], Archive]
    flaws: Callable[[], list[str]]


Place = Callable[[str], End]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Makes new places of either kind."""
    numbers = itertools.count()

    def make(kind: str) -> End:
        if kind == "sqlite":
            path = tmp_path / f"{next(numbers)}.db"
            return End(
                lambda: SqliteStore(path),
                lambda: SqliteArchive(path),
                lambda: [flaw.rule for flaw in check_file(path) if not flaw.warning],
            )
        client, name = new_table(request.getfixturevalue("dynamodb"))
        table, bulk = Table(client, name), Bulk(client, name, lambda _: False)
        return End(
            lambda: DynamoStore(table, KEPT, lambda: NOW, time.monotonic),
            lambda: DynamoArchive(table, bulk, KEPT, NOW),
            lambda: [flaw.rule for flaw in check(table, bulk, NOW).flaws if not flaw.warning],
        )

    return make


class _Killed(Exception):
    pass


def move(source: End, target: End, run: str = "one", stop_at: int = 10**9) -> dict[str, int]:
    """Copy, but for an end after so many steps."""
    steps = itertools.count()

    def tell(_what: str, _number: int) -> None:
        if next(steps) >= stop_at:
            raise _Killed

    with closing(source.archive()) as old, closing(target.archive()) as new:
        found = migrate(old, new, Marker("the source", run), "the target", tell)
    return {kind: total.number for kind, total in found.items()}


def say(end: End) -> dict[str, Any]:
    with closing(end.open()) as store:
        return seen(store, NOW_MS)


def filled(end: End) -> End:
    with closing(end.open()) as store:
        fill(store, NOW_MS)
    return end


@pytest.mark.parametrize("kinds", list(itertools.product(("sqlite", "dynamodb"), repeat=2)), ids="-".join)
def test_what_is_copied_says_the_same_through_every_port(place: Place, kinds: tuple[str, str]) -> None:
    source, target = filled(place(kinds[0])), place(kinds[1])
    before = say(source)
    assert (before["hits"], len(before["coverage"]), len(before["incidents"][0])) == (50, 69, 9)
    assert all(len(each) for each in (before["due"][3], before["page"], before["unposted"], before["overdue"]))
    counts = move(source, target)
    assert (counts["Installation"], counts["Place"], counts["Line"], counts["KnownHit"]) == (1, 60, 4, 50)
    assert say(target) == before
    assert source.flaws() == target.flaws() == []


def test_there_and_back_it_still_says_the_same(place: Place) -> None:
    ends = [filled(place("sqlite")), place("dynamodb"), place("sqlite"), place("dynamodb")]
    for source, target in itertools.pairwise(ends):
        move(source, target)
    said = [say(end) for end in ends]
    assert said[1:] == said[:1] * 3


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_after_it_only_what_is_new_is_new(place: Place, kind: str) -> None:
    for target_kind in ("sqlite", "dynamodb"):
        source, target = filled(place(kind)), place(target_kind)
        move(source, target)
        with closing(target.open()) as store:
            fresh = hit("KO-0", row("ERROR new", NOW_MS - 7_001))
            with store.unit() as unit:
                assert unit.add_hits([*hits(NOW_MS), fresh]) == [fresh]
            assert known(store, [fresh]) == 1
            key = cursor_key("eager", GROUPS[1])
            with store.unit() as unit:
                unit.cover(key, NOW - 899, NOW)
            assert store.coverage()[key].spans == ((NOW - 1_000, NOW),)
            ready = due(store, NOW_MS + 2_000)
            for each in ready:
                accept(store, each, NOW_MS + 2_000)
            assert not {each.id for each in ready} & {each.id for each in due(store, NOW_MS + 4_000)}


def test_a_hit_that_a_file_took_over_from_a_table_is_forgotten_with_its_minute_and_not_before(place: Place) -> None:
    source, target = filled(place("dynamodb")), place("sqlite")
    move(source, target)
    [late] = hits(NOW_MS, 1)
    with closing(target.open()) as store:
        store.prune({"hits": late.row.ts_ms})
        assert known(store, [late]) == 1
        store.prune({"hits": late.row.ts_ms + 60_000})
        assert known(store, [late]) == 0


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_an_unfinished_target_is_refused_and_made_anew(place: Place, kind: str) -> None:
    source, target = filled(place("sqlite")), place(kind)
    before = say(source)
    with pytest.raises(_Killed):
        move(source, target, "one", stop_at=0)
    with pytest.raises(StoreError, match=r"unfinished target of a migration from the source.*again"):
        target.open()
    assert "unfinished" in target.flaws()
    with closing(target.archive()) as new:
        assert sum(new.restore([Known("KO-left", "approved", "abc")])) == 1
    with closing(source.open()) as store:
        store.prune({"hits": NOW_MS - 100_000})
    left = say(source)["hits"]
    assert left < before["hits"]
    assert move(source, target, "two")["KnownHit"] == left
    assert say(target) == before | {"hits": left}


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_a_target_that_holds_something_else_is_left_alone(place: Place, kind: str) -> None:
    source, target = filled(place("sqlite")), filled(place(kind))
    before = say(target)
    with pytest.raises(StoreError, match="not empty"):
        move(source, target)
    assert say(target) == before


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_the_unfinished_target_of_another_source_is_left_alone(place: Place, kind: str) -> None:
    source, target = filled(place("sqlite")), place(kind)
    with closing(target.archive()) as new:
        new.begin(Marker("another", "zero"), None)
    with pytest.raises(StoreError, match="from another"):
        move(source, target)


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_of_two_sessions_at_once_the_first_does_not_say_that_it_is_whole(place: Place, kind: str) -> None:
    target = place(kind)
    with closing(target.archive()) as new:
        new.begin(Marker("the source", "one"), None)
        new.begin(Marker("the source", "two"), new.marker())
        with pytest.raises(StoreError, match="another migration"):
            new.finish(Marker("the source", "one"))
        with pytest.raises(StoreError, match="another migration"):
            new.begin(Marker("the source", "three"), Marker("the source", "one"))
        new.finish(Marker("the source", "two"))
    target.open().close()


def test_what_changes_while_it_is_copied_is_noticed(place: Place) -> None:
    source, target = filled(place("sqlite")), place("dynamodb")

    def write(_what: str, number: int) -> None:
        with closing(source.open()) as store, store.unit() as unit:
            unit.know(f"KO-{number}", "approved", "abc")

    with (
        closing(source.archive()) as old,
        closing(target.archive()) as new,
        pytest.raises(StoreError, match=r"differ \(Known\)"),
    ):
        migrate(old, new, Marker("the source", "one"), "the target", write)
    with pytest.raises(StoreError, match="unfinished"):
        target.open()


def test_a_large_minute_takes_several_pages(place: Place) -> None:
    source, target = place("sqlite"), place("dynamodb")
    many = [hit("KO-0", row(f"ERROR {number}", NOW_MS)) for number in range(35_000)]
    with closing(source.open()) as store, store.unit() as unit:
        unit.add_hits(many)
    assert move(source, target)["KnownHit"] == 35_000
    with closing(target.open()) as store:
        assert known(store, many[::500]) == 70


def test_totals_tell_apart_what_differs_in_anything_but_the_order() -> None:
    one, two = KnownHit(1, "a", "KO"), KnownHit(2, "b", "KO")
    assert totals([one, two]) == totals([two, one])
    assert totals([one]) != totals([two])
    assert totals([one, one]) != totals([one])
    assert totals([KnownHit(1, f"{DIGEST_PREFIX}{'00' * 12}", "KO")]) != totals([one])


def _messages(archive: Archive) -> Iterator[Record]:
    return (each for each in archive.records() if isinstance(each, Message))


def test_claims_and_what_is_known_of_a_message_go_along(place: Place) -> None:
    source, target = filled(place("sqlite")), place("dynamodb")
    move(source, target)
    with closing(source.archive()) as old, closing(target.archive()) as new:
        assert set(_messages(old)) == set(_messages(new))
        assert {each.claim for each in _messages(new) if isinstance(each, Message)} == {"", "theirs"}
