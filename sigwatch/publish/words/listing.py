"""An incident as one line of a list, with every part bounded, so that a page of lines has a longest form. Pure."""

import re
from dataclasses import dataclass

from sigwatch.model.incident import Incident, State
from sigwatch.model.message import Alert, Crowd, Digest
from sigwatch.publish.words.message import OTHER_MARK, PAST_MARK, first_step, mark_of, severity_mark
from sigwatch.publish.words.reasons import IN_THE_PAST, one_line
from sigwatch.publish.words.wording import ELLIPSIS, cut, day_of, incidents

LINE = 150
"""Characters of an entry, its line end included."""
FIRST_STEP = 110
"""Characters of the line below it, its line end and indentation included."""
SEVERITIES = 8
"""Different ones named in a heading."""
URGENT = frozenset({"P0", "P1"})
"""Severities whose first step is listed with them."""

SIGNATURE_LENGTH = 40
RIS_LENGTH = 24
SEVERITY_LENGTH = 7
PLACE_LENGTH = 40
MOST_COUNTED = 9_999_999
INDENT = "      ↳ "
_WORD = re.compile(r"^[^-/._]{0,12}[-/._]")
"""The rest of a word that was cut, and what ends it."""

CROWDS = {
    Crowd.MANY_AT_ONCE: "So many at once that they are told together.",
    Crowd.CHANNEL_FULL: "This channel has had its share of messages for now, so the next ones are told together.",
    Crowd.CATCHING_UP: "They waited while they could not be told, or happened while nobody watched.",
    Crowd.OF_THE_PAST: "They were over before anybody knew of them: a search of the past found them.",
}
"""Why incidents were gathered."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, in the three styles that it is shown in."""

    lead: str
    """Mark and severity, with the blank after them."""
    signature: str
    rest: str
    """Title, place, count, state and RIS, with the blank before them."""
    first: str
    """The first step, for what is urgent and not over."""


def heading(page: Digest) -> str:
    """`500 incidents · P0 3 · P1 20 · P2 477`, `200 incidents in the past · P1 200`, `Page 2 of 8`."""
    if page.page > 1:
        return f"Page {page.page} of {page.pages}"
    shares = [f"{one_line(severity, 20)} {count:,}" for severity, count in page.severities[:SEVERITIES]]
    when = IN_THE_PAST if page.crowd is Crowd.OF_THE_PAST else ""
    return " · ".join([f"{incidents(page.total)}{when}", *shares])


def mark_of_list(page: Digest) -> str:
    """One emoji for a list: that of the worst severity in it, or an arrow where all of it was found later."""
    if page.crowd is Crowd.OF_THE_PAST:
        return PAST_MARK
    return severity_mark(page.severities[0][0]) if page.severities else OTHER_MARK


def entry(alert: Alert) -> Entry:
    """The line of an incident: title and place share the room that the rest leaves them."""
    incident = alert.incident
    lead = f"{mark_of(incident)} {one_line(incident.severity, SEVERITY_LENGTH)} "
    signature = one_line(incident.signature, SIGNATURE_LENGTH)
    ris = one_line(alert.fix.ris, RIS_LENGTH) if alert.fix else "no RIS"
    ending = f"{_count(incident.count)} · {_standing(incident)} · {ris}"
    # As if the longest count and state were there: an edit must not shorten what was told before.
    longest = len(f" · {_count(MOST_COUNTED)}+ · {State.ACKNOWLEDGED} · {ris}")
    room = LINE - 1 - len(" ") - len(" · ") - longest - len(lead) - 1 - len(signature)
    title, place = _shared(one_line(alert.title, LINE), _place(alert), room)
    rest = " · ".join(part for part in (title, place, ending) if part)
    return Entry(lead, signature, f" {rest}", _first(alert))


def urgent_step(alert: Alert) -> str:
    """The line with the first step; empty for what is not urgent, and for what has none."""
    if alert.fix is None or not alert.fix.steps or alert.incident.severity not in URGENT:
        return ""
    step = one_line(first_step(alert.fix.steps), FIRST_STEP)
    return f"{INDENT}{cut(step, FIRST_STEP - 1 - len(INDENT))}"


def length(alert: Alert) -> int:
    """Characters of an incident's line at most, whatever becomes of it, the first step aside."""
    told = entry(alert)
    shown = len(told.lead) + len(told.signature) + len(told.rest)
    longest = len(f"{_count(MOST_COUNTED)}+ · {State.ACKNOWLEDGED}")
    return min(LINE, shown - len(f"{_count(alert.incident.count)} · {_standing(alert.incident)}") + longest + 1)


def _standing(incident: Incident) -> str:
    """Its state, or its day where it was found later: all of a list of these are over."""
    return day_of(incident.first_seen_ms).isoformat() if incident.past else incident.state


def _count(count: int) -> str:
    return f"×{count:,}" if count <= MOST_COUNTED else f"×{MOST_COUNTED:,}+"


def _place(alert: Alert) -> str:
    """What it is grouped by, which as a rule is a log group; its end tells more than its beginning."""
    return one_line(alert.incident.group or ", ".join(alert.incident.log_groups), 4 * LINE)


def _shared(title: str, place: str, room: int) -> tuple[str, str]:
    """Both whole if they are short; else the place has at most half, and keeps its end, from a word on if it can."""
    kept = min(room // 2, PLACE_LENGTH)
    end = place if len(place) <= kept else ELLIPSIS + _WORD.sub("", place[len(place) - kept + 1 :], count=1)
    return cut(title, room - len(end)), end


def _first(alert: Alert) -> str:
    return "" if alert.incident.state is State.RESOLVED else urgent_step(alert)
