"""A report for programs: JSON objects and CSV. Pure."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from sigwatch.model.knowledge import Signature
from sigwatch.model.past import Gap, IncidentFound, Report, SignatureFound
from sigwatch.publish.words.reasons import one_line
from sigwatch.publish.words.wording import rfc3339
from sigwatch.redact.controls import strip_controls
from sigwatch.report.words import Mask, first_and_last

COLUMNS = (
    "signature", "title", "severity", "group", "first_seen", "last_seen", "count", "peak", "peak_at", "state", "ris",
)  # fmt: skip
"""Of the CSV. Scripts read them by name and by place: new ones come last."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a spreadsheet would compute, see the OWASP page on CSV injection."""

LONGEST = 10_000
"""Characters of a cell; spreadsheets end at 32,767."""


def as_data(report: Report, mask: Mask) -> dict[str, Any]:
    """The report as a JSON object. Times are RFC 3339 in UTC, null where an event has none.

    Args:
        report: what was found.
        mask: takes the secrets out of titles and steps; samples and groups are masked before they come here.
    """
    told = {
        "since": _time(report.start_ms),
        "until": _time(report.end_ms),
        "hits": {found.signature.id: found.hits for found in report.signatures},
        "incidents": [_incident(found) for found in report.incidents],
        "signatures": [_signature(found, mask) for found in report.signatures],
        "bytes_scanned": report.paid.bytes_scanned,
        "queries": report.paid.queries,
        "cost_dollars": round(report.paid.dollars, 6),
        "places": dict(report.places),
        "gaps": [_gap(gap) for gap in report.gaps],
        "problems": list(report.problems),
        "remarks": list(report.remarks),
    }
    return {key: _bare(value) for key, value in told.items()}


def as_csv(report: Report, mask: Mask) -> str:
    """A header, and one line for each incident in the order of time. No cell can be taken for a formula."""
    written = io.StringIO()
    out = csv.writer(written, lineterminator="\n")
    out.writerow(COLUMNS)
    by_id = {found.signature.id: found.signature for found in report.signatures}
    for each in report.incidents:
        out.writerow([_guarded(cell) for cell in _cells(each, by_id[each.incident.signature], mask)])
    return written.getvalue()


def _incident(found: IncidentFound) -> dict[str, Any]:
    incident = found.incident
    return {
        "signature": incident.signature,
        "group": incident.group,
        "first_seen": _time(incident.first_seen_ms),
        "last_seen": _time(incident.last_seen_ms),
        "count": incident.count,
        "peak": found.peak,
        "peak_at": _time(found.peak_ms),
        "state": str(incident.state),
        "log_groups": list(incident.log_groups),
        "samples": list(incident.samples),
    }


def _signature(found: SignatureFound, mask: Mask) -> dict[str, Any]:
    signature, ris = found.signature, found.signature.ris
    first, last = first_and_last(found)
    steps = ris.steps if ris else ()
    return {
        "id": signature.id,
        "title": mask(signature.project, signature.ko.title),
        "project": signature.project,
        "severity": signature.severity,
        "status": signature.ko.status,
        "hits": found.hits,
        "incidents": len(found.incidents),
        "first_seen": _time(first),
        "last_seen": _time(last),
        "histogram": list(found.bars),
        "ris": ris.id if ris else None,
        "steps": [
            {"text": mask(signature.project, step.text), "code": mask(signature.project, step.code)} for step in steps
        ],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "scope": gap.scope,
        "log_groups": list(gap.places),
        "start": _time(gap.start_ms),
        "end": _time(gap.end_ms),
        "reason": gap.reason,
    }


def _bare(value: Any) -> Any:
    """The same without control characters, wherever in it they are."""
    match value:
        case str():
            return strip_controls(value)
        case dict():
            return {strip_controls(key): _bare(each) for key, each in value.items()}
        case list():
            return [_bare(each) for each in value]
        case _:
            return value


def _time(ms: int) -> str | None:
    return rfc3339(ms) if ms else None


def _cells(each: IncidentFound, signature: Signature, mask: Mask) -> Iterator[str | int]:
    incident = each.incident
    yield incident.signature
    yield mask(signature.project, signature.ko.title)
    yield incident.severity
    yield incident.group
    yield _time(incident.first_seen_ms) or ""
    yield _time(incident.last_seen_ms) or ""
    yield incident.count
    yield each.peak
    yield _time(each.peak_ms) or ""
    yield str(incident.state)
    yield signature.ris.id if signature.ris else ""


def _guarded(cell: str | int) -> str | int:
    if isinstance(cell, int):
        return cell
    told = one_line(cell, LONGEST)
    return f"'{told}" if told.startswith(FORMULAS) else told
