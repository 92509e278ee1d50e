"""From rows to hits: the exact patterns decide, on whole messages."""

from collections.abc import Callable, Sequence

from sigwatch.incident.fingerprint import hit
from sigwatch.match.engine import Engine
from sigwatch.model.logs import Hit, Row

CUT_FROM = 900
"""Characters from which a message may be one that the results cut off: the service is said to keep about 1,000."""

MOST_FETCHED = 50
"""Whole events fetched for one reading; each is a request of its own."""


def matched(
    rows: Sequence[Row], engine: Engine, whole: Callable[[Row], str | None]
) -> tuple[list[Hit], frozenset[str]]:
    """The hits of the rows, and the signatures that could not be decided somewhere.

    A long row in which nothing matches although the query returned it may have lost its end on the way: `whole`
    fetches the event, or gives None where that is not possible.
    """
    hits: list[Hit] = []
    undecided: set[str] = set()
    silent = []
    for row in rows:
        verdict = engine.match(row.message)
        hits += [hit(name, row) for name in verdict.found]
        undecided.update(verdict.undecided)
        if not verdict.found and len(row.message) >= CUT_FROM and row.pointer:
            silent.append(row)
    for row in _cut(silent, rows)[:MOST_FETCHED]:
        message = whole(row)
        if message is not None and message.startswith(row.message[:CUT_FROM]):
            # The name of a hit is made of the part that both have, so the row stays as it is.
            hits += [hit(name, row) for name in engine.match(message).found]
    return hits, frozenset(undecided)


def _cut(silent: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Those that end where the longest message of all ends: results are cut at one length, events are not."""
    longest = max((len(row.message) for row in rows), default=0)
    widest = max((len(row.message.encode()) for row in rows), default=0)
    return [row for row in silent if len(row.message) == longest or len(row.message.encode()) == widest]
