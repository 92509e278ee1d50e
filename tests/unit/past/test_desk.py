"""Slices as they are handed out: by lane, in order, and never to nobody."""

import threading
from dataclasses import replace

from sigwatch.model.coverage import Coverage, StartedQuery
from sigwatch.model.logs import LogGroup, Scope, Window
from sigwatch.past.begun import begun_batches, pretended
from sigwatch.past.desk import Desk, Slice
from sigwatch.past.slices import BYTES_PER_SECOND, STEP, Came, Order, Track
from sigwatch.plan.scopes import Batch
from sigwatch.ports import cursor_key
from tests.fakes.made import group, signature

A, B, ELSEWHERE = group("/a"), group("/b"), group("/c", lane="other/us-east-1")
SCOPE = Scope("us-east-1/shop", (A, B), (signature(),))


def track(*groups: LogGroup, start: int = 0, end: int = 100, seconds: int = 25) -> Track:
    return Track(SCOPE, groups or (A, B), (Window(start, end),), seconds)


def desk(*tracks: Track, begun: tuple[Batch, ...] = (), order: Order = Order.NEWEST, places: int = 4) -> Desk:
    return Desk(tracks, begun, order, places, BYTES_PER_SECOND)


def taken(made: Desk, lane: str = "") -> Slice:
    found = made.take(lane)
    assert found
    return found


def whole(part: Slice) -> Came:
    return Came(part.batch.window, 3_000, 1.0, 0)


def test_tracks_advance_side_by_side_from_the_newest_end() -> None:
    made = desk(track(A), track(B, start=10, end=90))
    found = [(part.batch.groups, part.batch.window) for part in (taken(made) for _ in range(3))]
    assert found == [((A,), Window(75, 100)), ((B,), Window(65, 90)), ((A,), Window(50, 75))]
    made = desk(track(A), track(B, start=10, end=90), order=Order.OLDEST)
    assert [taken(made).batch.window for _ in range(2)] == [Window(0, 25), Window(10, 35)]


def test_each_lane_has_its_own_work() -> None:
    made = desk(track(A), track(ELSEWHERE))
    assert made.lanes == ["", "other/us-east-1"]
    assert taken(made, "other/us-east-1").batch.groups == (ELSEWHERE,)


def test_what_was_begun_goes_first_as_it_is_and_its_rest_comes_back() -> None:
    begun = Batch(SCOPE, STEP, Window(200, 300), (A,))
    made = desk(track(), begun=(begun,))
    part = taken(made)
    assert part.batch == begun
    made.done(part, Came(Window(200, 210), 10, 1.0, 0))
    assert taken(made).batch.window.end == 300


def test_whoever_waits_gets_what_comes_back() -> None:
    made = desk(track(seconds=100), places=1)
    part = taken(made)
    found: list[Slice | None] = []
    waiting = threading.Thread(target=lambda: found.append(made.take("")))
    waiting.start()
    made.put_back(part, shorter=True)
    waiting.join(10)
    assert [each.batch.window for each in found if each] == [Window(50, 100)]


def test_nothing_more_is_handed_out_when_all_is_done_or_the_desk_is_closed() -> None:
    made = desk(track(seconds=100), places=1)
    part = taken(made)
    assert made.left() == 200
    made.done(part, whole(part))
    assert (made.take(""), made.left()) == (None, 0)
    closed = desk(track())
    closed.close()
    assert closed.take("") is None
    assert closed.left() == 200


def test_lost_log_groups_are_in_no_further_slice() -> None:
    made = desk(track(seconds=25))
    part = taken(made)
    made.lose({A})
    made.give_up(part)
    last = taken(made)
    assert last.batch.groups == (B,)
    made.lose({B})
    made.put_back(last)
    assert (made.take(""), made.left()) == (None, 0)


def test_a_window_that_can_not_be_cut_says_so() -> None:
    born = replace(A, created_ms=50_000)
    assert not taken(desk(track(born, end=51))).divisible
    assert taken(desk(track(A))).divisible


def started(marker: str, window: Window, *groups: LogGroup, name: str = "backfill") -> StartedQuery:
    return StartedQuery(marker, f"q-{marker}", "", name, window, tuple(each.arn for each in groups))


def test_started_queries_are_finished_under_their_very_windows() -> None:
    queries = [
        started("1", Window(0, 50), A, B),
        started("half", Window(0, 25), A, B),
        started("2", Window(50, 100), A, B),
        started("daemon", Window(200, 300), A, name="eager"),
        started("gone", Window(300, 400), group("/gone")),
        started("done", Window(500, 600), B),
    ]
    coverage = {cursor_key(STEP.name, B): Coverage(((500, 600),))}
    found = begun_batches(queries, [SCOPE], coverage)
    assert [(batch.window, batch.groups) for batch in found] == [(Window(0, 50), (A, B)), (Window(50, 100), (A, B))]
    assert pretended(coverage, found)[cursor_key(STEP.name, B)].spans == ((0, 100), (500, 600))
