"""What a scan has found and counted, file by file, in the order of the files and of what is in them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sigwatch.model.logs import Row
from sigwatch.scan.looking import Looked, Opened
from sigwatch.scan.pages import BOUND_BYTES
from sigwatch.scan.places import shown


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event in which a signature matched, and where it stands."""

    signature: str
    row: Row
    path: str
    line: int
    """Of the file, from 1; 0 where lines are not counted."""
    undated: int = 0
    """Its number among those of the file whose time is not known; 0 where it is."""


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
    """Times that are earlier than what was known before them, by more than a minute; the known ones of a page are those
    that it begins and ends with, and those of sightings."""
    first_ms: int | None = None
    """Earliest known time, epoch milliseconds; None without any."""
    last_ms: int | None = None
    """Latest known time."""
    unread: str = ""
    """Why it was not read, or not to its end."""


@dataclass(slots=True)
class Totals:
    """What a scan did."""

    files: list[FileTotals] = field(default_factory=list)
    undecided: Counter[str] = field(default_factory=Counter)
    """Events by the signature whose pattern ran out of time."""
    problems: list[str] = field(default_factory=list)
    """By which something may have been missed; each with its path, and with what to do."""
    remarks: list[str] = field(default_factory=list)
    """What is odd and costs no hit, likewise."""
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

    def __init__(
        self,
        opened: Opened,
        now_ms: int,
        bound: int = BOUND_BYTES,
        time_format: str = "",
        *,
        numbered: bool = True,
    ) -> None:
        """Begin with a file.

        Args:
            opened: the file.
            now_ms: for what has no time at all.
            bound: what an event may be long.
            time_format: what the user says that times look like.
            numbered: whether lines are counted.
        """
        self._numbered = numbered
        self.opened = opened
        self._bound = bound
        self._time_format = time_format
        place = opened.source.place
        self.file = FileTotals(shown(place.path), place.log_group)
        self.undecided: Counter[str] = Counter()
        self._spare_ms = now_ms if opened.modified_ms is None else opened.modified_ms
        self._last_ms: int | None = None
        self._undated = 0
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
        first, last = looked.span or (None, None)
        self._date(first, place)
        for each in sightings:
            self._date(None if each.undated else each.row.ts_ms, f"{file.path}:{each.line}" if each.line else place)
        self._date(last, place)
        return sightings

    def problems(self) -> Iterator[str]:
        """By what something may have been missed; to be asked when the file is done."""
        if self._cuts:
            yield (
                f"{self._first_cut}: an event longer than {self._bound / (1 << 20):,.4g} MiB; it was searched "
                f"in parts, so a match across two may be missed or found twice ({self._cuts:,} cuts in this file); "
                "write one event a line"
            )

    def remarks(self) -> Iterator[str]:
        """What is odd about the file; to be asked when it is done."""
        path = self.file.path
        if self.file.backwards:
            often = f"{self.file.backwards:,} times" if self.file.backwards > 1 else "once"
            yield (
                f"{self._backwards_at}: times run backwards here ({often} in this file); "
                "an event without a time takes the one before; scan files that were joined one by one"
            )
        if self.file.bytes and self.file.first_ms is None:
            spare = "the time of the scan" if self.opened.modified_ms is None else "the file's own"
            cure = f"no line begins as --time-format {self._time_format!r} says" if self._time_format else ""
            yield (
                f"{path}: no time was found, so {spare} is taken for all; "
                f"{cure or 'say how times look with --time-format'}"
            )

    def _sightings(self, looked: Looked, before: int) -> Iterator[Sighting]:
        for event, verdict in looked.found:
            self.file.undecided += bool(verdict.undecided)
            self.undecided.update(verdict.undecided)
            known = self._spare_ms if self._last_ms is None else self._last_ms
            ts_ms = known if event.ts_ms is None else event.ts_ms
            row = Row("", "", event.log_group, event.stream, ts_ms, event.message)
            self._undated += event.ts_ms is None
            line, undated = (before + event.line + 1) * self._numbered, self._undated * (event.ts_ms is None)
            for signature in verdict.found:
                yield Sighting(signature, row, self.file.path, line, undated)

    def _date(self, ts_ms: int | None, place: str) -> None:
        if ts_ms is None:
            return
        file = self.file
        if self._last_ms is not None and ts_ms < self._last_ms - DISORDER_MS:
            file.backwards += 1
            self._backwards_at = self._backwards_at or place
        file.first_ms = ts_ms if file.first_ms is None else min(file.first_ms, ts_ms)
        file.last_ms = ts_ms if file.last_ms is None else max(file.last_ms, ts_ms)
        self._last_ms = ts_ms
