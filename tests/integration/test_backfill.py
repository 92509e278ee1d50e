"""A search of the past over HTTP against the embedded server: nothing missed, each byte paid once, whatever fails."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import QueryEnded
from sigwatch.model.logs import Window
from sigwatch.past.slices import STEP, Order
from sigwatch.ports import cursor_key
from tests.fakes.made import signature
from tests.fakes.past_house import PastHouse, clock, paid, stored

NOW = int(clock())
HOUR = 3_600
RANGE = Window(NOW - 48 * HOUR, NOW - HOUR)
NAMES = [f"/app/{number}" for number in range(6)]
FAST = Settings(account="111122223333", scheduled_seconds=0.0, running_seconds=0.0)
SIGNATURES = (signature("KO-1", "ERROR one"), signature("KO-2", "FATAL (two|three)"))

Planted = list[tuple[str, int]]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer(clock=clock, settings=FAST) as made:
        for name in NAMES:
            made.store.create_group(name, created_ms=(RANGE.start - 1_000 * HOUR) * 1000)
        yield made


def plant(server: LocalServer, hits: int = 300, others: int = 300, window: Window = RANGE) -> Planted:
    """Hits and other events all over the range, some of them at its very edges and outside of it."""
    rng, made = Random(7), []
    times = [window.start * 1000, window.end * 1000 - 1] + [
        rng.randrange(window.start * 1000, window.end * 1000) for _ in range(hits - 2)
    ]
    for number, ts in enumerate(times):
        name, text = (("KO-1", "ERROR one"), ("KO-2", "FATAL two"))[number % 2]
        server.store.put(rng.choice(NAMES), "s", [(ts, f"{text} {number}")])
        made.append((name, ts))
    for number in range(others):
        ts = rng.randrange(window.start * 1000, window.end * 1000)
        server.store.put(rng.choice(NAMES), "s", [(ts, f"INFO fine {number} {'x' * 60}")])
    return sorted(made)


@pytest.fixture
def house(server: LocalServer, tmp_path: Path) -> Iterator[PastHouse]:
    made = PastHouse(server.url, tmp_path / "run.db", SIGNATURES)
    yield made
    made.close()


@pytest.mark.parametrize("order", list(Order))
def test_everything_is_found_once_and_each_byte_is_paid_once(
    server: LocalServer, house: PastHouse, order: Order
) -> None:
    planted = plant(server)
    for outside in (RANGE.start * 1000 - 1, RANGE.end * 1000):
        server.store.put(NAMES[0], "s", [(outside, "ERROR one outside")])
    ended = house.run(RANGE, order)
    assert house.found() == planted
    assert (ended.gaps, ended.problems, ended.stopped) == ((), (), False)
    # The service may take the end of a window along, so an event outside may be scanned and is dropped.
    assert 0 <= ended.progress.bytes_scanned - (stored(server) - 2 * 17) <= 2 * 17
    assert ended.progress.bytes_scanned == paid(server)
    assert (ended.progress.covered, ended.progress.total) == (6 * RANGE.seconds, 6 * RANGE.seconds)
    assert (ended.progress.hits, ended.progress.share) == (300, 1.0)
    windows = [event.window for event in house.events if isinstance(event, QueryEnded)]
    first = windows[: house.places]
    assert any(each.end == RANGE.end for each in first) == (order is Order.NEWEST)
    assert any(each.start == RANGE.start for each in first) == (order is Order.OLDEST)
    coverage = house.state.coverage()
    assert all(each == Coverage(((RANGE.start, RANGE.end),)) for each in coverage.values())
    assert len(coverage) == 6


def test_progress_is_told_after_each_slice_and_never_goes_back(server: LocalServer, house: PastHouse) -> None:
    plant(server)
    ended = house.run(RANGE)
    covered = [each.covered for each in house.reports]
    assert covered == sorted(covered)
    assert house.reports[-1].covered == house.reports[-1].total
    assert [each.slices for each in house.reports] == list(range(1, ended.progress.slices + 1))
    assert ended.progress.slices > house.places


def test_a_second_run_has_nothing_to_do_and_pays_nothing(server: LocalServer, house: PastHouse) -> None:
    plant(server)
    first = house.run(RANGE)
    before = paid(server)
    again = house.run(RANGE)
    assert paid(server) == before
    assert again.progress.bytes_scanned == first.progress.bytes_scanned
    assert (again.progress.queries, again.progress.hits) == (first.progress.queries, 300)


def test_what_fails_now_and_then_is_tried_again_until_all_is_found(server: LocalServer, house: PastHouse) -> None:
    planted = plant(server)
    share = 0.05
    server.inject(
        Faults(
            seed=5,
            throttle_probability=share,
            unavailable_probability=share,
            pool_full_probability=share,
            lost_reply_probability=share,
            lost_results_probability=share,
            failure_probability=share,
            missing_probability=share,
            forbidden_probability=share,
        )
    )
    ended = house.run(RANGE)
    assert house.found() == planted
    assert (ended.gaps, ended.stopped) == ((), False)


def test_a_result_at_the_limit_is_split_and_slices_become_shorter(server: LocalServer, tmp_path: Path) -> None:
    planted = plant(server)
    house = PastHouse(server.url, tmp_path / "run.db", SIGNATURES, limit=40, places=2)
    ended = house.run(RANGE)
    assert house.found() == planted
    assert not ended.gaps
    ends = [event for event in house.events if isinstance(event, QueryEnded)]
    assert max(event.rows for event in ends) == 40
    house.close()


def test_log_groups_that_vanish_are_gaps_and_the_others_are_read(server: LocalServer, house: PastHouse) -> None:
    planted = plant(server)
    server.inject(Faults(missing_groups=(NAMES[1],), forbidden_groups=(NAMES[2],)))
    ended = house.run(RANGE)
    lost = {place for gap in ended.gaps for place in gap.places}
    assert lost == {NAMES[1], NAMES[2]}
    for name in lost:
        mine = sorted((g.start_ms // 1000, g.end_ms // 1000) for g in ended.gaps if name in g.places)
        assert Coverage(((RANGE.start, RANGE.start),)).plus(Window(*each) for each in mine).spans == (
            (RANGE.start, RANGE.end),
        )
    assert set(house.found()) < set(planted)
    assert ended.progress.share == 1.0
    assert not ended.stopped
    server.inject(Faults())
    again = house.run(RANGE)
    assert (again.gaps, house.found()) == ((), planted)
    assert again.progress.bytes_scanned == stored(server)


def test_log_groups_with_other_births_and_retention_share_queries_without_refusals(
    server: LocalServer, house: PastHouse
) -> None:
    born = RANGE.end - 10 * HOUR
    server.store.create_group("/app/young", created_ms=born * 1000)
    server.store.create_group("/app/brief", created_ms=(RANGE.start - HOUR) * 1000)
    server.store.set_retention("/app/brief", 1)
    for name in ("/app/young", "/app/brief"):
        server.store.put(name, "s", [(second * 1000, "ERROR one") for second in (RANGE.start, born + 5, RANGE.end - 1)])
    ended = house.run(RANGE)
    # What the retention has deleted is not there.
    assert len(house.found()) == 5
    assert (ended.gaps, ended.progress.share) == ((), 1.0)
    assert all(not event.detail for event in house.events if isinstance(event, QueryEnded))


def test_a_service_that_is_down_leaves_gaps_that_another_run_fills(server: LocalServer, house: PastHouse) -> None:
    planted = plant(server)
    server.inject(Faults(failure_probability=1.0))
    ended = house.run(Window(RANGE.end - 2 * HOUR, RANGE.end))
    assert ended.gaps
    assert {gap.places for gap in ended.gaps} == {tuple(NAMES)}
    assert ended.progress.bytes_failed == ended.progress.bytes_scanned
    assert not house.found()
    server.inject(Faults())
    assert house.run(RANGE).gaps == ()
    assert house.found() == planted


def test_a_stop_keeps_what_is_done_and_leaves_no_query_running(server: LocalServer, house: PastHouse) -> None:
    planted = plant(server)
    house.on_report = lambda progress: house.stopping.set() if progress.slices >= 10 else None
    ended = house.run(RANGE)
    assert ended.stopped
    assert 0 < ended.progress.share < 1
    assert server.stats()["running"] == 0
    house.stopping.clear()
    house.on_report = lambda _: None
    again = house.run(RANGE)
    assert (again.stopped, again.progress.share) == (False, 1.0)
    assert house.found() == planted
    assert cursor_key(STEP.name, house.scopes()[0].groups[0]) in house.state.coverage()
