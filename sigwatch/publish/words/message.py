"""What an alert says, in words that every target shares. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert, Fix
from sigwatch.publish.words.reasons import IN_THE_PAST, WORDS, notes, one_line, standing
from sigwatch.publish.words.sparkline import sparkline
from sigwatch.publish.words.wording import cut, date_time, events, shorten
from sigwatch.redact.controls import strip_controls
from sigwatch.redact.standard import mask

ID_LENGTH = 100
TITLE_LENGTH = 110
WHY_LENGTH = 600
CAUSE_LENGTH = 300
FACT_LENGTH = 300
MENTION_LENGTH = 200
FIRST_STEP_LENGTH = 200
SAMPLE_LINES = 10
SAMPLE_LINE_LENGTH = 400
GLIMPSE_LINES = 3
GLIMPSE_LINE_LENGTH = 200
LISTED_GROUPS = 3

RESOLVED_MARK = "✅"
PAST_MARK = WORDS[Reason.FOUND_LATER].mark
"""For what was over before anybody knew of it."""
MARKS = {"P0": "🔴", "P1": "🔴", "P2": "🟠", "P3": "🟡"}
OTHER_MARK = "⚪"
"""For P4 and for what nobody rated."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Message:
    """An alert in words. Every text is free of control characters; samples are masked."""

    signature: str
    severity: str
    resolved: bool
    mark: str
    """One emoji for the state: severity while open, a tick when over, an arrow for what is found later."""
    headline: str
    """Severity and title, and that it is long over where it is."""
    state: str
    """Since when and whether it is back, or how long it lasted and how it ended."""
    last_hour: str
    """Bars of the hour that ends with the newest event, and their peak.

    Empty for a single event, and for what was found later: nobody is in that hour.
    """
    notes: tuple[str, ...]
    """Who acknowledged or silenced it, and why it was escalated; a sentence each."""
    events: str
    """How many, as `12 events`."""
    facts: tuple[Fact, ...]
    verdict: str
    """Where the steps come from, or what there is instead of steps."""
    section: str
    """Heading of the document that the steps come from."""
    cause: str
    """What the cause was last time, as markdown prose."""
    steps: tuple[Step, ...]
    """All of them, always."""
    prevention: str
    """The prevention rule, where there are no steps."""
    verification: str
    samples: tuple[str, ...]
    """Lines of all log events that are kept, oldest first: for targets without a thread to put them into."""
    glimpse: tuple[str, ...]
    """The first lines of the first log event: for cards whose thread has the rest."""
    why: str
    ris: str
    ris_url: str
    """Address of the RIS, or its path."""
    logs_url: str
    mention: str
    """Whom to call; empty once it is over."""
    summary: str
    """The whole in one line, for a phone's lock screen."""


def message(alert: Alert) -> Message:
    """Word an alert. Prose is shortened to a length that people read; steps, code and links are whole."""
    incident, fix = alert.incident, alert.fix
    resolved = incident.state is State.RESOLVED
    severity = one_line(incident.severity, 20)
    when = IN_THE_PAST if incident.past else ""
    headline = f"{severity}{when} · {one_line(alert.title, TITLE_LENGTH)}"
    state = standing(incident, fix)
    steps = tuple(Step(_prose(step.text), strip_controls(step.code).strip("\n")) for step in fix.steps) if fix else ()
    return Message(
        signature=one_line(incident.signature, ID_LENGTH),
        severity=severity,
        resolved=resolved,
        mark=mark_of(incident),
        headline=headline,
        state=state,
        last_hour="" if incident.past else sparkline(incident.histogram),
        notes=notes(incident),
        events=events(incident.count),
        facts=_facts(incident),
        verdict=_verdict(fix, bool(alert.prevention.strip())),
        section=one_line(fix.section, TITLE_LENGTH) if fix and fix.steps else "",
        cause=shorten(_first_paragraph(fix.root_cause), CAUSE_LENGTH) if fix else "",
        steps=steps,
        prevention="" if steps else shorten(_prose(alert.prevention), WHY_LENGTH),
        verification=strip_controls(fix.verification).strip("\n") if fix else "",
        samples=excerpt(incident.samples),
        glimpse=glimpse(incident.samples),
        why=shorten(_prose(alert.why_it_matters), WHY_LENGTH),
        ris=one_line(fix.ris, ID_LENGTH) if fix else "",
        ris_url=strip_controls(fix.url).strip() if fix else "",
        logs_url=strip_controls(alert.logs_url).strip(),
        mention="" if resolved else one_line(alert.mention, MENTION_LENGTH),
        summary=_summary(headline, state, incident, steps),
    )


