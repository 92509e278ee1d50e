"""What always holds of a state, wherever it is kept, and what it means where it does not. Pure.

Only what holds at every moment between two transactions is here. That an outbox row's incident exists is not: incidents
and messages are kept for times of their own. That what has a name in its target has a time of posting is not either:
states of version 2 did not note it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sigwatch.model.coverage import Span
from sigwatch.model.incident import Incident, State
from sigwatch.store.bodies import CARD, DIGEST
from sigwatch.store.records import Message, Place, Record, WatchSet

Address = tuple[str, str]
"""Of an item in a table."""

Addresses = Callable[[Message | Incident | Place], tuple[Address, ...]]
"""Where in a table a thing is, and what it is told from."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that should not be so."""

    rule: str
    """In one word or two: the same for all flaws of a kind."""
    where: str
    what: str
    """What is wrong, what it means, and what to do."""
    keys: tuple[Address, ...] = ()
    """Items of a table that it was seen in: what is seen in a state at work may be gone when they are read again."""
    warning: bool = False
    """Nothing is broken yet."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a state holds, the audit trail and the hits aside."""

    places: Sequence[Place]
    watch_sets: frozenset[str]
    incidents: Mapping[str, Incident]
    messages: Mapping[tuple[str, str], Message]
    """By target and id."""
    addresses: Addresses


def picture(records: Iterable[Record], addresses: Addresses) -> Picture:
    """What some records amount to."""
    places: list[Place] = []
    sets: set[str] = set()
    incidents: dict[str, Incident] = {}
    messages: dict[tuple[str, str], Message] = {}
    for record in records:
        if isinstance(record, Place):
            places.append(record)
        elif isinstance(record, WatchSet):
            sets.add(record.digest)
        elif isinstance(record, Incident):
            incidents[record.id] = record
        elif isinstance(record, Message):
            messages[record.target, record.id] = record
    return Picture(places, frozenset(sets), incidents, messages, addresses)


def flaws(found: Picture) -> Iterator[Flaw]:
    """Everything that should not be so."""
    for place in found.places:
        yield from _in_place(place, found)
    shown = {message.incident for message in found.messages.values() if message.form == CARD}
    for incident in found.incidents.values():
        yield from _in_incident(incident, shown, found)
    for message in found.messages.values():
        yield from _in_message(message, found)


def broken_spans(spans: Sequence[Span]) -> str:
    """Why these are not spans in order, neither overlapping nor touching; empty where they are."""
    if not spans:
        return "it has no span at all"
    if backward := next((span for span in spans if span[0] > span[1]), None):
        return f"the span {backward} ends before it begins"
    bad = next(((one, two) for one, two in pairwise(spans) if one[1] >= two[0]), None)
    return f"the spans {bad[0]} and {bad[1]} overlap, touch or are out of order" if bad else ""


def _in_place(place: Place, found: Picture) -> Iterator[Flaw]:
    for name, spans in place.passes:
        if words := broken_spans(spans):
            yield Flaw(
                "coverage",
                f"pass {name}, {place.region} {place.name}",
                f"{words}: what was searched is not known for sure, and a gap may not be seen. Restore a backup, or"
                " search the time again with `sigwatch backfill`",
                found.addresses(place),
            )
    if place.digest and place.digest not in found.watch_sets:
        yield Flaw(
            "watch set",
            f"{place.region} {place.name}",
            f"the set of signatures {place.digest[:12]} that it is watched for is not there: all of its signatures will"
            " be searched for again over the recent past, which costs a look-back and nothing else",
            found.addresses(place),
        )


def _in_incident(incident: Incident, shown: set[str], found: Picture) -> Iterator[Flaw]:
    if incident.state is State.RESOLVED or incident.silence is not None or incident.id in shown:
        return
    yield Flaw(
        "untold",
        f"incident {incident.id}",
        f"{incident.signature} is not over and not silenced, and no target has a message about it. Where its signature"
        " is no longer in the knowledge that is as it should be; otherwise look at it with `sigwatch incidents show`"
        " and end it with `sigwatch incidents resolve`, so that its next hit is told",
        found.addresses(incident),
        warning=True,
    )


def _in_message(message: Message, found: Picture) -> Iterator[Flaw]:
    where, own = f"message {message.target} {message.id}", found.addresses(message)
    if message.delivered > message.revision:
        yield Flaw(
            "revision",
            where,
            f"revision {message.delivered} was delivered, and {message.revision} is the newest: its next changes are"
            " taken for delivered and not shown. Restore a backup",
            own,
        )
    if message.thread and (message.target, message.thread) not in found.messages:
        yield Flaw(
            "thread",
            where,
            f"the message {message.thread} under which it goes is not there: it is never sent. What it says is in"
            f" `sigwatch incidents show {message.incident}`",
            own,
        )
    page = found.messages.get((message.target, message.digest)) if message.digest else None
    if message.digest and (page is None or page.form != DIGEST):
        yield Flaw(
            "page",
            where,
            f"the page {message.digest} that shows it in its place is not there: nobody sees it. Look at the incident"
            f" with `sigwatch incidents show {message.incident}`, and tell who should know",
            own,
        )
