"""A Knowledge Object from its document: validated front matter, and the examples in its body."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sigwatch.knowledge import markdown
from sigwatch.knowledge.document import Document
from sigwatch.knowledge.fields import Grouping, Id, Keys, Line, Names, Prose, Several, Severity, Stamp, Status, check
from sigwatch.knowledge.front_matter import FrontMatter
from sigwatch.knowledge.patterns import FIELD, RESOLVED, Example, PatternJudge, ending, proven
from sigwatch.knowledge.repair import repaired
from sigwatch.model.knowledge import KnowledgeObject, Problem

_UNWANTED = re.compile(r"\b(?:must[ -]not|never)[ -]match\b")
_WANTED = re.compile(r"\bmust[ -]match\b")


@dataclass(frozen=True, slots=True)
class Learned:
    """A Knowledge Object with the lines of its keys, which problems found later point at."""

    ko: KnowledgeObject
    lines: Mapping[str, int]


class _Keys(Keys):
    id: Id
    title: Line
    status: Status
    project: Line = "default"
    what_was_learned: Prose = ""
    why_it_matters: Prose = ""
    prevention_rule: Prose = ""
    tags: Names = ()
    created_at: Stamp = ""
    approved_at: Stamp = ""
    detection_pattern: str = ""
    resolved_pattern: str = ""
    group_by: Grouping = ()
    file_patterns: Several = ()
    severity: Severity = ""
    log_groups: Names = ()
    ris: Names = ()


def read(document: Document, judge: PatternJudge) -> tuple[Learned | None, list[Problem]]:
    """The Knowledge Object, or None where its front matter has faults, and every problem of the document.

    An error among the problems sets the document aside all the same.

    Text fields are freed from encoding damage; the pattern and the examples are taken as they stand, since a pattern
    may be after damaged text on purpose.
    """
    front = document.front or FrontMatter({}, {})
    keys, problems = check(_Keys, front, document.path)
    if keys is None:
        return None, [*problems, *_proven(front, document, judge)]
    ko = _built(keys, document, front.line(FIELD))
    problems += [*_absent(ko), *_proven(front, document, judge), *_body_problems(ko, document)]
    return Learned(ko, front.lines), problems


def _built(keys: _Keys, document: Document, pattern_line: int) -> KnowledgeObject:
    tried = examples(document)
    return KnowledgeObject(
        id=keys.id,
        title=repaired(keys.title),
        path=document.path,
        project=keys.project,
        what_was_learned=repaired(keys.what_was_learned),
        why_it_matters=repaired(keys.why_it_matters),
        prevention_rule=repaired(keys.prevention_rule),
        tags=keys.tags,
        status=keys.status,
        created_at=keys.created_at,
        approved_at=keys.approved_at,
        # A YAML block scalar ends with a line break that no log line holds.
        detection_pattern=keys.detection_pattern.strip("\n"),
        file_patterns=keys.file_patterns,
        severity=keys.severity,
        log_groups=keys.log_groups,
        ris=keys.ris,
        must_match=tuple(example.text for example in tried if example.wanted),
        must_not_match=tuple(example.text for example in tried if not example.wanted),
        pattern_line=pattern_line,
        resolved_pattern=keys.resolved_pattern.strip("\n"),
        group_by=keys.group_by,
    )


def examples(document: Document) -> tuple[Example, ...]:
    """The code blocks of the sections "Must Match" and "Must Not Match"; each is one whole log event."""
    return tuple(
        Example(code.text, code.line, section.title, wanted)
        for section, wanted in _example_sections(document)
        for code in markdown.codes(section.blocks)
    )


def _example_sections(document: Document) -> Iterator[tuple[markdown.Section, bool]]:
    for section in markdown.sections(document.blocks):
        if _UNWANTED.search(section.key):
            yield section, False
        elif _WANTED.search(section.key):
            yield section, True


def _absent(ko: KnowledgeObject) -> Iterator[Problem]:
    if ko.status == "approved" and not ko.detection_pattern.strip():
        message = "is missing: an approved Knowledge Object needs the regular expression that recognises its incident"
        yield Problem(ko.path, ko.pattern_line, FIELD, message)


def _proven(front: FrontMatter, document: Document, judge: PatternJudge) -> list[Problem]:
    """The faults of the patterns, even where those of other keys already quarantine the document."""
    problems = []
    for field, faults in ((FIELD, proven), (RESOLVED, ending)):
        pattern = front.values.get(field)
        if isinstance(pattern, str) and pattern.strip():
            problems += faults(pattern.strip("\n"), document.path, front.line(field), examples(document), judge)
    return problems


def _body_problems(ko: KnowledgeObject, document: Document) -> Iterator[Problem]:
    for section, _ in _example_sections(document):
        if not any(markdown.codes(section.blocks)):
            message = "holds no code block: put each log event between two lines of ```"
            yield Problem(ko.path, section.line, section.title, message, "warning")
    for section in markdown.sections(document.blocks):
        told = next(markdown.codes(section.blocks), None) if section.key == "detection pattern" else None
        if told and ko.detection_pattern and told.text.strip() != ko.detection_pattern.strip():
            message = "differs from detection_pattern in the front matter, which is the one in use: make them the same"
            yield Problem(ko.path, told.line, section.title, message, "warning")
