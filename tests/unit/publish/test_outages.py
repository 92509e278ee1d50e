"""Targets that are down or refuse: how often they are tried, what is told afterwards, and who stands in."""

from collections import Counter
from dataclasses import replace

import pytest

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.event import Outcome
from sigwatch.model.message import Crowd, Digest, Kind
from sigwatch.outbox.rounds import StandIn
from sigwatch.publish.traits import TRAITS
from tests.unit.publish.alerts import MINUTE, RESOLVED, changed
from tests.unit.publish.worlds import (
    CHANNEL,
    LIMITS,
    POLICY,
    UNHURRIED,
    Target,
    World,
    alone,
    card,
    cards,
    channel,
    listed,
    of_form,
)


def test_a_target_that_is_down_stops_no_other() -> None:
    world = World(others=(Target("console"),))
    world.tell(*cards(3), *(replace(each, target="console") for each in cards(3)))
    world.target.script.extend([NotSent("down")] * 9)
    for _ in range(4):
        world.deliver()
    assert len(world.others[0].shown) == 3


def outage(world: World, minutes: int, failure: PublishError, each_minute: int) -> int:
    """So many minutes in which a target answers nothing while incidents go on, and the calls that it got."""
    before = len(world.target.calls)

    def fail(call: str) -> None:
        world.target.script.append(failure)
        if isinstance(failure, Ambiguous):
            world.now_ms += POLICY.call_ms - 5_000

    world.target.before = fail
    severities = ("P2", "P1", "P3", "P0")
    end_ms = world.now_ms + minutes * MINUTE
    minute = 0
    while world.now_ms < end_ms:
        if world.now_ms >= end_ms - (minutes - minute) * MINUTE:
            for number in range(each_minute):
                severity = severities[(minute + number) % 4]
                world.tell(*cards(1, severity, first=minute * each_minute + number, at_ms=world.now_ms))
            minute += 1
        world.deliver()
        world.now_ms += 5_000
    world.target.before = lambda call: None
    return len(world.target.calls) - before


@pytest.mark.parametrize("failure", [NotSent("refused connection"), Ambiguous("no answer")], ids=["refuses", "hangs"])
@pytest.mark.parametrize("each_minute", [0, 4])
def test_a_target_that_is_down_is_tried_with_one_row_now_and_then(failure: PublishError, each_minute: int) -> None:
    world = channel()
    world.tell(*cards(3))
    assert 20 <= outage(world, 60, failure, each_minute) <= 130


@pytest.mark.parametrize("failure", [NotSent("refused connection"), Ambiguous("no answer")], ids=["refuses", "hangs"])
def test_after_an_hour_of_outage_all_is_told_the_worst_first_and_in_lists(failure: PublishError) -> None:
    world = channel()
    outage(world, 60, failure, each_minute=4)
    before = world.now_ms
    world.run(600)
    assert Counter([*alone(world.target), *listed(world.target)]) == Counter(
        incident.id for incident in world.store.incidents()
    )
    assert world.behind == 0
    first_pages = [page for page in of_form(world.target.shown.values(), Digest) if page.page == 1]
    assert first_pages[0].crowd is Crowd.CATCHING_UP
    # What was tried during the outage has a message of its own; all else shares one or two.
    assert len(first_pages) <= 2
    assert world.store.deliveries.posted_since("slack", CHANNEL, before) <= LIMITS.per_minute
    severities = [alert.incident.severity for alert in first_pages[0].alerts]
    assert severities == sorted(severities)
    assert alone(world.target)[0].startswith("P0")


def test_a_channel_that_refuses_gets_a_list_once_it_takes_messages_again() -> None:
    world = channel()
    world.target.script.extend([Refused("channel_not_found")] * 40)
    for _ in range(40):
        world.tell(*cards(1, first=len(world.store.incidents()), at_ms=world.now_ms))
        world.run(7)
    world.target.script.clear()
    world.run(700)
    assert world.behind == 0
    assert len([page for page in of_form(world.target.shown.values(), Digest) if page.page == 1]) == 1


def test_one_card_that_is_never_taken_holds_up_no_other() -> None:
    world = channel()
    world.tell(card(changed(id="poison", severity="P0")))
    world.target.script.extend([Refused("x", because_of_content=True), Refused("y", because_of_content=True)])
    world.run(1)
    world.tell(*cards(4, "P3"))
    world.run(10)
    assert sorted(alone(world.target)) == [each.id for each in cards(4, "P3")]


def test_refusals_do_not_make_a_target_that_answers_rest() -> None:
    world = World()
    world.tell(*(replace(each, destination=f"C{number}") for number, each in enumerate(cards(6))))
    world.target.script.extend([*[Refused("channel_not_found")] * 4, NotSent("reset")])
    assert world.deliver() == [Outcome.REFUSED] * 4 + [Outcome.RETRIED, Outcome.POSTED]


def with_stand_in(minutes: int = 5) -> World:
    stand_in = StandIn("console", minutes * MINUTE, lambda project: f"line of {project}")
    return World(others=(Target("console"),), stand_in=stand_in)


def test_another_target_is_told_once_when_one_has_failed_for_too_long() -> None:
    world = with_stand_in()
    world.tell(card(at_ms=world.now_ms))
    world.target.script.extend([NotSent("down")] * 10_000)
    [console] = world.others
    world.run(299)
    assert console.shown == {}
    world.run(301)
    assert alone(console) == ["inc-1"]
    assert console.calls == ["post"]
    assert world.row(target="console").destination == "line of credentialmate"
    assert len({content.key for content in console.shown.values()} | {world.row().content.key}) == 2
    world.target.script.clear()
    world.run(400)
    assert alone(world.target) == ["inc-1"]
    assert console.calls == ["post"]


def test_a_stand_in_is_told_how_it_ended_too() -> None:
    world = with_stand_in()
    world.tell(card(at_ms=world.now_ms))
    world.target.script.extend([NotSent("down")] * 10_000)
    world.run(310)
    assert [row.target for row in world.store.cards("inc-1")] == ["console", "slack"]
    world.tell(card(RESOLVED, Kind.RESOLVED, "console"))
    world.run(2)
    assert world.others[0].calls == ["post", "update"]


def test_what_a_list_shows_needs_no_stand_in() -> None:
    world = replace(with_stand_in(), limits=LIMITS, traits={**TRAITS, "slack": UNHURRIED})
    world.tell(*cards(6, at_ms=world.now_ms))
    world.run(400)
    assert listed(world.target) == [each.id for each in cards(6)]
    assert world.others[0].shown == {}


def test_a_stand_in_has_none_itself() -> None:
    world = with_stand_in()
    world.tell(card(target="console", at_ms=world.now_ms))
    world.others[0].script.extend([NotSent("down")] * 10_000)
    world.run(400)
    assert [row.target for row in world.store.cards("inc-1")] == ["console"]
