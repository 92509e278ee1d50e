import threading
from concurrent import futures

from sigwatch.errors import SourceError, SourceUnavailable
from sigwatch.model.event import (
    CoverageMeasured,
    QueryStatus,
    RunSkipped,
    SkipReason,
)
from sigwatch.model.logs import Search, Window
from sigwatch.plan.scopes import Batch
from sigwatch.polling.places import backoff
from sigwatch.polling.workers import Workers
from tests.fakes.made import API, group, row, signature
from tests.unit.polling.house import EAGER, House


def test_a_failing_scope_is_left_alone_for_longer_each_time_and_holds_up_no_other(house: House) -> None:
    house.groups.append(group("/other"))
    house.signatures.append(signature("KO-2", "ERROR", log_groups=("/other",), project="mail"))

    def refuse(search: Search) -> SourceError | None:
        return SourceUnavailable("Rate exceeded") if search.groups[0].name == API else None

    house.source.refuse = refuse
    house.watch.reload()
    assert not house.run(EAGER)
    assert (house.cursor(EAGER), house.cursor(EAGER, "/other")) == (9_700, 10_000)
    skipped = house.last(RunSkipped)
    assert (skipped.reason, skipped.detail) == (SkipReason.BACKING_OFF, "Rate exceeded")
    before = len(house.source.searches)
    house.now += 13
    house.run(EAGER)
    assert len(house.source.searches) == before
    house.source.refuse = lambda _: None
    house.now += 2
    assert house.run(EAGER)
    assert house.cursor(EAGER) == 10_015


def test_pauses_double_up_to_a_limit_and_are_spread() -> None:
    assert [backoff(n, 15, 1.0) for n in (1, 2, 3, 9)] == [15, 30, 60, 300]
    assert backoff(1, 15, 0.0) == 7.5
    assert backoff(5, 600, 1.0) == 600


def test_a_row_that_nobody_expected_puts_its_batch_off_and_no_other(house: House) -> None:
    house.groups.append(group("/other"))
    house.signatures.append(signature("KO-2", "ERROR", log_groups=("/other",), project="mail"))
    house.rows.append(row("ERROR \udcff", 9_990_000))
    house.watch.reload()
    assert not house.run(EAGER)
    assert house.cursor(EAGER, "/other") == 10_000
    assert house.last(RunSkipped).detail == "UnicodeEncodeError while it was searched"


def test_what_another_run_of_the_pass_searches_is_left_to_it(house: House) -> None:
    house.watch.reload()
    scope = house.watch.snapshot.scopes[0]
    mine = Batch(scope, EAGER, Window(9_700, 9_800), scope.groups)
    house.places.take(lambda: [mine])
    assert house.run(EAGER)
    assert not house.source.searches
    house.places.release(mine)
    house.run(EAGER)
    assert house.source.searches


def starts(house: House) -> list[int]:
    return [search.window.start for search in house.source.searches]


