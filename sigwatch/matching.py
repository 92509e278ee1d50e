"""From rows to hits: the exact patterns decide, on whole messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigwatch.incident.fingerprint import hit
from sigwatch.match.engine import Engine, Verdict
from sigwatch.model.logs import Hit, Row, Window

CUT_FROM = 900
"""Characters from which a message may be one that the results cut off: the service is said to keep about 1,000."""

MOST_FETCHED = 100
"""Whole events fetched for one window, each by a request of its own; where there are more, the window is cut."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What is known of the rows of a window."""

    window: Window
    """What was decided: the window, or the beginning of it."""
    hits: tuple[Hit, ...]
    undecided: frozenset[str]
    """Signatures whose slow pattern ran out of time somewhere."""
    fetched: int
    unseen: tuple[Row, ...]
    """Long rows without a match whose end may have been cut off and can not be looked at."""


def matched(rows: Sequence[Row], window: Window, engine: Engine, whole: Callable[[Row], str | None]) -> Matched:
    """Let the exact patterns decide.

    A long row in which nothing matches although the query returned it may have lost its end on the way: `whole`
    fetches the event, or gives None where that will never be possible. Where there are too many such rows, only the
    beginning of the window is decided, down to its first second.

    Raises:
        SourceError: by `whole`; nothing is decided.
    """
    verdicts = [(row, engine.match(row.message)) for row in rows]
    cut = _cut(verdicts)
    if len(cut) > MOST_FETCHED:
        window = Window(window.start, max(window.start + 1, cut[MOST_FETCHED].ts_ms // 1000))
        verdicts = [pair for pair in verdicts if window.holds(pair[0].ts_ms)]
        cut = [row for row in cut if window.holds(row.ts_ms)]
    unseen = cut[MOST_FETCHED:]
    for row in cut[:MOST_FETCHED]:
        message = whole(row)
        if message is None or not message.startswith(row.message[:CUT_FROM]):
            unseen.append(row)
        else:
            # The name of a hit is made of the part that both have, so the row stays as it is.
            verdicts.append((row, engine.match(message)))
    hits = tuple(hit(name, row) for row, verdict in verdicts for name in verdict.found)
    undecided = frozenset(name for _, verdict in verdicts for name in verdict.undecided)
    return Matched(window, hits, undecided, min(len(cut), MOST_FETCHED), tuple(unseen))


def _cut(verdicts: Sequence[tuple[Row, Verdict]]) -> list[Row]:
    """Rows, oldest first, in which nothing matches and which end where the longest message of all ends.

    Results are cut at one length, events are not.
    """
    missed = [row for row, verdict in verdicts if not verdict.found and row.pointer and len(row.message) >= CUT_FROM]
    if not missed:
        return []
    longest = max(len(row.message) for row, _ in verdicts)
    widest = max(len(row.message.encode()) for row, _ in verdicts)
    found = [row for row in missed if len(row.message) == longest or len(row.message.encode()) == widest]
    return sorted(found, key=lambda row: row.ts_ms)
