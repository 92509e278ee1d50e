"""One row: claimed, looked up where its fate is uncertain, sent, and settled."""

from dataclasses import replace

import pytest

from sigwatch.errors import Ambiguous, NotSent, Refused
from sigwatch.model.event import Outcome
from sigwatch.model.incident import Reason
from sigwatch.model.message import Alert, Kind, Notice, Progress
from sigwatch.publish.key import message_key
from sigwatch.publish.traits import TRAITS
from tests.unit.publish.alerts import ALERT, REMARK, RESOLVED, changed
from tests.unit.publish.worlds import CHANNEL, POLICY, SETTLE, UNHURRIED, Target, World, card, entry, of_form

KEY = message_key("inc-1", "slack")


@pytest.fixture
def world() -> World:
    world = World()
    world.tell(card())
    return world


def counts(target: Target) -> list[int]:
    return [alert.incident.count for alert in of_form(target.shown.values(), Alert)]


def test_a_new_incident_is_posted_once(world: World) -> None:
    assert world.deliver() == [Outcome.POSTED]
    assert world.deliver(1) == []
    row = world.row()
    assert (row.ref, row.delivered, row.progress, row.attempts) == ("ts-1", 1, Progress.SENT, 0)
    assert (row.posted_ms, row.refresh_ms) == (world.now_ms - 1, 0)
    assert world.told[0].latency_seconds == 20.0


def test_a_growing_and_ending_incident_is_edited_in_place(world: World) -> None:
    world.deliver()
    world.tell(card(changed(count=13), Kind.COUNTED))
    assert world.deliver(1) == [Outcome.UPDATED]
    world.tell(card(RESOLVED, Kind.RESOLVED))
    assert world.deliver(1) == [Outcome.RESOLVED]
    assert world.target.calls == ["post", "update", "update"]
    assert list(world.target.shown.values()) == [replace(RESOLVED, key=KEY)]
    assert world.told[-1].latency_seconds is None


def test_an_entry_is_posted_into_the_thread_of_its_card(world: World) -> None:
    world.tell(entry())
    assert world.deliver() == [Outcome.POSTED]
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.target.threads == {"ts-1": "", "ts-2": "ts-1"}
    assert [told.latency_seconds is None for told in world.told] == [False, True]


@pytest.mark.parametrize("accepted", [True, False])
def test_an_entry_whose_fate_is_uncertain_is_looked_up_in_its_thread(world: World, accepted: bool) -> None:
    world.deliver()
    world.tell(entry())
    world.target.accepts_anyway = accepted
    world.target.script.append(Ambiguous("reset"))
    world.deliver(1)
    assert world.deliver(SETTLE) == [Outcome.RECONCILED if accepted else Outcome.POSTED]
    assert world.target.threads == {"ts-1": "", "ts-2": "ts-1"}


def test_what_changes_during_a_post_is_shown_by_the_next_round(world: World) -> None:
    def change(call: str) -> None:
        if call == "post":
            world.tell(card(changed(count=99), Kind.COUNTED))

    world.target.before = change
    world.deliver()
    assert world.deliver(1) == [Outcome.UPDATED]
    assert counts(world.target) == [99]


def test_certainly_not_sent_is_posted_again_without_looking(world: World) -> None:
    world.target.script.append(NotSent("refused connection"))
    assert world.deliver() == [Outcome.RETRIED]
    assert world.row().first_attempt_ms == 0
    assert world.deliver(999) == []
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.target.calls == ["post", "post"]


@pytest.mark.parametrize("accepted", [True, False])
def test_an_ambiguous_post_is_looked_up_after_the_settling_time(world: World, accepted: bool) -> None:
    world.target.accepts_anyway = accepted
    world.target.script.append(Ambiguous("reset"))
    assert world.deliver() == [Outcome.AMBIGUOUS]
    assert world.deliver(SETTLE - 1) == []
    assert world.deliver(1) == [Outcome.RECONCILED if accepted else Outcome.POSTED]
    assert len(world.target.shown) == 1
    assert world.target.calls[1] == "find"


def test_a_found_message_is_brought_up_to_date(world: World) -> None:
    world.target.accepts_anyway = True
    world.target.script.append(Ambiguous("reset"))
    world.deliver()
    world.tell(card(changed(count=77), Kind.COUNTED))
    assert world.deliver(SETTLE) == [Outcome.RECONCILED]
    assert counts(world.target) == [77]
    assert world.row().delivered == 2


