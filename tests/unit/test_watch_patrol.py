import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sigwatch.errors import GroupsUnavailable, QueryRejected, SourceError, SourceUnavailable
from sigwatch.incident.lifecycle import Rules
from sigwatch.model.coverage import Coverage, Lookback
from sigwatch.model.event import (
    BudgetMeasured,
    CoverageMeasured,
    Event,
    KnowledgeLoaded,
    OpenIncidentsMeasured,
    QuarantineKind,
    QuarantineMeasured,
    QueryEnded,
    QueryStatus,
    RunSkipped,
    SkipReason,
)
from sigwatch.model.knowledge import Library, Problem, Signature
from sigwatch.model.logs import LogGroup, Pass, Row, Search, Window
from sigwatch.pipeline import Pipeline
from sigwatch.plan.budget import Allowance
from sigwatch.plan.scopes import Batch
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places, backoff
from sigwatch.polling.spending import Meter
from sigwatch.polling.workers import Share, Work, Workers
from sigwatch.ports import CursorKey, cursor_key
from sigwatch.search import Reader
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch, keep_last_good, look_up
from tests.bench.corpus import signatures as corpus
from tests.fakes.made import API, group, ris, row, signature
from tests.fakes.source import FakeSource

EAGER, LATE = Pass("eager", 0), Pass("late", 100)


class Inline:
    """Does work at once, in the caller's thread."""

    def submit(self, lane: str, share: Share, work: Work) -> "Future[bool]":
        future: Future[bool] = Future()
        while (outcome := work()) is None:
            pass
        future.set_result(outcome)
        return future

    def expect(self, lane: str, shares: Collection[Share]) -> None:
        """There is one thread for all."""


class Watched(SqliteStore):
    """Tells when coverage has been read."""

    on_coverage: Callable[[], object] = staticmethod(lambda: None)

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        found = super().coverage()
        self.on_coverage()
        return found


@dataclass
class House:
    now: float = 10_000.0
    rows: list[Row] = field(default_factory=list)
    groups: list[LogGroup] = field(default_factory=lambda: [group()])
    signatures: list[Signature] = field(default_factory=lambda: [signature(pattern="ERROR", log_groups=(API,))])
    problems: list[Problem] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    digest: str = "1"
    budget: float | None = None
    source_of: "House | None" = None
    """The house before a crash, whose logs, state and clock go on."""

    def __post_init__(self) -> None:
        before = self.source_of
        self.now = before.now if before else self.now
        self.source: FakeSource = before.source if before else FakeSource(self.groups, self.rows)
        self.store: Watched = before.store if before else Watched(":memory:")
        tell = self.tell
        self.watch = Watch(self.load, self.source, lambda s: s.ko.log_groups, ("*ignored*",), 15, self.clock, tell)
        reader = Reader(self.source, tell, 0.005)
        rules = Rules(60_000, str)
        stages = Pipeline(reader, self.store, rules, ("log_group",), lambda *_: (), self.clock, tell)
        self.places = Places(15, lambda: 1.0)
        self.meter = Meter(self.store, self.clock)
        self.patrol = Patrol(self.watch, stages, (LATE, EAGER), Pace(15, 300, 100), Inline(), self.places, self.allow)

    def allow(self, passes: Sequence[Pass]) -> Allowance:
        return self.meter.allowance(self.budget, passes)

    def run(self, step: Pass) -> bool:
        return all(part.result() for part in self.patrol.run(step))

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.meter(event)

    def clock(self) -> float:
        return self.now

    def load(self) -> Library:
        return Library(tuple(self.signatures), problems=tuple(self.problems), digest=self.digest)

    def cursor(self, step: Pass, name: str = API) -> int:
        return self.spans(step, name)[-1][1]

    def spans(self, step: Pass, name: str = API) -> tuple[tuple[int, int], ...]:
        return self.store.coverage()[cursor_key(step.name, group(name))].spans

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
    assert house.run(EAGER)
    assert [(s.window.start, s.window.end) for s in house.source.searches] == [
        (9_700, 9_800),
        (9_800, 9_900),
        (9_900, 10_000),
    ]
    assert (house.cursor(EAGER), house.cursor(LATE)) == (10_000, 9_700)
    assert house.run(EAGER)
    assert len(house.source.searches) == 3


