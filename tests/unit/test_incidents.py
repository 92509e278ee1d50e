from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.incident.fingerprint import hit, incident_id
from sigwatch.incident.growth import SAMPLES
from sigwatch.incident.lifecycle import Found, Rules, acknowledge, apply, close, review
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, Silence, State
from sigwatch.model.logs import Hit
from sigwatch.publish.key import message_key
from tests.fakes.made import API, row, signature

MINUTE = 60_000
QUIET = 900_000
RULES = Rules(QUIET, mask=lambda project, text: text.replace("secret", f"[{project}]"), patience_ms={"P0": 15 * MINUTE})
T = 1_770_184_800_000
SILENCE = Silence("s1", Matchers(signature="KO-1"), "known, fixed tomorrow", "ann", T, T + 4 * QUIET)


def hits(*times: int, message: str = "ERROR one") -> list[Hit]:
    return [hit("KO-1", row(f"{message} {ts}", ts)) for ts in times]


def decide(
    prior: Incident | None,
    found: Iterable[Hit],
    now: int = T,
    *,
    ends: Iterable[Hit] = (),
    silence: Silence | None = None,
    rules: Rules = RULES,
) -> list[Decision]:
    new = Found(list(found), list(ends))
    return list(apply(prior, API, signature(severity="P0"), new, now, rules, lambda _: silence))


def opened(*times: int) -> Incident:
    return decide(None, hits(*(times or (T,))))[-1].incident


def look(incident: Incident, now: int, covered: int | None = None, silence: Silence | None = None) -> Decision:
    return review(incident, now, now if covered is None else covered, silence, RULES)


def over() -> Incident:
    return look(opened(T), T + QUIET).incident


def reasons(decisions: Iterable[Decision]) -> list[Reason]:
    return [decision.reason for decision in decisions]


def test_a_hit_is_the_same_whatever_query_found_it() -> None:
    event = row("ERROR one" + "x" * 2000, ingested_ms=5)
    cut = replace(event, message=event.message[:1000], ingested_ms=9)
    assert hit("KO-1", event).identity == hit("KO-1", cut).identity


@pytest.mark.parametrize(
    "change", [{"account": "2"}, {"log_group": "/b"}, {"stream": "s"}, {"ts_ms": 1}, {"message": "m"}]
)
def test_a_hit_differs_with_everything_that_makes_it(change: dict[str, object]) -> None:
    event = row()
    assert hit("KO-1", event).identity != hit("KO-1", replace(event, **change)).identity  # type: ignore[arg-type]  # by name
    assert hit("KO-1", event).identity != hit("KO-2", event).identity


def test_parts_of_an_identity_do_not_run_into_each_other() -> None:
    assert hit("A", row(stream="bc", log_group="a")).identity != hit("A", row(stream="c", log_group="ab")).identity


def test_names_of_incidents_and_messages_are_stable_and_opaque() -> None:
    assert incident_id("KO-1", API, T) == incident_id("KO-1", API, T) != incident_id("KO-1", API, T + 1)
    assert message_key("i", "slack") != message_key("i", "console")
    assert "KO" not in message_key(incident_id("KO-1", API, T), "slack")


def test_the_first_hits_open_together() -> None:
    [first] = decide(None, hits(T + 2, T, T + 1))
    incident = first.incident
    assert (first.reason, incident.count, incident.told_count) == (Reason.OPENED, 3, 3)
    assert (incident.first_seen_ms, incident.last_seen_ms, incident.opened_ms) == (T, T + 2, T)
    assert incident.id == incident_id("KO-1", API, T)


def test_more_hits_count_in_the_same_incident() -> None:
    prior = opened(T)
    [decision] = decide(prior, hits(T + QUIET, T - 5), now=T + QUIET)
    assert decision.reason is Reason.COUNTED
    incident = decision.incident
    assert (incident.id, incident.count) == (prior.id, 3)
    assert (incident.first_seen_ms, incident.last_seen_ms, incident.active_ms) == (T - 5, T + QUIET, T + QUIET)


