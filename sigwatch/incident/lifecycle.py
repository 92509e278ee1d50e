"""The life of an incident: pure decisions, each with its named reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from sigwatch.incident.fingerprint import incident_id
from sigwatch.incident.growth import extended, grown
from sigwatch.model.incident import ESCALATIONS, Decision, Incident, Reason, Silence, State
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes hits one incident, and when people are called again."""

    quiet_ms: int
    mask: Callable[[str, str], str]
    """Takes a project's secrets out of text; nothing unmasked is kept."""
    growth: int = 10
    """An incident has grown when it counts so many times what was last told; 0 for never."""
    patience_ms: Mapping[str, int] = field(default_factory=dict)
    """By severity, how long an incident may stay unacknowledged."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a batch brought for one signature and grouping key."""

    hits: Sequence[Hit] = ()
    ends: Sequence[Hit] = ()
    """Hits of the pattern that says that it is over."""

    def in_time(self) -> list[Hit]:
        """All of them, in the order of their events."""
        return sorted((*self.hits, *self.ends), key=_IN_TIME)


_IN_TIME = attrgetter("row.ts_ms", "identity")

Hush = Callable[[Incident], Silence | None]
"""The silence that an incident falls under now."""


def apply(
    prior: Incident | None, group: str, signature: Signature, found: Found, now_ms: int, rules: Rules, hush: Hush
) -> Iterator[Decision]:
    """What becomes of a signature's incident when something new of one grouping key arrives.

    A silence longer than the quiet period between two hits ends one incident and begins the next, whether the hits
    come live, after a downtime or in a backfill. A hit from before the end of a resolved incident belongs to it, and
    one that follows within the quiet period opens it again.
    """
    incident = prior
    for hits in _runs(found.hits, prior, rules.quiet_ms):
        first = hits[0].row.ts_ms
        if incident is None or first > incident.last_seen_ms + rules.quiet_ms:
            if incident is not None and incident.state is not State.RESOLVED:
                yield _ended(incident, incident.last_seen_ms + rules.quiet_ms, Reason.RESOLVED)
            decision = _opened(incident, group, signature, hits, now_ms, rules)
        else:
            decision = _continued(incident, hits, now_ms, rules)
        incident = decision.incident
        silence = None if decision.reason is Reason.COUNTED_LATE else hush(incident)
        if silence is None or _same(silence, incident.silence):
            yield decision
            continue
        incident = replace(incident, silence=silence)
        yield Decision(Reason.COUNTED if decision.reason in ESCALATIONS else decision.reason, incident)
        yield Decision(Reason.SILENCED, incident, silence.author)
    end = _end(incident, found.ends)
    if incident is not None and end is not None:
        yield _ended(incident, end, Reason.RECOVERED)


def review(incident: Incident, now_ms: int, covered_ms: int, silence: Silence | None, rules: Rules) -> Decision:
    """What time alone has made of an incident that is not over.

    It is over when nothing of it was seen or found for the quiet period, and the log groups were searched up to the end
    of that period: a silence that nobody listened to proves nothing.

    Args:
        incident: as recorded.
        now_ms: the time.
        covered_ms: up to where its log groups were searched.
        silence: the one that it falls under now.
        rules: of all incidents.
    """
    quiet = now_ms >= max(incident.last_seen_ms, incident.active_ms) + rules.quiet_ms
    covered = covered_ms >= incident.last_seen_ms + rules.quiet_ms
    if quiet and covered:
        return _ended(incident, now_ms, Reason.RESOLVED)
    if not _same(silence, incident.silence):
        changed = replace(incident, silence=silence)
        author = silence.author if silence else "sigwatch"
        return Decision(Reason.SILENCED if silence else Reason.SILENCE_ENDED, changed, author)
    patience = rules.patience_ms.get(incident.severity)
    waiting = incident.state is State.OPEN and not silence and Reason.UNACKNOWLEDGED not in incident.escalated
    if patience is not None and waiting and now_ms >= incident.opened_ms + patience:
        return _escalated(incident, Reason.UNACKNOWLEDGED)
    return Decision(Reason.NOT_YET_COVERED if quiet else Reason.STILL_ACTIVE, incident)


