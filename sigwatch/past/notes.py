"""What was searched and yet not seen whole, in words for the report: nothing is left out in silence."""

from collections.abc import Sequence

from sigwatch.matching import Matched
from sigwatch.model.logs import LogGroup, Window
from sigwatch.model.past import Gap
from sigwatch.past.state import REJECTED, gap_note, problem_note
from sigwatch.search import Reading


def gap_of(scope: str, groups: Sequence[LogGroup], window: Window, why: str) -> Gap:
    """A window of some log groups that could not be searched."""
    return Gap(scope, tuple(group.name for group in groups), window.start * 1000, window.end * 1000, why)


def notes_of(scope: str, reading: Reading, found: Matched) -> list[tuple[str, str]]:
    """What is to be kept beside the coverage, as names and values: a later session can not find it out again."""
    notes = [
        gap_note(gap_of(scope, each.groups, each.window, f"more than {each.limit:,} matching events in one second"))
        for each in reading.overflowing
    ]
    if found.unseen:
        seconds = [row.ts_ms // 1000 for row in found.unseen]
        places = tuple(sorted({row.log_group for row in found.unseen}))
        words = f"{len(seconds)} long events may be cut off in the results and can not be fetched whole"
        notes.append(gap_note(Gap(scope, places, min(seconds) * 1000, (max(seconds) + 1) * 1000, words)))
    for name in sorted(found.undecided):
        words = f"the pattern of {name} ran out of time on some events; write it without lookaround"
        notes.append(problem_note(words))
    for name, words in reading.rejected.items():
        notes += [(REJECTED + name, words), problem_note(f"{name} is not searched for: {words}")]
    return notes
