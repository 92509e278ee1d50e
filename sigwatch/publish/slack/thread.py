"""What goes under a card, and the few sentences that stand alone. Pure."""

from sigwatch.model.incident import Incident, Reason
from sigwatch.model.message import Milestone, Remark
from sigwatch.publish.slack.limits import SECTION, TEXT
from sigwatch.publish.slack.markup import (
    Json,
    Rendered,
    bold_line,
    call,
    cut_escaped,
    line,
    plain_text,
    preformatted,
    rich_text,
    run,
    section,
)
from sigwatch.publish.words.message import MENTION_LENGTH, TITLE_LENGTH, excerpt, severity_mark
from sigwatch.publish.words.reasons import WORDS, change, one_line, sentence
from sigwatch.publish.words.wording import events
from sigwatch.redact.controls import strip_controls

STARTS = frozenset({Reason.OPENED, Reason.RECURRED, Reason.FOUND_LATER})
"""They bring the log lines, which the card only gives a glimpse of."""
LINES = 60
LINE_LENGTH = 1_000
LINES_LENGTH = 8_000
"""Of all lines together; what Slack takes in one message is a little more."""
GROUPS_LENGTH = 500
REMARK_LENGTH = SECTION - 200


def milestone(entry: Milestone) -> Rendered:
    """What changed, who made it so and when; the log lines where it began."""
    told, incident = _told(entry), entry.incident
    head = section([run(told, "bold"), run(f" · {events(incident.count)}")])
    groups = one_line(", ".join(incident.log_groups), GROUPS_LENGTH) if entry.reason is Reason.SPREAD else ""
    where = [line(groups)] if groups else []
    return plain_milestone(entry), [*call(_mention(entry)), rich_text([head, *where]), *_lines(entry)]


def plain_milestone(entry: Milestone) -> str:
    """The entry as one line, which is also what phones show of it."""
    title = f"{one_line(entry.incident.severity, 20)} · {one_line(entry.title, TITLE_LENGTH)}"
    said = cut_escaped(f"{_told(entry)} · {events(entry.incident.count)} · {title}", TEXT - MENTION_LENGTH - 1)
    return " ".join(part for part in (_mention(entry), said) if part)


def remark(told: Remark) -> Rendered:
    """A section with the sentences."""
    text = _sentences(told)
    body: Json = {"type": "section", "text": plain_text(text, SECTION)}
    return plain_remark(told), [body]


def plain_remark(told: Remark) -> str:
    """The sentences as one text."""
    return cut_escaped(_sentences(told), TEXT)


def _sentences(told: Remark) -> str:
    title = one_line(told.title, TITLE_LENGTH)
    text = strip_controls(told.text).strip()
    return "\n".join(part for part in (title, text) if part) or "sigwatch"


def _told(entry: Milestone) -> str:
    mark = WORDS[entry.reason].mark or severity_mark(entry.incident.severity)
    return f"{mark} {sentence(change(entry.incident, entry.reason, entry.actor, entry.at_ms))}"


def _mention(entry: Milestone) -> str:
    return one_line(entry.mention, MENTION_LENGTH)


def _lines(entry: Milestone) -> list[Json]:
    lines = _bounded(entry.incident) if entry.reason in STARTS else ()
    return [rich_text([bold_line("Log lines"), preformatted("\n".join(lines))])] if lines else []


def _bounded(incident: Incident) -> tuple[str, ...]:
    """As many lines as fit, with a note of how many are left out."""
    most = LINES
    while sum(map(len, lines := excerpt(incident.samples, most, LINE_LENGTH))) + len(lines) > LINES_LENGTH:
        most -= 1
    return lines
