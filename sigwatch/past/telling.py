"""Telling what a search of the past found, through the daemon's store and outbox, and never what was told before.

A daemon may run on the same store meanwhile. Each incident is one transaction, in which it is looked for, its hits are
recorded and its messages are written: whoever comes second, the daemon or the backfill, finds it there.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import groupby, islice

from sigwatch.incident.fingerprint import incident_id
from sigwatch.incident.silence import hush
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit
from sigwatch.model.past import Finding, IncidentFound
from sigwatch.outbox.rounds import Outbox
from sigwatch.pipeline import Compose
from sigwatch.ports import Clock, Deliveries, Store, Unit, Wait
from sigwatch.report.fold import known
from sigwatch.telling import entry_of
from sigwatch.transaction import transacted

ACTOR = "backfill"
"""Who opened an incident, as the audit trail and the thread have it."""
ROUNDS = 120
PAUSE_SECONDS = 1.0
"""Between two rounds: a channel of Slack takes a message a second, and has room for the next few after a minute."""


class Fate(StrEnum):
    """What became of an incident that was found."""

    TOLD = "told"
    KNOWN = "known"
    """The store has it already, and nothing was changed."""
    SILENCED = "silenced"
    """It was recorded, but a silence holds."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the incidents that were found, each in the order in which they were given."""

    new: tuple[Incident, ...] = ()
    """As they were recorded; their messages are in the outbox, where their routes and targets ask for any."""
    known: tuple[Incident, ...] = ()
    """As they were found. A second run of the same backfill has nothing but these."""
    silenced: tuple[Incident, ...] = ()
    """As they were recorded."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells incidents of the past once.

    What the store knows already is left as it is, although the backfill may have seen more of it: a longer beginning,
    or hits that the daemon is yet to search. The daemon counts what it finds by itself, so those hits must stay fresh
    for it, or it would end the incident too early. And a count that jumps because somebody looked at the past would
    be taken for growth, and call people.

    An incident that is over is told as that: nobody is called, it never escalates, and it waits for whatever is going
    on. One whose quiet period is not over is opened as the daemon would have opened it, and is the daemon's from then.
    """

    store: Store
    signatures: Mapping[str, Signature]
    """Every one that was searched for, by id."""
    compose: Compose
    clock: Clock
    quiet_ms: int

    def tell(self, found: Iterable[tuple[IncidentFound, Iterable[Hit]]]) -> Told:
        """Record what is new and write its messages into the outbox, one transaction for each incident.

        The store knows an incident that one of its own would have taken in, that the audit trail has, or whose hits it
        has. Where there are more hits than the store takes at once, the first of them decide over that, and the others
        follow in transactions of their own. Should those fail, the incident is told all the same, and the daemon may
        count again the hits that it is yet to search.

        Occurrences are numbered by what the store knows when an incident is told: give those of one signature in the
        order of time. What was told before keeps its number.

        Args:
            found: each incident with its hits, those that ended it included. The hits are read once, and no more than
                the first of an incident that the store knows.

        Raises:
            StoreError: the incidents before are told, and telling all of them again tells the rest.
        """
        by_fate: defaultdict[Fate, list[Incident]] = defaultdict(list)
        for each, hits in found:
            parts = _parts(hits, self.store.hits_at_once)
            fate, incident = transacted(self.store, partial(self._tell, each.incident, next(parts, [])))
            by_fate[fate].append(incident)
            for part in parts if fate is not Fate.KNOWN else ():
                transacted(self.store, partial(_add_hits, part))
        return Told(tuple(by_fate[Fate.TOLD]), tuple(by_fate[Fate.KNOWN]), tuple(by_fate[Fate.SILENCED]))

    def _tell(self, found: Incident, hits: Sequence[Hit], unit: Unit) -> tuple[Fate, Incident]:
        now_ms = int(self.clock() * 1000)
        if self._is_known(unit, found) or not unit.add_hits(hits):
            return Fate.KNOWN, found
        decision = self._decision(found, _previous(unit, found), now_ms)
        silence = hush(unit.silences(now_ms), decision.incident, now_ms)
        incident = replace(decision.incident, silence=silence)
        self._record(unit, replace(decision, incident=incident), now_ms)
        if silence is None:
            return Fate.TOLD, incident
        self._record(unit, Decision(Reason.SILENCED, incident, silence.author), now_ms)
        return Fate.SILENCED, incident

    def _is_known(self, unit: Unit, found: Incident) -> bool:
        """Whether the store has an incident that this one would have been a part of, or has had it."""
        begin_ms, end_ms = found.first_seen_ms - self.quiet_ms, found.last_seen_ms + self.quiet_ms
        touched = unit.touching(found.signature, found.group, begin_ms, end_ms)
        # The trail may be kept for longer than incidents are.
        return touched is not None or bool(unit.entries(_name(found)))

    def _decision(self, found: Incident, previous: Incident | None, now_ms: int) -> Decision:
        quiet_from_ms = found.last_seen_ms + self.quiet_ms
        begun = replace(
            found,
            id=_name(found),
            state=State.OPEN,
            active_ms=now_ms,
            opened_ms=now_ms,
            told_count=found.count,
            occurrence=previous.occurrence + 1 if previous else 1,
            previous_ms=previous.last_seen_ms if previous else None,
            resolved_ms=None,
            resolution=None,
        )
        if found.resolution is not Reason.RECOVERED and now_ms < quiet_from_ms:
            return Decision(Reason.RECURRED if previous else Reason.OPENED, begun, ACTOR)
        ended_ms = quiet_from_ms if found.resolved_ms is None else found.resolved_ms
        over = replace(begun, state=State.RESOLVED, resolved_ms=min(ended_ms, now_ms), resolution=Reason.FOUND_LATER)
        return Decision(Reason.FOUND_LATER, over, ACTOR)

    def _record(self, unit: Unit, decision: Decision, now_ms: int) -> None:
        incident = decision.incident
        unit.put_incident(incident)
        signature = known(incident.signature, self.signatures)
        notices = list(self.compose(decision, signature, unit.cards(incident.id), now_ms))
        for notice in notices:
            unit.enqueue(notice)
        unit.record(entry_of(decision, now_ms, notices))


