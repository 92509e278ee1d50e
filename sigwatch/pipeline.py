"""The order of the stages for one batch, and nothing else: search, match, detect, incident, outbox, cursor."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sigwatch.incident import lifecycle
from sigwatch.incident.fingerprint import grouping_key
from sigwatch.incident.own import OWN, cut_hit, overflow_hit
from sigwatch.match.engine import Engine
from sigwatch.matching import MOST_FETCHED, Matched, matched
from sigwatch.model.event import IncidentChanged, ReadIncomplete, WindowSearched
from sigwatch.model.incident import Alert, Decision, Incident, Kind, Reason
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit
from sigwatch.plan.scopes import Batch
from sigwatch.plan.strategy import QueryPlan, plan_queries
from sigwatch.ports import Clock, Observer, Store, Unit, cursor_key
from sigwatch.search import Reader, Reading

TOLD: Mapping[Reason, Kind] = {
    Reason.OPENED: Kind.OPENED,
    Reason.RECURRED: Kind.OPENED,
    Reason.COUNTED: Kind.COUNTED,
    Reason.COUNTED_LATE: Kind.COUNTED,
    Reason.RESOLVED: Kind.RESOLVED,
}
"""The decisions that change what a target shows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One target's message about an incident."""

    target: str
    destination: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the signatures of a scope were turned into."""

    signatures: tuple[Signature, ...]
    engine: Engine
    plan: QueryPlan


def prepare(signatures: Sequence[Signature], window_bytes: int = 0, previous: Prepared | None = None) -> Prepared:
    """Make ready to search for signatures in windows of about so many bytes; what is ready of `previous` is kept."""
    engine = Engine(signatures, previous.engine if previous else None)
    plan = plan_queries(signatures, window_bytes, previous.plan if previous else None)
    return Prepared(tuple(signatures), engine, plan)


Record = Callable[[Unit, Reading], None]
"""Writes down what a reading has searched."""


def covering(batch: Batch) -> Record:
    """Writes down that a pass has searched a batch, but for the log groups that were lost."""

    def record(unit: Unit, reading: Reading) -> None:
        for group in batch.groups:
            if group not in reading.lost_groups:
                unit.cover(cursor_key(batch.step.name, group), reading.window.start, reading.window.end)

    return record


Compose = Callable[[Incident, Signature], Iterable[Notice]]
"""What each target is to show for an incident."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Turns due windows into recorded incidents and outbox rows."""

    reader: Reader
    store: Store
    rules: lifecycle.Rules
    group_by: Sequence[str]
    compose: Compose
    clock: Clock
    observe: Observer

    def sweep(self, batch: Batch, prepared: Prepared, record: Record) -> Reading:
        """Search one batch and record, in one transaction, its hits, incidents, outbox rows and what was searched.

        Raises:
            SourceError: nothing was recorded; the window is done again.
            StoreError: likewise.
        """
        reading = self.reader.read(batch, prepared.plan.queries)
        # Where every signature was rejected nothing has been searched for, so the window has to wait.
        searched = len(reading.rejected) < len(batch.scope.signatures)
        lane = batch.groups[0].lane
        fetch = partial(self.reader.source.whole_message, lane=lane)
        found = matched(reading.rows, reading.window, prepared.engine, fetch)
        reading.end_at(found.window, found.fetched / MOST_FETCHED)
        hits = [*found.hits, *map(overflow_hit, reading.overflowing), *map(cut_hit, found.unseen[:1])]
        signatures = {signature.id: signature for signature in (*OWN, *batch.scope.signatures)}
        with self.store.unit() as unit:
            fresh = unit.add_hits(hits)
            decisions = self._decide(unit, fresh, signatures)
            unit.forget_queries(reading.markers)
            if searched:
                record(unit, reading)
        self._tell(batch, reading, fresh, found, signatures)
        for decision in decisions:
            self.observe(IncidentChanged(decision))
        return reading

    def report(self, found: Hit) -> None:
        """Open or continue an incident of sigwatch itself.

        Raises:
            StoreError: nothing was recorded.
        """
        own = {signature.id: signature for signature in OWN}
        with self.store.unit() as unit:
            decisions = self._decide(unit, unit.add_hits([found]), own)
        for decision in decisions:
            self.observe(IncidentChanged(decision))

    def resolve(self, signatures: Mapping[str, Signature], covered_ms: Callable[[Incident], int]) -> None:
        """Resolve the open incidents whose quiet period has passed and was searched."""
        now_ms = int(self.clock() * 1000)
        known = {signature.id: signature for signature in OWN} | dict(signatures)
        with self.store.unit() as unit:
            checked = [
                lifecycle.settle(incident, now_ms, covered_ms(incident), self.rules.quiet_ms)
                for incident in unit.open_incidents()
            ]
            over = [decision for decision in checked if decision.reason is Reason.RESOLVED]
            for decision in over:
                self._record(unit, decision, known.get(decision.incident.signature))
        for decision in over:
            self.observe(IncidentChanged(decision))

    def _decide(self, unit: Unit, hits: Iterable[Hit], signatures: Mapping[str, Signature]) -> list[Decision]:
        together: defaultdict[tuple[str, str], list[Hit]] = defaultdict(list)
        for found in hits:
            together[found.signature, grouping_key(found.row, self.group_by)].append(found)
        now_ms = int(self.clock() * 1000)
        made = []
        for (name, group), members in together.items():
            prior = unit.incident(name, group)
            for decision in lifecycle.apply(prior, group, signatures[name], members, now_ms, self.rules):
                self._record(unit, decision, signatures[name])
                made.append(decision)
        return made

    def _record(self, unit: Unit, decision: Decision, signature: Signature | None) -> None:
        unit.put_incident(decision.incident)
        for notice in self._notices(unit, decision.incident, signature):
            unit.enqueue(notice.target, notice.destination, TOLD[decision.reason], notice.alert)

    def _notices(self, unit: Unit, incident: Incident, signature: Signature | None) -> Iterable[Notice]:
        if signature is not None:
            return self.compose(incident, signature)
        # Its document is gone, but what was said about it must still come to its end.
        return [
            Notice(told.target, told.destination, replace(told.alert, incident=incident))
            for told in unit.deliveries(incident.id)
        ]

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
        hits = tuple((name, signatures[name].project, count) for name, count in sorted(counts.items()))
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
