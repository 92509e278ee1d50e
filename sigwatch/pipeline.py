"""The order of the stages for one batch, and nothing else: search, match, detect, incident, outbox, cursor."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from sigwatch.errors import TooMuch
from sigwatch.findings import grouping
from sigwatch.incident import lifecycle
from sigwatch.incident.own import OWN, cut_hit, overflow_hit
from sigwatch.incident.silence import expiring, hush, matches
from sigwatch.match.engine import Compile, Engine
from sigwatch.match.prefilter import quick
from sigwatch.matching import MOST_FETCHED, Matched, matched
from sigwatch.model.event import IncidentChanged, ReadIncomplete, WindowSearched
from sigwatch.model.incident import COUNTS, Decision, Incident, Silence
from sigwatch.model.knowledge import KnowledgeObject, Signature
from sigwatch.model.logs import Hit
from sigwatch.model.message import TOLD, Delivery, Notice
from sigwatch.plan.scopes import Batch
from sigwatch.plan.strategy import QueryPlan, plan_queries
from sigwatch.ports import Clock, CursorKey, Observer, Store, Unit, cursor_key
from sigwatch.search import Reader, Reading
from sigwatch.telling import entry_of
from sigwatch.transaction import transacted


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the signatures of a scope were turned into."""

    signatures: tuple[Signature, ...]
    engine: Engine
    plan: QueryPlan


def prepare(
    signatures: Sequence[Signature],
    window_bytes: int = 0,
    previous: Prepared | None = None,
    compile_all: Compile = quick,
) -> Prepared:
    """Make ready to search for signatures in windows of about so many bytes; what is ready of `previous` is kept."""
    engine = Engine(signatures, previous.engine if previous else None, compile_all)
    plan = plan_queries(signatures, window_bytes, previous.plan if previous else None)
    return Prepared(tuple(signatures), engine, plan)


def look_through(reader: Reader, batch: Batch, prepared: Prepared) -> tuple[Reading, Matched]:
    """Search one batch and let the exact patterns decide; the reading counts as far as both went.

    Raises:
        SourceError: nothing of the batch counts.
    """
    reading = reader.read(batch, prepared.plan.queries)
    fetch = partial(reader.source.whole_message, lane=batch.groups[0].lane)
    found = matched(reading.rows, reading.window, prepared.engine, fetch)
    reading.end_at(found.window, found.fetched / MOST_FETCHED)
    return reading, found


Record = Callable[[Unit, Reading], None]
"""Writes down what a reading has searched."""


class Covers(Protocol):
    """As much of a transaction as it takes to say what was searched."""

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """See `ports.Unit.cover`."""


def covering(batch: Batch) -> Callable[[Covers, Reading], None]:
    """Writes down that a pass has searched a batch, but for the log groups that were lost."""

    def record(unit: Covers, reading: Reading) -> None:
        for group in batch.groups:
            if group not in reading.lost_groups:
                unit.cover(cursor_key(batch.step.name, group), reading.window.start, reading.window.end)

    return record


Compose = Callable[[Decision, Signature | None, Sequence[Delivery], int], Iterable[Notice]]
"""What targets are to show after a decision, given the signature if it is known, the incident's cards, and the time."""

