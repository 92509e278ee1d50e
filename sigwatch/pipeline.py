"""The order of the stages for one batch, and nothing else: search, match, detect, incident, outbox, cursor."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sigwatch.incident import lifecycle
from sigwatch.incident.fingerprint import grouping_key, hit
from sigwatch.match.engine import Engine
from sigwatch.model.event import IncidentChanged, ReadIncomplete, WindowSearched
from sigwatch.model.incident import Alert, Decision, Incident, Kind, Reason
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit, LogGroup, Pass, Row
from sigwatch.plan.scopes import Batch
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

    def adopt(self, passes: Iterable[Pass], groups: Iterable[LogGroup], first: int) -> None:
        """Give every pass a cursor in each log group that it has not searched before: `first`, or the group's birth."""
        known = self.store.cursors()
        fresh = [(s, g) for g in groups for s in passes if cursor_key(s.name, g) not in known]
        if fresh:
            with self.store.unit() as unit:
                for step, group in fresh:
                    searched = [second for key, second in known.items() if key[0] == step.name]
                    created = group.created_ms // 1000
                    # One that was created while nobody looked is read from its beginning.
                    start = min(first, created) if searched and created > min(searched) else first
                    unit.move_cursor(cursor_key(step.name, group), start)

    def sweep(self, batch: Batch, engine: Engine) -> Reading:
        """Search one batch and record, in one transaction, its hits, incidents, outbox rows and cursors.

        Raises:
            SourceError: nothing was recorded; the window is done again.
            StoreError: likewise.
        """
        reading = self.reader.read(batch)
        # Where every signature was rejected nothing has been searched for, so the window has to wait.
        searched = len(reading.rejected) < len(batch.scope.signatures)
        hits, undecided = _matched(reading.rows, engine)
        signatures = {signature.id: signature for signature in batch.scope.signatures}
        with self.store.unit() as unit:
            fresh = unit.add_hits(hits)
            decisions = self._decide(unit, fresh, signatures)
            for group in batch.groups:
                if searched and group not in reading.lost_groups:
                    unit.move_cursor(cursor_key(batch.step.name, group), batch.window.end)
        self._tell(batch, reading, fresh, undecided, signatures)
        for decision in decisions:
            self.observe(IncidentChanged(decision))
        return reading

    def resolve(self, signatures: Mapping[str, Signature], covered_ms: Callable[[Incident], int]) -> None:
        """Resolve the open incidents whose quiet period has passed and was searched."""
        now_ms = int(self.clock() * 1000)
        with self.store.unit() as unit:
            checked = [
                lifecycle.settle(incident, now_ms, covered_ms(incident), self.rules.quiet_ms)
                for incident in unit.open_incidents()
            ]
            over = [decision for decision in checked if decision.reason is Reason.RESOLVED]
            for decision in over:
                self._record(unit, decision, signatures.get(decision.incident.signature))
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
        undecided: frozenset[str],
        signatures: Mapping[str, Signature],
    ) -> None:
        counts: defaultdict[str, int] = defaultdict(int)
        for found in fresh:
            counts[found.signature] += 1
        hits = tuple((name, signatures[name].project, count) for name, count in sorted(counts.items()))
        place = batch.scope.name, batch.step.name, batch.window
        self.observe(WindowSearched(*place, len(batch.groups), len(reading.rows), hits))
        for search in reading.overflowing:
            self.observe(ReadIncomplete(*place, f"{search.groups[0].name} returned too many rows in one second"))
        for name in sorted(undecided):
            self.observe(ReadIncomplete(*place, f"the pattern of {name} ran out of time; write it without lookaround"))


def _matched(rows: Iterable[Row], engine: Engine) -> tuple[list[Hit], frozenset[str]]:
    hits = []
    undecided: set[str] = set()
    for row in rows:
        verdict = engine.match(row.message)
        hits += [hit(name, row) for name in verdict.found]
        undecided.update(verdict.undecided)
    return hits, frozenset(undecided)
