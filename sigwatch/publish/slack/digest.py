"""A page of a list of incidents, in place of a card for each. Pure.

The first page is the message in the channel, the others are in its thread and as dense as one can read.
"""

from collections.abc import Sequence

from sigwatch.model.incident import State
from sigwatch.model.message import Crowd, Digest
from sigwatch.publish.slack.buttons import acknowledge_all
from sigwatch.publish.slack.limits import HEADER, TEXT, TOTAL, size
from sigwatch.publish.slack.markup import (
    Json,
    Rendered,
    call,
    cut_escaped,
    escape,
    line,
    mrkdwn,
    plain_text,
    rich_text,
    run,
    section,
)
from sigwatch.publish.words.listing import CROWDS, Entry, entry, heading, mark_of_list
from sigwatch.publish.words.message import MENTION_LENGTH, RESOLVED_MARK
from sigwatch.publish.words.reasons import one_line

_MARGIN = 60
"""For the note of what a page could not take."""


def digest(page: Digest) -> Rendered:
    """One page, without a button."""
    return _page(page, [])


def digest_with_button(page: Digest) -> Rendered:
    """One page; the first one has a button that acknowledges all."""
    whole = page.pages == 1 or page.crowd is Crowd.OF_THE_PAST
    over = whole and all(alert.incident.state is not State.OPEN for alert in page.alerts)
    return _page(page, [] if over or page.page > 1 else acknowledge_all(page.key, page.total))


def plain_digest(page: Digest) -> str:
    """The page as one text: as many lines as it takes, and how many it does not."""
    told = [_summary(page)]
    for place, listed in enumerate(map(entry, page.alerts)):
        text = escape(f"{listed.lead}{listed.signature}{listed.rest}")
        note = f"… and {len(page.alerts) - place:,} more"
        if sum(map(len, told)) + len(told) + len(text) + len(note) + 1 > TEXT:
            return "\n".join([*told, note])
        told.append(text)
    return "\n".join(told)


def _page(page: Digest, actions: Sequence[Json]) -> Rendered:
    top, last = _top(page), _last(page)
    room = TOTAL - _MARGIN - size([*top, *actions, *last])
    return _summary(page), [
        *top,
        *_lines([entry(alert) for alert in page.alerts], page.page == 1, room),
        *actions,
        *last,
    ]


def _mark(page: Digest) -> str:
    over = page.alerts and all(alert.incident.state is State.RESOLVED for alert in page.alerts)
    return RESOLVED_MARK if over and page.crowd is not Crowd.OF_THE_PAST else mark_of_list(page)


def _summary(page: Digest) -> str:
    mention = one_line(page.mention, MENTION_LENGTH)
    said = f"{_mark(page)} {heading(page)}" if page.page == 1 else heading(page)
    crowd = f" · {CROWDS[page.crowd]}" if page.page == 1 else ""
    return " ".join(part for part in (mention, cut_escaped(f"{said}{crowd}", HEADER + 200)) if part)


def _top(page: Digest) -> list[Json]:
    if page.page > 1:
        return [{"type": "context", "elements": [mrkdwn(f"*{heading(page)}*")]}]
    return [
        {"type": "header", "text": plain_text(f"{_mark(page)} {heading(page)}", HEADER)},
        *call(one_line(page.mention, MENTION_LENGTH)),
        rich_text([line(CROWDS[page.crowd])]),
    ]


def _last(page: Digest) -> list[Json]:
    if page.page > 1 or page.pages < 2:
        return []
    others = "page 2 is" if page.pages == 2 else f"pages 2 to {page.pages} are"
    return [{"type": "context", "elements": [mrkdwn(f"Page 1 of {page.pages}; {others} in the thread.")]}]


def _lines(entries: Sequence[Entry], with_steps: bool, room: int) -> list[Json]:
    """Every line in one block; what the page was not made for, since documents changed, is counted."""
    runs: list[Json] = []
    for place, listed in enumerate(entries):
        told = _line(listed, with_steps)
        room -= sum(len(each["text"]) for each in told)
        if room < 0:
            runs.append(run(f"… and {len(entries) - place:,} more"))
            break
        runs += told
    return [rich_text([section(runs)])] if runs else []


def _line(listed: Entry, with_steps: bool) -> list[Json]:
    below = f"\n{listed.first}" if with_steps and listed.first else ""
    return [run(listed.lead, "bold"), run(listed.signature, "code"), run(f"{listed.rest}{below}\n")]