def acknowledge(incident: Incident, actor: str, now_ms: int) -> Decision:
    """Somebody looks after it: it escalates no more."""
    if incident.state is not State.OPEN:
        return Decision(Reason.ALREADY_SO, incident, actor)
    taken = replace(incident, state=State.ACKNOWLEDGED, acknowledged_by=actor, acknowledged_ms=now_ms)
    return Decision(Reason.ACKNOWLEDGED, taken, actor)


def close(incident: Incident, actor: str, now_ms: int) -> Decision:
    """Somebody says that it is over."""
    if incident.state is State.RESOLVED:
        return Decision(Reason.ALREADY_SO, incident, actor)
    decision = _ended(replace(incident, closed_by=actor), now_ms, Reason.CLOSED)
    return replace(decision, actor=actor)


def _runs(hits: Iterable[Hit], prior: Incident | None, quiet_ms: int) -> Iterator[list[Hit]]:
    """Hits in the order of time, cut where a longer silence than the quiet period lies between them.

    What belongs to an incident that is over already is a run of its own.
    """
    end = prior.last_seen_ms + quiet_ms if prior else None
    over = prior.resolved_ms if prior and prior.state is State.RESOLVED else None
    run: list[Hit] = []
    for hit in sorted(hits, key=_IN_TIME):
        ts_ms = hit.row.ts_ms
        crossed = over is not None and ts_ms > over
        if run and (crossed or (end is not None and ts_ms > end)):
            yield run
            run = []
        if crossed:
            over = None
        run.append(hit)
        end = max(end or 0, ts_ms + quiet_ms)
    if run:
        yield run


def _opened(
    previous: Incident | None, group: str, signature: Signature, hits: Sequence[Hit], now_ms: int, rules: Rules
) -> Decision:
    row = hits[0].row
    begun = Incident(
        id=incident_id(signature.id, group, row.ts_ms),
        signature=signature.id,
        project=signature.project,
        severity=signature.severity,
        group=group,
        account=row.account,
        region=row.region,
        log_groups=(),
        state=State.OPEN,
        count=0,
        first_seen_ms=row.ts_ms,
        last_seen_ms=row.ts_ms,
        active_ms=now_ms,
        opened_ms=now_ms,
        occurrence=previous.occurrence + 1 if previous else 1,
        previous_ms=previous.last_seen_ms if previous else None,
    )
    incident = extended(begun, hits, now_ms, rules.mask)
    told = replace(incident, told_count=incident.count)
    return Decision(Reason.RECURRED if previous else Reason.OPENED, told)


def _continued(incident: Incident, hits: Sequence[Hit], now_ms: int, rules: Rules) -> Decision:
    after = extended(incident, hits, now_ms, rules.mask)
    if incident.state is not State.RESOLVED:
        escalation = grown(incident, after, rules.growth)
        return _escalated(after, escalation) if escalation else Decision(Reason.COUNTED, after)
    if incident.resolved_ms is None or hits[0].row.ts_ms <= incident.resolved_ms:
        return Decision(Reason.COUNTED_LATE, after)
    again = replace(
        after,
        state=State.OPEN,
        opened_ms=now_ms,
        told_count=after.count,
        escalated=(),
        resolved_ms=None,
        resolution=None,
        closed_by="",
        acknowledged_by="",
        acknowledged_ms=None,
    )
    return Decision(Reason.REOPENED, again)


def _escalated(incident: Incident, reason: Reason) -> Decision:
    return Decision(reason, replace(incident, told_count=incident.count, escalated=(*incident.escalated, reason)))


def _end(incident: Incident | None, ends: Iterable[Hit]) -> int | None:
    """When an incident was seen to be over: after its newest hit, whatever came before that."""
    if incident is None or incident.state is State.RESOLVED:
        return None
    return min((hit.row.ts_ms for hit in ends if hit.row.ts_ms >= incident.last_seen_ms), default=None)


def _same(one: Silence | None, other: Silence | None) -> bool:
    """Whether two are the same silence with the same end; the line that one of a file stands in may move."""
    return (one and (one.id, one.ends_ms)) == (other and (other.id, other.ends_ms))


def _ended(incident: Incident, at_ms: int, reason: Reason) -> Decision:
    return Decision(reason, replace(incident, state=State.RESOLVED, resolved_ms=at_ms, resolution=reason))
