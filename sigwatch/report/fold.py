"""What was found, in the order of time, as the incidents that live detection would have made of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from sigwatch.incident import lifecycle
from sigwatch.incident.growth import HISTOGRAM_MINUTES
from sigwatch.incident.own import OWN
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.knowledge import KnowledgeObject, Signature
from sigwatch.model.logs import Hit
from sigwatch.model.past import Finding, IncidentFound

AT_ONCE = 5_000
"""Hits that are in memory at the same time."""

_MINUTE_MS = 60_000


def known(name: str, signatures: Mapping[str, Signature]) -> Signature:
    """The signature with that id; where its document is gone meanwhile, one that has nothing but the id."""
    own = {signature.id: signature for signature in OWN}
    return signatures.get(name) or own.get(name) or Signature(KnowledgeObject(id=name, title=name, path=""))


def incidents(
    findings: Iterable[Finding],
    signatures: Mapping[str, Signature],
    rules: lifecycle.Rules,
    end_ms: int,
    at_once: int = AT_ONCE,
) -> Iterator[IncidentFound]:
    """The incidents, in the order of signature, grouping key and time; never more than one and `at_once` hits held.

    What is found is what polling at every moment would have found: a hit that ends an incident ends it at its own time.
    One that was quiet for the quiet period before `end_ms` is over. Nobody is called, so nothing escalates.

    Args:
        findings: as `Findings.in_time` gives them; their texts are masked already.
        signatures: by id.
        rules: as of live detection; of them only the quiet period counts.
        end_ms: up to when the past was searched, epoch milliseconds.
        at_once: changes nothing but memory, time, and which of many different log events are kept as samples.
    """
    calm = lifecycle.Rules(rules.quiet_ms, _masked_already, growth=0)
    for (name, group), its in groupby(findings, key=lambda each: (each.signature, each.group)):
        line = _Line(group, known(name, signatures), calm)
        last: IncidentFound | None = None
        for found in line.followed(_parts(its, at_once)):
            if last is not None and found.incident.id != last.incident.id:
                yield last
            last = found
        if last is not None:
            yield replace(last, incident=_quiet(last.incident, end_ms, calm))


def _masked_already(_project: str, text: str) -> str:
    return text


def _parts(findings: Iterable[Finding], at_once: int) -> Iterator[lifecycle.Found]:
    """Findings of one grouping key in small parts: some hits, or one end.

    Those of a part lie within an hour, so that an incident's histogram still has every minute of it.
    """
    hits: list[Hit] = []
    for each in findings:
        full = len(hits) >= at_once or (hits and _minute(each.hit) - _minute(hits[0]) >= HISTOGRAM_MINUTES)
        if hits and (full or each.recovers):
            yield lifecycle.Found(hits)
            hits = []
        if each.recovers:
            yield lifecycle.Found(ends=[each.hit])
        else:
            hits.append(each.hit)
    if hits:
        yield lifecycle.Found(hits)


def _minute(hit: Hit) -> int:
    return hit.row.ts_ms // _MINUTE_MS


@dataclass(frozen=True, slots=True)
class _Line:
    """The incidents of one signature and grouping key, one after the other."""

    group: str
    signature: Signature
    rules: lifecycle.Rules

    def followed(self, parts: Iterable[lifecycle.Found]) -> Iterator[IncidentFound]:
        """Every state that an incident went through."""
        last: IncidentFound | None = None
        for part in parts:
            for incident in self._decided(last.incident if last else None, part):
                same = last if last and last.incident.id == incident.id else IncidentFound(incident, 0, 0)
                last = IncidentFound(incident, *_peak(same, incident))
                yield last

    def _decided(self, prior: Incident | None, part: lifecycle.Found) -> Iterator[Incident]:
        if prior is not None and part.ends:
            # Whoever listens all the time has noticed before whether it was quiet.
            prior = _quiet(prior, part.ends[0].row.ts_ms - 1, self.rules)
            yield prior
        now_ms = (part.hits or part.ends)[0].row.ts_ms
        for decision in lifecycle.apply(prior, self.group, self.signature, part, now_ms, self.rules, _unsilenced):
            prior = _as_it_happened(decision, prior)
            yield prior


def _unsilenced(_incident: Incident) -> None:
    """Silences are for people who are called, and nobody is."""


def _as_it_happened(decision: Decision, prior: Incident | None) -> Incident:
    """The incident as if each of its hits had been recorded when it was logged, and nobody told."""
    incident = decision.incident
    opened_ms = incident.opened_ms
    if prior is None or prior.id != incident.id:
        opened_ms = incident.first_seen_ms
    elif decision.reason is not Reason.REOPENED:
        opened_ms = prior.opened_ms
    return replace(
        incident,
        active_ms=incident.last_seen_ms,
        opened_ms=opened_ms,
        told_count=incident.count,
        escalated=(),
    )


def _quiet(incident: Incident, until_ms: int, rules: lifecycle.Rules) -> Incident:
    """The incident, over if its quiet period ended by then."""
    end_ms = incident.last_seen_ms + rules.quiet_ms
    if incident.state is State.RESOLVED or end_ms > until_ms:
        return incident
    return lifecycle.review(incident, end_ms, end_ms, None, rules).incident


def _peak(before: IncidentFound, incident: Incident) -> tuple[int, int]:
    """Most hits within a minute, and which; of equal ones the first."""
    peak, peak_ms = before.peak, before.peak_ms
    for minute, count in incident.histogram:
        if count > peak:
            peak, peak_ms = count, minute * _MINUTE_MS
    return peak, peak_ms