def test_a_slower_pass_reads_the_same_time_once_more(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("ERROR arrived late", 9_750_000))
    house.run(LATE)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(LATE) == 9_900


@pytest.mark.parametrize("more", [0, 249])
def test_each_byte_is_paid_for_once_a_pass_however_often_it_runs(house: House, more: int) -> None:
    house.signatures += [replace(s, ko=replace(s.ko, log_groups=(API,))) for s in corpus(more)]
    house.watch.reload()
    house.rows += [row("ERROR x" if n % 50 == 0 else "INFO", 9_710_050 + n * 100) for n in range(5_800)]
    stored = sum(len(each.message) for each in house.rows)
    for _ in range(60):
        house.now += 10
        house.run(EAGER)
        house.run(LATE)
    paid = dict.fromkeys(("eager", "late"), 0)
    for event in house.events:
        if isinstance(event, QueryEnded):
            paid[event.pass_name] += event.bytes_scanned
    assert paid == {"eager": stored, "late": stored}
    assert house.store.hit_counts() == {"KO-1": 116}


def test_after_a_downtime_the_reading_goes_on_where_it_stopped(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("ERROR while away", 10_500_000))
    house.now += 1_000
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(EAGER) == 11_000


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


def test_coverage_lag_is_measured_even_when_nothing_works(house: House) -> None:
    house.source.refuse = lambda _: SourceUnavailable("down")
    house.watch.reload()
    house.run(EAGER)
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
    assert not house.run(EAGER)
    assert [g.name for g in house.watch.snapshot.groups] == [API]
    assert house.quarantined(QuarantineKind.LOG_GROUP) == ("/gone: Log group '/gone' does not exist",)
    assert house.cursor(EAGER, "/gone") == 9_700
    house.source.refuse = lambda _: None
    house.watch.rediscover()
    assert house.quarantined(QuarantineKind.LOG_GROUP) == ()
    assert house.run(EAGER)
    assert house.cursor(EAGER, "/gone") == 10_000


def test_a_rejected_signature_is_set_aside_until_its_document_changes(house: House) -> None:
    house.signatures.append(signature("BAD", "BAD PATTERN", log_groups=(API,)))
    house.source.refuse = lambda s: QueryRejected("unexpected symbol") if "BAD" in s.text else None
    house.watch.reload()
    house.run(EAGER)
    assert house.quarantined(QuarantineKind.QUERY) == ("BAD: unexpected symbol",)
    house.watch.rediscover()
    assert [s.id for s in house.watch.snapshot.scopes[0].signatures] == ["KO-1"]
    house.source.refuse = lambda _: None
    house.digest = "2"
    house.watch.reload()
    assert [s.id for s in house.watch.snapshot.scopes[0].signatures] == ["BAD", "KO-1"]


def test_where_every_signature_is_rejected_searching_lags_until_they_are_tried_again(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("ERROR while nobody listened", 10_500_000))
    house.source.refuse = lambda _: QueryRejected("the service takes nothing today")
    for _ in range(4):
        house.now += 300
        house.run(EAGER)
        house.watch.rediscover()
    assert house.watch.snapshot.scopes == ()
    lag = [e for e in house.events if isinstance(e, CoverageMeasured) and e.pass_name == "eager"][-1].lag_seconds
    assert lag == 1_200
    house.source.refuse = lambda _: None
    house.now += 3_600
    house.watch.rediscover()
    assert house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.spans(EAGER) == ((9_700, int(house.now)),)
    assert house.quarantined(QuarantineKind.QUERY) == ()


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
    assert not house.run(EAGER)
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
    house.run(EAGER)
    house.now += 3_600
    fresh = Watch(house.load, house.source, lambda s: s.ko.log_groups, (), 15, house.clock, house.events.append)
    house.patrol._watch = fresh
    house.run(EAGER)
    assert len(house.store.open_incidents()) == 1


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
    house.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == (("KO-1", "unrated", 1),)
    house.now += 61
    house.run(EAGER)
    assert house.last(OpenIncidentsMeasured).counts == ()


