from collections.abc import Sequence

from sigwatch.errors import GroupsUnavailable, QueryRejected, SourceError, SourceUnavailable, Stopped
from sigwatch.model.event import (
    CoverageMeasured,
    KnowledgeLoaded,
    QuarantineKind,
    RunSkipped,
)
from sigwatch.model.incident import Matchers, Silence
from sigwatch.model.knowledge import Library, Problem
from sigwatch.model.logs import LogGroup, Search
from sigwatch.watch import Watch, keep_last_good, look_up
from tests.fakes.made import API, group, ris, row, signature
from tests.fakes.source import FakeSource
from tests.unit.polling.house import EAGER, House


def test_a_file_of_silences_that_can_not_be_read_keeps_what_it_said() -> None:
    silence = Silence("s1", Matchers(), "known", "ann", 0, 9, source="silences.yaml:3")
    broken = Problem("silences.yaml", 2, "file", "mend the syntax")
    before = Library(silences=(silence,))
    assert keep_last_good(before, Library(problems=(broken,))).silences == (silence,)
    assert keep_last_good(before, Library()).silences == ()


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
    assert len(house.store.unresolved()) == 1


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


def test_a_look_that_is_broken_off_at_the_end_is_no_failure(house: House) -> None:
    class Ending(FakeSource):
        def log_groups(self, prefix: str) -> Sequence[LogGroup]:
            raise Stopped("sigwatch shuts down")

    house.watch.reload()
    before = house.watch.snapshot
    house.watch._source = Ending()
    house.watch.rediscover()
    assert house.watch.snapshot is before
    assert not [event for event in house.events if isinstance(event, RunSkipped)]


def test_log_groups_are_looked_up_by_as_few_prefixes_as_possible() -> None:
    asked: list[str] = []

    class Asked(FakeSource):
        def log_groups(self, prefix: str) -> list[LogGroup]:
            asked.append(prefix)
            return []

    look_up(Asked(), [["/aws/lambda/*", "/aws/lambda/api"], ["/ecs/x", "arn:aws:logs:x"]], ())
    assert asked == ["/aws/lambda/", "/ecs/x"]
