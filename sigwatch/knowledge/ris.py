"""A resolved issue summary from its document: a post-mortem with or without front matter."""

import re
from collections.abc import Iterator, Mapping

from sigwatch.knowledge import facts
from sigwatch.knowledge.document import Document, Heading, mended, ris_heading
from sigwatch.knowledge.fields import Id, Keys, Loose, Names, Prose, Several, salvage
from sigwatch.knowledge.front_matter import FrontMatter
from sigwatch.knowledge.quotes import error_signatures
from sigwatch.knowledge.severity import LEVELS, severity_of
from sigwatch.knowledge.steps import remediation
from sigwatch.model.knowledge import UNRATED, Problem, Ris

_ISO_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_PREVENTION = re.compile(r"^prevention\b")


class _Keys(Keys):
    id: Id | None = None
    title: Prose = ""
    date: Loose = ""
    created: Loose = ""
    severity: Loose = ""
    mttr: Loose = ""
    status: Prose = ""
    project: Prose = ""
    tags: Names = ()
    log_groups: Names = ()
    error_signature: Several = ()
    detection_pattern: object = None


def read(document: Document) -> tuple[Ris, list[Problem]]:
    """The summary and what could be better about its document; a fault is never more than a warning.

    Front matter wins over header lines, and header lines over what the text says further down. All of it is read
    with encoding damage undone.
    """
    document = mended(document)
    keys, problems = salvage(_Keys, document.front or FrontMatter({}, {}), document.path)
    heading = ris_heading(document) or Heading(document.id, "")
    known = document.id if document.id.upper().startswith("RIS-") else heading.id
    told = facts.header(document.blocks)
    severity = _severity(keys, told, document)
    steps, section = remediation(document.blocks)
    status = keys.status or told.get("status") or (facts.labelled(document.blocks, "status") or [""])[-1]
    ris = Ris(
        id=known,
        title=keys.title or heading.title or known,
        path=document.path,
        text=document.text,
        project=(keys.project or told.get("project", "")).lower(),
        date=_date(keys.date or told.get("date", "") or keys.created),
        severity=severity_of(severity) or UNRATED,
        mttr=facts.without_remark(keys.mttr) or facts.mttr(document.blocks, document.text),
        status=status,
        resolved=facts.is_resolved(status),
        error_signatures=tuple(dict.fromkeys((*keys.error_signature, *error_signatures(document.blocks)))),
        root_cause=facts.root_cause(document.blocks),
        steps=steps,
        steps_section=section,
        verification=facts.verification(document.blocks),
        prevention=facts.section_text(document.blocks, _PREVENTION),
        log_groups=keys.log_groups or facts.log_groups(document.text),
        tags=keys.tags,
    )
    return ris, [*problems, *_missing(ris, severity, keys, document)]


def _severity(keys: _Keys, told: Mapping[str, str], document: Document) -> str:
    """The severity as written: front matter, header, then any bold label."""
    anywhere = facts.labelled(document.blocks, "severity")
    return keys.severity or told.get("severity", "") or next(iter(anywhere), "")


def _date(written: str) -> str:
    """The ISO date in what is written, else all of it."""
    found = _ISO_DATE.search(written)
    return found[0] if found else written


def _missing(ris: Ris, severity: str, keys: _Keys, document: Document) -> Iterator[Problem]:
    if document.fault:
        message = f"{document.fault.message}; until then only the text below it is used"
        yield Problem(ris.path, document.fault.line, "front matter", message, "warning")
    if keys.detection_pattern is not None:
        line = document.front.line("detection_pattern") if document.front else 1
        message = "is not used in a RIS: write it in a Knowledge Object, and name this RIS there with a key ris"
        yield Problem(ris.path, line, "detection_pattern", message, "warning")
    if not ris.steps:
        message = 'no remediation steps found: add a section "If This Happens Again" with a numbered list'
        yield Problem(ris.path, 1, "steps", message, "warning")
    if not severity:
        message = "no severity found: add a line such as `**Severity:** P1` below the first heading"
        yield Problem(ris.path, 1, "severity", message, "warning")
    elif ris.severity == UNRATED:
        message = f"{severity[:40]!r} is no severity: write {LEVELS}"
        yield Problem(ris.path, _line_of(document.text, severity), "severity", message, "warning")


def _line_of(text: str, words: str) -> int:
    return text.count("\n", 0, max(text.find(words), 0)) + 1
