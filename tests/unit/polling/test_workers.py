import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.polling.workers import Share, Workers, next_share

A, B, C = ("eager", "a"), ("eager", "b"), ("late", "a")


@pytest.mark.parametrize(
    ("size", "running", "waiting", "chosen"),
    [
        (4, {}, {}, None),
        (4, {}, {A: 1}, A),
        (4, {A: 4}, {B: 1}, None),
        (4, {A: 2}, {A: 9, B: 1}, B),
        # Whoever may have work soon has a thread kept for it.
        (4, {A: 2}, {A: 9}, A),
        (4, {A: 3}, {A: 9}, None),
        (4, {A: 3}, {A: 9, B: 1}, B),
        # More shares than threads: nobody waits for a thread that nobody uses.
        (1, {}, {C: 2}, C),
    ],
)
def test_who_is_next(size: int, running: dict[Share, int], waiting: dict[Share, int], chosen: Share | None) -> None:
    assert next_share(size, (A, B), running, waiting) == chosen


_SHARES = [("eager", name) for name in "abcdef"]


@given(st.integers(1, 40), st.lists(st.integers(0, 60), min_size=6, max_size=6))
def test_one_share_never_takes_what_is_kept_for_the_others(size: int, wanted: list[int]) -> None:
    greedy, taken = _SHARES[0], 0
    while next_share(size, _SHARES, {greedy: taken}, {greedy: 100}) is not None:
        taken += 1
    waiting = dict(zip(_SHARES[1:], wanted[1:], strict=True))
    begun = Counter({greedy: taken})
    while share := next_share(size, _SHARES, begun, {s: n - begun[s] for s, n in waiting.items()}):
        begun[share] += 1
    if size >= 2 * len(_SHARES):
        assert all(begun[share] >= min(1, n) for share, n in waiting.items())
    assert begun.total() <= size
    assert taken >= size // 2


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(4)
    yield made
    made.close()


def test_a_share_that_hangs_leaves_threads_to_another(workers: Workers) -> None:
    go = threading.Event()
    workers.expect("", [A, B])
    hanging = [workers.submit("", A, lambda: go.wait(30)) for _ in range(8)]
    assert [workers.submit("", B, lambda: True).result(10) for _ in range(5)] == [True] * 5
    go.set()
    assert all(each.result(10) for each in hanging)


def test_another_lane_has_threads_of_its_own(workers: Workers) -> None:
    go = threading.Event()
    hanging = [workers.submit("one", A, lambda: go.wait(30)) for _ in range(8)]
    assert workers.submit("two", A, lambda: True).result(10)
    go.set()
    assert all(each.result(10) for each in hanging)


def test_work_with_more_to_do_goes_to_the_end_of_its_line() -> None:
    workers = Workers(1)
    order: list[str] = []
    first = threading.Event()

    def long() -> bool | None:
        first.wait(10)
        order.append("long")
        return True if order.count("long") == 3 else None

    def short() -> bool | None:
        order.append("short")
        return True

    done = [workers.submit("", A, long), workers.submit("", A, short)]
    first.set()
    assert [each.result(10) for each in done] == [True, True]
    assert order == ["long", "short", "long", "long"]
    workers.close()


def test_what_is_closed_before_its_turn_did_not_go_well() -> None:
    workers = Workers(1)
    began, go = threading.Event(), threading.Event()

    def endless() -> bool | None:
        began.set()
        go.wait(10)
        return None

    in_hand, in_line = workers.submit("", A, endless), workers.submit("", A, lambda: True)
    assert began.wait(10)
    closing = threading.Thread(target=workers.close)
    closing.start()
    assert in_line.result(10) is False
    go.set()
    closing.join(10)
    assert in_hand.result(10) is False
    assert workers.submit("", A, lambda: True).result(10) is False


def test_work_that_raises_did_not_go_well_and_takes_no_thread_along(workers: Workers) -> None:
    def broken() -> bool | None:
        raise RuntimeError

    assert workers.submit("", A, broken).result(10) is False
    assert workers.submit("", A, lambda: True).result(10)
