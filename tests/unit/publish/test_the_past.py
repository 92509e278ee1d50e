"""What was over before anybody knew of it: told after everything else, apart from it, and calling nobody."""

from dataclasses import replace

from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.message import Alert, Crowd, Digest, Kind, Notice
from sigwatch.outbox.crowd import ChannelLimits, is_past, sort_out
from sigwatch.outbox.rounds import StandIn
from sigwatch.publish.alertmanager import payload
from sigwatch.publish.pagerduty import event
from sigwatch.publish.slack.buttons import ACKNOWLEDGE_ALL, SILENCE
from sigwatch.publish.slack.card import card_with_buttons
from sigwatch.publish.slack.digest import digest_with_button
from sigwatch.publish.webhook import envelope
from sigwatch.publish.words.message import message
from sigwatch.publish.words.plain_text import mention, plain_text
from sigwatch.telling import PAST_URGENCY, urgency, urgency_of
from tests.unit.publish.alerts import DAY, FIRST_MS, FOUND_LATER, MINUTE, changed, delivery, digest
from tests.unit.publish.worlds import Target, World, alone, card, cards, channel, of_form


def past(name: str, severity: str = "P0") -> Notice:
    """The card of an incident of the past."""
    alert = changed(FOUND_LATER, id=name, severity=severity)
    return replace(card(alert, Kind.RESOLVED), urgency=urgency_of(alert.incident))


def over(severity: str) -> Incident:
    return changed(FOUND_LATER, severity=severity).incident


def going_on(severity: str) -> Incident:
    return replace(over(severity), state=State.OPEN, resolution=None)


def test_the_least_of_what_goes_on_is_more_urgent_than_the_worst_of_the_past() -> None:
    ranks = [urgency_of(made(severity)) for made in (going_on, over) for severity in ("P0", "P4", "unrated")]
    assert ranks == sorted(set(ranks))
    assert urgency("nonsense") < PAST_URGENCY == urgency_of(over("P0"))


def test_the_headline_and_the_phone_say_first_that_it_is_over() -> None:
    told = message(FOUND_LATER)
    assert told.headline.startswith("P0 in the past · ")
    assert told.summary.startswith(told.headline)
    assert told.state == "already over: from 06:02:11 UTC on 4 February for 12 min, found at 09:02:11 UTC on 6 March"
    assert (told.mark, told.mention, told.last_hour) == ("⏪", "", "")


def test_one_of_another_year_says_which() -> None:
    state = message(changed(FOUND_LATER, opened_ms=FIRST_MS + 400 * DAY)).state
    assert (
        state == "already over: from 06:02:11 UTC on 4 February 2026 for 12 min, found at 06:02:11 UTC on 11 March 2027"
    )


def test_one_of_today_needs_no_day() -> None:
    state = message(changed(FOUND_LATER, opened_ms=FIRST_MS + 60 * MINUTE)).state
    assert state == "already over: from 06:02:11 UTC for 12 min, found at 07:02:11 UTC"


def test_no_button_asks_for_anything_that_is_too_late() -> None:
    pages = (replace(digest([FOUND_LATER] * 3, number, 2), crowd=Crowd.OF_THE_PAST) for number in (1, 2))
    for _, body in (card_with_buttons(FOUND_LATER), *map(digest_with_button, pages)):
        assert not [text for text in ("acknowledge", SILENCE, ACKNOWLEDGE_ALL, "helped") if text in str(body)]


def test_no_machine_takes_it_for_something_that_goes_on() -> None:
    assert event(FOUND_LATER) == {"dedup_key": FOUND_LATER.key, "event_action": "resolve"}
    assert payload(FOUND_LATER, FIRST_MS + 40 * DAY)["endsAt"] == "2026-02-04T06:29:11.000+00:00"
    sent = envelope(FOUND_LATER)
    assert (sent["type"], sent["data"]["reason"]) == ("incident.resolved", "found_later")
    title, _ = plain_text(FOUND_LATER)
    assert title.startswith("⏪ P0 in the past · ")
    assert mention(replace(FOUND_LATER, mention="@all")) == ""


def test_a_full_channel_keeps_the_past_waiting_even_the_worst_of_it() -> None:
    waiting = [replace(delivery(FOUND_LATER), urgency=PAST_URGENCY) for _ in range(9)]
    found = sort_out(waiting, 10, ChannelLimits(per_minute=10, digest_from=5), FIRST_MS)
    assert (found.gathered, len(found.held)) == ((), 9)


def test_a_list_is_of_the_past_where_all_of_it_is() -> None:
    gone, here = delivery(FOUND_LATER), delivery(changed(FOUND_LATER, resolution=Reason.RESOLVED))
    limits = ChannelLimits(per_minute=10, digest_from=2)
    assert (is_past(gone), is_past(here)) == (True, False)
    assert sort_out([gone, gone], 0, limits, FIRST_MS).crowd is Crowd.OF_THE_PAST
    assert sort_out([gone, here], 0, limits, FIRST_MS).crowd is not Crowd.OF_THE_PAST


def test_what_goes_on_is_never_in_a_list_with_the_past() -> None:
    world = channel()
    world.tell(*cards(2), *(past(f"past-{number}") for number in range(20)))
    world.run(10)
    [page] = of_form(world.target.shown.values(), Digest)
    assert (page.crowd, page.total, page.mention) == (Crowd.OF_THE_PAST, 20, "")
    assert alone(world.target) == ["P1-000", "P1-001"]
    assert isinstance(world.target.shown["ts-1"], Alert)


def test_it_leaves_the_channel_room_for_what_goes_on() -> None:
    world = World(limits=ChannelLimits(per_minute=6, digest_from=5))
    world.tell(*cards(4), *(past(f"past-{number}") for number in range(4)))
    world.deliver()
    assert alone(world.target) == ["P1-000", "P1-001", "P1-002", "P1-003", "past-0", "past-1"]
    world.deliver(61_000)
    assert len(alone(world.target)) == 8


def test_it_says_nothing_of_how_quick_the_telling_is() -> None:
    world = World()
    world.tell(past("past-1"), card())
    world.run(3)
    latencies = {event.incident: event.latency_seconds for event in world.told}
    assert latencies["past-1"] is None
    assert latencies["inc-1"] is not None
    listing = channel()
    listing.tell(*(past(f"past-{number}") for number in range(9)))
    listing.run(3)
    assert [event.latency_seconds for event in listing.told] == [None]


def test_nobody_else_is_told_of_it_where_its_target_fails() -> None:
    other = Target("console")
    world = World(others=(other,), stand_in=StandIn("console", 60_000, lambda project: ""))
    world.target.before = _fail
    world.tell(past("past-1"), card())
    world.run(120)
    assert alone(other) == ["inc-1"]


def _fail(call: str) -> None:
    raise ConnectionError(call)
