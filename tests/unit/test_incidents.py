from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.incident.fingerprint import grouping_key, hit, incident_id, message_key
from sigwatch.incident.lifecycle import SAMPLES, Rules, apply, settle
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.logs import Hit
from tests.fakes.made import API, row, signature

QUIET = 900_000
RULES = Rules(QUIET, mask=lambda text: text.replace("secret", "[masked]"))
T = 1_770_184_800_000


def hits(*times: int, message: str = "ERROR one") -> list[Hit]:
    return [hit("KO-1", row(f"{message} {ts}", ts)) for ts in times]


def decide(prior: Incident | None, found: Iterable[Hit], now: int = T) -> list[Decision]:
    return list(apply(prior, API, signature(), found, now, RULES))


def opened(*times: int) -> Incident:
    return decide(None, hits(*(times or (T,))))[-1].incident


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


def test_hits_are_grouped_by_what_the_configuration_names() -> None:
    event = row(stream="s1", region="eu-west-1")
    assert grouping_key(event, ["log_group"]) == API
    assert grouping_key(event, ["region", "log_stream"]) == "eu-west-1 s1"
    assert grouping_key(event, []) == ""


def test_names_of_incidents_and_messages_are_stable_and_opaque() -> None:
    assert incident_id("KO-1", API, T) == incident_id("KO-1", API, T) != incident_id("KO-1", API, T + 1)
    assert message_key("i", "slack") != message_key("i", "console")
    assert "KO" not in message_key(incident_id("KO-1", API, T), "slack")


def test_the_first_hit_opens_and_the_others_count() -> None:
    first, second = decide(None, hits(T + 2, T, T + 1))
    assert (first.reason, first.incident.count, first.incident.first_seen_ms) == (Reason.OPENED, 1, T)
    assert (second.reason, second.incident.count, second.incident.last_seen_ms) == (Reason.COUNTED, 3, T + 2)
    assert second.incident.id == first.incident.id


def test_more_hits_count_in_the_same_incident() -> None:
    prior = opened(T)
    [decision] = decide(prior, hits(T + QUIET, T - 5), now=T + QUIET)
    assert decision.reason is Reason.COUNTED
    incident = decision.incident
    assert (incident.id, incident.count) == (prior.id, 3)
    assert (incident.first_seen_ms, incident.last_seen_ms, incident.active_ms) == (T - 5, T + QUIET, T + QUIET)


def test_a_longer_silence_ends_one_incident_and_begins_the_next() -> None:
    prior = opened(T)
    reasons = decide(prior, hits(T + 1, T + QUIET + 2, T + QUIET + 3))
    assert [d.reason for d in reasons] == [Reason.COUNTED, Reason.RESOLVED, Reason.RECURRED, Reason.COUNTED]
    ended, again = reasons[1].incident, reasons[3].incident
    assert (ended.id, ended.state, ended.resolved_ms, ended.count) == (prior.id, State.RESOLVED, T + 1 + QUIET, 2)
    assert (again.occurrence, again.previous_ms, again.count) == (2, T + 1, 2)


def test_a_late_find_belongs_to_the_resolved_incident_that_it_happened_in() -> None:
    over = settle(opened(T), T + QUIET, T + QUIET, QUIET).incident
    [decision] = decide(over, hits(T + 7), now=T + 2 * QUIET)
    assert decision.reason is Reason.COUNTED_LATE
    assert (decision.incident.state, decision.incident.count) == (State.RESOLVED, 2)


def test_an_incident_that_comes_back_is_a_new_one_that_knows_the_old() -> None:
    over = settle(opened(T), T + QUIET, T + QUIET, QUIET).incident
    [decision] = decide(over, hits(T + 5 * QUIET))
    assert decision.reason is Reason.RECURRED
    assert (decision.incident.occurrence, decision.incident.previous_ms) == (2, T)
    assert decision.incident.id != over.id


def test_what_goes_on_after_a_resolution_is_a_new_incident_however_soon() -> None:
    over = settle(opened(T), T + QUIET, T + QUIET, QUIET).incident
    early = replace(over, resolved_ms=T + 5)
    assert [d.reason for d in decide(early, hits(T + 4, T + 6))] == [Reason.COUNTED_LATE, Reason.RECURRED]


def test_samples_are_few_distinct_and_masked() -> None:
    found = [hit("KO-1", row("same secret", T + n)) for n in range(3)] + hits(*range(T + 10, T + 20))
    incident = decide(None, found)[-1].incident
    assert incident.samples[0] == "same [masked]"
    assert len(incident.samples) == len(set(incident.samples)) == SAMPLES


def test_a_secret_at_the_end_of_a_sample_is_masked_before_it_is_cut() -> None:
    message = "x" * 1_997 + "secret"
    incident = decide(None, [hit("KO-1", row(message, T))])[0].incident
    assert incident.samples == ("x" * 1_997 + "[ma",)


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
    assert settle(opened(T), now, covered, QUIET).reason is reason


def test_a_late_find_keeps_an_incident_open_for_as_long_as_a_fresh_one() -> None:
    incident = decide(None, hits(T), now=T + 10 * QUIET)[0].incident
    assert settle(incident, T + 11 * QUIET - 1, T + 11 * QUIET, QUIET).reason is Reason.STILL_ACTIVE


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 5))
def test_incidents_are_the_same_however_the_hits_are_cut_into_batches(gaps: list[int], cut: int) -> None:
    quiet = 20
    rules = Rules(quiet, mask=str)
    times, at = [], T
    for gap in gaps:
        at += gap
        times.append(at)
    found = [hit("KO-1", row(f"{n}", ts)) for n, ts in enumerate(times)]

    def run(batches: list[list[Hit]]) -> list[tuple[int, int, int, int]]:
        latest: dict[str, Incident] = {}
        prior: Incident | None = None
        for batch in batches:
            for decision in apply(prior, API, signature(), batch, T, rules):
                latest[decision.incident.id + str(decision.incident.occurrence)] = decision.incident
                prior = decision.incident
        return sorted((i.first_seen_ms, i.last_seen_ms, i.count, i.occurrence) for i in latest.values())

    size = cut + 1
    assert run([found]) == run([found[n : n + size] for n in range(0, len(found), size)])