def test_a_longer_silence_ends_one_incident_and_begins_the_next() -> None:
    prior = opened(T)
    made = decide(prior, hits(T + 1, T + QUIET + 2, T + QUIET + 3))
    assert reasons(made) == [Reason.COUNTED, Reason.RESOLVED, Reason.RECURRED]
    ended, again = made[1].incident, made[2].incident
    assert (ended.id, ended.state, ended.resolved_ms, ended.count) == (prior.id, State.RESOLVED, T + 1 + QUIET, 2)
    assert (again.occurrence, again.previous_ms, again.count) == (2, T + 1, 2)


def test_a_late_find_belongs_to_the_resolved_incident_that_it_happened_in() -> None:
    [decision] = decide(over(), hits(T + 7), now=T + 2 * QUIET)
    assert decision.reason is Reason.COUNTED_LATE
    assert (decision.incident.state, decision.incident.count) == (State.RESOLVED, 2)


def test_an_incident_that_comes_back_is_a_new_one_that_knows_the_old() -> None:
    [decision] = decide(over(), hits(T + 5 * QUIET))
    assert decision.reason is Reason.RECURRED
    assert (decision.incident.occurrence, decision.incident.previous_ms) == (2, T)
    assert decision.incident.id != over().id


def test_what_goes_on_soon_after_somebody_ended_it_opens_the_same_incident_again() -> None:
    ended = close(acknowledge(opened(T), "cli:ann", T + 2).incident, "cli:ann", T + 5).incident
    late, again = decide(ended, hits(T + 4, T + 6, T + 7), now=T + MINUTE)
    assert (late.reason, again.reason) == (Reason.COUNTED_LATE, Reason.REOPENED)
    incident = again.incident
    assert (incident.id, incident.state, incident.count, incident.occurrence) == (ended.id, State.OPEN, 4, 1)
    assert (incident.resolved_ms, incident.resolution, incident.closed_by) == (None, None, "")
    assert (incident.acknowledged_by, incident.opened_ms) == ("", T + MINUTE)


def test_the_pattern_that_says_so_ends_an_incident() -> None:
    done = hit("KO-1/resolved", row("healthy again", T + 30))
    too_early = hit("KO-1/resolved", row("healthy", T + 9))
    [counted, recovered] = decide(opened(T), hits(T + 10), ends=[too_early, done])
    assert (counted.reason, recovered.reason) == (Reason.COUNTED, Reason.RECOVERED)
    incident = recovered.incident
    assert (incident.state, incident.resolved_ms, incident.resolution) == (State.RESOLVED, T + 30, Reason.RECOVERED)
    assert reasons(decide(opened(T), hits(T + 10), ends=[too_early])) == [Reason.COUNTED]
    assert reasons(decide(incident, [], ends=[done])) == []
    assert reasons(decide(None, [], ends=[done])) == []


def test_ten_times_as_many_events_as_were_told_call_again_each_time() -> None:
    [settling] = decide(opened(T), hits(T + 1), now=T + MINUTE - 1)
    incident = settling.incident
    [still] = decide(incident, hits(*range(T + 10, T + 27)), now=T + MINUTE)
    assert (still.reason, still.incident.count) == (Reason.COUNTED, 19)
    [grown] = decide(still.incident, hits(T + 50), now=T + MINUTE)
    assert (grown.reason, grown.incident.told_count) == (Reason.GREW_TENFOLD, 20)
    later = T + 2 * MINUTE
    assert reasons(decide(grown.incident, hits(*range(T + 100, T + 279)), later)) == [Reason.COUNTED]
    [again] = decide(grown.incident, hits(*range(T + 100, T + 280)), later)
    assert (again.reason, again.incident.escalated) == (Reason.GREW_TENFOLD, (Reason.GREW_TENFOLD,) * 2)
    never = replace(RULES, growth=0)
    assert reasons(decide(incident, hits(*range(T + 10, T + 99)), later, rules=never)) == [Reason.COUNTED]