def test_a_found_message_whose_edit_fails_is_kept_and_edited_later(world: World) -> None:
    world.target.accepts_anyway = True
    world.target.script.extend([Ambiguous("reset"), None, NotSent("down")])
    world.deliver()
    assert world.deliver(SETTLE) == [Outcome.RETRIED]
    assert world.row().ref == "ts-1"
    assert world.deliver(POLICY.longest_backoff_ms) == [Outcome.UPDATED]
    assert world.target.calls == ["post", "find", "update", "update"]


@pytest.mark.parametrize("failure", [NotSent("down"), Ambiguous("cut"), Refused("missing_scope"), KeyError("bug")])
def test_nothing_is_posted_while_the_history_can_not_be_read(world: World, failure: Exception) -> None:
    world.target.script.extend([Ambiguous("reset"), failure])
    world.deliver()
    world.deliver(SETTLE)
    assert world.target.calls == ["post", "find"]
    assert world.deliver(POLICY.refused_ms) == [Outcome.POSTED]
    assert world.target.calls == ["post", "find", "find", "post"]


def test_a_history_that_may_not_be_read_stops_nobody_who_prefers_two_messages_to_none() -> None:
    world = World(policy=replace(POLICY, resend_unknown=True))
    world.tell(card())
    world.target.script.extend([Ambiguous("reset"), Refused("missing_scope")])
    world.deliver()
    assert world.deliver(SETTLE) == [Outcome.POSTED]
    assert world.target.calls == ["post", "find", "post"]


@pytest.mark.parametrize("failure", [NotSent("down"), Ambiguous("cut")])
def test_a_history_that_can_not_be_read_now_is_waited_for_by_everybody(failure: Exception) -> None:
    world = World(policy=replace(POLICY, resend_unknown=True))
    world.tell(card())
    world.target.script.extend([Ambiguous("reset"), failure])
    world.deliver()
    assert world.deliver(SETTLE) == [Outcome.RETRIED]
    assert world.target.calls == ["post", "find"]


def test_not_sent_after_an_ambiguous_try_is_still_looked_up(world: World) -> None:
    world.target.script.extend([Ambiguous("reset"), None, NotSent("down")])
    world.deliver()
    world.deliver(SETTLE)
    world.deliver(POLICY.longest_backoff_ms)
    assert world.target.calls == ["post", "find", "post", "find", "post"]


def test_a_worker_that_died_after_the_claim_is_followed_by_a_look(world: World) -> None:
    claimed = world.store.deliveries.claim(world.row(), "dead", world.now_ms, world.now_ms + POLICY.claim_ms, 0)
    assert claimed is not None
    world.target.accept(claimed.content)
    assert world.deliver(POLICY.claim_ms + SETTLE - 1) == []
    assert world.deliver(1) == [Outcome.RECONCILED]
    assert len(world.target.shown) == 1


def test_a_row_settled_by_another_between_reading_and_claim_is_left(world: World) -> None:
    world.target.script.append(Ambiguous("reset"))
    [stale] = world.store.deliveries.due(world.now_ms, SETTLE)
    world.deliver()
    settled = world.row()
    world.now_ms += 5
    assert world.sender("late").send(stale) is None
    assert world.row() == settled
    assert world.target.calls == ["post"]


def test_a_lost_claim_is_told(world: World) -> None:
    world.target.before = lambda call: world.execute("UPDATE outbox SET claim = 'thief'")
    world.deliver()
    assert world.told[0].detail == "the claim was lost meanwhile"
    assert world.row().claim == "thief"
    assert world.audit() == []


def test_too_little_time_left_in_the_claim_posts_nothing(world: World) -> None:
    world.execute("UPDATE outbox SET first_attempt_ms = 1")

    def dawdle(call: str) -> None:
        world.now_ms += POLICY.claim_ms - POLICY.call_ms + 1

    world.target.before = dawdle
    assert world.deliver() == [Outcome.RETRIED]
    assert world.target.calls == ["find"]


def test_content_that_is_refused_is_posted_plainly(world: World) -> None:
    world.target.script.append(Refused("invalid_blocks", because_of_content=True))
    assert world.deliver() == [Outcome.SHORTENED]
    assert world.target.calls == ["post", "plain"]
    assert world.told[0].latency_seconds == 20.0


