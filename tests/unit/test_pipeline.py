from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.errors import QueryRejected, SourceUnavailable
from sigwatch.incident.lifecycle import Rules
from sigwatch.matching import MOST_FETCHED
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import Event, IncidentChanged, ReadIncomplete, WindowSearched
from sigwatch.model.incident import Incident, Matchers, Reason, Silence, State
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import LogGroup, Pass, Row, Scope, Search, SearchResult, Window
from sigwatch.model.message import Alert, Delivery, Kind, Remark
from sigwatch.pipeline import Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.ports import cursor_key
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, group, row, signature
from tests.fakes.source import FakeSource

EAGER, SETTLED = Pass("eager", 0), Pass("settled", 300)
QUIET = 60


COMPOSER = Composer(parse("slack: {channel: C1}\ntargets: [slack]\n", Path("sigwatch.yaml")), lambda _, text: text)


@dataclass
class House:
    rows: list[Row] = field(default_factory=list)
    now: float = 1_000.0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = FakeSource([group()], self.rows)
        self.store = SqliteStore(":memory:")
        reader = Reader(self.source, self.events.append, 0.005)
        rules = Rules(QUIET * 1000, mask=lambda _, text: text.replace("hunter2", "[masked]"))
        self.pipeline = Pipeline(
            reader, self.store, rules, ("log_group",), COMPOSER, COMPOSER.ending, lambda: self.now, self.events.append
        )
        self.signatures: tuple[Signature, ...] = (signature("KO-1", "ERROR one"), signature("KO-2", "ERROR (one|two)"))

    def sweep(self, start: int, end: int, step: Pass = EAGER) -> None:
        batch = Batch(Scope("us-east-1/shop", (group(),), self.signatures), step, Window(start, end), (group(),))
        self.pipeline.sweep(batch, prepare(self.signatures), covering(batch))

    def due(self) -> list[Delivery]:
        return [row for row in self.store.deliveries.due(10**12, 0) if isinstance(row.content, Alert)]

    def review(self, covered_ms: int = 10**12) -> None:
        self.pipeline.review({each.id: each for each in self.signatures}, lambda _: covered_ms)

    def audit(self) -> list[tuple[str, str, str]]:
        return [(entry.actor, entry.action, entry.signature) for entry in self.store.audit(0, 10**15)]

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


def incident_of(delivery: Delivery) -> Incident:
    assert isinstance(delivery.content, Alert)
    return delivery.content.incident


def title_of(delivery: Delivery) -> str:
    assert isinstance(delivery.content, Alert)
    return delivery.content.title


@pytest.fixture
def house() -> Iterable[House]:
    made = House()
    yield made
    made.store.close()


def test_the_query_narrows_and_the_matcher_decides(house: House) -> None:
    house.rows += [row("ERROR one", 900_000), row("ERROR two", 901_000), row("ERROR three", 902_000)]
    house.sweep(890, 910)
    assert house.reasons() == [("KO-1", Reason.OPENED, 1), ("KO-2", Reason.OPENED, 2)]
    assert house.store.hit_counts() == {"KO-1": 1, "KO-2": 2}
    assert [d.kind for d in house.due()] == [Kind.OPENED, Kind.OPENED]


