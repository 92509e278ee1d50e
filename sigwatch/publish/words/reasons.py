"""What became of an incident, in words that cards, threads and terminals share. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.message import Fix
from sigwatch.publish.words.wording import cut, day, day_of, days, duration, moment, ordinal
from sigwatch.redact.controls import strip_controls

ACTOR_LENGTH = 80
SOURCES = frozenset({"cli", "slack"})
"""What may stand before the name of a person, and a colon: where it was that they said so."""
TRAILING = timedelta(days=7)
"""How long what was fixed may still be seen: an occurrence that ends later is another one."""
SAID_LENGTH = 300
"""Of the reason that a person gave."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a reason is told: `<said> by <whom> at <time>: <because>`."""

    said: str
    because: str = ""
    mark: str = ""
    """One emoji; empty for that of the severity."""


WORDS: Mapping[Reason, Words] = {
    Reason.OPENED: Words("opened"),
    Reason.RECURRED: Words("back"),
    Reason.REOPENED: Words("opened again", "it came back within the quiet period"),
    Reason.COUNTED: Words("more events"),
    Reason.COUNTED_LATE: Words("more events, found late"),
    Reason.GREW_TENFOLD: Words("escalated", "ten times as many events as when it was last told", "📈"),
    Reason.SPREAD: Words("escalated", "a second log group has it", "📈"),
    Reason.UNACKNOWLEDGED: Words("escalated", "nobody has acknowledged it for as long as its severity allows", "⏰"),
    Reason.ACKNOWLEDGED: Words("acknowledged", mark="👀"),
    Reason.SILENCED: Words("silenced", mark="🔕"),
    Reason.SILENCE_ENDED: Words("silence ended", mark="🔔"),
    Reason.RESOLVED: Words("quiet", mark="✅"),
    Reason.RECOVERED: Words("recovered", "a log line says so", "✅"),
    Reason.CLOSED: Words("closed", mark="✅"),
    Reason.FOUND_LATER: Words("already over", mark="⏪"),
    Reason.STILL_ACTIVE: Words("still active"),
    Reason.NOT_YET_COVERED: Words("not yet searched up to the end of the quiet period"),
    Reason.ALREADY_SO: Words("already so"),
}
"""One entry for each reason there is."""
IN_THE_PAST = " in the past"
"""Behind the severity, or the number of incidents, of what was over before anybody knew of it."""
ESCALATIONS = frozenset({Reason.GREW_TENFOLD, Reason.SPREAD, Reason.UNACKNOWLEDGED})
"""Reasons that call somebody once more."""


ENDINGS = frozenset({Reason.RESOLVED, Reason.RECOVERED, Reason.CLOSED})


def change(incident: Incident, reason: Reason, actor: str = "", at_ms: int | None = None) -> str:
    """One change in words, with who made it and when: `acknowledged by Ana at 06:05:00 UTC`.

    Args:
        incident: as it is after the change; names who and when where `actor` and `at_ms` do not.
        reason: of the change.
        actor: who made it so; empty for sigwatch itself or for whom the incident names.
        at_ms: when; None for when the incident says.
    """
    words, (whom, when) = WORDS[reason], _named(incident, reason)
    by, at = _by(actor or whom), _at(when if at_ms is None else at_ms, incident)
    match reason:
        case Reason.RECURRED:
            told = f"{words.said}{at}{_after(incident)}"
        case Reason.SILENCED:
            told = f"{words.said}{by}{_until(incident)}"
        case Reason.RESOLVED:
            told = f"{words.said} since {moment(incident.last_seen_ms, incident.first_seen_ms)}"
        case Reason.FOUND_LATER:
            told = f"{words.said}: {_long_ago(incident)}"
        case _:
            told = f"{words.said}{by}{at}{f': {words.because}' if words.because else ''}"
    return f"{_lasted(incident)} · {told}" if reason in ENDINGS else told


def standing(incident: Incident, fix: Fix | None) -> str:
    """Where an incident stands, and whether it is back.

    `open since 06:02:11 UTC · fixed on 4 February by RIS-7, back after 41 days`, `resolved after 12 min · closed by A`,
    `already over: from 06:02:11 UTC on 4 February for 12 min, found at 09:00:00 UTC on 6 March`.
    """
    open_since = f"open since {moment(incident.first_seen_ms, incident.last_seen_ms)}"
    over = incident.state is State.RESOLVED
    state = change(incident, incident.resolution or Reason.RESOLVED) if over else open_since
    back = recurrence(incident, fix)
    return f"{state} · {back}" if back else state


