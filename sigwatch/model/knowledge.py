"""What a team knows: Knowledge Objects, resolved issue summaries, and the signature made of the two."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Self

from sigwatch.model.incident import Silence

Level = Literal["error", "warning"]

UNRATED = "unrated"
"""Severity of a signature whose documents name none."""

SEVERITIES = ("P0", "P1", "P2", "P3", "P4", UNRATED)
"""Worst first."""

GROUPING_NAME = r"[A-Za-z_@][\w.@-]*"
"""What `group_by` may name: log_group, log_stream, account, region; else a named group of the pattern; else a field of
the JSON in the event, with dots between the steps of its path."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in a document, a pattern or the configuration, worded for the person who can mend it."""

    path: str
    """File as the user named it; empty where the problem belongs to no file."""
    line: int
    """First line is 1; 0 where the problem concerns the whole file."""
    field: str
    """Front-matter key, section or configuration path."""
    message: str
    """What is wrong and what to do about it."""
    level: Level = "error"
    """An `error` quarantines its document; a `warning` does not."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.field}: {self.message}" if place else f"{self.field}: {self.message}"


@dataclass(frozen=True, slots=True, order=True)
class Ignored:
    """A markdown file that is neither kind of document."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered remediation step."""

    text: str
    """One line or paragraph of plain markdown, without its number."""
    code: str = ""
    """The step's fenced code, blocks separated by a blank line; empty without any."""


@dataclass(frozen=True, slots=True)
class Ris:
    """A resolved issue summary: what broke, how it was fixed, what to do if it happens again."""

    id: str
    title: str
    path: str
    text: str
    """The repaired document, with the line numbers of the file."""
    project: str = ""
    date: str = ""
    severity: str = UNRATED
    """`P0` (worst) to `P4`, or `UNRATED`."""
    mttr: str = ""
    """Time to repair as written, such as `10 minutes`."""
    status: str = ""
    resolved: bool = True
    """False when the document's status says that the cause is still open."""
    error_signatures: tuple[str, ...] = ()
    """Error lines that the document quotes."""
    root_cause: str = ""
    steps: tuple[Step, ...] = ()
    steps_section: str = ""
    """Heading that the steps came from."""
    verification: str = ""
    """Command that shows whether the fix holds."""
    prevention: str = ""
    log_groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnowledgeObject:
    """What was learned from an incident, with the pattern that recognises it."""

    id: str
    title: str
    path: str
    project: str = "default"
    what_was_learned: str = ""
    why_it_matters: str = ""
    prevention_rule: str = ""
    tags: tuple[str, ...] = ()
    status: str = "draft"
    """`draft`, `approved` or `retired`; only `approved` is watched."""
    created_at: str = ""
    approved_at: str = ""
    detection_pattern: str = ""
    file_patterns: tuple[str, ...] = ()
    severity: str = ""
    """Overrides the severity of the linked RIS; empty in most documents."""
    log_groups: tuple[str, ...] = ()
    """Names or globs; overrides the project's."""
    ris: tuple[str, ...] = ()
    """Ids of the RIS that the document itself names."""
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    """Whole log events on which `sigwatch check` tries the pattern."""
    pattern_line: int = 0
    """Line of `detection_pattern` in the file."""
    resolved_pattern: str = ""
    """Regular expression that says, in one log event, that the incident is over; empty where only quiet says so."""
    group_by: tuple[str, ...] = ()
    """What hits of one incident share, as in `incidents.group_by`, which it overrides; empty for that."""


class LinkKind(StrEnum):
    """Why a Knowledge Object belongs to a RIS."""

    EXPLICIT = "explicit"
    NAMES_FILE = "names-file"
    NAMES_ID = "names-id"
    PATTERN = "pattern-matches"
    TAGS = "shares-tags"
    TITLE = "similar-title"


@dataclass(frozen=True, slots=True)
class LinkReason:
    """One piece of evidence for a link, with where it was found."""

    kind: LinkKind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Link:
    """A RIS that belongs to a Knowledge Object, with every reason found."""

    ris: str
    reasons: tuple[LinkReason, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A Knowledge Object joined to the RIS that tells how it was fixed."""

    ko: KnowledgeObject
    links: tuple[Link, ...] = ()
    """Strongest first."""
    suggestions: tuple[Link, ...] = ()
    """Likely but unproven: similar tags or title. Never used in an alert."""
    ris: Ris | None = None
    """The RIS of the first link; its steps go into the alert."""
    recovers: str = ""
    """Id of the signature whose incidents a hit of this one ends; empty for all but companions, see `recovery`."""

    @property
    def id(self) -> str:
        """The Knowledge Object's id."""
        return self.ko.id

    @property
    def project(self) -> str:
        """The Knowledge Object's project, which picks log groups and channel."""
        return self.ko.project

    @property
    def pattern(self) -> str:
        """Regular expression that recognises the incident in one log event."""
        return self.ko.detection_pattern

    @property
    def severity(self) -> str:
        """The document's own severity, else that of the linked RIS, else `UNRATED`."""
        return self.ko.severity or (self.ris.severity if self.ris else UNRATED)

    @property
    def approved(self) -> bool:
        """Whether the daemon watches for it."""
        return self.ko.status == "approved"

    @property
    def recovery(self) -> Self | None:
        """The companion that looks for `resolved_pattern` in the same log groups; None without one."""
        if self.recovers or not self.ko.resolved_pattern:
            return None
        ko = replace(
            self.ko,
            id=f"{self.id}/resolved",
            detection_pattern=self.ko.resolved_pattern,
            resolved_pattern="",
            must_match=(),
            must_not_match=(),
        )
        return replace(self, ko=ko, recovers=self.id)


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that one reading of the knowledge folders gave."""

    signatures: tuple[Signature, ...] = ()
    """By id; drafts included."""
    summaries: tuple[Ris, ...] = ()
    silences: tuple[Silence, ...] = ()
    """Of the files of silences, by path and line."""
    ignored: tuple[Ignored, ...] = ()
    problems: tuple[Problem, ...] = ()
    digest: str = ""
    """Hash over all files read; equal digests mean equal knowledge."""

    @property
    def watched(self) -> tuple[Signature, ...]:
        """The signatures that the daemon looks for."""
        return tuple(signature for signature in self.signatures if signature.approved)

    def signature(self, wanted: str) -> Signature | None:
        """The signature with the id `wanted`, or None."""
        return next((signature for signature in self.signatures if signature.id == wanted), None)


def with_recoveries(signatures: Iterable[Signature]) -> list[Signature]:
    """The signatures, and those that are looked for to know that an incident is over."""
    return [each for signature in signatures for each in (signature, signature.recovery) if each]


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that quarantine something."""
    return tuple(problem for problem in problems if problem.level == "error")