def with_hits(
    findings: Iterable[Finding], found: Iterable[IncidentFound]
) -> Iterator[tuple[IncidentFound, Iterator[Hit]]]:
    """Each incident with its hits, ends included; what belongs to none is left out.

    Args:
        findings: as `Findings.in_time` gives them.
        found: the incidents that were made of them, in any order.
    """
    by_key: defaultdict[tuple[str, str], list[IncidentFound]] = defaultdict(list)
    for each in sorted(found, key=_first_ms):
        by_key[each.incident.signature, each.incident.group].append(each)

    def owner(finding: Finding) -> IncidentFound | None:
        candidates = by_key.get((finding.signature, finding.group), [])
        place = bisect_right(candidates, finding.hit.row.ts_ms, key=_first_ms)
        return candidates[place - 1] if place else None

    for incident, its in groupby(findings, owner):
        if incident is not None:
            yield incident, (finding.hit for finding in its)


def deliver_all(outbox: Outbox, deliveries: Deliveries, clock: Clock, wait: Wait, rounds: int = ROUNDS) -> int:
    """Deliver until nothing is left, and return how many messages are left where that takes too long.

    A daemon on the same store may deliver too: each message is claimed by one of them.

    Args:
        outbox: sends.
        deliveries: of the same store.
        clock: epoch seconds.
        wait: pauses between two rounds; True means to give up.
        rounds: at most.

    Raises:
        StoreError: the outbox can not be read.
    """
    left = 0
    for _ in range(rounds):
        outbox.deliver_due()
        left, _oldest = deliveries.outbox(int(clock() * 1000))
        if not left or wait(PAUSE_SECONDS):
            break
    return left


def left_over(count: int) -> str:
    """What to say of messages that could not be delivered; empty for none."""
    if not count:
        return ""
    messages = "1 message is" if count == 1 else f"{count:,} messages are"
    return (
        f"{messages} still undelivered; a daemon on this store goes on trying, and so does this command when run again"
    )


def _first_ms(found: IncidentFound) -> int:
    return found.incident.first_seen_ms


def _name(found: Incident) -> str:
    return incident_id(found.signature, found.group, found.first_seen_ms)


def _previous(unit: Unit, found: Incident) -> Incident | None:
    return unit.incident(found.signature, found.group, found.first_seen_ms)


def _add_hits(hits: Sequence[Hit], unit: Unit) -> None:
    unit.add_hits(hits)


def _parts(hits: Iterable[Hit], at_once: int) -> Iterator[list[Hit]]:
    left = iter(hits)
    while part := list(islice(left, at_once)):
        yield part