Warn = Callable[[Silence, Sequence[Incident], int], Iterable[Notice]]
"""What targets are to say of a silence that is about to end over these incidents, and the time."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Turns due windows into recorded incidents and outbox rows."""

    reader: Reader
    store: Store
    rules: lifecycle.Rules
    group_by: Sequence[str]
    compose: Compose
    warn: Warn
    clock: Clock
    observe: Observer

    def sweep(self, batch: Batch, prepared: Prepared, record: Record) -> Reading:
        """Search one batch and record its hits, incidents, outbox rows and what was searched, in one transaction.

        Where that is more than the state takes at once, the first of the hits are recorded with what follows from them
        in transactions of their own, and what was searched with the last.

        Raises:
            SourceError: nothing was recorded; the window is done again.
            StoreError: likewise.
        """
        reading, found = look_through(self.reader, batch, prepared)
        # Where every signature was rejected nothing has been searched for, so the window has to wait.
        searched = len(reading.rejected) < len(batch.scope.signatures)
        hits = [*found.hits, *map(overflow_hit, reading.overflowing), *map(cut_hit, found.unseen[:1])]
        signatures = {signature.id: signature for signature in (*OWN, *batch.scope.signatures)}

        def finish(unit: Unit) -> None:
            unit.guard(batch.lease)
            unit.forget_queries(reading.markers)
            if searched:
                record(unit, reading)

        fresh, decisions = self._recorded(hits, signatures, finish)
        self._tell(batch, reading, fresh, found, signatures)
        self._changed(decisions)
        return reading

    def _recorded(
        self, hits: Sequence[Hit], signatures: Mapping[str, Signature], finish: Callable[[Unit], None]
    ) -> tuple[list[Hit], list[Decision]]:
        """Record hits and all that follows from them, and return those that are new and what was decided."""
        size = self.store.incidents_at_once
        if len(hits) <= size:
            return self._in_one(hits, signatures, finish)
        # What belongs to one incident stays together, in the order of time.
        together = [found.in_time() for found in self._together(hits, signatures).values()]
        parts = [list(chain(*together[start : start + size])) for start in range(0, len(together), size)]
        done = [self._in_one(part, signatures, _nothing) for part in parts[:-1]]
        done.append(self._in_one(parts[-1], signatures, finish))
        return [hit for fresh, _ in done for hit in fresh], [each for _, decisions in done for each in decisions]

    def _in_one(
        self, hits: Sequence[Hit], signatures: Mapping[str, Signature], finish: Callable[[Unit], None]
    ) -> tuple[list[Hit], list[Decision]]:
        """Do the same in one transaction, or by halves where that is too much for one."""

        def work(unit: Unit) -> tuple[list[Hit], list[Decision]]:
            fresh = unit.add_hits(hits)
            decisions = self._decide(unit, fresh, signatures)
            finish(unit)
            return fresh, decisions

        try:
            return transacted(self.store, work)
        except TooMuch:
            if len(hits) < 2:
                raise
        middle = len(hits) // 2
        first = self._in_one(hits[:middle], signatures, _nothing)
        second = self._in_one(hits[middle:], signatures, finish)
        return first[0] + second[0], first[1] + second[1]

    def report(self, found: Hit) -> None:
        """Open or continue an incident of sigwatch itself.

        Raises:
            StoreError: nothing was recorded.
        """
        own = {signature.id: signature for signature in OWN}
        self._changed(transacted(self.store, lambda unit: self._decide(unit, unit.add_hits([found]), own)))

    def review(self, signatures: Mapping[str, Signature], covered_ms: Callable[[Incident], int]) -> None:
        """Do what time alone asks for: end what is quiet, call again, begin and end silences, warn of their ends.

        Each incident has a transaction of its own, in which it is looked at once more.
        """
        now_ms = int(self.clock() * 1000)
        known = {signature.id: signature for signature in OWN} | dict(signatures)
        with self.store.unit() as unit:
            silences = unit.silences(now_ms)
        incidents = self.store.unresolved()

        def decide(incident: Incident) -> Decision:
            silence = hush(silences, incident, now_ms)
            return lifecycle.review(incident, now_ms, covered_ms(incident), silence, self.rules)

        def change(unit: Unit, name: str) -> list[Decision]:
            found = unit.incident_by_id(name)
            decision = decide(found) if found else None
            if decision is None or decision.reason not in TOLD:
                return []
            self._record(unit, decision, known.get(decision.incident.signature), now_ms)
            return [decision]

        for incident in incidents:
            if decide(incident).reason in TOLD:
                self._changed(transacted(self.store, partial(change, name=incident.id)))
        for silence in expiring(silences, now_ms):
            hidden = [incident for incident in incidents if matches(silence.matchers, incident)]
            transacted(self.store, partial(self._enqueue, list(self.warn(silence, hidden, now_ms))))

    @staticmethod
    def _enqueue(notices: Iterable[Notice], unit: Unit) -> None:
        for notice in notices:
            unit.enqueue(notice)

    def _changed(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self.observe(IncidentChanged(decision))

    def _decide(self, unit: Unit, hits: Iterable[Hit], signatures: Mapping[str, Signature]) -> list[Decision]:
        now_ms = int(self.clock() * 1000)
        together = self._together(hits, signatures)
        silences = unit.silences(now_ms) if together else []
        made = []
        for (name, group), found in together.items():
            prior, signature = unit.incident(name, group), signatures.get(name)
            if signature is None and prior is None:
                continue
            of = signature or Signature(KnowledgeObject(id=name, title=name, path=""))
            for decision in lifecycle.apply(
                prior, group, of, found, now_ms, self.rules, lambda incident: hush(silences, incident, now_ms)
            ):
                self._record(unit, decision, signature, now_ms)
                made.append(decision)
        return made

    def _together(
        self, hits: Iterable[Hit], signatures: Mapping[str, Signature]
    ) -> Mapping[tuple[str, str], lifecycle.Found]:
        """The hits by what they are hits of and what they share."""
        by_signature: defaultdict[str, list[Hit]] = defaultdict(list)
        for each in hits:
            by_signature[each.signature].append(each)
        found: defaultdict[tuple[str, str], tuple[list[Hit], list[Hit]]] = defaultdict(lambda: ([], []))
        for name, its in by_signature.items():
            signature = signatures[name]
            group, side = grouping(signature, self.group_by, self.rules.mask), 1 if signature.recovers else 0
            for each in its:
                found[signature.recovers or name, group(each.row)][side].append(each)
        return {key: lifecycle.Found(*both) for key, both in found.items()}

    def _record(self, unit: Unit, decision: Decision, signature: Signature | None, now_ms: int) -> None:
        unit.put_incident(decision.incident)
        notices = list(self.compose(decision, signature, unit.cards(decision.incident.id), now_ms))
        for notice in notices:
            unit.enqueue(notice)
        if decision.reason not in COUNTS:
            unit.record(entry_of(decision, now_ms, notices))

    def _tell(
        self,
        batch: Batch,
        reading: Reading,
        fresh: Sequence[Hit],
        found: Matched,
        signatures: Mapping[str, Signature],
    ) -> None:
        counts: defaultdict[str, int] = defaultdict(int)
        for each in fresh:
            counts[each.signature] += 1
        counted = ((name, signatures[name], count) for name, count in sorted(counts.items()))
        hits = tuple((name, each.project, count) for name, each, count in counted if not each.recovers)
        place = batch.scope.name, batch.step.name, reading.window
        delays = tuple((each.row.ingested_ms - each.row.ts_ms) / 1000 for each in fresh if each.row.ingested_ms)
        self.observe(WindowSearched(*place, len(batch.groups), len(reading.rows), hits, delays))
        for search in reading.overflowing:
            self.observe(ReadIncomplete(*place, f"{search.groups[0].name} returned too many rows in one second"))
        if found.unseen:
            words = f"{len(found.unseen)} long events without a match may be cut off and can not be fetched whole"
            self.observe(ReadIncomplete(*place, words))
        for name in sorted(found.undecided):
            self.observe(ReadIncomplete(*place, f"the pattern of {name} ran out of time; write it without lookaround"))


def _nothing(_: Unit) -> None:
    """More is to come."""