def test_the_same_window_again_says_nothing_twice(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    for step in (EAGER, SETTLED, EAGER):
        house.sweep(890, 910, step)
    assert house.reasons() == [("KO-2", Reason.OPENED, 1)]
    assert [d.revision for d in house.due()] == [1]


def test_what_comes_late_is_found_by_a_later_pass_and_counted_in_the_same_message(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.sweep(890, 910)
    house.rows.append(row("ERROR two again", 905_000))
    house.sweep(890, 910, SETTLED)
    assert house.reasons()[-1] == ("KO-2", Reason.COUNTED, 2)
    [delivery] = house.due()
    assert (delivery.revision, incident_of(delivery).count) == (2, 2)
    assert house.audit() == [("sigwatch", "opened", "KO-2")]


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
    [incident] = house.store.unresolved()
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
    [overflow] = [i for i in house.store.unresolved() if i.signature == "sigwatch-overflow"]
    assert (overflow.severity, overflow.group, overflow.count) == ("P2", API, 1)
    assert overflow.samples == (
        "more than 100,000 events match the filter of KO-1 in the second from 1970-01-01 00:15:00 UTC",
    )
    told = [title_of(d) for d in house.due()]
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
    own = [i for i in house.store.unresolved() if i.signature == "sigwatch-cut"]
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
    house.review(covered_ms=0)
    assert house.store.unresolved()
    house.review(covered_ms=900_000 + QUIET * 1000)
    assert not house.store.unresolved()
    [delivery] = house.due()
    assert (delivery.kind, incident_of(delivery).state) == (Kind.RESOLVED, State.RESOLVED)
    assert house.audit() == [("sigwatch", "opened", "KO-2"), ("sigwatch", "resolved", "KO-2")]


def test_an_incident_whose_document_is_gone_still_comes_to_its_end(house: House) -> None:
    house.rows.append(row("ERROR two", 900_000))
    house.sweep(890, 910)
    house.now += QUIET
    house.pipeline.review({}, lambda _: 10**12)
    [delivery] = house.due()
    assert (delivery.kind, title_of(delivery)) == (Kind.RESOLVED, "Title of KO-2")
    assert incident_of(delivery).state is State.RESOLVED


def silence(house: House, minutes: int = 60, **matchers: str) -> Silence:
    now_ms = int(house.now * 1000)
    made = Silence("s1", Matchers(**matchers), "known", "ann", now_ms, now_ms + minutes * 60_000)
    with house.store.unit() as unit:
        unit.put_silence(made)
    return made


def test_a_silenced_incident_is_recorded_and_counted_and_told_when_the_silence_ends(house: House) -> None:
    silence(house, minutes=1, signature="KO-2")
    house.rows += [row("ERROR one", 995_000), row("ERROR two", 995_000)]
    house.sweep(990, 1_000)
    assert house.reasons() == [
        ("KO-1", Reason.OPENED, 1), ("KO-2", Reason.OPENED, 2), ("KO-2", Reason.SILENCED, 2),
    ]  # fmt: skip
    assert [title_of(delivery) for delivery in house.due()] == ["Title of KO-1"]
    house.now += 59
    house.review()
    assert [title_of(delivery) for delivery in house.due()] == ["Title of KO-1"]
    house.now += 1
    house.review(covered_ms=0)
    assert house.reasons()[-1] == ("KO-2", Reason.SILENCE_ENDED, 2)
    assert [title_of(delivery) for delivery in house.due()] == ["Title of KO-1", "Title of KO-2"]
    [silenced] = [entry for entry in house.store.audit(0, 10**15) if entry.action == "silenced"]
    assert (silenced.actor, silenced.signature) == ("ann", "KO-2")
    assert {"silence": "s1", "why": "known", "count": "2"}.items() <= dict(silenced.detail).items()


def test_an_incident_that_is_over_before_its_silence_is_never_told(house: House) -> None:
    silence(house)
    house.rows.append(row("ERROR two", 995_000))
    house.sweep(990, 1_000)
    house.now += 2 * QUIET
    house.review()
    assert house.reasons()[-1] == ("KO-2", Reason.RESOLVED, 1)
    assert house.due() == []


def test_a_channel_is_warned_once_before_a_silence_ends(house: House) -> None:
    made = silence(house, minutes=60, signature="KO-2")
    house.rows.append(row("ERROR two", 995_000))
    house.sweep(990, 1_000)

    def remarks() -> list[Remark]:
        rows = house.store.deliveries.due(10**12, 0)
        return [delivery.content for delivery in rows if isinstance(delivery.content, Remark)]

    house.review(covered_ms=0)
    assert remarks() == []
    house.now = made.ends_ms / 1000 - 60
    house.review(covered_ms=0)
    house.review(covered_ms=0)
    [remark] = remarks()
    assert remark.title == "A silence ends at 01:16:40 UTC"
    assert remark.text == "Silenced by ann: known. 1 of its incidents is still open: KO-2."


def test_an_incident_ends_when_its_pattern_for_that_is_seen(house: House) -> None:
    noisy = signature("KO-2", "ERROR two", resolved_pattern="healthy again")
    assert noisy.recovery is not None
    house.signatures = (noisy, noisy.recovery)
    house.rows += [row("ERROR two", 900_000), row("healthy again", 905_000)]
    house.sweep(890, 910)
    assert house.reasons() == [("KO-2", Reason.OPENED, 1), ("KO-2", Reason.RECOVERED, 1)]
    [searched] = [event for event in house.events if isinstance(event, WindowSearched)]
    assert searched.hits == (("KO-2", "shop", 1),)
    house.rows.append(row("healthy again", 907_000))
    house.sweep(890, 910, SETTLED)
    assert len(house.reasons()) == 2


def test_hits_are_grouped_by_what_the_pattern_names_and_by_fields_of_the_event(house: House) -> None:
    house.signatures = (signature("KO-1", r"ERROR on (?P<host>\w+)", group_by=("host", "user.id")),)
    told = 'ERROR on {host} {{"user": {{"id": {user}}}}}'
    house.rows += [row(told.format(host=host, user=user), 900_000) for host, user in (("a", 1), ("b", 1), ("a", 2))]
    house.rows.append(row("ERROR on a hunter2", 900_001))
    house.sweep(890, 910)
    assert sorted(incident.group for incident in house.store.unresolved()) == [
        "host=a user.id=-", "host=a user.id=1", "host=a user.id=2", "host=b user.id=1",
    ]  # fmt: skip
