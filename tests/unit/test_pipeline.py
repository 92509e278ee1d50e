from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pytest

from sigwatch.errors import QueryRejected, SourceUnavailable
from sigwatch.incident.fingerprint import message_key
from sigwatch.incident.lifecycle import Rules
from sigwatch.matching import MOST_FETCHED
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import Event, IncidentChanged, ReadIncomplete, WindowSearched
from sigwatch.model.incident import Alert, Incident, Kind, Reason, State
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import LogGroup, Pass, Row, Scope, Search, SearchResult, Window
from sigwatch.pipeline import Notice, Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.ports import cursor_key
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, group, row, signature
from tests.fakes.source import FakeSource

EAGER, SETTLED = Pass("eager", 0), Pass("settled", 300)
QUIET = 60


def compose(incident: Incident, told: Signature) -> Iterable[Notice]:
    alert = Alert(message_key(incident.id, "slack"), incident, told.ko.title, "", "", None, "")
    return [Notice("slack", "C1", alert)]


@dataclass
class House:
    rows: list[Row] = field(default_factory=list)
    now: float = 1_000.0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = FakeSource([group()], self.rows)
        self.store = SqliteStore(":memory:")
        reader = Reader(self.source, self.events.append, 0.005)
        rules = Rules(QUIET * 1000, mask=lambda text: text.replace("hunter2", "[masked]"))
        self.pipeline = Pipeline(
            reader, self.store, rules, ("log_group",), compose, lambda: self.now, self.events.append
        )
        self.signatures: tuple[Signature, ...] = (signature("KO-1", "ERROR one"), signature("KO-2", "ERROR (one|two)"))

    def sweep(self, start: int, end: int, step: Pass = EAGER) -> None:
        batch = Batch(Scope("us-east-1/shop", (group(),), self.signatures), step, Window(start, end), (group(),))
        self.pipeline.sweep(batch, prepare(self.signatures), covering(batch))

    def reasons(self) -> list[tuple[str, Reason, int]]:
        changed = [event.decision for event in self.events if isinstance(event, IncidentChanged)]
        return [(d.incident.signature, d.reason, d.incident.count) for d in changed]


class Unfiltered:
    """A source that returns rows whatever is asked for, as the service does when it filters on more than it shows."""

    def __init__(self, source: FakeSource, rows: list[Row]) -> None:
        self.rows = rows
        self.fetch: Callable[[Row], str | None] = lambda found: source.whole[found.pointer]

    def log_groups(self, prefix: str) -> list[LogGroup]:
        return [group()]

    def search(self, search: Search) -> SearchResult:
        return SearchResult(tuple(self.rows), 0, 0.1)

    def whole_message(self, row: Row, lane: str) -> str | None:
        return self.fetch(row)


@pytest.fixture
def house() -> Iterable[House]:
    made = House()
    yield made
    made.store.close()


def test_the_query_narrows_and_the_matcher_decides(house: House) -> None:
    house.rows += [row("ERROR one", 900_000), row("ERROR two", 901_000), row("ERROR three", 902_000)]
    house.sweep(890, 910)
    assert house.reasons() == [("KO-1", Reason.OPENED, 1), ("KO-2", Reason.OPENED, 1), ("KO-2", Reason.COUNTED, 2)]
    assert house.store.hit_counts() == {"KO-1": 1, "KO-2": 2}
    assert [d.kind for d in house.store.due(10**12, 0)] == [Kind.OPENED, Kind.COUNTED]


