"""What a decision about an incident makes targets show, and what the audit trail says of it. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from sigwatch.model.audit import Entry
from sigwatch.model.incident import COUNTS, ESCALATIONS, Decision, Incident, Reason
from sigwatch.model.knowledge import SEVERITIES, UNRATED
from sigwatch.model.message import TOLD, Alert, Delivery, Milestone, Notice
from sigwatch.publish.key import message_key
from sigwatch.publish.traits import TRAITS

CALLING = ESCALATIONS | {Reason.REOPENED}
"""Thread entries that call people again."""

_URGENCY = {severity: rank for rank, severity in enumerate(SEVERITIES)}
OTHER_URGENCY = _URGENCY[UNRATED]
PAST_URGENCY = len(_URGENCY)
"""From here on: what is long over waits for whatever is not."""


def urgency(severity: str) -> int:
    """Rank of a severity: what is worse goes first."""
    return _URGENCY.get(severity, OTHER_URGENCY)


def urgency_of(incident: Incident) -> int:
    """Rank of an incident: what is worse goes first, and what is long over comes after everything else."""
    return urgency(incident.severity) + (PAST_URGENCY if incident.past else 0)


def card(decision: Decision, alert: Alert, target: str, destination: str, at_ms: int) -> Iterator[Notice]:
    """The card that a target is to show from now on, and the entry of its thread."""
    incident, kind = decision.incident, TOLD.get(decision.reason)
    traits = TRAITS[target]
    if kind is None or kind not in traits.kinds:
        return
    shown = replace(alert, incident=incident, reason=decision.reason)
    row = Notice(incident.id, target, destination, kind, shown, incident.id, urgency_of(incident), at_ms=at_ms)
    yield row
    hushed = incident.silence is not None and decision.reason is not Reason.SILENCED
    if traits.threads and decision.reason not in COUNTS and not hushed:
        entry = f"{incident.id}/{decision.reason}/{at_ms}"
        milestone = _milestone(decision, alert, message_key(entry, target), at_ms)
        yield replace(row, id=entry, content=milestone, thread=incident.id)


def retold(
    decision: Decision, cards: Sequence[Delivery], at_ms: int, fresh: Callable[[Delivery, Alert], Alert] | None = None
) -> list[Notice]:
    """What the targets that show an incident are to show now.

    Args:
        decision: what became of it.
        cards: its rows.
        at_ms: since when.
        fresh: renews what a row's card says beside the incident; None keeps it.
    """
    told: list[Notice] = []
    for row in cards:
        if isinstance(row.content, Alert):
            alert = fresh(row, row.content) if fresh else row.content
            told += card(decision, alert, row.target, row.destination, at_ms)
    return told


def entry_of(decision: Decision, at_ms: int, notices: Iterable[Notice] = ()) -> Entry:
    """The line of the audit trail about a decision, with the route by which its notices go."""
    incident = decision.incident
    silence = incident.silence if decision.reason is Reason.SILENCED else None
    detail = [("severity", incident.severity), ("count", str(incident.count)), ("log_groups", _places(incident))]
    if silence:
        detail += [("silence", silence.id), ("why", silence.reason)]
    if decision.reason is Reason.RECURRED:
        detail.append(("occurrence", str(incident.occurrence)))
    detail += [("route", name) for name in sorted({notice.route for notice in notices if notice.route})]
    return Entry(
        at_ms, decision.actor, decision.reason, incident.id, incident.signature, incident.project, tuple(detail)
    )


def _places(incident: Incident) -> str:
    hidden = len(incident.log_groups) - 3
    return ", ".join(incident.log_groups[:3]) + (f" and {hidden} more" if hidden > 0 else "")


def _milestone(decision: Decision, alert: Alert, key: str, at_ms: int) -> Milestone:
    return Milestone(
        key=key,
        incident=decision.incident,
        title=alert.title,
        reason=decision.reason,
        at_ms=at_ms,
        actor="" if decision.actor == "sigwatch" else decision.actor,
        mention=alert.mention if decision.reason in CALLING else "",
    )
