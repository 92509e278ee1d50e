"""The life of an incident: pure decisions, each with its named reason."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sigwatch.incident.fingerprint import incident_id
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit

SAMPLES = 3
"""Log events kept with an incident."""

SAMPLE_LENGTH = 2000
"""Characters kept of each."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes hits one incident."""

    quiet_ms: int
    mask: Callable[[str], str]
    """Takes secrets out of text; nothing unmasked is kept."""


def apply(
    prior: Incident | None, group: str, signature: Signature, hits: Iterable[Hit], now_ms: int, rules: Rules
) -> Iterator[Decision]:
    """What becomes of a signature's incident when new hits of one grouping key arrive, in the order of their time.

    A silence longer than the quiet period between two hits ends one incident and begins the next, whether the hits
    come live, after a downtime or in a backfill. A hit from before the end of a resolved incident belongs to it.
    """
    incident = prior
    counted: Incident | None = None
    seen: set[str] = set()
    for hit in sorted(hits, key=lambda hit: (hit.row.ts_ms, hit.identity)):
        if incident is None or hit.row.ts_ms > _end(incident, rules):
            if counted is not None:
                yield _counted(counted)
                counted = None
            if incident is not None and incident.state is State.OPEN:
                yield _resolved(incident, incident.last_seen_ms + rules.quiet_ms)
            decision = _opened(incident, group, signature, hit, now_ms, rules)
            incident = decision.incident
            yield decision
        else:
            incident = counted = _grown(incident, hit, now_ms)
            # Masking costs more than all the rest, and a storm repeats itself.
            if len(incident.samples) < SAMPLES and hit.row.message not in seen:
                seen.add(hit.row.message)
                incident = counted = _sampled(incident, _sample(hit, rules))
    if counted is not None:
        yield _counted(counted)


def settle(incident: Incident, now_ms: int, covered_ms: int, quiet_ms: int) -> Decision:
    """Whether an open incident is over.

    It is when nothing of it was seen or found for the quiet period, and the log groups were searched up to the end of
    that period: a silence that nobody listened to proves nothing.
    """
    if now_ms < max(incident.last_seen_ms, incident.active_ms) + quiet_ms:
        return Decision(Reason.STILL_ACTIVE, incident)
    if covered_ms < incident.last_seen_ms + quiet_ms:
        return Decision(Reason.NOT_YET_COVERED, incident)
    return _resolved(incident, now_ms)


def _opened(
    previous: Incident | None, group: str, signature: Signature, hit: Hit, now_ms: int, rules: Rules
) -> Decision:
    row = hit.row
    incident = Incident(
        id=incident_id(signature.id, group, row.ts_ms),
        signature=signature.id,
        project=signature.project,
        severity=signature.severity,
        group=group,
        account=row.account,
        region=row.region,
        log_groups=(row.log_group,),
        state=State.OPEN,
        count=1,
        first_seen_ms=row.ts_ms,
        last_seen_ms=row.ts_ms,
        active_ms=now_ms,
        samples=(_sample(hit, rules),),
        occurrence=previous.occurrence + 1 if previous else 1,
        previous_ms=previous.last_seen_ms if previous else None,
    )
    return Decision(Reason.RECURRED if previous else Reason.OPENED, incident)


def _end(incident: Incident, rules: Rules) -> int:
    """Event time after which a hit no longer belongs to an incident."""
    quiet = incident.last_seen_ms + rules.quiet_ms
    return quiet if incident.resolved_ms is None else min(quiet, incident.resolved_ms)


def _sampled(incident: Incident, sample: str) -> Incident:
    return incident if sample in incident.samples else replace(incident, samples=(*incident.samples, sample))


def _grown(incident: Incident, hit: Hit, now_ms: int) -> Incident:
    row = hit.row
    return replace(
        incident,
        count=incident.count + 1,
        first_seen_ms=min(incident.first_seen_ms, row.ts_ms),
        last_seen_ms=max(incident.last_seen_ms, row.ts_ms),
        active_ms=now_ms,
        log_groups=tuple(sorted({*incident.log_groups, row.log_group})),
    )


def _counted(incident: Incident) -> Decision:
    return Decision(Reason.COUNTED if incident.state is State.OPEN else Reason.COUNTED_LATE, incident)


def _resolved(incident: Incident, at_ms: int) -> Decision:
    return Decision(Reason.RESOLVED, replace(incident, state=State.RESOLVED, resolved_ms=at_ms))


def _sample(hit: Hit, rules: Rules) -> str:
    # Cut after masking: half a secret would not be recognised as one.
    return rules.mask(hit.row.message[: 2 * SAMPLE_LENGTH])[:SAMPLE_LENGTH]
