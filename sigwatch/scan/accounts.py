"""What a scan has found and counted, file by file, in the order of the files and of what is in them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sigwatch.model.logs import Row
from sigwatch.scan.looking import Looked, Opened
from sigwatch.scan.pages import BOUND_BYTES


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event in which a signature matched, and where it stands."""

    signature: str
    row: Row
    path: str
    line: int
    """Of the file, from 1; 0 where lines are not counted."""


@dataclass(slots=True)
class FileTotals:
    """What is known of one file."""

    path: str
    log_group: str = ""
    format: str = ""
    """Empty where nothing could be read."""
    bytes: int = 0
    """Of text, after decompression."""
    pages: int = 0
    lines: int = 0
    looked_at: int = 0
    """Events that were looked at closely."""
    sightings: int = 0
    undecided: int = 0
    """Events in which the pattern of some signature ran out of time."""
    backwards: int = 0
    """Pages that begin earlier than the one before ends, by more than a minute."""
    first_ms: int | None = None
    """Earliest time that a page begins or ends with, epoch milliseconds; None without any."""
    last_ms: int | None = None
    """Latest time that a page begins or ends with."""
    unread: str = ""
    """Why it was not read, or not to its end."""


@dataclass(slots=True)
class Totals:
    """What a scan did."""

    files: list[FileTotals] = field(default_factory=list)
    undecided: Counter[str] = field(default_factory=Counter)
    """Events by the signature whose pattern ran out of time."""
    problems: list[str] = field(default_factory=list)
    """Each with its path, and with what to do."""
    stopped: bool = False
    """Whether it was asked to stop before the end."""

    @property
    def bytes(self) -> int:
        """Of text that was searched."""
        return sum(file.bytes for file in self.files)

    @property
    def lines(self) -> int:
        """That were searched."""
        return sum(file.lines for file in self.files)

    @property
    def pages(self) -> int:
        """That were searched."""
        return sum(file.pages for file in self.files)

    @property
    def sightings(self) -> int:
        """Of all signatures."""
        return sum(file.sightings for file in self.files)

    @property
    def span(self) -> tuple[int, int] | None:
        """The earliest and the latest time of any file, epoch milliseconds; None without any."""
        firsts = [file.first_ms for file in self.files if file.first_ms is not None]
        lasts = [file.last_ms for file in self.files if file.last_ms is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None


DISORDER_MS = 60_000
"""By which times may run backwards unsaid: what several threads write is never quite in order."""


class Account:
    """Counts what the pieces of one file hold, given in their order."""

    def __init__(self, opened: Opened, now_ms: int, bound: int = BOUND_BYTES, *, numbered: bool = True) -> None:
        """Begin with a file.

        `now_ms` is for what has no time at all, `bound` what an event may be long, and `numbered` whether lines count.
        """
        self._numbered = numbered
        self.opened = opened
        self._bound = bound
        place = opened.source.place
        self.file = FileTotals(place.path, place.log_group)
        self.undecided: Counter[str] = Counter()
        self._spare_ms = now_ms if opened.modified_ms is None else opened.modified_ms
        self._last_ms: int | None = None
        self._cuts = 0
        self._first_cut = ""
        self._backwards_at = ""

    def enter(self, looked: Looked) -> list[Sighting]:
        """What a piece adds."""
        file, before = self.file, self.file.lines
        place = f"{file.path}:{before + 1}" if self._numbered else f"{file.path}, byte {file.bytes + 1:,}"
        file.format = looked.part.written.name
        sightings = list(self._sightings(looked, before))
        file.bytes += looked.part.piece.fresh
        file.pages += 1
        file.lines += looked.lines
        file.looked_at += looked.looked_at
        file.sightings += len(sightings)
        if looked.part.piece.cut:
            self._cuts += 1
            self._first_cut = self._first_cut or place
        if looked.span is not None:
            self._date(*looked.span, place)
        return sightings

    def problems(self) -> Iterator[str]:
        """What is to be said of the file when it is done."""
        path = self.file.path
        if self._cuts:
            yield (
                f"{self._first_cut}: an event longer than {self._bound / (1 << 20):,.4g} MiB; it was searched "
                f"in parts, so a match across two may be missed or found twice ({self._cuts:,} cuts in this file); "
                "write one event a line"
            )
        if self.file.backwards:
            yield (
                f"{self._backwards_at}: times run backwards here ({self.file.backwards:,} times in this file); "
                "scan files that were joined one by one"
            )
        if self.file.bytes and self.file.first_ms is None:
            spare = "the time of the scan" if self.opened.modified_ms is None else "the file's own"
            yield f"{path}: no time was found, so {spare} is taken for all; say how times look with --time-format"

    def _sightings(self, looked: Looked, before: int) -> Iterator[Sighting]:
        for event, verdict in looked.found:
            self.file.undecided += bool(verdict.undecided)
            self.undecided.update(verdict.undecided)
            known = self._spare_ms if self._last_ms is None else self._last_ms
            ts_ms = known if event.ts_ms is None else event.ts_ms
            row = Row("", "", event.log_group, event.stream, ts_ms, event.message)
            for signature in verdict.found:
                yield Sighting(signature, row, self.file.path, (before + event.line + 1) * self._numbered)

    def _date(self, first_ms: int, last_ms: int, place: str) -> None:
        file = self.file
        if self._last_ms is not None and first_ms < self._last_ms - DISORDER_MS:
            file.backwards += 1
            self._backwards_at = self._backwards_at or place
        known = [ms for ms in (file.first_ms, file.last_ms, first_ms, last_ms) if ms is not None]
        file.first_ms, file.last_ms = min(known), max(known)
        self._last_ms = last_ms
