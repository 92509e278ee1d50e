"""What people may do to incidents, from the command line and from Slack alike.

What a command does to one incident is one transaction, and asked twice it finds its work done: nothing is written and
nothing is told.
"""

import glob
import hashlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import Final

from sigwatch.chat.actions import Acknowledge, AcknowledgeAll, Feedback, Request, SilenceFor
from sigwatch.errors import SigwatchError
from sigwatch.incident import lifecycle
from sigwatch.incident.silence import faults
from sigwatch.model.audit import SILENCE_ADDED, SILENCE_CANCELLED, Entry, silence_entry
from sigwatch.model.event import FeedbackGiven, IncidentChanged
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, Silence
from sigwatch.ports import Clock, Observer, Store, Unit
from sigwatch.telling import entry_of, retold
from sigwatch.transaction import transacted

HELPED, DID_NOT_HELP = "helped", "did_not_help"
"""Words of the audit trail."""

SAME_MS: Final = 60_000
"""A silence that ends so much earlier than the one asked for, or less, is the same: a click may arrive twice."""
LONGEST_REASON = 300
LONGEST_AUTHOR = 80
"""Characters."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """What became of a silence."""

    reason: Reason
    """`silenced`, `silence_ended`, or `already_so`."""
    silence: Silence
    """As it is now; the one that did already what was asked for."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of somebody's word on the steps of an incident."""

    reason: Reason | None
    """`already_so` when the same person had said the same; None when it is new: of the incident it changes nothing."""
    entry: Entry
    """As it is in the audit trail."""


Result = Decision | Silenced | Noted


