"""What a backfill tells, on the store of a daemon that watches the same log groups."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sigwatch.errors import StoreError
from sigwatch.incident.fingerprint import hit
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, Silence, State
from sigwatch.model.message import Kind, Milestone, Notice
from sigwatch.model.past import Finding, IncidentFound
from sigwatch.past.telling import Told, left_over, with_hits
from sigwatch.report.fold import incidents
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telling import PAST_URGENCY
from tests.contract.stores import accept, only
from tests.fakes.made import API, row
from tests.fakes.watched import DAY, NOW, QUIET, Watched, in_many_groups, shown

PLANNED = Silence("s-1", Matchers("KO-*"), "moving house", "cli:ana", 0, (NOW + DAY) * 1000, "cli")


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched(SqliteStore(":memory:"))
    yield made
    made.store.close()


def ids(told: Told) -> tuple[list[str], list[str], list[str]]:
    new, known, silenced = ([each.id for each in some] for some in (told.new, told.known, told.silenced))
    return new, known, silenced


def newest(watched: Watched) -> Incident:
    with watched.store.unit() as unit:
        found = unit.incident("KO-1", API)
    assert found is not None
    return found


def test_what_is_over_is_told_once_as_over_and_calls_nobody(watched: Watched) -> None:
    watched.write(30 * DAY, 30 * DAY - 120)
    found = watched.found()
    watched.now += 7
    told = watched.backfill(found)
    [card] = watched.waiting()
    alert = shown(card)
    assert (alert.incident,) == told.new == tuple(watched.store.incidents())
    assert (alert.incident.state, alert.incident.resolution) == (State.RESOLVED, Reason.FOUND_LATER)
    assert alert.incident.resolved_ms == (NOW - 30 * DAY + 120 + QUIET) * 1000
    assert alert.incident.opened_ms == alert.incident.active_ms == (NOW + 7) * 1000
    assert (alert.reason, alert.mention, card.kind) == (Reason.FOUND_LATER, "", Kind.RESOLVED)
    assert card.urgency == PAST_URGENCY
    assert watched.trail() == [("backfill", "found_later")]


def test_the_thread_has_the_log_lines_and_calls_nobody_either(watched: Watched) -> None:
    watched.write(30 * DAY)
    watched.backfill()
    [card] = watched.waiting()
    accept(watched.store, card)
    entry = only(watched.store).content
    assert isinstance(entry, Milestone)
    assert (entry.reason, entry.mention, entry.incident.samples) == (Reason.FOUND_LATER, "", ("ERROR one",))


def test_a_second_run_of_the_same_backfill_tells_nothing(watched: Watched) -> None:
    watched.write(30 * DAY, 9 * DAY, 60)
    first = watched.backfill()
    trail = watched.trail()
    watched.now += 5
    second = watched.backfill()
    assert len(first.new) == 3
    assert ids(second) == ([], [each.id for each in first.new], [])
    assert [card.revision for card in watched.waiting()] == [1, 1, 1]
    assert watched.trail() == trail


def test_a_longer_view_of_a_known_incident_changes_nothing_and_leaves_its_hits_to_the_daemon(watched: Watched) -> None:
    watched.write(700, 400, 100)
    watched.sweep(500, 300)
    [before] = watched.store.incidents()
    [(found, _)] = watched.found()
    told = watched.backfill()
    assert (found.incident.count, before.count, told.known) == (3, 1, (found.incident,))
    assert watched.store.incidents() == [before]
    watched.sweep(300, 0)
    assert (newest(watched).id, newest(watched).count) == (before.id, 2)


@pytest.mark.parametrize(
    ("gap", "known"), [(QUIET, True), (-QUIET, True), (QUIET + 1, False), (-QUIET - 1, False), (0, True)]
)
def test_incidents_touch_within_the_quiet_period_on_either_side(watched: Watched, gap: int, known: bool) -> None:
    watched.write(5 * DAY)
    watched.sweep(5 * DAY + 10, 5 * DAY - 10)
    watched.rows.clear()
    watched.write(5 * DAY - gap, message="ERROR one, another")
    told = watched.backfill()
    assert (len(told.known), len(told.new)) == (int(known), int(not known))


def test_one_none_of_whose_hits_is_fresh_is_known_whatever_it_is_grouped_by(watched: Watched) -> None:
    watched.write(5 * DAY)
    watched.sweep(5 * DAY + 10, 5 * DAY - 10)
    [(found, hits)] = watched.found()
    regrouped = replace(found, incident=replace(found.incident, group="another"))
    assert ids(watched.backfill([(regrouped, hits)]))[0] == []
    assert len(watched.store.incidents()) == 1


def test_what_was_told_is_known_by_the_trail_when_retention_has_dropped_it(watched: Watched) -> None:
    watched.write(30 * DAY, 60)
    first = watched.backfill()
    watched.store.prune({"hits": NOW * 1000, "incidents": NOW * 1000})
    assert len(watched.store.incidents()) == 1
    assert ids(watched.backfill()) == ([], [each.id for each in first.new], [])


def test_one_that_is_going_on_is_opened_as_the_daemon_would_and_carried_on_by_it(watched: Watched) -> None:
    watched.write(500, 300, 60)
    [incident] = watched.backfill().new
    [card] = watched.waiting()
    assert (shown(card).reason, shown(card).mention, card.urgency) == (Reason.OPENED, "<!here>", 0)
    watched.write(10, message="ERROR one again")
    watched.sweep(600, 0)
    [after] = watched.store.incidents()
    assert (after.id, after.count, after.state) == (incident.id, 4, State.OPEN)
    watched.now += 2 * QUIET
    watched.review()
    assert watched.store.incidents()[0].resolution is Reason.RESOLVED
    assert watched.trail() == [("backfill", "opened"), ("sigwatch", "resolved")]


@pytest.mark.parametrize(("ago", "state"), [(QUIET, State.RESOLVED), (QUIET - 1, State.OPEN)])
def test_the_quiet_period_decides_whether_it_is_over(watched: Watched, ago: int, state: State) -> None:
    watched.write(ago)
    assert [each.state for each in watched.backfill().new] == [state]


def test_one_that_a_log_line_ended_is_over_however_new(watched: Watched) -> None:
    watched.write(60)
    [(found, hits)] = watched.found()
    ended_ms = (NOW - 30) * 1000
    over = replace(found.incident, state=State.RESOLVED, resolution=Reason.RECOVERED, resolved_ms=ended_ms)
    [told] = watched.backfill([(replace(found, incident=over), hits)]).new
    assert (told.resolution, told.resolved_ms) == (Reason.FOUND_LATER, ended_ms)


def test_an_older_one_never_becomes_the_newest(watched: Watched) -> None:
    watched.write(60)
    watched.sweep(600)
    daemons = newest(watched)
    watched.write(30 * DAY, 20 * DAY, 10 * DAY)
    told = watched.backfill()
    assert [(each.occurrence, each.previous_ms) for each in told.new] == [
        (1, None),
        (2, (NOW - 30 * DAY) * 1000),
        (3, (NOW - 20 * DAY) * 1000),
    ]
    assert newest(watched) == daemons
    watched.write(5, message="ERROR one again")
    watched.sweep(600)
    assert (newest(watched).id, newest(watched).count) == (daemons.id, 2)
    assert len(watched.store.incidents()) == 4


def test_what_the_store_knows_of_before_counts_and_not_only_what_was_found(watched: Watched) -> None:
    watched.write(30 * DAY)
    watched.sweep(30 * DAY + 10, 30 * DAY - 10)
    watched.rows.clear()
    watched.write(10 * DAY)
    [told] = watched.backfill().new
    assert (told.occurrence, told.previous_ms) == (2, (NOW - 30 * DAY) * 1000)


def test_what_comes_back_after_the_backfill_follows_what_it_told(watched: Watched) -> None:
    watched.write(30 * DAY, 2 * DAY)
    watched.backfill()
    watched.write(5)
    watched.sweep(600)
    after = newest(watched)
    assert (after.occurrence, after.previous_ms, after.state) == (3, (NOW - 2 * DAY) * 1000, State.OPEN)


def test_a_late_find_is_counted_and_the_card_still_says_that_it_is_over(watched: Watched) -> None:
    watched.write(2 * DAY)
    watched.backfill()
    watched.write(2 * DAY - 30, message="ERROR one, late")
    watched.sweep(2 * DAY + 10, 2 * DAY - 60)
    [card] = watched.waiting()
    incident = shown(card).incident
    assert (incident.count, incident.past, card.kind, card.urgency) == (2, True, Kind.RESOLVED, PAST_URGENCY)
    assert shown(card).mention == ""


def test_the_past_never_escalates(watched: Watched) -> None:
    watched.write(2 * DAY)
    watched.backfill()
    watched.now += DAY
    watched.review()
    assert watched.trail() == [("backfill", "found_later")]


@pytest.mark.parametrize("ago", [2 * DAY, 60])
def test_a_silence_hides_it(watched: Watched, ago: int) -> None:
    with watched.store.unit() as unit:
        unit.put_silence(PLANNED)
    watched.write(ago)
    told = watched.backfill()
    assert [each.silence for each in told.silenced] == [PLANNED]
    assert (told.new, watched.waiting()) == ((), [])
    assert watched.trail()[1] == ("cli:ana", "silenced")
    assert len(watched.backfill().known) == 1


def test_what_is_silenced_and_goes_on_is_told_when_the_silence_ends(watched: Watched) -> None:
    with watched.store.unit() as unit:
        unit.put_silence(replace(PLANNED, ends_ms=(NOW + 60) * 1000))
    watched.write(60)
    watched.backfill()
    watched.now += 61
    watched.review()
    assert [shown(card).reason for card in watched.waiting()] == [Reason.SILENCE_ENDED]


def test_a_failure_leaves_nothing_of_an_incident_and_the_next_run_tells_the_rest(watched: Watched) -> None:
    watched.write(30 * DAY, 20 * DAY)
    first, (second, _) = watched.found()

    def full(decision: Decision, *rest: Any) -> Iterable[Notice]:
        if decision.incident.id == second.incident.id:
            raise StoreError("the disk is full")
        return watched.composer(decision, *rest)

    with pytest.raises(StoreError):
        replace(watched.teller(), compose=full).tell(watched.found())
    assert len(watched.store.incidents()) == len(watched.waiting()) == 1
    assert watched.store.hit_counts() == {"KO-1": 1}
    assert ids(watched.backfill()) == ([second.incident.id], [first[0].incident.id], [])


def test_the_hits_of_a_large_one_are_written_bit_by_bit_and_the_daemon_finds_none_of_them_fresh(
    watched: Watched,
) -> None:
    watched.write(*range(3_000, 3_011))
    watched.store.hits_at_once = 4
    told = watched.teller().tell(watched.found())
    assert (len(told.new), watched.store.hit_counts()) == (1, {"KO-1": 11})
    before = watched.store.incidents()
    watched.sweep(4_000)
    assert watched.store.incidents() == before
    assert len(watched.teller().tell(watched.found()).known) == 1


def test_two_that_tell_the_same_at_once_tell_it_once(tmp_path: Path) -> None:
    stores = [SqliteStore(tmp_path / "state.db") for _ in range(2)]
    watched = Watched(stores[0])
    watched.write(*(days * DAY for days in range(1, 21)))
    found, told = watched.found(), list[Told]()
    together = threading.Barrier(2)

    def tell(store: SqliteStore) -> None:
        together.wait()
        told.append(watched.teller(store).tell(found))

    threads = [threading.Thread(target=tell, args=(store,)) for store in stores]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(len(each.new) for each in told) == sum(len(each.known) for each in told) == 20
    assert [card.revision for card in watched.waiting()] == [1] * 20
    assert watched.trail() == [("backfill", "found_later")] * 20
    for store in stores:
        store.close()


def test_a_daemon_that_searches_meanwhile_and_the_backfill_tell_each_incident_once(tmp_path: Path) -> None:
    groups, rows = in_many_groups(20, days=0)
    recent = [replace(each, ts_ms=each.ts_ms - 1_300_000) for each in rows]
    watched = Watched(SqliteStore(tmp_path / "state.db"), rows=recent, groups=groups)
    found, other, told = watched.found(), SqliteStore(tmp_path / "state.db"), list[Told]()
    together = threading.Barrier(2)

    def tell() -> None:
        together.wait()
        told.append(watched.teller(other).tell(found))

    thread = threading.Thread(target=tell)
    thread.start()
    together.wait()
    watched.sweep(2_000)
    thread.join()
    assert len(told[0].new) + len(told[0].known) == 20
    assert [card.revision for card in watched.waiting()] == [1] * 20
    assert len(watched.store.incidents()) == len(watched.trail()) == watched.store.hit_counts()["KO-1"] == 20
    for store in (watched.store, other):
        store.close()


def test_what_was_folded_of_the_findings_is_told_as_it_was_folded(watched: Watched) -> None:
    watched.write(9 * DAY, 9 * DAY - 60, 2 * DAY, 60)
    end = row("started again", (NOW - 9 * DAY + 90) * 1000)
    findings, signatures = watched.store.findings, {each.id: each for each in watched.signatures}
    findings.add([Finding(hit("KO-1", each), API) for each in watched.rows])
    findings.add([Finding(hit("KO-1-over", end), API, recovers="KO-1")])
    for fresh in (3, 0):
        found = list(incidents(findings.in_time(), signatures, watched.rules, NOW * 1000))
        told = watched.backfill(with_hits(findings.in_time(), found))
        assert (len(told.new), len(told.known)) == (fresh, 3 - fresh)
    assert [(each.id, each.count) for each in watched.store.incidents()] == [
        (each.incident.id, each.incident.count) for each in found
    ]
    assert [each.state for each in watched.store.incidents()] == [State.RESOLVED, State.RESOLVED, State.OPEN]
    assert watched.store.hit_counts() == {"KO-1": 4, "KO-1-over": 1}


def finding(ts_ms: int, group: str = API, signature: str = "KO-1", recovers: str = "") -> Finding:
    return Finding(hit(signature, row(ts_ms=ts_ms)), group, recovers)


def test_each_incident_gets_its_hits_and_what_ended_it(watched: Watched) -> None:
    watched.write(900)
    [(made, _)] = watched.found()

    def incident(first_ms: int, last_ms: int, group: str = API) -> IncidentFound:
        return replace(made, incident=replace(made.incident, group=group, first_seen_ms=first_ms, last_seen_ms=last_ms))

    first, second, other = incident(10, 20), incident(90, 90), incident(15, 15, "other")
    findings = [
        finding(5, signature="KO-1-over", recovers="KO-1"),
        finding(10),
        finding(20),
        finding(25, signature="KO-1-over", recovers="KO-1"),
        finding(90),
        finding(15, "other"),
        finding(15, "a third"),
    ]
    paired = [(found, [hit.row.ts_ms for hit in hits]) for found, hits in with_hits(findings, [other, second, first])]
    assert paired == [(first, [10, 20, 25]), (second, [90]), (other, [15])]


def test_hits_that_nobody_reads_are_passed_over(watched: Watched) -> None:
    watched.write(900)
    [(made, _)] = watched.found()
    second = replace(made, incident=replace(made.incident, group="other"))
    findings = [finding(made.incident.first_seen_ms), finding(made.incident.first_seen_ms, "other")]
    assert [found for found, _ in with_hits(findings, [made, second])] == [made, second]


def test_what_is_left_over_is_counted() -> None:
    assert left_over(0) == ""
    assert left_over(1).startswith("1 message is still undelivered; a daemon")
    assert left_over(1_200).startswith("1,200 messages are still undelivered; a daemon")