def test_a_silence_that_could_not_be_listened_to_resolves_nothing(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.run(EAGER)
    house.source.refuse = lambda _: GroupsUnavailable("not authorized")
    house.now += 3_600
    house.run(EAGER)
    house.run(EAGER)
    assert len(house.store.open_incidents()) == 1


def test_an_incident_over_two_log_groups_ends_when_one_of_them_is_deleted(house: House) -> None:
    house.groups.append(group("/b"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.patrol._pipeline = replace(house.patrol._pipeline, group_by=())
    house.rows += [row("ERROR", 9_990_000), row("ERROR", 9_991_000, log_group="/b")]
    house.watch.reload()
    house.run(EAGER)
    house.groups.pop()
    house.watch.rediscover()
    house.now += 3_600
    house.run(EAGER)
    assert not house.store.open_incidents()


def test_an_incident_in_a_log_group_that_nobody_watches_any_more_ends(house: House) -> None:
    house.watch.reload()
    house.rows.append(row("ERROR", 9_990_000))
    house.run(EAGER)
    house.signatures[:] = [replace(s, ko=replace(s.ko, log_groups=("/other",))) for s in house.signatures]
    house.digest = "2"
    house.watch.reload()
    house.now += 3_600
    house.run(EAGER)
    assert not house.store.open_incidents()


def test_it_knows_up_to_where_every_pass_has_searched(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    assert house.patrol.searched_to() == 9_700
    house.run(LATE)
    assert house.patrol.searched_to() == 9_900


def test_nothing_new_is_begun_after_a_stop(house: House) -> None:
    house.watch.reload()
    house.patrol.stop()
    assert house.patrol.run(EAGER) == []
    assert not house.source.searches


def test_a_pass_asked_for_once_reads_up_to_now(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.now += 3
    house.run(EAGER)
    assert house.cursor(EAGER) == 10_000
    house.patrol.run_now(EAGER)
    assert house.cursor(EAGER) == 10_003


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


def test_a_new_signature_is_searched_for_in_the_recent_past_without_the_others(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows += [row("FATAL before it was known", 9_750_000), row("ERROR late", 9_750_000)]
    before = house.spans(EAGER), house.spans(LATE)
    house.signatures.append(signature("KO-2", "FATAL", log_groups=(API,)))
    house.digest = "2"
    house.watch.reload()
    house.source.searches.clear()
    house.run(EAGER)
    [search] = house.source.searches
    assert (search.window, [s.id for s in search.signatures]) == (Window(9_700, 10_000), ["KO-2"])
    assert search.pass_name == "look-back"
    assert house.store.hit_counts() == {"KO-2": 1}
    assert (house.spans(EAGER), house.spans(LATE)) == before
    assert house.store.lookbacks() == []
    house.run(EAGER)
    assert len(house.source.searches) == 1


def test_a_changed_pattern_is_a_new_signature(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("FATAL", 9_750_000))
    house.signatures[:] = [signature(pattern="FATAL", log_groups=(API,))]
    house.digest = "2"
    house.watch.reload()
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}


def test_a_new_log_group_begins_at_its_look_back_and_leaves_the_others_alone(house: House) -> None:
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.watch.reload()
    house.run(EAGER)
    house.groups.append(group("/new", created_ms=9_000_000))
    house.now += 15
    house.watch.rediscover()
    house.source.searches.clear()
    house.run(EAGER)
    assert house.spans(EAGER) == ((9_700, 10_015),)
    assert house.spans(EAGER, "/new") == ((9_715, 10_015),)
    assert house.store.lookbacks() == []
    assert {search.pass_name for search in house.source.searches} == {"eager"}


def test_what_is_owed_survives_a_failure_and_a_lost_log_group(house: House) -> None:
    house.groups.append(group("/b"))
    house.signatures[:] = [signature(pattern="ERROR", log_groups=("/*",))]
    house.watch.reload()
    house.run(EAGER)
    house.signatures.append(signature("KO-2", "FATAL", log_groups=("/*",)))
    house.digest = "2"
    house.watch.reload()
    house.source.refuse = lambda _: SourceUnavailable("down")
    assert not house.run(EAGER)
    [owed] = house.store.lookbacks()
    assert len(owed.groups) == 2

    def refuse(search: Search) -> SourceError | None:
        gone = any(g.name == "/b" for g in search.groups)
        return GroupsUnavailable("Log group '/b' does not exist", ("/b",)) if gone else None

    house.source.refuse = refuse
    house.now += 60
    house.run(EAGER)
    [owed] = house.store.lookbacks()
    assert owed.groups == (group("/b").arn,)
    house.now += 60
    house.run(EAGER)
    assert len(house.store.lookbacks()) == 1
    house.source.refuse = lambda _: None
    house.watch.rediscover()
    house.run(EAGER)
    assert house.store.lookbacks() == []


def test_what_nobody_watches_any_more_is_owed_nothing(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    with house.store.unit() as unit:
        unit.owe(Lookback("x", Window(1, 2), (group().arn,), ("GONE",)))
    house.run(EAGER)
    assert house.store.lookbacks() == []


def test_a_pass_that_a_wrong_clock_moved_ahead_goes_on_from_now(house: House) -> None:
    house.now += 7_200
    house.watch.reload()
    house.run(EAGER)
    house.now -= 7_200
    house.watch.rediscover()
    house.run(EAGER)
    house.now += 15
    house.rows.append(row("ERROR", int(house.now - 5) * 1000))
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}


def test_events_of_clocks_that_are_wrong_are_found_once_when_their_time_has_come(house: House) -> None:
    house.watch.reload()
    house.rows += [row("ERROR of a clock ahead", 10_040_000), row("ERROR of a clock behind", 9_790_000)]
    found = []
    for _ in range(5):
        house.run(EAGER)
        house.run(LATE)
        found.append(house.store.hit_counts().get("KO-1", 0))
        house.now += 15
    assert found == [1, 1, 1, 2, 2]
    assert [(i.count, i.first_seen_ms) for i in house.store.incidents()] == [(1, 9_790_000), (1, 10_040_000)]


def test_a_budget_gives_up_the_late_pass_and_then_says_that_nothing_is_read(house: House) -> None:
    house.now = 86_400 * 20_000 + 43_200
    house.budget = 1.0
    house.watch.reload()

    def spend(dollars: float) -> None:
        house.meter(QueryEnded("s", "eager", QueryStatus.COMPLETE, Window(0, 1), 1, 1, 0, 0, dollars))

    spend(0.3)
    house.run(LATE)
    assert house.source.searches == []
    house.run(EAGER)
    assert {s.pass_name for s in house.source.searches} == {"eager"}
    assert house.last(BudgetMeasured) == BudgetMeasured("skip_late_passes", 0.3, 1.0)
    spend(0.8)
    house.source.searches.clear()
    house.now += 60
    house.run(EAGER)
    house.run(EAGER)
    assert house.source.searches == []
    assert house.last(BudgetMeasured).saving == "unread"
    [told] = house.store.open_incidents()
    assert (told.signature, told.count) == ("sigwatch-budget", 1)
    [sample] = told.samples
    assert sample.startswith("1.10 of 1.00 dollars are spent; nothing is searched until midnight UTC; ")
    assert sample.endswith("log groups unread since 2024-10-04 12:00:00 UTC: 1")
    house.now += 43_200
    house.run(EAGER)
    assert house.spans(EAGER)[-1][1] == int(house.now)


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