class Commands:
    """Safe to use from several threads and processes: the store's transactions decide who was first."""

    def __init__(self, store: Store, clock: Clock, observe: Observer, mask: Callable[[str, str], str]) -> None:
        """Work on a state.

        Args:
            store: where incidents, silences, messages and the audit trail are.
            clock: epoch seconds.
            observe: is told of each incident that changed, once that is durable.
            mask: takes the secrets of a project, given first, out of what people write.
        """
        self._store = store
        self._clock = clock
        self._observe = observe
        self._mask = mask

    def acknowledge(self, incident_id: str, actor: str) -> Decision:
        """Somebody looks after an incident; it calls nobody any more.

        Raises:
            SigwatchError: there is no such incident.
        """
        [decision] = self._decide(lifecycle.acknowledge, actor, lambda unit: [_incident(unit, incident_id)])
        return decision

    def close(self, incident_id: str, actor: str) -> Decision:
        """Somebody says that an incident is over.

        Raises:
            SigwatchError: there is no such incident.
        """
        [decision] = self._decide(lifecycle.close, actor, lambda unit: [_incident(unit, incident_id)])
        return decision

    def acknowledge_all(self, digest_key: str, actor: str) -> tuple[Decision, ...]:
        """Acknowledge every incident that a digest lists on any page, given the idempotency key of its first one."""
        return self._decide(lifecycle.acknowledge, actor, lambda unit: unit.gathered(digest_key))

    def silence(self, matchers: Matchers, seconds: int, reason: str, author: str, source: str, actor: str) -> Silenced:
        """Keep incidents from being told for some time. It takes effect on those that are open with the next look.

        Args:
            matchers: what it is for.
            seconds: how long it holds.
            reason: why, in the words of whoever wants it; masked before it is kept.
            author: who wants it; masked as well.
            source: where it was asked for, such as `cli` or `slack`.
            actor: who did, for the audit trail.

        Raises:
            SigwatchError: it has no reason or author, would never hold, or for too long.
        """
        now_ms = self._now_ms()
        wanted = Silence(
            id="",
            matchers=matchers,
            reason=self._clean(matchers.project, reason, LONGEST_REASON),
            author=self._clean(matchers.project, author, LONGEST_AUTHOR),
            starts_ms=now_ms,
            ends_ms=now_ms + seconds * 1000,
            source=source,
        )
        if wrong := faults(wanted, now_ms):
            raise SigwatchError("; ".join(wrong))

        def work(unit: Unit) -> Silenced:
            same = next((held for held in unit.silences(now_ms) if _as_good(held, wanted)), None)
            if same is not None:
                return Silenced(Reason.ALREADY_SO, same)
            made = replace(wanted, id=_silence_id(wanted))
            unit.put_silence(made)
            unit.record(silence_entry(now_ms, actor, SILENCE_ADDED, made))
            return Silenced(Reason.SILENCED, made)

        return transacted(self._store, work)

    def expire(self, silence_id: str, actor: str) -> Silenced:
        """End a silence now, or keep it from beginning.

        Raises:
            SigwatchError: there is no such silence.
        """
        now_ms = self._now_ms()

        def work(unit: Unit) -> Silenced:
            found = unit.silence(silence_id)
            if found is None:
                raise SigwatchError(
                    f"there is no silence {_shown(silence_id)}; `sigwatch silence list --all` lists all"
                )
            if found.cancelled_ms is not None or found.ends_ms <= now_ms:
                return Silenced(Reason.ALREADY_SO, found)
            ended = replace(found, cancelled_ms=now_ms, cancelled_by=actor)
            unit.put_silence(ended)
            unit.record(silence_entry(now_ms, actor, SILENCE_CANCELLED, ended))
            return Silenced(Reason.SILENCE_ENDED, ended)

        return transacted(self._store, work)

    def feedback(self, incident_id: str, helped: bool, actor: str) -> Noted:
        """Somebody says whether the steps that were shown with an incident were of use. The last word of each counts.

        Raises:
            SigwatchError: there is no such incident.
        """
        now_ms = self._now_ms()

        def work(unit: Unit) -> Noted:
            incident = _incident(unit, incident_id)
            action = HELPED if helped else DID_NOT_HELP
            said = [e for e in unit.entries(incident.id) if e.actor == actor and e.action in {HELPED, DID_NOT_HELP}]
            if said and said[-1].action == action:
                return Noted(Reason.ALREADY_SO, said[-1])
            entry = Entry(now_ms, actor, action, incident.id, incident.signature, incident.project)
            unit.record(entry)
            return Noted(None, entry)

        noted = transacted(self._store, work)
        if noted.reason is None:
            self._observe(FeedbackGiven(noted.entry.subject, noted.entry.signature, helped, actor))
        return noted

    def silence_incident(self, incident_id: str, seconds: int, actor: str) -> Silenced:
        """Silence what an incident is about: its signature in its project, and its log group.

        A silence holds for an incident only when it matches all of its log groups. So with more than one of them it is
        for every log group of the signature.

        Raises:
            SigwatchError: there is no such incident.
        """
        with self._store.unit() as unit:
            incident = _incident(unit, incident_id)
        groups = incident.log_groups
        matchers = Matchers(
            signature=glob.escape(incident.signature),
            project=glob.escape(incident.project),
            log_group=glob.escape(groups[0]) if len(groups) == 1 else "*",
        )
        source, _, author = actor.partition(":")
        hours = f"silenced from {source.capitalize()} for {seconds // 3600} h"
        return self.silence(matchers, seconds, hours, author, source, actor)

    def carry_out(self, request: Request, actor: str) -> tuple[Result, ...]:
        """Do what somebody asked for by clicking on a button.

        Raises:
            SigwatchError: what it is about does not exist any more.
        """
        match request:
            case Acknowledge(incident):
                return (self.acknowledge(incident, actor),)
            case AcknowledgeAll(key):
                return self.acknowledge_all(key, actor)
            case SilenceFor(incident, seconds):
                return (self.silence_incident(incident, seconds, actor),)
            case Feedback(incident, helped):
                return (self.feedback(incident, helped, actor),)

    def _decide(
        self,
        decide: Callable[[Incident, str, int], Decision],
        actor: str,
        choose: Callable[[Unit], list[Incident]],
    ) -> tuple[Decision, ...]:
        """Decide on incidents and write what that changes, each in a transaction of its own."""
        now_ms = self._now_ms()

        def work(unit: Unit, name: str) -> Decision:
            decision = decide(_incident(unit, name), actor, now_ms)
            if decision.reason is not Reason.ALREADY_SO:
                unit.put_incident(decision.incident)
                unit.record(entry_of(decision, now_ms))
                for notice in retold(decision, unit.cards(decision.incident.id), now_ms):
                    unit.enqueue(notice)
            return decision

        with self._store.unit() as unit:
            names = [incident.id for incident in choose(unit)]
        decisions = []
        for name in names:
            decisions.append(transacted(self._store, partial(work, name=name)))
            if decisions[-1].reason is not Reason.ALREADY_SO:
                self._observe(IncidentChanged(decisions[-1]))
        return tuple(decisions)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _clean(self, project: str, text: str, most: int) -> str:
        """One line without secrets and without anything that moves a cursor or hides."""
        line = "".join(character for character in " ".join(text.split()) if character.isprintable())
        return self._mask(project, line)[:most]


def _incident(unit: Unit, wanted: str) -> Incident:
    found = unit.incident_by_id(wanted)
    if found is None:
        raise SigwatchError(f"there is no incident {_shown(wanted)}; `sigwatch incidents --state all` lists all")
    return found


def _as_good(held: Silence, wanted: Silence) -> bool:
    """Whether one silence does already what another one would."""
    tolerance = min(SAME_MS, (wanted.ends_ms - wanted.starts_ms) // 2)
    return held.matchers == wanted.matchers and held.ends_ms >= wanted.ends_ms - tolerance


def _silence_id(silence: Silence) -> str:
    facts = (*astuple(silence.matchers), silence.author, str(silence.starts_ms), str(silence.ends_ms))
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _shown(wanted: str) -> str:
    """What somebody typed, short and harmless to print."""
    return repr(wanted[:80])
