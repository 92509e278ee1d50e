"""What can not be read, over a source in memory: said in the result, and kept for the sessions to come."""

from collections.abc import Iterator
from random import Random

import pytest

from sigwatch.errors import QueryRejected, SourceError, SourceUnavailable
from sigwatch.findings import Finder
from sigwatch.model.event import QueryStatus
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Row, Scope, Search, Window
from sigwatch.past.backfill import TRIES, Asked, Backfill
from sigwatch.past.values import Ended
from sigwatch.pipeline import prepare
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, group, row, signature
from tests.fakes.source import FakeSource

RANGE = Window(1_000, 1_400)


class Forgetful(FakeSource):
    """It gives no event whole."""

    def whole_message(self, row: Row, lane: str) -> str | None:
        return None


class House:
    def __init__(self, *signatures: Signature) -> None:
        self.signatures = signatures or (signature("KO-1", "ERROR"),)
        self.source: FakeSource = FakeSource([group()])
        self.store = SqliteStore(":memory:")
        self.waits: list[float] = []
        self.now = 2_000.0

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False

    def run(self, window: Window = RANGE, scopes: tuple[Scope, ...] = ()) -> Ended:
        chosen = scopes or (Scope("us-east-1/shop", tuple(self.source.groups), self.signatures),)
        reader = Reader(self.source, lambda _: None, 0.005, 100_000)
        finder = Finder(("log_group",), lambda _, text: text)
        parts = Backfill(reader, self.store, finder, 1, lambda: self.now, self.wait, Random(1).random)
        return parts.run(Asked(window, chosen, lambda scope: prepare(scope.signatures)), lambda _: None)


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.store.close()


def test_a_second_with_more_rows_than_a_query_returns_is_a_gap_that_outlives_the_session(house: House) -> None:
    house.source.rows = [row("ERROR", 1_200_001)] * 100_001
    for _ in range(2):
        [gap] = house.run(Window(1_200, 1_201)).gaps
        assert (gap.places, gap.start_ms, gap.end_ms) == ((API,), 1_200_000, 1_201_000)
        assert gap.reason == "more than 100,000 matching events in one second"


def test_a_signature_that_the_service_does_not_take_is_named_and_not_asked_for_again() -> None:
    house = House(signature("KO-1", "ERROR"), signature("KO-2", "BAD"))
    house.source.rows = [row("ERROR", ts * 1_000) for ts in range(1_000, 1_400, 7)]
    house.source.refuse = lambda search: QueryRejected("unexpected symbol") if "BAD" in search.text else None
    for _ in range(2):
        ended = house.run()
        assert ended.rejected == {"KO-2": "unexpected symbol"}
        assert ended.problems == ("KO-2 is not searched for: unexpected symbol",)
        assert (ended.gaps, ended.progress.hits) == ((), 58)
    assert sum("BAD" in search.text for search in house.source.searches) == 2


def test_where_no_signature_is_taken_everything_is_a_gap(house: House) -> None:
    house.source.refuse = lambda _: QueryRejected("unexpected symbol")
    ended = house.run()
    assert not ended.stopped
    assert [(gap.start_ms, gap.end_ms) for gap in ended.gaps] == [(RANGE.start * 1000, RANGE.end * 1000)]
    assert ended.gaps[0].reason == "the service takes none of the patterns that are searched for here"


def test_a_slice_is_tried_again_with_growing_pauses_then_it_is_a_gap_and_the_rest_goes_on(house: House) -> None:
    house.source.rows = [row("ERROR", ts * 1_000 + 1) for ts in range(1_000, 1_400)]
    bad = Window(1_300, 1_301)

    def refuse(search: Search) -> SourceError | None:
        hit = search.window.start <= bad.start and bad.end <= search.window.end
        return SourceUnavailable("ended as Failed", QueryStatus.FAILED, 1) if hit else None

    house.source.refuse = refuse
    ended = house.run()
    [gap] = ended.gaps
    pauses = [each for each in house.waits if each]
    assert gap.reason == "ended as Failed"
    assert len(pauses) == TRIES - 1
    assert pauses == sorted(pauses)
    assert ended.progress.hits == 400 - (gap.end_ms - gap.start_ms) // 1000
    assert ended.progress.bytes_failed == TRIES


def test_a_slice_that_takes_too_long_is_read_in_shorter_ones(house: House) -> None:
    house.source.rows = [row("ERROR", ts * 1_000 + 1) for ts in range(1_000, 1_400)]

    def refuse(search: Search) -> SourceError | None:
        house.now += search.window.seconds * 10
        long = search.window.seconds > 40
        return SourceUnavailable("took too long", QueryStatus.TIMEOUT) if long else None

    house.source.refuse = refuse
    ended = house.run()
    assert (ended.gaps, ended.progress.hits) == ((), 400)
    assert not [each for each in house.waits if each]


def test_scopes_of_one_name_are_searched_each_for_its_own_signatures(house: House) -> None:
    house.source.groups = [group(), group("/b")]
    house.source.rows = [row("ERROR", 1_200_001), row("FATAL", 1_200_001, log_group="/b")]
    scopes = tuple(
        Scope("us-east-1/shop", (each,), (signature(f"KO-{number}", pattern),))
        for number, (each, pattern) in enumerate(zip(house.source.groups, ("ERROR", "FATAL"), strict=True))
    )
    assert house.run(scopes=scopes).progress.hits == 2


def test_a_long_event_that_can_not_be_fetched_is_a_gap(house: House) -> None:
    house.source = Forgetful([group()])
    house.source.rows = [row("ERROR " + "x" * 1_000, 1_200_001, pointer="p"), row("ERROR", 1_201_001)]
    house.signatures = (signature("KO-1", "ERROR$"),)
    ended = house.run()
    [gap] = ended.gaps
    assert (gap.start_ms, gap.end_ms) == (1_200_000, 1_201_000)
    assert gap.reason == "1 long events may be cut off in the results and can not be fetched whole"