def recurrence(incident: Incident, fix: Fix | None) -> str:
    """That it was fixed and is back; empty for what is new as far as anybody knows.

    Said in the order of time: where it came back once more after the fix, the fix is told last.
    """
    times = _times(incident)
    gap = _gap(incident)
    fixed = _fixed_on(incident, fix)
    if fix is None or fixed is None:
        return ", ".join(part for part in (f"back after {gap}" if gap and times else "", times) if part)
    first = day_of(incident.first_seen_ms)
    told = f"fixed on {day(fixed, first.year)} by {one_line(fix.ris, ACTOR_LENGTH)}"
    back = ", ".join(part for part in (f"back after {gap or days((first - fixed).days)}", times) if part)
    once_more = incident.previous_ms is not None and day_of(incident.previous_ms) > fixed + TRAILING
    return f"{back}; {told}" if once_more else f"{told}, {back}"


def notes(incident: Incident) -> tuple[str, ...]:
    """What people and sigwatch did about it, a sentence each: acknowledged, silenced, escalated."""
    told = []
    if incident.acknowledged_by or incident.acknowledged_ms is not None:
        told.append((Reason.ACKNOWLEDGED, change(incident, Reason.ACKNOWLEDGED)))
    if incident.silence:
        told.append((Reason.SILENCED, change(incident, Reason.SILENCED)))
    if incident.escalated:
        told.append(
            (
                incident.escalated[-1],
                f"escalated: {'; '.join(WORDS[each].because for each in dict.fromkeys(incident.escalated))}",
            )
        )
    return tuple(f"{WORDS[reason].mark} {sentence(text)}" for reason, text in told)


def sentence(text: str) -> str:
    """`text` with a capital at its beginning; the rest as it is."""
    return text[:1].upper() + text[1:]


def one_line(text: str, limit: int) -> str:
    """`text` without control characters and line ends, at most `limit` characters of it."""
    return cut(" ".join(strip_controls(text).split()), limit)


def _named(incident: Incident, reason: Reason) -> tuple[str, int | None]:
    """Who made a change and when, as far as the incident says."""
    match reason:
        case Reason.ACKNOWLEDGED:
            return incident.acknowledged_by, incident.acknowledged_ms
        case Reason.SILENCED:
            return incident.silence.author if incident.silence else "", None
        case Reason.RECOVERED:
            return "", incident.resolved_ms
        case Reason.CLOSED:
            return incident.closed_by, incident.resolved_ms
        case _:
            return "", None


def _lasted(incident: Incident) -> str:
    return f"resolved after {duration(incident.last_seen_ms - incident.first_seen_ms)}"


def _long_ago(incident: Incident) -> str:
    """When it was, and when it was found: with their days, which are what is to be seen first."""
    first_ms, found_ms = incident.first_seen_ms, incident.opened_ms
    lasted = duration(incident.last_seen_ms - first_ms)
    return f"from {moment(first_ms, found_ms)} for {lasted}, found at {moment(found_ms, first_ms)}"


def _gap(incident: Incident) -> str:
    return "" if incident.previous_ms is None else duration(incident.first_seen_ms - incident.previous_ms)


def _times(incident: Incident) -> str:
    return f"{ordinal(incident.occurrence)} time" if incident.occurrence > 1 else ""


def _after(incident: Incident) -> str:
    gap, times = _gap(incident), _times(incident)
    return f"{f' after {gap}' if gap else ''}{f', {times}' if times else ''}"


def _fixed_on(incident: Incident, fix: Fix | None) -> date | None:
    """The day of the fix, if it is one, and before the incident."""
    if fix is None or not fix.resolved:
        return None
    try:
        fixed = date.fromisoformat(fix.date.strip())
    except ValueError:
        return None
    return fixed if fixed < day_of(incident.first_seen_ms) else None


def _until(incident: Incident) -> str:
    if incident.silence is None:
        return ""
    why = one_line(incident.silence.reason, SAID_LENGTH)
    return f" until {moment(incident.silence.ends_ms, incident.last_seen_ms)}{f': {why}' if why else ''}"


def _by(actor: str) -> str:
    source, colon, whom = actor.partition(":")
    name = one_line(whom if colon and source in SOURCES else actor, ACTOR_LENGTH)
    return f" by {name}" if name else ""


def _at(ms: int | None, incident: Incident) -> str:
    return f" at {moment(ms, incident.last_seen_ms)}" if ms is not None else ""