def test_a_refused_message_is_kept_and_tried_slowly(world: World) -> None:
    world.target.script.append(Refused("channel_not_found"))
    assert world.deliver() == [Outcome.REFUSED]
    assert world.row().progress is Progress.REFUSED
    assert world.quarantined == [("slack C0ONCALL: channel_not_found",)]
    assert world.deliver(POLICY.refused_ms - 1) == []
    assert world.deliver(1) == [Outcome.POSTED]
    assert world.quarantined[-1] == ()


def test_refused_plainly_too_is_refused(world: World) -> None:
    world.target.script.extend([Refused("x", because_of_content=True), Refused("y", because_of_content=True)])
    assert world.deliver() == [Outcome.REFUSED]


def test_an_ambiguous_plain_post_is_looked_up(world: World) -> None:
    world.target.script.extend([Refused("x", because_of_content=True), Ambiguous("reset")])
    assert world.deliver() == [Outcome.AMBIGUOUS]
    world.deliver(SETTLE)
    assert world.target.calls[2] == "find"


def test_an_ambiguous_edit_is_simply_repeated(world: World) -> None:
    world.deliver()
    world.tell(card(kind=Kind.COUNTED))
    world.target.script.append(Ambiguous("reset"))
    assert world.deliver(1) == [Outcome.RETRIED]
    assert world.deliver(1_000) == [Outcome.UPDATED]


def test_what_a_target_has_to_be_told_again_and_again_is_sent_until_it_is_over() -> None:
    world = World(traits={"slack": replace(UNHURRIED, refresh_seconds=60)})
    world.tell(card(), entry())
    assert [second for second, _ in world.run(240)] == [0, 1, 60, 120, 180]
    assert world.target.calls == ["post", "post", "update", "update", "update"]
    world.tell(card(RESOLVED, Kind.RESOLVED))
    assert [outcome for _, outcome in world.run(240)] == [Outcome.RESOLVED]


def test_sending_again_what_has_not_changed_is_worth_no_line_of_the_audit_trail() -> None:
    world = World(traits={"slack": replace(UNHURRIED, refresh_seconds=60)})
    world.tell(card())
    world.run(240)
    assert world.audit() == [("inc-1", "posted", "alert")]


def test_the_audit_trail_says_what_was_shown_and_refused_but_not_what_was_counted(world: World) -> None:
    world.target.script.append(NotSent("down"))
    world.deliver()
    world.deliver(1_000)
    world.tell(card(changed(count=13), Kind.COUNTED))
    world.deliver(1)
    world.tell(card(RESOLVED, Kind.RESOLVED), entry())
    world.deliver(1)
    told = Notice("r-1", "slack", CHANNEL, Kind.SILENCED, REMARK)
    world.target.script.append(Refused("restricted_action"))
    world.tell(told)
    world.deliver(1)
    assert world.audit() == [
        ("inc-1", "posted", "alert"),
        ("inc-1", "posted", "milestone"),
        ("inc-1", "resolved", "alert"),
        ("r-1", "refused", "remark"),
    ]
    [posted] = [each for each in world.store.audit(0, 10**14) if ("outcome", "posted") in each.detail][:1]
    assert (posted.actor, posted.action, posted.signature, posted.project) == (
        "sigwatch", "notified", "KO-cm-004", "credentialmate",
    )  # fmt: skip
    assert dict(posted.detail)["destination"] == CHANNEL
    assert dict(posted.detail)["ref"] == "ts-1"


def test_a_message_that_is_refused_for_days_is_worth_one_line_of_the_audit_trail(world: World) -> None:
    world.target.script.extend([NotSent("down"), *[Refused("channel_not_found")] * 5])
    world.run(1_200)
    assert world.audit() == [("inc-1", "refused", "alert")]


def test_an_edit_after_a_change_of_state_is_worth_a_line(world: World) -> None:
    world.deliver()
    world.tell(card(kind=Kind.ACKNOWLEDGED), entry(reason=Reason.ACKNOWLEDGED, kind=Kind.ACKNOWLEDGED))
    world.deliver(1)
    assert world.audit()[-1] == ("inc-1", "updated", "alert")


def test_no_event_carries_log_text(world: World) -> None:
    world.target.script.append(KeyError(ALERT.incident.samples[0]))
    world.deliver()
    assert "ModuleNotFoundError" not in repr(world.events)


def test_every_target_of_the_table_can_be_sent_to() -> None:
    for name in TRAITS:
        world = World(target=Target(name), traits=TRAITS)
        world.tell(card(target=name))
        assert world.deliver() == [Outcome.POSTED]
