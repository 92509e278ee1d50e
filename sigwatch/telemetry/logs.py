"""What the daemon logs: one JSON object a line, made of the same events as the metrics. Never log text or a secret."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TextIO

import structlog

from sigwatch.model.event import (
    BudgetMeasured,
    CoverageMeasured,
    DeliveryEnded,
    Event,
    IncidentChanged,
    KnowledgeLoaded,
    LeasesMeasured,
    OpenIncidentsMeasured,
    OrphansStopped,
    OutboxMeasured,
    Outcome,
    QuarantineMeasured,
    QueryEnded,
    QueryStatus,
    ReadIncomplete,
    RunSkipped,
)
from sigwatch.model.incident import Reason
from sigwatch.model.knowledge import errors

_SILENT = (CoverageMeasured, OpenIncidentsMeasured, OutboxMeasured)
"""Measurements: metrics show them, a log would drown in them."""


def logger(stream: TextIO, verbose: bool) -> Any:
    """A logger that writes JSON lines to `stream`; debug lines only when verbose."""
    return structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
    )


def quieten_libraries() -> None:
    """Keep what libraries say of themselves to warnings, on stderr."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    # It reports skipped runs, which are events of our own.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class LogObserver:
    """Writes events to a structlog logger. Repetitions of the same quarantine are said once."""

    def __init__(self, log: Any) -> None:
        """Write to `log`, a bound structlog logger."""
        self._log = log
        self._quarantined: dict[str, tuple[str, ...]] = {}
        self._saving = "none"

    def __call__(self, event: Event) -> None:
        """Log one event, at a level that its urgency deserves."""
        if isinstance(event, _SILENT):
            return
        if isinstance(event, QuarantineMeasured):
            self._quarantine(event)
            return
        if isinstance(event, BudgetMeasured):
            self._budget(event)
            return
        self._log.log(_level(event), _name(event), **_details(event))

    def _budget(self, event: BudgetMeasured) -> None:
        if event.saving == self._saving:
            return
        level = {"none": logging.INFO, "unread": logging.ERROR}.get(event.saving, logging.WARNING)
        self._saving = event.saving
        self._log.log(level, "budget", **_details(event))

    def _quarantine(self, event: QuarantineMeasured) -> None:
        before = self._quarantined.get(event.kind, ())
        self._quarantined[event.kind] = event.items
        known, held = set(before), set(event.items)
        for item in event.items:
            if item not in known:
                self._log.warning("quarantined", kind=event.kind, item=item)
        for item in before:
            if item not in held:
                self._log.info("released", kind=event.kind, item=item)


_WORDS = {
    KnowledgeLoaded: "knowledge loaded",
    QueryEnded: "query",
    IncidentChanged: "incident",
    DeliveryEnded: "delivery",
    RunSkipped: "run skipped",
    ReadIncomplete: "read incomplete",
    OrphansStopped: "orphans stopped",
    LeasesMeasured: "leases",
}


def _name(event: Event) -> str:
    return _WORDS.get(type(event), type(event).__name__)


def _level(event: Event) -> int:
    match event:
        case QueryEnded(status=QueryStatus.COMPLETE):
            return logging.DEBUG
        case DeliveryEnded(outcome=Outcome.POSTED | Outcome.UPDATED | Outcome.RESOLVED):
            return logging.INFO
        case QueryEnded() | DeliveryEnded() | RunSkipped() | ReadIncomplete() | OrphansStopped():
            return logging.WARNING
        case KnowledgeLoaded() | LeasesMeasured():
            return logging.INFO
        case IncidentChanged(decision=decision):
            return logging.DEBUG if decision.reason in {Reason.COUNTED, Reason.COUNTED_LATE} else logging.INFO
        case _:
            return logging.DEBUG


def _details(event: Event) -> Mapping[str, Any]:
    match event:
        case KnowledgeLoaded(library=library):
            return {
                "signatures": len(library.signatures),
                "watched": len(library.watched),
                "summaries": len(library.summaries),
                "errors": len(errors(library.problems)),
                "digest": library.digest[:12],
            }
        case IncidentChanged(decision=decision):
            incident = decision.incident
            return {
                "reason": decision.reason,
                "incident": incident.id,
                "signature": incident.signature,
                # Not the grouping key: it may be made of log text.
                "log_groups": list(incident.log_groups[:3]),
                "count": incident.count,
                "severity": incident.severity,
                "occurrence": incident.occurrence,
                "actor": decision.actor,
            }
        case _:
            return {name.name: _plain(getattr(event, name.name)) for name in fields(event)}


def _plain(value: object) -> object:
    return [value.start, value.end] if hasattr(value, "start") and hasattr(value, "end") else value