def test_the_same_window_again_says_nothing_twice(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    for step in (EAGER, SETTLED, EAGER):
        house.sweep(890, 910, step)
    assert house.reasons() == [("KO-2", Reason.OPENED, 1)]
    assert [d.revision for d in house.store.due(10**12, 0)] == [1]


def test_what_comes_late_is_found_by_a_later_pass_and_counted_in_the_same_message(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.sweep(890, 910)
    house.rows.append(row("ERROR two again", 905_000))
    house.sweep(890, 910, SETTLED)
    assert house.reasons()[-1] == ("KO-2", Reason.COUNTED, 2)
    [delivery] = house.store.due(10**12, 0)
    assert (delivery.revision, delivery.alert.incident.count) == (2, 2)


def test_nothing_is_recorded_of_a_window_that_could_not_be_read(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.source.refuse = lambda _: SourceUnavailable("throttled")
    with pytest.raises(SourceUnavailable):
        house.sweep(890, 910)
    assert not house.store.coverage()
    house.source.refuse = lambda _: None
    house.sweep(890, 910)
    assert house.store.coverage() == {cursor_key("eager", group()): Coverage(((890, 910),))}
    assert house.reasons() == [("KO-2", Reason.OPENED, 1)]


def test_a_window_that_every_signature_is_rejected_in_is_not_taken_for_read(house: House) -> None:
    house.source.refuse = lambda _: QueryRejected("unexpected symbol")
    house.sweep(890, 910)
    assert not house.store.coverage()


def test_samples_are_masked_before_they_are_stored(house: House) -> None:
    house.rows.append(row("ERROR two hunter2", 900_000))
    house.sweep(890, 910)
    [incident] = house.store.open_incidents()
    assert incident.samples == ("ERROR two [masked]",)


def test_hits_are_told_without_their_text(house: House) -> None:
    house.rows.append(row("ERROR two hunter2", 900_000))
    house.sweep(890, 910)
    [searched] = [event for event in house.events if isinstance(event, WindowSearched)]
    assert searched.hits == (("KO-2", "shop", 1),)
    assert searched.delays == ()
    assert not any("ERROR two" in str(e) for e in house.events if not isinstance(e, IncidentChanged))


def test_how_late_an_event_arrived_is_told(house: House) -> None:
    house.rows += [row("ERROR two", 900_000, ingested_ms=907_500), row("INFO", 900_000, ingested_ms=999_999)]
    house.sweep(890, 910)
    [searched] = [event for event in house.events if isinstance(event, WindowSearched)]
    assert searched.delays == (7.5,)


def test_a_pattern_that_runs_out_of_time_is_said(house: House) -> None:
    slow = signature("SLOW", r"(?!x)(.*)*=(.*)*\1!")
    house.rows.append(row("aaa=b" * 300 + "\n!", 900_000))
    batch = Batch(Scope("s", (group(),), (slow,)), EAGER, Window(890, 910), (group(),))
    house.pipeline.sweep(batch, prepare([slow]), covering(batch))
    [event] = [event for event in house.events if isinstance(event, ReadIncomplete)]
    assert "SLOW ran out of time" in event.detail


def test_a_second_with_too_many_rows_becomes_an_incident_of_its_own(house: House) -> None:
    house.signatures = (signature("KO-1", "ERROR one"),)
    house.rows += [row("ERROR one", 900_000)] * 100_000
    house.sweep(900, 901)
    house.sweep(900, 901)
    [event, _] = [event for event in house.events if isinstance(event, ReadIncomplete)]
    assert event.detail == f"{API} returned too many rows in one second"
    [overflow] = [i for i in house.store.open_incidents() if i.signature == "sigwatch-overflow"]
    assert (overflow.severity, overflow.group, overflow.count) == ("P2", API, 1)
    assert overflow.samples == (
        "more than 100,000 events match the filter of KO-1 in the second from 1970-01-01 00:15:00 UTC",
    )
    told = [d.alert.title for d in house.store.due(10**12, 0)]
    assert sorted(told) == ["More log events match than Logs Insights can return", "Title of KO-1"]


def test_a_message_that_was_cut_off_on_the_way_is_fetched_whole(house: House) -> None:
    whole = "x" * 1_000 + " ERROR one"
    cut = row(whole[:1_000], 900_000, pointer="p1")
    house.source.whole["p1"] = whole
    house.pipeline = replace(
        house.pipeline, reader=replace(house.pipeline.reader, source=Unfiltered(house.source, [cut]))
    )
    house.sweep(890, 910)
    assert house.store.hit_counts() == {"KO-1": 1, "KO-2": 1}
    house.pipeline = replace(house.pipeline, reader=replace(house.pipeline.reader, source=house.source))
    house.rows.append(replace(cut, message=whole))
    house.sweep(890, 910, SETTLED)
    assert house.store.hit_counts() == {"KO-1": 1, "KO-2": 1}


def fetching(house: House, rows: list[Row], fetch: Callable[[Row], str | None]) -> None:
    source = Unfiltered(house.source, rows)
    source.fetch = fetch
    house.pipeline = replace(house.pipeline, reader=replace(house.pipeline.reader, source=source))


def test_a_window_with_a_message_that_can_not_be_fetched_now_is_done_again(house: House) -> None:
    def refuse(_: Row) -> str:
        raise SourceUnavailable("throttled")

    fetching(house, [row("ERROR two", 900_000), row("x" * 1_000, 900_000, pointer="p1")], refuse)
    with pytest.raises(SourceUnavailable):
        house.sweep(890, 910)
    assert house.store.hit_counts() == {}
    assert not house.store.coverage()


def long_rows(count: int, every_ms: int) -> list[Row]:
    return [row("x" * 1_000, 900_000 + n * every_ms, pointer=f"p{n}") for n in range(count)]


@pytest.mark.parametrize(
    ("count", "fetch", "unseen"),
    [
        (1, lambda _: None, 1),
        (1, lambda _: "another event altogether", 1),
        (MOST_FETCHED + 20, lambda found: found.message + " of no interest", 20),
        (3, lambda found: found.message + " ERROR two", 0),
    ],
)
def test_what_can_not_be_looked_at_whole_is_told(
    house: House, count: int, fetch: Callable[[Row], str | None], unseen: int
) -> None:
    fetching(house, long_rows(count, 0), fetch)
    house.sweep(900, 910)
    assert house.store.coverage()
    told = [event.detail for event in house.events if isinstance(event, ReadIncomplete)]
    words = "long events without a match may be cut off and can not be fetched whole"
    assert told == ([f"{unseen} {words}"] if unseen else [])
    own = [i for i in house.store.open_incidents() if i.signature == "sigwatch-cut"]
    assert [(i.group, i.severity, i.count) for i in own] == ([(API, "P2", 1)] if unseen else [])


def test_of_a_window_with_too_many_long_events_only_the_beginning_counts(house: House) -> None:
    fetched = []

    def fetch(found: Row) -> str:
        fetched.append(found)
        return found.message + " ERROR two"

    rows = [*long_rows(MOST_FETCHED * 2 + 1, 50), row("ERROR two", 901_000), row("ERROR two", 908_000)]
    fetching(house, rows, fetch)
    house.sweep(900, 910)
    assert len(fetched) == MOST_FETCHED
    [(coverage, *_)] = [each.spans for each in house.store.coverage().values()]
    assert coverage == (900, 905)
    assert house.store.hit_counts() == {"KO-2": MOST_FETCHED + 1}
    assert not [event for event in house.events if isinstance(event, ReadIncomplete)]
    house.sweep(905, 910)
    house.sweep(910, 911)
    assert house.store.hit_counts() == {"KO-2": MOST_FETCHED * 2 + 3}


def test_an_incident_is_resolved_in_its_own_message(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.sweep(890, 910)
    house.now += QUIET
    known = {s.id: s for s in house.signatures}
    house.pipeline.resolve(known, lambda _: 0)
    assert house.store.open_incidents()
    house.pipeline.resolve(known, lambda incident: incident.last_seen_ms + QUIET * 1000)
    assert not house.store.open_incidents()
    [delivery] = house.store.due(10**12, 0)
    assert (delivery.kind, delivery.alert.incident.state) == (Kind.RESOLVED, State.RESOLVED)


def test_an_incident_whose_document_is_gone_still_comes_to_its_end(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.sweep(890, 910)
    house.now += QUIET
    house.pipeline.resolve({}, lambda _: 10**12)
    [delivery] = house.store.due(10**12, 0)
    assert (delivery.kind, delivery.alert.title) == (Kind.RESOLVED, "Title of KO-2")
    assert delivery.alert.incident.state is State.RESOLVED
