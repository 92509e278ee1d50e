"""Messages that a target shows twice are deleted where something was written lately, and rows follow what stays."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sigwatch.errors import NotSent, PublishError
from sigwatch.model.event import DoublesDeleted, Event, RunSkipped, SkipReason
from sigwatch.model.message import Kind
from sigwatch.outbox.doubles import Doubles
from tests.unit.publish.alerts import changed
from tests.unit.publish.worlds import CHANNEL, World, card


@dataclass
class Channels:
    """What is shown twice by destination, as names of what goes and what stays; an error for what can not be read."""

    doubled: dict[str, list[tuple[str, str]] | PublishError] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def delete(self, destination: str, since_ms: int) -> list[tuple[str, str]]:
        self.asked.append((destination, since_ms))
        found = self.doubled.get(destination, [])
        if isinstance(found, PublishError):
            raise found
        return found


def written() -> World:
    """One message in each of two channels."""
    world = World()
    world.tell(card(), replace(card(changed(id="inc-2")), destination="C0OTHER"))
    world.deliver()
    return world


def doubles(world: World, channels: Channels) -> tuple[Callable[[int], int], list[Event]]:
    events: list[Event] = []
    return Doubles(world.store.deliveries, {"slack": channels.delete}, events.append).delete, events


def test_every_destination_that_was_written_to_lately_is_looked_through() -> None:
    world, channels = (
        written(),
        Channels({CHANNEL: [("ts-8", "ts-7")], "C0OTHER": [("ts-6", "ts-5"), ("ts-9", "ts-5")]}),
    )
    delete, events = doubles(world, channels)
    assert delete(world.now_ms) == 3
    assert channels.asked == [(CHANNEL, world.now_ms), ("C0OTHER", world.now_ms)]
    assert events == [DoublesDeleted(3)]


def test_a_destination_that_nothing_was_written_to_lately_is_left_alone() -> None:
    world, channels = written(), Channels({CHANNEL: [("ts-8", "ts-7")]})
    delete, events = doubles(world, channels)
    assert delete(world.now_ms + 1) == 0
    assert (channels.asked, events) == ([], [])


def test_a_destination_that_can_not_be_read_stops_no_other() -> None:
    world, channels = written(), Channels({CHANNEL: NotSent("ratelimited"), "C0OTHER": [("ts-6", "ts-5")]})
    delete, events = doubles(world, channels)
    assert delete(world.now_ms) == 1
    assert events == [RunSkipped("doubles", SkipReason.FAILED, "ratelimited"), DoublesDeleted(1)]


def test_what_is_shown_once_is_worth_no_event() -> None:
    world, channels = written(), Channels()
    delete, events = doubles(world, channels)
    assert delete(0) == 0
    assert events == []


def test_a_row_whose_message_was_deleted_goes_on_with_the_one_that_stays() -> None:
    world = written()
    first = world.target.accept(card().content)
    delete, _ = doubles(world, Channels({CHANNEL: [("ts-1", first)]}))
    delete(world.now_ms)
    del world.target.shown["ts-1"]
    world.tell(card(changed(count=99), Kind.COUNTED))
    world.deliver(1)
    assert set(world.target.shown) == {first, "ts-2"}