def test_growth_of_an_incident_that_an_older_version_opened_is_measured_from_now() -> None:
    old = replace(opened(*range(T, T + 20)), told_count=0, opened_ms=0)
    assert reasons(decide(old, hits(T + 30), T + MINUTE)) == [Reason.COUNTED]


def test_who_was_called_a_moment_ago_is_not_called_for_growth() -> None:
    [counted] = decide(opened(T), hits(*range(T + 10, T + 999)), now=T + MINUTE - 1)
    assert (counted.reason, counted.incident.told_count) == (Reason.COUNTED, 990)


def test_a_second_log_group_calls_again_once() -> None:
    elsewhere = [hit("KO-1", row(log_group=name, ts_ms=T + 1)) for name in ("/b", "/c")]
    [spread] = decide(opened(T), elsewhere[:1])
    assert (spread.reason, spread.incident.log_groups) == (Reason.SPREAD, (API, "/b"))
    assert reasons(decide(spread.incident, elsewhere[1:])) == [Reason.COUNTED]


def test_nobody_who_looks_after_it_is_called_again() -> None:
    taken = acknowledge(opened(T), "slack:bob", T + MINUTE)
    assert taken.reason is Reason.ACKNOWLEDGED
    assert (taken.actor, taken.incident.acknowledged_by) == ("slack:bob", "slack:bob")
    assert taken.incident.acknowledged_ms == T + MINUTE
    assert reasons(decide(taken.incident, hits(*range(T + 10, T + 99)), T + MINUTE)) == [Reason.COUNTED]
    assert look(taken.incident, T + 16 * MINUTE, covered=T).reason is Reason.NOT_YET_COVERED
    assert acknowledge(taken.incident, "cli:ann", T).reason is Reason.ALREADY_SO


def test_an_incident_is_closed_once() -> None:
    ended = close(opened(T), "cli:ann", T + 9)
    assert (ended.reason, ended.actor, ended.incident.closed_by) == (Reason.CLOSED, "cli:ann", "cli:ann")
    assert (ended.incident.state, ended.incident.resolved_ms) == (State.RESOLVED, T + 9)
    assert close(ended.incident, "cli:bob", T + 10).reason is Reason.ALREADY_SO


def test_who_waits_too_long_for_somebody_is_called_again_once() -> None:
    incident = replace(opened(T), last_seen_ms=T + 14 * MINUTE)
    assert look(incident, T + 15 * MINUTE - 1).reason is Reason.STILL_ACTIVE
    waited = look(incident, T + 15 * MINUTE)
    assert waited.reason is Reason.UNACKNOWLEDGED
    assert look(waited.incident, T + 16 * MINUTE).reason is Reason.STILL_ACTIVE
    assert look(replace(incident, severity="P3"), T + 16 * MINUTE).reason is Reason.STILL_ACTIVE


def test_a_silenced_incident_opens_and_counts_and_calls_nobody() -> None:
    made = decide(None, hits(T, T + 1), silence=SILENCE)
    assert reasons(made) == [Reason.OPENED, Reason.SILENCED]
    assert made[0].incident.silence == made[1].incident.silence == SILENCE
    assert made[1].actor == "ann"
    incident = made[1].incident
    assert reasons(decide(incident, hits(*range(T + 10, T + 99)), T + MINUTE, silence=SILENCE)) == [Reason.COUNTED]
    assert look(replace(incident, last_seen_ms=T + 15 * MINUTE), T + 16 * MINUTE, silence=SILENCE).reason is (
        Reason.STILL_ACTIVE
    )


def test_an_escalation_under_a_new_silence_is_but_a_count() -> None:
    made = decide(opened(T), hits(*range(T + 10, T + 99)), T + MINUTE, silence=SILENCE)
    assert reasons(made) == [Reason.COUNTED, Reason.SILENCED]


