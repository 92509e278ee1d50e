"""What is read of files, as pieces to search: one file after the other, small ones in bundles, or all as they grow."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Protocol

from sigwatch.ports import Wait
from sigwatch.scan.encodings import Encoded
from sigwatch.scan.following import Failed, Followed, Fresh, Pace, follow
from sigwatch.scan.inputs import BLOCK_BYTES, QUIET_SECONDS, Given, Input, Lull
from sigwatch.scan.looking import Opened, Part
from sigwatch.scan.pages import BOUND_BYTES, OVERLAP_BYTES, Pager, Piece
from sigwatch.scan.places import Source, trouble
from sigwatch.scan.plain import Plain
from sigwatch.scan.reading import Unreadable, text
from sigwatch.scan.records import Headed
from sigwatch.scan.values import Format

HEAD_BYTES = 64 << 10
"""By so much a format is told; by less as long as there is less, and again when there is twice as much."""
SETTLING = (Plain, Headed)
"""Formats in which whole lines are whole events when nothing goes on with them."""
UTF16_BYTES = 2
BUNDLE = (256, 4 << 20)
"""Most files, and most bytes of them as stored, that are read by one thread in one go."""
BATCH = (256, 1 << 20)
"""Most pieces, and bytes of text after which no more is added, that are handed over together."""


class Recognise(Protocol):
    """Tells how the events of a file are written."""

    def __call__(
        self, head: bytes, time_format: str = "", exported: bool = False, near_ms: int | None = None
    ) -> Format:
        """See `formats.recognise`."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are read."""

    recognise: Recognise
    now_ms: int
    """Epoch milliseconds; near which the times of a pipe are, and for what has no time and is no file."""
    time_format: str = ""
    block: int = BLOCK_BYTES
    """Bytes of text read at once."""
    bound: int = BOUND_BYTES
    """Longest event that is searched in one part."""
    overlap: int = OVERLAP_BYTES
    quiet: float = QUIET_SECONDS
    """Seconds without growth after which the last line of a pipe is taken as whole."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes of a file."""

    source: Source
    opened: Opened | None
    """None where it had nothing in it that could be read."""
    trouble: str = ""
    """Why it was not read, or not to its end."""
    stored: int = 0
    """Bytes of it as stored that were read."""


Item = Part | Ended
Batch = tuple[Item, ...]


def bundles(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Sources in their order, neighbours that are small together."""
    held: list[Source] = []
    size = 0
    for source in sources:
        small = source.size is not None and source.size <= BUNDLE[1]
        if held and (not small or len(held) == BUNDLE[0] or size + (source.size or 0) > BUNDLE[1]):
            yield held
            held, size = [], 0
        if small:
            held.append(source)
            size += source.size or 0
        else:
            yield [source]
    if held:
        yield held


def read(sources: Sequence[Source], manner: Manner, stopping: Callable[[], bool]) -> Generator[Batch, None, None]:
    """Some sources, one after the other."""
    yield from _batches(item for source in sources for item in _items(source, manner, stopping))


def read_on(
    sources: Sequence[Source], manner: Manner, wait: Wait, pace: Pace, stopping: Callable[[], bool]
) -> Generator[Batch, None, None]:
    """Some files as they grow, until the wait says to stop; what is left over then is given as well."""
    paths = [source.place.path for source in sources]
    with closing(follow(paths, wait, pace, manner.block)) as given:
        yield from _batches(_followed(sources, manner, takewhile(lambda _: not stopping(), given)))


def _batches(items: Iterator[Item | Lull]) -> Iterator[Batch]:
    held: list[Item] = []
    size = 0
    for item in items:
        if not isinstance(item, Lull):
            held.append(item)
            size += len(item.piece.data) if isinstance(item, Part) else 0
        if held and (isinstance(item, Lull) or len(held) == BATCH[0] or size >= BATCH[1]):
            yield tuple(held)
            held, size = [], 0
    if held:
        yield tuple(held)


def _items(source: Source, manner: Manner, stopping: Callable[[], bool]) -> Iterator[Item | Lull]:
    try:
        data = Input(source.place.path, stopping, manner.quiet)
    except OSError as error:
        yield Ended(source, None, f"{source.place.path}: {trouble(error)}")
        return
    with data:
        file = _Text(source, manner, data.modified_ms)
        why = ""
        try:
            for given in text(data, manner.block):
                for part in file.heed(given):
                    yield replace(part, stored=data.position)
                if isinstance(given, Lull):
                    yield given
        except Unreadable as error:
            why = str(error)
        yield from file.end()
        yield Ended(source, file.opened, why, data.position)


def _followed(sources: Sequence[Source], manner: Manner, followed: Iterator[Followed]) -> Iterator[Item | Lull]:
    files: dict[int, _Text] = {}
    for number, each in followed:
        source = sources[number]
        file = files.get(number)
        if isinstance(each, Fresh):
            if file is not None:
                yield from file.end()
                yield Ended(source, file.opened)
            files[number] = _Text(source, manner, each.modified_ms)
        elif isinstance(each, Failed):
            yield from file.end() if file is not None else ()
            yield Ended(source, file.opened if file is not None else None, f"{source.place.path}: {each.why}")
            files.pop(number, None)
        elif file is not None:
            yield from file.heed(each)
            if isinstance(each, Lull):
                yield each
    for number, file in files.items():
        yield from file.end()
        yield Ended(sources[number], file.opened)


@dataclass(slots=True)
class _Text:
    """The text of one file, whose format is told anew as long as there is little of it."""

    source: Source
    manner: Manner
    modified_ms: int | None
    opened: Opened = field(init=False)
    _head: bytes = b""
    _told: int = 0
    """Bytes of the head by which the format was told; 0 before."""
    _written: Format | None = None
    _pager: Pager = field(init=False)

    def __post_init__(self) -> None:
        self.opened = Opened(self.source, self.modified_ms)
        manner = self.manner
        self._pager = Pager(self._cut, manner.block, manner.bound, manner.overlap, self._unit)

    def heed(self, given: Given) -> Iterator[Part]:
        if not isinstance(given, Lull):
            if len(self._head) < HEAD_BYTES:
                self._head += given[: HEAD_BYTES - len(self._head)]
            yield from self._parts(self._pager.feed(given))
        elif given is Lull.LONG and isinstance(self._written, SETTLING):
            yield from self._parts(self._pager.settle())
        else:
            yield from self._parts(self._pager.flush())

    def end(self) -> Iterator[Part]:
        yield from self._parts(self._pager.end())

    def _unit(self) -> int:
        return UTF16_BYTES if isinstance(self._written, Encoded) else 1

    def _cut(self, data: bytes) -> int:
        # The first lines of a pipe may be a greeting without any time.
        whole = len(self._head) == HEAD_BYTES
        head = self._head if whole else self._head[: self._head.rfind(b"\n") + 1]
        if self._told < HEAD_BYTES and len(head) >= max(1, 2 * self._told):
            self._tell(head)
            self._told = len(head)
        return self._written.cut(data) if self._written is not None else 0

    def _parts(self, pieces: Iterator[Piece]) -> Iterator[Part]:
        for piece in pieces:
            yield Part(self.opened, self._written or self._tell(self._head), piece)

    def _tell(self, head: bytes) -> Format:
        near_ms = self.manner.now_ms if self.modified_ms is None else self.modified_ms
        self._written = self.manner.recognise(head, self.manner.time_format, self.source.exported, near_ms)
        return self._written
