from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sigwatch.errors import GroupsUnavailable, QueryRejected, SourceError, SourceUnavailable
from sigwatch.incident.lifecycle import Rules
from sigwatch.model.event import (
    CoverageMeasured,
    Event,
    KnowledgeLoaded,
    OpenIncidentsMeasured,
    QuarantineKind,
    QuarantineMeasured,
    QueryEnded,
    RunSkipped,
    SkipReason,
)
from sigwatch.model.knowledge import Library, Problem, Signature
from sigwatch.model.logs import LogGroup, Pass, Row, Search
from sigwatch.patrol import Patrol, backoff
from sigwatch.pipeline import Pipeline
from sigwatch.plan.windows import Pace
from sigwatch.ports import cursor_key
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch, keep_last_good, look_up
from tests.fakes.made import API, group, ris, row, signature
from tests.fakes.source import FakeSource

EAGER, LATE = Pass("eager", 0), Pass("late", 100)


class Inline(Executor):
    """Runs work at once, in the caller's thread."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class House:
    now: float = 10_000.0
    rows: list[Row] = field(default_factory=list)
    groups: list[LogGroup] = field(default_factory=lambda: [group()])
    signatures: list[Signature] = field(default_factory=lambda: [signature(pattern="ERROR", log_groups=(API,))])
    problems: list[Problem] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    digest: str = "1"

    def __post_init__(self) -> None:
        self.source = FakeSource(self.groups, self.rows)
        self.store = SqliteStore(":memory:")
        tell = self.events.append
        self.watch = Watch(self.load, self.source, lambda s: s.ko.log_groups, ("*ignored*",), self.clock, tell)
        reader = Reader(self.source, tell, 0.005)
        rules = Rules(60_000, str)
        stages = Pipeline(reader, self.store, rules, ("log_group",), lambda *_: (), self.clock, tell)
        self.patrol = Patrol(self.watch, stages, (LATE, EAGER), Pace(15, 300, 100), Inline(), lambda: 1.0)

    def clock(self) -> float:
        return self.now

    def load(self) -> Library:
        return Library(tuple(self.signatures), problems=tuple(self.problems), digest=self.digest)

    def cursor(self, step: Pass, name: str = API) -> int:
        return self.store.cursors()[cursor_key(step.name, group(name))]

    def last(self, kind: type[Any]) -> Any:
        return [event for event in self.events if isinstance(event, kind)][-1]

    def quarantined(self, kind: QuarantineKind) -> tuple[str, ...]:
        found = [e for e in self.events if isinstance(e, QuarantineMeasured) and e.kind is kind]
        return found[-1].items


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.store.close()


def test_passes_are_run_by_their_delay(house: House) -> None:
    assert [step.name for step in house.patrol.passes] == ["eager", "late"]


def test_a_pass_reads_from_its_look_back_in_windows_oldest_first(house: House) -> None:
    house.watch.reload()
    assert house.patrol.run(EAGER)
    assert [(s.window.start, s.window.end) for s in house.source.searches] == [
        (9_700, 9_800),
        (9_800, 9_900),
        (9_900, 10_000),
    ]
    assert (house.cursor(EAGER), house.cursor(LATE)) == (10_000, 9_700)
    assert house.patrol.run(EAGER)
    assert len(house.source.searches) == 3


def test_a_slower_pass_reads_the_same_time_once_more(house: House) -> None:
    house.watch.reload()
    house.patrol.run(EAGER)
    house.rows.append(row("ERROR arrived late", 9_750_000))
    house.patrol.run(LATE)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(LATE) == 9_900


def test_each_byte_is_paid_for_once_a_pass_however_often_it_runs(house: House) -> None:
    house.watch.reload()
    house.rows += [row("ERROR x" if n % 50 == 0 else "INFO", 9_710_050 + n * 100) for n in range(5_800)]
    stored = sum(len(each.message) for each in house.rows)
    for _ in range(60):
        house.now += 10
        house.patrol.run(EAGER)
        house.patrol.run(LATE)
    paid = dict.fromkeys(("eager", "late"), 0)
    for event in house.events:
        if isinstance(event, QueryEnded):
            paid[event.pass_name] += event.bytes_scanned
    assert paid == {"eager": stored, "late": stored}
    assert house.store.hit_counts() == {"KO-1": 116}


def test_after_a_downtime_the_reading_goes_on_where_it_stopped(house: House) -> None:
    house.watch.reload()
    house.patrol.run(EAGER)
    house.rows.append(row("ERROR while away", 10_500_000))
    house.now += 1_000
    house.patrol.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(EAGER) == 11_000


def test_a_failing_scope_is_left_alone_for_longer_each_time_and_holds_up_no_other(house: House) -> None:
    house.groups.append(group("/other"))
    house.signatures.append(signature("KO-2", "ERROR", log_groups=("/other",), project="mail"))

    def refuse(search: Search) -> SourceError | None:
        return SourceUnavailable("Rate exceeded") if search.groups[0].name == API else None

    house.source.refuse = refuse
    house.watch.reload()
    assert not house.patrol.run(EAGER)
    assert (house.cursor(EAGER), house.cursor(EAGER, "/other")) == (9_700, 10_000)
    skipped = house.last(RunSkipped)
    assert (skipped.reason, skipped.detail) == (SkipReason.BACKING_OFF, "Rate exceeded")
    before = len(house.source.searches)
    house.now += 14
    house.patrol.run(EAGER)
    assert len(house.source.searches) == before
    house.source.refuse = lambda _: None
    house.now += 2
    assert house.patrol.run(EAGER)
    assert house.cursor(EAGER) == 10_016


def test_pauses_double_up_to_a_limit_and_are_spread() -> None:
    assert [backoff(n, 15, 1.0) for n in (1, 2, 3, 9)] == [15, 30, 60, 300]
    assert backoff(1, 15, 0.0) == 7.5
    assert backoff(5, 600, 1.0) == 600


def test_coverage_lag_is_measured_even_when_nothing_works(house: House) -> None:
    house.source.refuse = lambda _: SourceUnavailable("down")
    house.watch.reload()
    house.patrol.run(EAGER)
    measured = house.last(CoverageMeasured)
    assert (measured.scope, measured.pass_name, measured.lag_seconds) == ("us-east-1/shop", "eager", 300.0)


def test_a_lost_log_group_is_set_aside_until_the_next_look(house: House) -> None:
    house.groups.append(group("/gone"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]

    def refuse(search: Search) -> SourceError | None:
        gone = any(g.name == "/gone" for g in search.groups)
        return GroupsUnavailable("Log group '/gone' does not exist", ("/gone",)) if gone else None

    house.source.refuse = refuse
    house.watch.reload()
    assert not house.patrol.run(EAGER)
    assert [g.name for g in house.watch.snapshot.groups] == [API]
    assert house.quarantined(QuarantineKind.LOG_GROUP) == ("/gone: Log group '/gone' does not exist",)
    assert house.cursor(EAGER, "/gone") == 9_700
    house.source.refuse = lambda _: None
    house.watch.rediscover()
    assert house.quarantined(QuarantineKind.LOG_GROUP) == ()
    assert house.patrol.run(EAGER)
    assert house.cursor(EAGER, "/gone") == 10_000


def test_a_rejected_signature_is_set_aside_until_its_document_changes(house: House) -> None:
    house.signatures.append(signature("BAD", "BAD PATTERN", log_groups=(API,)))
    house.source.refuse = lambda s: QueryRejected("unexpected symbol") if "BAD" in s.text else None
    house.watch.reload()
    house.patrol.run(EAGER)
    assert house.quarantined(QuarantineKind.QUERY) == ("BAD: unexpected symbol",)
    house.watch.rediscover()
    assert [s.id for s in house.watch.snapshot.scopes[0].signatures] == ["KO-1"]
    house.source.refuse = lambda _: None
    house.digest = "2"
    house.watch.reload()
    assert [s.id for s in house.watch.snapshot.scopes[0].signatures] == ["BAD", "KO-1"]


def test_knowledge_is_taken_over_only_when_it_changed(house: House) -> None:
    house.watch.reload()
    house.watch.reload()
    assert sum(isinstance(event, KnowledgeLoaded) for event in house.events) == 1


def test_a_broken_document_keeps_its_last_good_version(house: House) -> None:
    house.watch.reload()
    fresh = signature("KO-2", "FATAL", log_groups=(API,))
    house.problems.append(Problem(house.signatures[0].ko.path, 3, "detection_pattern", "is broken"))
    house.signatures[:] = [fresh]
    house.digest = "2"
    house.watch.reload()
    assert [s.id for s in house.watch.snapshot.library.watched] == ["KO-1", "KO-2"]
    assert house.quarantined(QuarantineKind.DOCUMENT) == ("knowledge/KO-1.md",)
    assert house.quarantined(QuarantineKind.PATTERN) == ("knowledge/KO-1.md:3: detection_pattern: is broken",)


def test_a_signature_keeps_its_steps_while_its_ris_is_broken() -> None:
    good = signature(ris=ris())
    broken = Library((signature(why_it_matters="new"),), problems=(Problem(ris().path, 1, "steps", "are broken"),))
    [kept] = keep_last_good(Library((good,)), broken).signatures
    assert (kept.ris, kept.ko.why_it_matters) == (ris(), "new")


def test_a_document_with_an_error_that_does_not_set_it_aside_is_taken_as_it_is_now() -> None:
    retired = signature(status="retired")
    fresh = Library((retired,), problems=(Problem(retired.ko.path, 1, "ris", "there is no RIS-9"),))
    assert keep_last_good(Library((signature(),)), fresh).signatures == (retired,)


def test_a_removed_document_is_no_longer_watched() -> None:
    assert keep_last_good(Library((signature(),)), Library()).signatures == ()


def test_knowledge_folders_that_vanish_leave_the_last_good_set(house: House) -> None:
    house.watch.reload()
    house.signatures.clear()
    house.problems.append(Problem("knowledge", 0, "path", "there is no such file or folder"))
    house.digest = "2"
    house.watch.reload()
    assert [s.id for s in house.watch.snapshot.library.watched] == ["KO-1"]
    assert house.quarantined(QuarantineKind.DOCUMENT) == ("knowledge",)
    house.problems.clear()
    house.signatures.append(signature(pattern="ERROR", log_groups=(API,)))
    house.digest = "1"
    house.watch.reload()
    assert house.quarantined(QuarantineKind.DOCUMENT) == ()


def test_ignored_log_groups_are_never_watched(house: House) -> None:
    house.groups.append(group("/ecs/ignored-one"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.watch.reload()
    assert [g.name for g in house.watch.snapshot.groups] == [API]


def test_one_selector_that_is_no_name_stops_no_other(house: House) -> None:
    house.signatures.append(signature("KO-2", "FATAL", log_groups=("arn:aws:logs:us-east-1:1:log-group:/x",)))
    house.watch.reload()
    assert [s.id for s in house.watch.snapshot.scopes[0].signatures] == ["KO-1"]
    assert "not an ARN" in house.quarantined(QuarantineKind.LOG_GROUP)[0]


def test_a_row_that_nobody_expected_puts_its_batch_off_and_no_other(house: House) -> None:
    house.groups.append(group("/other"))
    house.signatures.append(signature("KO-2", "ERROR", log_groups=("/other",), project="mail"))
    house.rows.append(row("ERROR \udcff", 9_990_000))
    house.watch.reload()
    assert not house.patrol.run(EAGER)
    assert house.cursor(EAGER, "/other") == 10_000
    assert house.last(RunSkipped).detail == "UnicodeEncodeError while it was searched"


def test_a_signature_that_was_corrected_while_a_pass_ran_is_not_set_aside(house: House) -> None:
    house.watch.reload()
    old = house.signatures[0]
    house.signatures[:] = [signature(pattern="ERROR now", log_groups=(API,))]
    house.digest = "2"
    house.watch.reload()
    house.watch.lose("scope", {}, [(old, "unexpected symbol")])
    assert house.quarantined(QuarantineKind.QUERY) == ()


def test_a_restart_without_an_answer_about_log_groups_resolves_nothing(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.patrol.run(EAGER)
    house.now += 3_600
    fresh = Watch(house.load, house.source, lambda s: s.ko.log_groups, (), house.clock, house.events.append)
    house.patrol._watch = fresh
    house.patrol.run(EAGER)
    assert len(house.store.open_incidents()) == 1


def test_what_another_run_of_the_pass_searches_is_left_to_it(house: House) -> None:
    house.watch.reload()
    house.patrol._in_flight.add(("eager", group()))
    assert house.patrol.run(EAGER)
    assert not house.source.searches


def test_log_groups_stay_as_they_were_while_the_service_is_unreachable(house: House) -> None:
    house.watch.reload()
    scopes = house.watch.snapshot.scopes

    class Down(FakeSource):
        def log_groups(self, prefix: str) -> list[LogGroup]:
            raise SourceUnavailable("no route")

    house.watch._source = Down()
    house.watch.rediscover()
    assert house.watch.snapshot.scopes == scopes
    assert house.last(RunSkipped).detail == "no route"


def test_log_groups_are_looked_up_by_as_few_prefixes_as_possible() -> None:
    asked: list[str] = []

    class Asked(FakeSource):
        def log_groups(self, prefix: str) -> list[LogGroup]:
            asked.append(prefix)
            return []

    look_up(Asked(), [["/aws/lambda/*", "/aws/lambda/api"], ["/ecs/x", "arn:aws:logs:x"]], ())
    assert asked == ["/aws/lambda/", "/ecs/x"]


def test_an_incident_is_resolved_after_a_searched_silence_and_counted_as_open_before(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.patrol.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == (("KO-1", "unrated", 1),)
    house.now += 61
    house.patrol.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == ()


def test_a_silence_that_could_not_be_listened_to_resolves_nothing(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.patrol.run(EAGER)
    house.source.refuse = lambda _: GroupsUnavailable("not authorized")
    house.now += 3_600
    house.patrol.run(EAGER)
    house.patrol.run(EAGER)
    assert len(house.store.open_incidents()) == 1


def test_an_incident_over_two_log_groups_ends_when_one_of_them_is_deleted(house: House) -> None:
    house.groups.append(group("/b"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.patrol._pipeline = replace(house.patrol._pipeline, group_by=())
    house.rows += [row("ERROR", 9_990_000), row("ERROR", 9_991_000, log_group="/b")]
    house.watch.reload()
    house.patrol.run(EAGER)
    house.groups.pop()
    house.watch.rediscover()
    house.now += 3_600
    house.patrol.run(EAGER)
    assert not house.store.open_incidents()


def test_an_incident_in_a_log_group_that_nobody_watches_any_more_ends(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.patrol.run(EAGER)
    house.signatures[:] = [replace(s, ko=replace(s.ko, log_groups=("/other",))) for s in house.signatures]
    house.digest = "2"
    house.watch.reload()
    house.now += 3_600
    house.patrol.run(EAGER)
    assert not house.store.open_incidents()


def test_it_knows_up_to_where_every_pass_has_searched(house: House) -> None:
    house.watch.reload()
    house.patrol.run(EAGER)
    assert house.patrol.searched_to() == 9_700
    house.patrol.run(LATE)
    assert house.patrol.searched_to() == 9_900


def test_nothing_new_is_begun_after_a_stop(house: House) -> None:
    house.watch.reload()
    house.patrol.stop()
    assert not house.patrol.run(EAGER)
    assert not house.source.searches


def test_a_pass_asked_for_once_reads_up_to_now(house: House) -> None:
    house.watch.reload()
    house.patrol.run(EAGER)
    house.now += 3
    house.patrol.run(EAGER)
    assert house.cursor(EAGER) == 10_000
    house.patrol.run_now(EAGER)
    assert house.cursor(EAGER) == 10_003