def mark_of(incident: Incident) -> str:
    """One emoji for the state: that of the severity while open, a tick when over, an arrow for what is found later."""
    if incident.past:
        return PAST_MARK
    over = incident.state is State.RESOLVED
    return RESOLVED_MARK if over else severity_mark(incident.severity)


def severity_mark(severity: str) -> str:
    """One emoji for a severity."""
    return MARKS.get(severity, OTHER_MARK)


def excerpt(samples: Sequence[str], lines: int = SAMPLE_LINES, length: int = SAMPLE_LINE_LENGTH) -> tuple[str, ...]:
    """The first lines of the samples, masked, with a note of how many were left out."""
    every = [line for sample in samples for line in _lines(sample)]
    if len(every) <= lines:
        return tuple(cut(line, length) for line in every)
    kept = [cut(line, length) for line in every[: lines - 1]]
    return (*kept, more_lines(len(every) - len(kept)))


def glimpse(samples: Sequence[str]) -> tuple[str, ...]:
    """At most three lines of the first sample, masked."""
    first = _lines(samples[0]) if samples else []
    return tuple(cut(line, GLIMPSE_LINE_LENGTH) for line in first[:GLIMPSE_LINES])


def more_lines(count: int) -> str:
    """`… 1 more line`, `… 12 more lines`."""
    return f"… {count:,} more line{'' if count == 1 else 's'}"


def _lines(sample: str) -> list[str]:
    return [line.rstrip() for line in mask(sample).split("\n") if line.strip()]


def _prose(text: str) -> str:
    return " ".join(strip_controls(text).split())


def _first_paragraph(text: str) -> str:
    paragraphs = (_prose(part) for part in strip_controls(text).strip().split("\n\n"))
    return next((part for part in paragraphs if part), "")


def _facts(incident: Incident) -> tuple[Fact, ...]:
    groups = list(incident.log_groups[:LISTED_GROUPS])
    hidden = len(incident.log_groups) - len(groups)
    more = f" and {hidden} more" if hidden else ""
    place = " · ".join(part for part in (incident.account, incident.region) if part)
    named = [
        Fact("Project", incident.project),
        Fact("Events", f"{incident.count:,}"),
        Fact("First seen", date_time(incident.first_seen_ms)),
        Fact("Last seen", date_time(incident.last_seen_ms)),
        Fact("Log group" if len(incident.log_groups) < 2 else "Log groups", ", ".join(groups) + more),
        Fact("Account", place),
        Fact("Grouped by", "" if incident.group in incident.log_groups else incident.group),
    ]
    lines = (Fact(fact.name, one_line(fact.value, FACT_LENGTH)) for fact in named)
    return tuple(fact for fact in lines if fact.value)


def _verdict(fix: Fix | None, prevention: bool) -> str:
    instead = "; prevention rule:" if prevention else ""
    if fix is None:
        return f"No RIS yet{instead}"
    ris = one_line(fix.ris, ID_LENGTH)
    if not fix.steps:
        return f"{ris} lists no steps{instead}"
    if not fix.resolved:
        return f"Not yet resolved: {ris} recommends"
    mttr = one_line(fix.mttr, 60)
    return f"Fixed last time by {ris} in {mttr}" if mttr else f"Fixed last time by {ris}"


def _summary(headline: str, state: str, incident: Incident, steps: tuple[Step, ...]) -> str:
    project = one_line(incident.project, ID_LENGTH)
    told = f"{headline} · {project} · {events(incident.count)} · {state}"
    if not steps or incident.state is not State.OPEN:
        return told
    return f"{told} · First: {first_step(steps)}"


def first_step(steps: Sequence[Step]) -> str:
    """The first step without markup, cut to a line."""
    return cut(steps[0].text.replace("`", "").replace("**", ""), FIRST_STEP_LENGTH) if steps else ""
