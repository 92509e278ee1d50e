"""What is told, as a line and a text below it, for targets without a layout of their own. Pure.

Log lines are left out: what such a target makes of text that strangers wrote can not be known.
"""

from collections.abc import Iterator

from sigwatch.errors import Refused
from sigwatch.model.incident import State
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert, Content, Digest, Milestone, Remark
from sigwatch.publish.words.inline import plain
from sigwatch.publish.words.message import Message, message
from sigwatch.publish.words.wording import clock_time, events, incidents
from sigwatch.redact.controls import strip_controls


def plain_text(content: Content) -> tuple[str, str]:
    """The title line, and the body: of a card all that helps, with every step, numbered and in full."""
    match content:
        case Alert():
            told = message(content)
            return f"{told.mark} {told.headline}", "\n".join(_card(told))
        case Milestone():
            return _line(content.title), _milestone(content)
        case Digest():
            return _digest_title(content), "\n".join(_listed(alert) for alert in content.alerts)
        case Remark():
            return _line(content.title), strip_controls(content.text).strip()


def short_text(content: Content) -> tuple[str, str]:
    """As `plain_text`, for a target that has shown the content before and can not edit it: what is new alone."""
    if isinstance(content, Alert):
        told = message(content)
        return f"{told.mark} {told.headline}", f"{told.state} · {events(content.incident.count)}"
    title, body = plain_text(content)
    if isinstance(content, Digest):
        over = sum(alert.incident.state is State.RESOLVED for alert in content.alerts)
        return title, f"{over} of {len(content.alerts)} resolved"
    return title, body


def mention(content: Content) -> str:
    """Whom to call; empty for nobody."""
    if isinstance(content, Alert):
        return message(content).mention
    return "" if isinstance(content, Remark) else _line(content.mention)


def card(content: Content, target: str) -> Alert:
    """The content as the card that it must be where only incidents are understood.

    Raises:
        Refused: it is something else.
    """
    if isinstance(content, Alert):
        return content
    raise Refused(f"{target} understands incidents only, and has no use for a {type(content).__name__.lower()}")


def numbered(steps: tuple[Step, ...]) -> list[str]:
    """The steps as lines, each with its number; code stands below its step as it is."""
    lines = []
    for number, step in enumerate(steps, 1):
        lines.append(f"{number}. {plain(step.text)}")
        lines += step.code.split("\n") if step.code else []
    return lines


def _card(told: Message) -> Iterator[str]:
    yield told.state
    yield from told.notes
    yield from (f"{fact.name}: {fact.value}" for fact in told.facts)
    yield ""
    yield told.verdict
    yield from numbered(told.steps)
    if told.prevention:
        yield plain(told.prevention)
    if told.verification:
        yield f"Verify: {told.verification}"
    links = [f"{name}: {url}" for name, url in (("RIS", told.ris_url), ("Logs", told.logs_url)) if url]
    yield from ["", *links] if links else []


def _milestone(content: Milestone) -> str:
    words = content.reason.value.replace("_", " ")
    by = f" by {_line(content.actor)}" if content.actor else ""
    return f"{words}{by} at {clock_time(content.at_ms)} · {events(content.incident.count)}"


def _digest_title(content: Digest) -> str:
    counts = ", ".join(f"{count} {severity}" for severity, count in content.severities)
    page = f", page {content.page} of {content.pages}" if content.pages > 1 else ""
    rated = f" ({counts})" if counts else ""
    return f"{incidents(content.total)}{rated}: {content.crowd.value.replace('_', ' ')}{page}"


def _listed(alert: Alert) -> str:
    told = message(alert)
    steps = f" · {told.ris or told.verdict}" if told.steps else ""
    project = _line(alert.incident.project)
    return f"{told.mark} {told.headline} · {project} · {events(alert.incident.count)} · {told.state}{steps}"


def _line(text: str) -> str:
    return " ".join(strip_controls(text).split())
