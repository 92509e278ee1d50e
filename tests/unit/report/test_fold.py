"""What is found comes in any order, and is folded as live detection would have done it."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.incident.fingerprint import hit, incident_id
from sigwatch.incident.growth import SAMPLES
from sigwatch.incident.lifecycle import Found, Rules, apply, review
from sigwatch.incident.own import OVERFLOW
from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.past import Finding, IncidentFound
from sigwatch.report.fold import incidents
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import API, row, signature

MINUTE = 60_000
QUIET = 15 * MINUTE
T = 1_770_184_800_000
RULES = Rules(QUIET, mask=lambda _, text: f"masked {text}", growth=10, patience_ms={"P0": MINUTE})
KNOWN = {"KO-1": signature(severity="P0")}


def at(*times: int, name: str = "KO-1", group: str = API, message: str = "ERROR") -> list[Finding]:
    return [Finding(hit(name, row(f"{message} {n}", T + ts)), group) for n, ts in enumerate(times)]


def end(ts: int, group: str = API) -> Finding:
    return Finding(hit("KO-1/resolved", row("", T + ts)), group, recovers="KO-1")


def in_time(findings: Iterable[Finding]) -> list[Finding]:
    """As a store gives them, whatever the order in which they come."""
    mixed = list(findings)
    random.Random(len(mixed)).shuffle(mixed)
    store = SqliteStore(":memory:")
    for each in mixed:
        store.findings.add([each])
    told = list(store.findings.in_time())
    store.close()
    return told


def folded(findings: Iterable[Finding], end_ms: int = T + 10**9, at_once: int = 5_000) -> list[IncidentFound]:
    return list(incidents(in_time(findings), KNOWN, RULES, end_ms, at_once))


def one(findings: Iterable[Finding], end_ms: int = T + 10**9) -> IncidentFound:
    [found] = folded(findings, end_ms)
    return found


def test_hits_within_the_quiet_period_are_one_incident() -> None:
    incident = one(at(0, QUIET, 2 * QUIET)).incident
    assert (incident.count, incident.first_seen_ms, incident.last_seen_ms) == (3, T, T + 2 * QUIET)
    assert (incident.id, incident.severity, incident.group) == (incident_id("KO-1", API, T), "P0", API)


def test_a_longer_silence_ends_one_incident_and_begins_the_next() -> None:
    first, again = (found.incident for found in folded(at(0, 5, QUIET + 6)))
    assert (first.count, first.state, first.resolved_ms) == (2, State.RESOLVED, T + 5 + QUIET)
    assert (again.count, again.occurrence, again.previous_ms) == (1, 2, T + 5)


def test_each_signature_and_grouping_key_has_incidents_of_its_own() -> None:
    mixed = [*at(0, 1), *at(2, group="/b"), *at(3, name="KO-2")]
    told = [(each.incident.signature, each.incident.group, each.incident.count) for each in folded(mixed)]
    assert told == [("KO-1", API, 2), ("KO-1", "/b", 1), ("KO-2", API, 1)]


def test_what_has_been_quiet_before_the_end_of_the_search_is_over_and_the_rest_goes_on() -> None:
    assert one(at(0), T + QUIET).incident.resolved_ms == T + QUIET
    assert one(at(0), T + QUIET).incident.resolution is Reason.RESOLVED
    going_on = one(at(0), T + QUIET - 1).incident
    assert (going_on.state, going_on.resolved_ms) == (State.OPEN, None)


def test_a_hit_that_ends_an_incident_ends_it_at_its_own_time() -> None:
    incident = one([*at(0, 5), end(5), end(9)], T + 10).incident
    assert (incident.state, incident.resolution, incident.resolved_ms) == (State.RESOLVED, Reason.RECOVERED, T + 5)


def test_an_end_among_hits_does_not_wait_for_the_last_of_them() -> None:
    """All in one batch, the end would be older than the newest hit and end nothing."""
    incident = one([*at(0, 100), end(50)], T + 101).incident
    assert (incident.count, incident.state, incident.opened_ms) == (2, State.OPEN, T + 100)
    again = folded([*at(0, 100 + QUIET), end(50)])
    assert [(each.incident.resolution, each.incident.resolved_ms) for each in again] == [
        (Reason.RECOVERED, T + 50),
        (Reason.RESOLVED, T + 100 + 2 * QUIET),
    ]


def test_an_end_ends_nothing_of_another_group_and_nothing_that_is_over() -> None:
    incident = one([*at(0), end(5, group="/b"), end(-5), end(QUIET + 1)]).incident
    assert (incident.resolution, incident.resolved_ms) == (Reason.RESOLVED, T + QUIET)
    assert one([*at(0), end(QUIET)]).incident.resolution is Reason.RECOVERED
    assert not folded([end(1), end(2)])


def test_samples_are_not_masked_again_and_nobody_was_called() -> None:
    many = [*at(*range(0, 100 * MINUTE, MINUTE)), *at(100 * MINUTE, message="elsewhere")]
    many[-1] = replace(many[-1], hit=hit("KO-1", row("ERROR", T + 100 * MINUTE, log_group="/b")))
    incident = one(many).incident
    assert incident.samples == ("ERROR 0", "ERROR 1", "ERROR 2")
    assert len(incident.samples) == SAMPLES
    assert (incident.escalated, incident.told_count, incident.log_groups) == ((), 101, (API, "/b"))
    assert (incident.opened_ms, incident.active_ms) == (T, T + 100 * MINUTE)


def test_the_peak_is_the_first_of_the_fullest_minutes() -> None:
    start = T // MINUTE * MINUTE - T
    busy = [start + 2 * MINUTE + n for n in (0, 1, MINUTE - 1)]
    later = [start + 200 * MINUTE + n for n in (0, 1, MINUTE - 1)]
    bridge = range(start, start + 300 * MINUTE, 10 * MINUTE)
    found = one(at(*busy, *later, *(ts for ts in bridge if ts not in later), start + MINUTE, start + 3 * MINUTE))
    assert (found.peak, found.peak_ms) == (3, T + start + 2 * MINUTE)


def test_a_signature_whose_document_is_gone_has_its_id_and_our_own_have_their_titles() -> None:
    gone, own = incidents(in_time([*at(0, name="GONE"), *at(0, name=OVERFLOW.id)]), {}, RULES, T)
    assert (gone.incident.signature, gone.incident.project) == ("GONE", "default")
    assert own.incident.severity == OVERFLOW.severity


def test_no_more_hits_are_taken_than_are_fed_at_once() -> None:
    taken = 0

    def counted() -> Iterable[Finding]:
        nonlocal taken
        for each in in_time(at(*range(0, 100 * 1_001, 1_001))):
            taken += 1
            yield each

    told = incidents(counted(), KNOWN, replace(RULES, quiet_ms=1_000), T + 10**9, at_once=5)
    next(iter(told))
    assert taken <= 2 * 5


UNIT = 20_000
"""A third of a minute: several events share a minute, and a quiet period of 7 shares none with an hour."""
SMALL = Rules(7 * UNIT, mask=lambda _, text: text, growth=0)
GAPS = st.lists(st.one_of(st.integers(0, 9), st.integers(100, 400)), min_size=1, max_size=40)


def happened(gaps: Sequence[int], ends: Iterable[int]) -> tuple[list[int], list[int]]:
    """Times of hits and of ends, in units: some ends lie at hits, some between them."""
    times, now = [], 0
    for gap in gaps:
        now += gap
        times.append(now)
    return times, [times[e % len(times)] + e % 11 - 2 for e in ends]


def findings_of(hits: Iterable[int], ends: Iterable[int]) -> list[Finding]:
    return [*at(*(ts * UNIT for ts in hits)), *(end(ts * UNIT) for ts in sorted(set(ends)))]


def essence(incident: Incident) -> tuple[object, ...]:
    """All that has to be the same: which samples are kept of very many is open."""
    return incident.id, incident.count, incident.first_seen_ms, incident.last_seen_ms, incident.occurrence


def live(findings: Iterable[Finding], window: int, last: int) -> list[Incident]:
    """What polling window by window makes of it: new hits, then the ends, then what time alone does."""
    prior: Incident | None = None
    latest: dict[str, Incident] = {}
    each = list(findings)
    for start in range(-window, last + window, window):
        inside = [f for f in each if T + start * UNIT <= f.hit.row.ts_ms < T + (start + window) * UNIT]
        new = Found([f.hit for f in inside if not f.recovers], [f.hit for f in inside if f.recovers])
        now_ms = T + (start + window) * UNIT
        for decision in apply(prior, API, KNOWN["KO-1"], new, now_ms, SMALL, lambda _: None):
            prior = latest[decision.incident.id] = decision.incident
        if prior is not None and prior.state is not State.RESOLVED:
            prior = latest[prior.id] = review(prior, now_ms, now_ms, None, SMALL).incident
    return list(latest.values())


@given(GAPS, st.lists(st.integers(0, 400), max_size=8), st.integers(1, 41))
@settings(max_examples=150, deadline=None)
def test_how_many_hits_are_fed_at_once_changes_nothing(gaps: list[int], ends: list[int], at_once: int) -> None:
    told = in_time(findings_of(*happened(gaps, ends)))

    def run(size: int) -> list[IncidentFound]:
        found = incidents(told, KNOWN, SMALL, T + 500 * UNIT, size)
        return [replace(each, incident=replace(each.incident, samples=())) for each in found]

    assert run(at_once) == run(1) == run(5_000)
    assert sum(each.incident.count for each in run(1)) == len(gaps)


@given(GAPS, st.integers(1, 30), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_hits_in_any_order_are_folded_as_polling_with_any_windows_would_have(
    gaps: list[int], window: int, chance: random.Random
) -> None:
    hits, _ = happened(gaps, ())
    found = findings_of(hits, ())
    chance.shuffle(found)
    told = incidents(in_time(found), KNOWN, SMALL, T)
    assert [essence(each.incident) for each in told] == [essence(each) for each in live(found, window, hits[-1])]


@given(GAPS, st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_ends_are_folded_as_polling_with_small_windows_would_have(gaps: list[int], ends: list[int], size: int) -> None:
    hits, over = happened(gaps, ends)
    found = findings_of(hits, over)
    last = max(*hits, *over)
    told = incidents(in_time(found), KNOWN, SMALL, T + 10**9, size)
    polled = live(found, 1, last + 9)
    assert [(*essence(each.incident), each.incident.state) for each in told] == [
        (*essence(each), each.state) for each in polled
    ]


@given(GAPS, st.lists(st.integers(0, 400), max_size=4), st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_the_peak_is_what_counting_every_hit_gives(gaps: list[int], ends: list[int], size: int) -> None:
    hits, over = happened(gaps, ends)
    told = list(incidents(in_time(findings_of(hits, over)), KNOWN, SMALL, T, size))
    for each in told:
        first, last = each.incident.first_seen_ms, each.incident.last_seen_ms
        minutes = [(T + ts * UNIT) // MINUTE for ts in hits if first <= T + ts * UNIT <= last]
        peak = max(map(minutes.count, minutes))
        assert (each.peak, each.peak_ms) == (peak, min(m for m in minutes if minutes.count(m) == peak) * MINUTE)


@pytest.mark.parametrize("window", [1, 3])
def test_what_polling_finds_late_within_an_incident_is_part_of_it(window: int) -> None:
    """A later pass finds the rest of what an earlier one knew the first hit of."""
    early, late = at(0, 6 * UNIT, message="early"), at(2 * UNIT, 9 * UNIT, message="late")
    prior: Incident | None = None
    for found in (early, late):
        for decision in apply(
            prior, API, KNOWN["KO-1"], Found([each.hit for each in found]), T + 20 * UNIT, SMALL, lambda _: None
        ):
            prior = decision.incident
    assert prior is not None
    [told] = incidents(in_time([*late, *early]), KNOWN, SMALL, T, window)
    assert essence(told.incident) == essence(prior)