def test_a_silence_begins_and_ends_while_an_incident_is_open() -> None:
    begun = look(opened(T), T + 1, silence=SILENCE)
    assert (begun.reason, begun.actor, begun.incident.silence) == (Reason.SILENCED, "ann", SILENCE)
    ended = look(begun.incident, T + 2)
    assert (ended.reason, ended.incident.silence) == (Reason.SILENCE_ENDED, None)
    assert look(begun.incident, T + 2, silence=replace(SILENCE, ends_ms=T + 9)).reason is Reason.SILENCED


def test_what_is_over_is_over_silenced_or_not() -> None:
    silenced = look(opened(T), T + 1, silence=SILENCE).incident
    assert look(silenced, T + QUIET, silence=SILENCE).reason is Reason.RESOLVED
    assert look(silenced, T + QUIET).reason is Reason.RESOLVED


def test_an_hour_of_hits_is_kept_by_the_minute() -> None:
    start = T // MINUTE * MINUTE
    incident = opened(*(start + n * MINUTE for n in range(60)), start + 59 * MINUTE + 1)
    assert incident.histogram[0] == (start // MINUTE, 1)
    assert incident.histogram[-1] == (start // MINUTE + 59, 2)
    [later] = decide(incident, hits(start + 61 * MINUTE, start + MINUTE))
    assert later.incident.histogram[0] == (start // MINUTE + 2, 1)
    assert sum(count for _, count in later.incident.histogram) == 60


def test_samples_are_few_distinct_and_masked() -> None:
    found = [hit("KO-1", row("same secret", T + n)) for n in range(3)] + hits(*range(T + 10, T + 20))
    incident = decide(None, found)[-1].incident
    assert incident.samples[0] == "same [shop]"
    assert len(incident.samples) == len(set(incident.samples)) == SAMPLES


def test_a_secret_at_the_end_of_a_sample_is_masked_before_it_is_cut() -> None:
    message = "x" * 1_997 + "secret"
    incident = decide(None, [hit("KO-1", row(message, T))])[0].incident
    assert incident.samples == ("x" * 1_997 + "[sh",)


def test_every_log_group_of_an_incident_is_kept() -> None:
    other = hit("KO-1", row(log_group="/b", ts_ms=T + 1))
    assert decide(None, [*hits(T), other])[-1].incident.log_groups == (API, "/b")


@pytest.mark.parametrize(
    ("now", "covered", "reason"),
    [
        (T + QUIET - 1, T + QUIET, Reason.STILL_ACTIVE),
        (T + QUIET, T + QUIET - 1, Reason.NOT_YET_COVERED),
        (T + QUIET, T + QUIET, Reason.RESOLVED),
    ],
)
def test_an_incident_is_over_after_a_silence_that_was_listened_to(now: int, covered: int, reason: Reason) -> None:
    assert look(acknowledge(opened(T), "cli:ann", T).incident, now, covered).reason is reason


def test_a_late_find_keeps_an_incident_open_for_as_long_as_a_fresh_one() -> None:
    incident = acknowledge(decide(None, hits(T), now=T + 10 * QUIET)[0].incident, "cli:ann", T).incident
    assert look(incident, T + 11 * QUIET - 1, T + 11 * QUIET).reason is Reason.STILL_ACTIVE


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 5))
def test_incidents_are_the_same_however_the_hits_are_cut_into_batches(gaps: list[int], cut: int) -> None:
    rules = Rules(20, mask=lambda _, text: text)
    times, at = [], T
    for gap in gaps:
        at += gap
        times.append(at)
    found = [hit("KO-1", row(f"{n}", ts)) for n, ts in enumerate(times)]

    def run(batches: list[list[Hit]]) -> list[tuple[int, int, int, int]]:
        latest: dict[str, Incident] = {}
        prior: Incident | None = None
        for batch in batches:
            for decision in decide(prior, batch, rules=rules):
                latest[decision.incident.id + str(decision.incident.occurrence)] = decision.incident
                prior = decision.incident
        return sorted((i.first_seen_ms, i.last_seen_ms, i.count, i.occurrence) for i in latest.values())

    size = cut + 1
    assert run([found]) == run([found[n : n + size] for n in range(0, len(found), size)])
