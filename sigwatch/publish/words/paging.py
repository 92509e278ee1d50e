"""How a long list of incidents is dealt out to pages that Slack takes. Pure."""

from collections.abc import Sequence
from itertools import accumulate, islice, takewhile

from sigwatch.model.message import Alert
from sigwatch.publish.slack.limits import TOTAL
from sigwatch.publish.words.listing import length, urgent_step

FIRST_PAGE = TOTAL - 1_200
"""Characters for lines on the first page, beside its heading, reason, mention and button."""
PAGE = TOTAL - 300
"""Characters for lines on a further page."""


def pages(alerts: Sequence[Alert]) -> list[int]:
    """How many of the incidents go on each page, in the given order, all of them listed.

    A page has room for what its incidents may still become: acknowledged or resolved, counted up.
    """
    counts: list[int] = []
    start = 0
    while start < len(alerts):
        first = not counts
        room = FIRST_PAGE if first else PAGE
        needed = accumulate(_needed(alert, first) for alert in islice(alerts, start, None))
        counts.append(max(1, sum(1 for _ in takewhile(room.__ge__, needed))))
        start += counts[-1]
    return counts


def _needed(alert: Alert, first_page: bool) -> int:
    step = urgent_step(alert) if first_page else ""
    return length(alert) + (len(step) + 1 if step else 0)