def test_a_window_that_fails_again_and_again_is_stepped_over_and_read_later(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR in the bad window", 9_750_000))
    house.rows.append(row("ERROR after it", 9_950_000))

    def refuse(search: Search) -> SourceError | None:
        return SourceUnavailable("it always fails") if search.window.start < 9_800 else None

    house.source.refuse = refuse
    for _ in range(10):
        house.run(EAGER)
        house.now += 15
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.spans(EAGER)[0] == (9_700, 9_700)
    assert house.spans(EAGER)[1][0] == 9_800
    measured = [e for e in house.events if isinstance(e, CoverageMeasured) and e.pass_name == "eager"][-1]
    assert (measured.gap_seconds, measured.lag_seconds) == (100, 0)
    house.source.refuse = lambda _: None
    house.now += 600
    house.run(EAGER)
    assert house.spans(EAGER) == ((9_700, int(house.now)),)
    assert house.store.hit_counts() == {"KO-1": 2}
    assert house.last(CoverageMeasured).gap_seconds == 0


def test_where_everything_fails_only_one_window_is_stepped_over(house: House) -> None:
    house.watch.reload()
    house.source.refuse = lambda _: SourceUnavailable("down")
    for _ in range(100):
        house.run(EAGER)
        house.now += 15
    assert set(starts(house)) == {9_700, 9_800}
    assert len(house.source.searches) < 40


def test_a_window_that_takes_too_long_is_tried_in_shorter_ones(house: House) -> None:
    house.watch.reload()

    def refuse(search: Search) -> SourceError | None:
        return SourceUnavailable("too long", QueryStatus.TIMEOUT) if search.window.seconds > 30 else None

    house.source.refuse = refuse
    for _ in range(8):
        house.run(EAGER)
        house.now += 15
    assert [s.window.seconds for s in house.source.searches[:4]] == [100, 50, 25, 50]
    assert len(house.spans(EAGER)) == 1


def test_after_a_window_with_too_many_rows_the_next_are_shorter_until_it_is_quiet_again(house: House) -> None:
    house.watch.reload()
    house.rows += [row(f"ERROR {n}", 9_700_000 + n * 6) for n in range(14_000)]
    house.run(EAGER)
    sizes = [(s.window.start, s.window.seconds) for s in house.source.searches]
    assert sizes == [(9_700, 100), (9_700, 50), (9_750, 29), (9_779, 30), (9_809, 60), (9_869, 100), (9_969, 31)]
    assert house.store.hit_counts() == {"KO-1": 14_000}


def test_a_window_that_was_begun_before_a_crash_is_gone_on_with(house: House) -> None:
    house.watch.reload()
    house.patrol.run(EAGER)
    house.now += 20
    scope = house.watch.snapshot.scopes[0]
    [(text, signatures)] = house.watch.snapshot.prepared(scope).plan.queries
    begun = Search(scope.name, "eager", scope.groups, signatures, text, Window(10_000, 10_017), 10_000)
    house.store.remember(begun, "q1")
    house.patrol.stop()
    again = House(source_of=house)
    again.watch.reload()
    again.run(EAGER)
    assert again.source.searches[-1].marker == begun.marker
    again.now += 15
    again.run(EAGER)
    assert again.source.searches[-1].window == Window(10_017, 10_035)


def test_a_window_that_is_finished_while_another_run_looks_for_work_is_not_paid_for_again(house: House) -> None:
    looked, done = threading.Event(), threading.Event()

    def wait(search: Search) -> SourceError | None:
        looked.wait(30)
        return None

    house.source.refuse = wait
    workers = Workers(2)
    house.patrol._workers = workers
    house.watch.reload()
    for part in house.patrol.run(EAGER):
        part.add_done_callback(lambda _: done.set())

    def finish() -> None:
        looked.set()
        done.wait(0.3)

    house.store.on_coverage = finish
    for part in house.patrol.run(EAGER):
        assert part.result(30)
    assert done.wait(30)
    workers.close()
    assert starts(house) == [9_700, 9_800, 9_900]


def test_a_scope_that_hangs_with_more_batches_than_threads_holds_up_nobody(house: House) -> None:
    house.groups += [group(f"/a/slow/{n:03d}") for n in range(500)]
    house.signatures.append(signature("KO-2", "ERROR", log_groups=("/a/slow/*",), project="mail"))
    waiting, go = threading.Event(), threading.Event()

    def hang(search: Search) -> SourceError | None:
        if search.groups[0].name.startswith("/a/slow"):
            waiting.set()
            go.wait(30)
        return None

    house.source.refuse = hang
    workers = Workers(4)
    house.patrol._workers = workers
    house.watch.reload()
    slow = [part for part in house.patrol.run(EAGER) if not futures.wait([part], 0.2).done]
    assert waiting.is_set()
    assert len(slow) == 10
    for _ in range(5):
        house.now += 15
        assert all(part.result(30) for part in house.patrol.run(EAGER))
    assert house.cursor(EAGER) == 10_075
    go.set()
    assert all(part.result(30) for part in slow)
    assert house.cursor(EAGER, "/a/slow/000") >= 10_000
    workers.close()
