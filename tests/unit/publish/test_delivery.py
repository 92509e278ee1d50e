"""What is decided about a row, without anybody being asked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.event import Outcome
from sigwatch.model.message import Content, Kind, Progress
from sigwatch.outbox.delivery import (
    Accepted,
    Action,
    Answer,
    Held,
    OutboxPolicy,
    backoff_ms,
    given_back,
    next_step,
    notified,
    rest_ms,
    settled,
    shown,
)
from tests.unit.publish.alerts import ALERT, MILESTONES, REMARK, RESOLVED, crowd, delivery, digest

POLICY = OutboxPolicy()
NOW = 1_000_000
MILESTONE = next(iter(MILESTONES.values()))


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_backoff_grows_to_five_minutes(attempts: int, chance: float) -> None:
    assert 0 <= backoff_ms(attempts, POLICY, chance) <= backoff_ms(attempts + 1, POLICY, chance) <= 300_000
    assert backoff_ms(attempts, POLICY, 1) >= 1_000


def test_a_claim_shorter_than_its_calls_is_an_error() -> None:
    with pytest.raises(ValueError, match="outlast"):
        OutboxPolicy(call_ms=50_000, claim_ms=100_000)


@pytest.mark.parametrize(
    ("first_attempt_ms", "ref", "due_ms", "action"),
    [
        (100, "", 0, Action.POST),
        (99, "", 0, Action.RECONCILE),
        (101, "", 0, Action.RECONCILE),
        (99, "ts", 0, Action.UPDATE),
        (100, "", 101, Action.LEAVE),
        (100, "", 100, Action.POST),
    ],
)
def test_next_step(first_attempt_ms: int, ref: str, due_ms: int, action: Action) -> None:
    row = replace(delivery(), first_attempt_ms=first_attempt_ms, ref=ref, due_ms=due_ms)
    assert next_step(row, 100) is action


@pytest.mark.parametrize(
    ("action", "answer", "outcome", "due_ms", "first_attempt_ms"),
    [
        (Action.POST, NotSent("down"), Outcome.RETRIED, NOW + 1_000, 0),
        (Action.POST, NotSent("429", retry_after=7.5), Outcome.RATE_LIMITED, NOW + 7_500, 0),
        (Action.POST, NotSent("429", retry_after=0), Outcome.RATE_LIMITED, NOW, 0),
        (Action.POST, Refused("no"), Outcome.REFUSED, NOW + 300_000, 0),
        (Action.POST, Ambiguous("?"), Outcome.AMBIGUOUS, NOW + 60_000, 5),
        (Action.POST, Held("late"), Outcome.RETRIED, NOW + 1_000, 5),
        (Action.RECONCILE, NotSent("down"), Outcome.RETRIED, NOW + 1_000, 5),
        (Action.RECONCILE, Refused("no"), Outcome.REFUSED, NOW + 300_000, 5),
        (Action.RECONCILE, Ambiguous("?"), Outcome.AMBIGUOUS, NOW + 60_000, 5),
        (Action.UPDATE, Ambiguous("?"), Outcome.RETRIED, NOW + 1_000, 5),
        (Action.UPDATE, NotSent("down"), Outcome.RETRIED, NOW + 1_000, 5),
    ],
)
def test_what_a_failure_makes_of_a_row(
    action: Action, answer: Answer, outcome: Outcome, due_ms: int, first_attempt_ms: int
) -> None:
    row = replace(delivery(), attempts=1, first_attempt_ms=5)
    after, found = settled(row, action, answer, NOW, POLICY, lambda: 1.0)
    assert (found, after.due_ms, after.first_attempt_ms) == (outcome, due_ms, first_attempt_ms)
    assert after.delivered == 0
    assert after.progress is (Progress.REFUSED if isinstance(answer, Refused) else Progress.WAITING)


def test_what_is_accepted_is_shown_from_its_first_time_on() -> None:
    row = replace(delivery(), attempts=4, revision=3, due_ms=9)
    after, outcome = settled(row, Action.POST, Accepted("ts-1", Outcome.POSTED), NOW, POLICY, lambda: 1.0)
    assert outcome is Outcome.POSTED
    assert (after.ref, after.delivered, after.attempts, after.due_ms, after.posted_ms) == ("ts-1", 3, 0, 0, NOW)
    again, _ = settled(after, Action.UPDATE, Accepted("ts-1", Outcome.UPDATED), NOW + 5, POLICY, lambda: 1.0)
    assert again.posted_ms == NOW


@pytest.mark.parametrize(
    ("content", "again"), [(ALERT, NOW + 60_000), (RESOLVED, 0), (MILESTONE, 0), (digest([ALERT]), 0), (REMARK, 0)]
)
def test_only_a_card_that_is_not_over_is_sent_again(content: Content, again: int) -> None:
    answer = Accepted("ts-1", Outcome.POSTED)
    after, _ = settled(delivery(content), Action.POST, answer, NOW, POLICY, lambda: 1.0, refresh_ms=60_000)
    assert after.refresh_ms == again


def test_a_row_that_is_given_back_is_as_it_was_before_the_claim() -> None:
    row = replace(delivery(), attempts=2, first_attempt_ms=NOW, progress=Progress.CLAIMED)
    back = given_back(row, NOW)
    assert (back.attempts, back.first_attempt_ms, back.progress) == (1, 0, Progress.WAITING)
    assert given_back(replace(row, first_attempt_ms=5), NOW).first_attempt_ms == 5


def test_a_target_rests_longer_with_each_failure_up_to_half_a_minute() -> None:
    assert [rest_ms(failures, POLICY) for failures in range(10)] == [
        0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]  # fmt: skip
    assert rest_ms(10**6, POLICY) == 30_000


def test_an_edit_is_called_by_what_it_tells() -> None:
    assert shown(delivery(kind=Kind.RESOLVED)) is Outcome.RESOLVED
    assert shown(delivery(kind=Kind.COUNTED)) is Outcome.UPDATED


def subjects(content: Content, outcome: Outcome, kind: Kind = Kind.OPENED) -> list[str]:
    return [entry.subject for entry in notified(replace(delivery(content), kind=kind, id="row"), outcome, NOW)]


@pytest.mark.parametrize("outcome", [Outcome.POSTED, Outcome.SHORTENED, Outcome.RECONCILED, Outcome.REFUSED])
def test_the_audit_trail_names_each_incident_that_was_told_or_refused(outcome: Outcome) -> None:
    told = crowd(3)
    assert subjects(ALERT, outcome) == ["inc-1"]
    assert subjects(MILESTONE, outcome) == ["inc-1"]
    assert subjects(digest(told), outcome) == [alert.incident.id for alert in told]
    assert subjects(REMARK, outcome) == ["row"]


@pytest.mark.parametrize("outcome", [Outcome.RETRIED, Outcome.RATE_LIMITED, Outcome.AMBIGUOUS])
def test_a_try_that_tells_nothing_is_worth_no_line(outcome: Outcome) -> None:
    assert subjects(ALERT, outcome) == []


@pytest.mark.parametrize(("kind", "lines"), [(Kind.COUNTED, 0), (Kind.ACKNOWLEDGED, 1), (Kind.ESCALATED, 1)])
def test_of_edits_those_are_worth_a_line_that_tell_more_than_a_count(kind: Kind, lines: int) -> None:
    assert len(subjects(ALERT, Outcome.UPDATED, kind)) == lines


@pytest.mark.parametrize("outcome", [Outcome.UPDATED, Outcome.RESOLVED])
def test_a_list_that_is_edited_does_not_repeat_all_that_it_holds(outcome: Outcome) -> None:
    assert subjects(digest(crowd(60)), outcome, Kind.RESOLVED) == ["row"]


def test_no_line_of_the_audit_trail_holds_log_text() -> None:
    lines = notified(delivery(digest([ALERT])), Outcome.POSTED, NOW)
    assert "ModuleNotFoundError" not in repr(lines)


def test_every_failure_of_a_target_has_an_outcome() -> None:
    for kind in PublishError.__subclasses__():
        _, outcome = settled(delivery(), Action.POST, kind("why"), NOW, POLICY, lambda: 0.5)
        assert outcome not in {Outcome.POSTED, Outcome.UPDATED, Outcome.RESOLVED}
