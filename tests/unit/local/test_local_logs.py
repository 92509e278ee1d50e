import threading
from collections.abc import Callable

import pytest

from sigwatch.local.errors import ApiError
from sigwatch.local.logs import DAY_MS, LogStore

NOW = 1_700_000_000.0
NOW_MS = 1_700_000_000_000
END = 1 << 62


class HandClock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def stored(store: LogStore, now: float = NOW, first: int = 0, last: int = END) -> list[str]:
    return [event.message for event in store.search("/app", first, last, now)]


@pytest.fixture
def store() -> LogStore:
    store = LogStore(HandClock())
    store.create_group("/app")
    return store


def test_events_are_found_in_order_of_time_whatever_the_order_of_arrival(store: LogStore) -> None:
    store.put("/app", "s", [(NOW_MS + at, str(at)) for at in range(100, 0, -2)])
    for at in range(1, 100, 2):
        store.put("/app", "t", [(NOW_MS + at, str(at))])
    assert stored(store) == [str(at) for at in range(1, 101)]


def test_both_ends_of_a_range_are_included(store: LogStore) -> None:
    store.put("/app", "s", [(at, str(at)) for at in range(10)])
    assert stored(store, first=3, last=5) == ["3", "4", "5"]


def test_identical_lines_are_events_of_their_own(store: LogStore) -> None:
    store.put("/app", "s", [(1, "same"), (1, "same")])
    one, other = store.search("/app", 0, END, NOW)
    assert one.number != other.number


def test_an_event_is_seen_only_once_it_is_visible(store: LogStore) -> None:
    store.put("/app", "s", [(NOW_MS, "slow")], visible_after_seconds=90)
    store.put("/app", "s", [(NOW_MS + 5, "fast")])
    assert stored(store, NOW + 89.9) == ["fast"]
    assert stored(store, NOW + 90) == ["slow", "fast"]


def test_retention_hides_what_is_older(store: LogStore) -> None:
    store.put("/app", "s", [(NOW_MS - DAY_MS - 1, "old"), (NOW_MS - DAY_MS, "kept")])
    store.set_retention("/app", 1)
    assert stored(store) == ["kept"]


def test_sizes_are_bytes_and_a_lone_surrogate_becomes_a_question_mark(store: LogStore) -> None:
    store.put("/app", "s", [(1, "é"), (2, "\ud800")])
    assert stored(store) == ["é", "?"]
    assert store.stored_bytes("/app") == 3


def test_a_deleted_group_takes_its_events_along(store: LogStore) -> None:
    store.put("/app", "s", [(1, "x")])
    (event,) = store.search("/app", 0, END, NOW)
    assert store.event(event.number) == event
    store.delete_group("/app")
    assert store.event(event.number) is None
    assert store.groups() == ()


def test_a_stream_knows_its_times(store: LogStore) -> None:
    store.put("/app", "s", [(5, "a"), (3, "b")])
    store.put("/app", "s", [(4, "c")])
    store.put("/app", "s", [])
    stream = store.streams("/app")["s"]
    assert (stream.first_ms, stream.last_ms, stream.ingested_ms, stream.created_ms) == (3, 5, NOW_MS, NOW_MS)


def test_a_group_can_be_dated_back(store: LogStore) -> None:
    assert store.create_group("/old", created_ms=5).created_ms == 5
    assert [group.name for group in store.groups()] == ["/app", "/old"]


def test_refusals(store: LogStore) -> None:
    store.create_stream("/app", "s")
    attempts: dict[str, list[Callable[[], object]]] = {
        "ResourceAlreadyExistsException": [
            lambda: store.create_group("/app"),
            lambda: store.create_stream("/app", "s"),
        ],
        "ResourceNotFoundException": [
            lambda: store.group("/x"),
            lambda: store.delete_group("/x"),
            lambda: store.put("/x", "s", [(1, "a")]),
            lambda: store.search("/x", 0, 1, NOW),
            lambda: store.stored_bytes("/x"),
            lambda: store.streams("/x"),
            lambda: store.create_stream("/x", "s"),
            lambda: store.set_retention("/x", 1),
        ],
        "InvalidParameterException": [
            lambda: store.create_group("with blank"),
            lambda: store.create_group("/y", log_class="GOLD"),
            lambda: store.create_stream("/app", "a:b"),
            lambda: store.set_retention("/app", 2),
        ],
    }
    for code, calls in attempts.items():
        for call in calls:
            with pytest.raises(ApiError) as caught:
                call()
            assert caught.value.reply.code == code


def test_threads_lose_nothing(store: LogStore) -> None:
    def write(name: str) -> None:
        for at in range(200):
            store.put("/app", name, [(NOW_MS + at, name)])

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.search("/app", 0, END, NOW)
    assert len({event.number for event in found}) == 800
    assert [event.ts_ms for event in found] == sorted(event.ts_ms for event in found)
