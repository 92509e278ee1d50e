"""What one piece of a file holds: the events in which signatures match, its lines and its times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sigwatch.match.engine import Verdict
from sigwatch.scan.pages import Piece
from sigwatch.scan.places import Source
from sigwatch.scan.values import Event, Format, Page


class Scanner(Protocol):
    """Finds where something may match. For one thread only."""

    def ends(self, text: bytes, /) -> Sequence[int]:
        """Ascending offsets one past the last byte of possible matches; every event with a match contains one."""


class Engine(Protocol):
    """Says which signatures match. For several threads at once."""

    def scanner(self) -> Scanner:
        """A new one, for a thread of its own."""

    def match(self, text: str) -> Verdict:
        """Which signatures are found anywhere in the text of an event."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read."""

    source: Source
    modified_ms: int | None = None
    """Epoch milliseconds; None for what is no file."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file, to be searched."""

    opened: Opened
    written: Format
    piece: Piece
    stored: int = 0
    """Bytes of the file as stored that have been read for it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a part of a file holds."""

    part: Part
    lines: int
    """Line ends that no piece before it has, and a last line without one; 0 where they are not counted."""
    span: tuple[int, int] | None
    """See `Page.span`."""
    found: tuple[tuple[Event, Verdict], ...]
    """Events of which there is something to say, in their order."""
    looked_at: int
    """Events that were looked at closely."""


def look(
    part: Part, engine: Engine, scanner: Scanner, stopping: Callable[[], bool], *, numbered: bool = True
) -> Looked:
    """Search a part of a file; cut short when asked to stop, and of no use then.

    `numbered` says whether lines are counted.
    """
    piece = part.piece
    page = part.written.page(piece.data, part.opened.source.place)
    ends = scanner.ends(page.text)
    found: list[tuple[Event, Verdict]] = []
    count = 0
    for event in page.events(ends, numbered=numbered) if ends else ():
        if stopping():
            break
        count += 1
        verdict = engine.match(event.message)
        if verdict.found or verdict.undecided:
            found.append((event, verdict))
    return Looked(part, _lines(piece, page) if numbered else 0, page.span(), tuple(found), count)


def _lines(piece: Piece, page: Page) -> int:
    if not (piece.cut or piece.overlap):
        return page.lines
    last = not piece.cut and not piece.data.endswith(b"\n")
    return piece.data.count(b"\n", piece.overlap) + last
