import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import SourceUnavailable, Stopped
from sigwatch.model.event import Event, RunSkipped
from sigwatch.model.logs import LogGroup, Measure, Row, Search, SearchResult, Volume, Window
from sigwatch.source.lanes import Lanes
from sigwatch.source.limits import Limiter, Limits, reserve
from tests.fakes.made import group, row


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.2, 10))
def test_no_span_of_time_lets_more_through_than_its_rate_and_a_second_s_worth(pauses: list[float], rate: float) -> None:
    now = promised = 0.0
    passed = []
    for pause in pauses:
        now += pause
        promised, wait = reserve(promised, now, rate)
        passed.append(now + wait)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = rate * (passed[last] - start) + max(rate, 1) + 1e-6
            assert last - first <= allowed


def test_a_free_line_lets_the_first_through_at_once() -> None:
    assert reserve(0.0, 100.0, 5.0) == (100.2, 0.0)


def test_whoever_waits_is_let_go_when_sigwatch_stops() -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return True

    limiter = Limiter(lambda: Limits(1, 1, 1, 1), lambda: 50.0, wait)
    limiter.pass_through("start")
    with pytest.raises(Stopped):
        limiter.pass_through("start")
    assert waits == [1.0]
    limiter.pass_through("results")
    with limiter.running(), pytest.raises(Stopped), limiter.running():
        pass


def test_no_more_queries_run_at_once_than_allowed() -> None:
    limiter = Limiter(lambda: Limits(concurrent=2), lambda: 0.0, lambda _: False)
    running = 0
    most = 0
    lock = threading.Lock()
    turn = threading.Barrier(2, timeout=10)

    def work() -> None:
        nonlocal running, most
        with limiter.running():
            with lock:
                running += 1
                most = max(most, running)
            turn.wait()
            with lock:
                running -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_limits_may_change_while_requests_go_through() -> None:
    now, limits = 50.0, Limits(10, 1, 1, 1)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return seconds == 0

    limiter = Limiter(lambda: limits, lambda: now, wait)
    limiter.pass_through("start")
    limits = Limits(0.5, 1, 1, 2)
    limiter.pass_through("start")
    limiter.pass_through("start")
    assert waits == [pytest.approx(0.1), pytest.approx(2.1)]
    with limiter.running(), limiter.running():
        limits = Limits(concurrent=1)
        with pytest.raises(Stopped), limiter.running():
            pass


class Place:
    """A lane with one log group that can become unreachable."""

    def __init__(self, lane: str, *names: str) -> None:
        self.lane, self.names, self.down = lane, names, False

    def log_groups(self, prefix: str) -> Sequence[LogGroup]:
        if self.down:
            raise SourceUnavailable(f"{self.lane} is down")
        return [group(name, lane=self.lane) for name in self.names]

    def search(self, search: Search) -> SearchResult:
        return SearchResult((row(self.lane),), 0, 0.0)

    def whole_message(self, row: Row, lane: str) -> str:
        return f"{lane} {row.message}"

    def stop_orphans(self, known: object) -> int:
        return 2

    def volume(self, groups: Sequence[LogGroup], window: Window) -> Volume | None:
        return Volume(len(groups), Measure.ESTIMATE)


def test_a_lane_that_is_down_keeps_its_log_groups_and_holds_up_no_other() -> None:
    events: list[Event] = []
    one, two = Place("one", "/a", "/shared"), Place("two", "/b", "/shared")
    lanes = Lanes({"one": one, "two": two}, events.append)
    assert [(g.name, g.lane) for g in lanes.log_groups("/")] == [("/a", "one"), ("/shared", "one"), ("/b", "two")]
    two.down = True
    one.names = ("/a", "/new")
    assert [g.name for g in lanes.log_groups("/")] == ["/a", "/new", "/b", "/shared"]
    assert [e.detail for e in events if isinstance(e, RunSkipped)] == ["two is down"]
    one.down = True
    with pytest.raises(SourceUnavailable, match="one is down"):
        lanes.log_groups("/")


def test_every_request_goes_through_the_lane_of_its_log_group() -> None:
    lanes = Lanes({"one": Place("one"), "two": Place("two")}, lambda _: None)
    search = Search("s", "eager", (group(lane="two"),), (), "", Window(0, 1), 10)
    assert lanes.search(search).rows[0].message == "two"
    assert lanes.whole_message(row("x"), "two") == "two x"
    assert lanes.stop_orphans(()) == 4
