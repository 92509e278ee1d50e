"""From rows to hits: the exact patterns decide, on whole messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigwatch.incident.fingerprint import hit
from sigwatch.match.engine import Engine
from sigwatch.model.logs import Hit, Row

CUT_FROM = 900
"""Characters from which a message may be one that the results cut off: the service is said to keep about 1,000."""

MOST_FETCHED = 50
"""Whole events fetched for one reading, each by a request of its own; that there are more is told."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What is known of some rows."""

    hits: tuple[Hit, ...]
    undecided: frozenset[str]
    """Signatures whose slow pattern ran out of time somewhere."""
    unseen: int
    """Long rows without a match whose end may have been cut off and could not be looked at."""


def matched(rows: Sequence[Row], engine: Engine, whole: Callable[[Row], str | None]) -> Matched:
    """Let the exact patterns decide.

    A long row in which nothing matches although the query returned it may have lost its end on the way: `whole`
    fetches the event, or gives None where that will never be possible.
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
    cut = _cut(silent, rows)
    unseen = max(0, len(cut) - MOST_FETCHED)
    for row in cut[:MOST_FETCHED]:
        message = whole(row)
        if message is None or not message.startswith(row.message[:CUT_FROM]):
            unseen += 1
            continue
        verdict = engine.match(message)
        # The name of a hit is made of the part that both have, so the row stays as it is.
        hits += [hit(name, row) for name in verdict.found]
        undecided.update(verdict.undecided)
    return Matched(tuple(hits), frozenset(undecided), unseen)


def _cut(silent: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Those that end where the longest message of all ends: results are cut at one length, events are not."""
    longest = max((len(row.message) for row in rows), default=0)
    widest = max((len(row.message.encode()) for row in rows), default=0)
    return [row for row in silent if len(row.message) == longest or len(row.message.encode()) == widest]
