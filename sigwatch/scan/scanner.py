"""The run of a scan: files are read ahead, searched by several threads, and told in their order."""

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from sigwatch.ports import Wait
from sigwatch.scan.accounts import Account, FileTotals, Sighting, Totals
from sigwatch.scan.files import Batch, Ended, Manner, bundles, read, read_on
from sigwatch.scan.following import Pace
from sigwatch.scan.looking import Engine, Looked, Part, look
from sigwatch.scan.order import Crew, Size
from sigwatch.scan.places import STDIN, Source, shown
from sigwatch.scan.reading import is_packed

MOST_READERS = 4
HINT_BYTES = 24 << 20
SPARE_DEPTH = 2
"""Pieces read ahead of those that threads have in hand."""


@dataclass(frozen=True, slots=True)
class Following:
    """That files are to be followed as they grow."""

    wait: Wait
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How a scan goes about it."""

    manner: Manner
    threads: int = os.cpu_count() or 1
    """That search, one at least; up to four more read."""
    following: Following | None = None
    numbered: bool = True
    """Whether lines are counted, so that sightings have their number: that takes as long as searching."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is."""

    path: str
    stored: int
    """Bytes as stored that have been read and searched, of all files."""
    bytes: int
    """Of text that was searched."""
    lines: int
    sightings: int


@dataclass(frozen=True, slots=True)
class _Done:
    """An item, and what it holds if it is a part of a file."""

    item: Part | Ended
    looked: Looked | None = None


def run(
    sources: Sequence[Source],
    engine: Engine,
    on_hits: Callable[[Sequence[Sighting]], None],
    progress: Callable[[Progress], None],
    stopping: Callable[[], bool],
    settings: ScanSettings,
) -> Totals:
    """Search the sources, to their end or as long as they are followed.

    Args:
        sources: what to read, in the order in which it is told.
        engine: which signatures are in a text.
        on_hits: is told of sightings in order, some at a time, in the caller's thread; what it raises ends the run.
        progress: is told likewise after each piece that was searched.
        stopping: whether to end soon; what was told and counted until then is kept.
        settings: how to go about it.

    Raises:
        Exception: whatever `on_hits`, `progress`, the engine or a format raises; no thread is left then.
    """
    _keep_memory()
    halt = threading.Event()
    book = _Book(settings, on_hits, progress)
    lines = list(_lines(sources, settings, book, lambda: halt.is_set() or stopping()))
    threads = max(1, settings.threads)
    size = Size(min(MOST_READERS, threads), threads, threads + SPARE_DEPTH)
    crew = Crew(lines, partial(_hand, engine, halt.is_set, settings.numbered), size, halt)
    # What grows has no other end than a stop: what has come until then is told.
    endless = all(source.size is None for source in sources) or settings.following is not None
    with closing(crew.results((lambda: False) if endless else stopping)) as results:
        for batch in results:
            book.enter(batch)
    return book.closed(stopped=stopping())


def _keep_memory() -> None:
    """Make the allocator of glibc keep what blocks leave behind, instead of giving it back and asking for it again.

    It takes a large block that is freed as a hint, see M_MMAP_THRESHOLD in mallopt(3). Without it new memory from the
    system costs as much as all else that is done to a block. Nothing is written to this one, so it takes none.
    """
    bytes(HINT_BYTES)


def _lines(
    sources: Sequence[Source], settings: ScanSettings, book: "_Book", stopping: Callable[[], bool]
) -> Iterator[Callable[[], Generator[Batch, None, None]]]:
    following = settings.following
    endless = [source for source in sources if following is not None and source.size is not None]
    for source in sources if endless else ():
        if source.size is None:
            book.refuse(source)
    # What is packed does not grow by lines.
    packed = [source for source in endless if is_packed(source.place.path)]
    for bundle in bundles(packed if endless else sources):
        yield partial(read, bundle, settings.manner, stopping)
    endless = [source for source in endless if source not in packed]
    if endless and following is not None:
        wait = following.wait
        yield partial(read_on, endless, settings.manner, lambda s: wait(s) or stopping(), following.pace, stopping)


def _hand(engine: Engine, stopping: Callable[[], bool], numbered: bool) -> Callable[[Batch], list[_Done]]:
    scanner = engine.scanner()

    def search(batch: Batch) -> list[_Done]:
        return [
            _Done(item, look(item, engine, scanner, stopping, numbered=numbered))
            if isinstance(item, Part)
            else _Done(item)
            for item in batch
        ]

    return search


class _Book:
    """Accounts of the files, and whom to tell."""

    def __init__(
        self,
        settings: ScanSettings,
        on_hits: Callable[[Sequence[Sighting]], None],
        progress: Callable[[Progress], None],
    ) -> None:
        self._settings = settings
        self._on_hits = on_hits
        self._progress = progress
        self._totals = Totals()
        self._open: dict[int, Account] = {}
        self._stored = 0
        self._bytes = self._lines = self._sightings = 0

    def enter(self, batch: list[_Done]) -> None:
        sightings: list[Sighting] = []
        stored, path = self._stored, ""
        for done in batch:
            path = done.item.source.place.path if isinstance(done.item, Ended) else done.item.opened.source.place.path
            if isinstance(done.item, Ended):
                self._end(done.item)
                stored = self._stored
            elif done.looked is not None:
                sightings += self._part(done.looked)
                stored = self._stored + done.item.stored
        if sightings:
            self._on_hits(sightings)
        self._progress(Progress(path, stored, self._bytes, self._lines, self._sightings))

    def refuse(self, source: Source) -> None:
        path = "standard input" if source.place.path == STDIN else shown(source.place.path)
        why = f"{path}: can not be followed together with files; give it alone"
        self._totals.files.append(FileTotals(shown(source.place.path), source.place.log_group, unread=why))
        self._totals.problems.append(why)

    def closed(self, *, stopped: bool) -> Totals:
        for account in self._open.values():
            self._settle(account, "stopped before its end" if not self._settings.following else "")
        self._totals.stopped = stopped
        return self._totals

    def _part(self, looked: Looked) -> list[Sighting]:
        opened = looked.part.opened
        account = self._open.get(id(opened))
        if account is None:
            manner = self._settings.manner
            numbered = self._settings.numbered
            account = Account(opened, manner.now_ms, manner.bound, manner.time_format, numbered=numbered)
            self._open[id(opened)] = account
            self._totals.files.append(account.file)
        sightings = account.enter(looked)
        self._bytes += looked.part.piece.fresh
        self._lines += looked.lines
        self._sightings += len(sightings)
        return sightings

    def _end(self, ended: Ended) -> None:
        self._stored += ended.stored or ended.source.size or 0
        trouble = shown(ended.trouble)
        if trouble:
            self._totals.problems.append(trouble)
        account = self._open.pop(id(ended.opened), None)
        if account is not None:
            self._settle(account, trouble)
        else:
            place = ended.source.place
            self._totals.files.append(FileTotals(shown(place.path), place.log_group, unread=trouble))

    def _settle(self, account: Account, unread: str) -> None:
        account.file.unread = unread
        self._totals.problems += account.problems()
        self._totals.remarks += account.remarks()
        self._totals.undecided += account.undecided
