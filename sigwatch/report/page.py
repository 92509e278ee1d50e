"""A report as one page of HTML that needs nothing else: no script, no font, no picture from anywhere. Pure."""

import base64
import hashlib
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from sigwatch.model.knowledge import SEVERITIES, Signature
from sigwatch.model.past import Report, SignatureFound
from sigwatch.publish.words.inline import runs
from sigwatch.publish.words.message import excerpt
from sigwatch.publish.words.reasons import one_line
from sigwatch.publish.words.wording import incidents
from sigwatch.redact.controls import strip_controls
from sigwatch.report import words
from sigwatch.report.chart import MOST_BARS, Axis
from sigwatch.report.words import NAME_LENGTH, TITLE_LENGTH, Mask

MOST_ROWS = 100
"""Of a table; the CSV has all of them."""
OPEN_ROWS = 10
"""A longer table of incidents is folded away."""
MOST_SAMPLES = 3
"""Of a signature."""
SAMPLE_LINES = 12
NAMED_PLACES = 3
SEVERITY_LENGTH = 12


def page(report: Report, title: str, mask: Mask, generated_ms: int, knowledge_url: str = "") -> str:
    """The report as HTML.

    Args:
        report: what was found.
        title: what was searched, for a reader who knows nothing else of it.
        mask: takes the secrets out of documents; samples and groups are masked before they come here.
        generated_ms: the time, epoch milliseconds.
        knowledge_url: what comes before a document's path to make a link; empty for the path alone.
    """
    axis = Axis(report.start_ms, report.end_ms) if report.end_ms > report.start_ms else None
    written: str = _template().render(
        report=report,
        title=title,
        axis=axis,
        missing=axis.missing(report.gaps) if axis else (),
        seen=[_section(found, report, axis, mask) for found in words.seen(report)],
        unseen=[_entry(found.signature, mask) for found in words.unseen(report)],
        places=sorted(report.places.items(), key=lambda each: (-each[1], each[0])),
        generated_ms=generated_ms,
        knowledge_url=knowledge_url if knowledge_url.startswith(("https://", "http://")) else "",
    )
    return written


@cache
def _template() -> Any:
    room = files("sigwatch.report")
    style = room.joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Whatever is shown goes through here: no template can forget it.
    # Loaded with the first page: most reports are none.
    jinja2 = import_module("jinja2")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_bare
    )
    environment.globals.update(
        words=words,
        # Ours, and compared with its hash by the browser.
        style=Markup(style),  # noqa: S704 - a file of this package
        style_hash=digest,
        incidents=incidents,
        runs=runs,
        rows=MOST_ROWS,
        open_rows=OPEN_ROWS,
        named=NAMED_PLACES,
    )
    environment.filters.update(line=lambda text: one_line(text, NAME_LENGTH), number=lambda count: f"{count:,}")
    return environment.from_string(room.joinpath("page.html.j2").read_text(encoding="utf-8"))


def _bare(value: object) -> object:
    """Text without control characters. What jinja has escaped already has lost them before."""
    return strip_controls(value) if type(value) is str else value


def _entry(signature: Signature, mask: Mask) -> dict[str, Any]:
    severity = signature.severity
    return {
        "id": signature.id,
        "title": one_line(mask(signature.project, signature.ko.title), TITLE_LENGTH),
        "project": signature.project,
        "severity": one_line(severity, SEVERITY_LENGTH),
        # A class must not be what a document says.
        "kind": severity.lower() if severity in SEVERITIES else SEVERITIES[-1],
    }


def _section(found: SignatureFound, report: Report, axis: Axis | None, mask: Mask) -> dict[str, Any]:
    signature, (first, last) = found.signature, words.first_and_last(found)
    bars = words.squeezed(found.bars, MOST_BARS)
    newest = [each.incident for each in reversed(found.incidents)]
    samples = list(dict.fromkeys("\n".join(excerpt(each.samples[:1], SAMPLE_LINES)) for each in newest if each.samples))
    return (
        _entry(signature, mask)
        | {
            "found": found,
            "newest": found.incidents[: -MOST_ROWS - 1 : -1],
            "first": first,
            "last": last,
            "lane": axis.lane(found.incidents) if axis else (),
            "columns": axis.columns(bars) if axis else (),
            "most": max(bars, default=0),
            "since_fix": words.since_fix(found, report),
            "samples": samples[:MOST_SAMPLES],
            "why": mask(signature.project, signature.ko.why_it_matters),
            "prevention": mask(signature.project, signature.ko.prevention_rule),
        }
        | _fix(signature, mask)
    )


def _fix(signature: Signature, mask: Mask) -> dict[str, Any]:
    ris, project = signature.ris, signature.project
    if ris is None:
        return {"ris": None}
    return {
        "ris": ris,
        "ris_title": one_line(mask(project, ris.title), TITLE_LENGTH),
        "steps": [(runs(mask(project, step.text)), mask(project, step.code).strip("\n")) for step in ris.steps],
        "cause": runs(mask(project, ris.root_cause)),
        "verification": mask(project, ris.verification).strip("\n"),
    }
