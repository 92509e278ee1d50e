"""Files that grow: read from their beginning, and on as they grow, are cut short, replaced, removed and made again."""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from sigwatch.ports import Wait
from sigwatch.scan.inputs import BLOCK_BYTES, Lull
from sigwatch.scan.places import trouble

EVERY_SECONDS = 0.25
QUIET_SECONDS = 2.0
MARK_BYTES = 256


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds."""

    every: float = EVERY_SECONDS
    """From one look at the files to the next."""
    quiet: float = QUIET_SECONDS
    """Without growth, after which the last line is taken as whole."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What follows comes from the beginning of another file under the same name, or of the same one cut short."""

    modified_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be read, at least for now."""

    why: str


class Fate(Enum):
    """What became of a file since it was looked at last."""

    SAME = auto()
    SHORTER = auto()
    REPLACED = auto()
    GONE = auto()


def fate(position: int, size: int, ours: tuple[int, int], named: tuple[int, int] | None, *, marked: bool) -> Fate:
    """What became of an open file.

    Args:
        position: bytes read of it.
        size: bytes it has now.
        ours: its device and inode.
        named: those of what is found under its name now; None when there is nothing.
        marked: whether it begins as it did.
    """
    if named is not None and named != ours:
        return Fate.REPLACED
    if size < position or not marked:
        return Fate.SHORTER
    return Fate.GONE if named is None else Fate.SAME


class Tail:
    """One file that is followed by its name."""

    def __init__(self, path: str, block: int = BLOCK_BYTES) -> None:
        """Nothing is opened before the first look."""
        self.path = path
        self._block = block
        self._fd: int | None = None
        self._position = 0
        self._mark = b""
        self._failed = ""

    def look(self) -> Iterator[bytes | Fresh | Failed]:
        """All that can be had now, in blocks, without waiting."""
        try:
            if self._fd is not None:
                yield from self._grown()
            if self._fd is not None and self._became() is Fate.REPLACED:
                # Whoever wrote may have written on while the name was given away.
                yield from self._grown()
                self.close()
            if self._fd is None:
                yield from self._opened()
            elif self._became() is Fate.SHORTER:
                os.lseek(self._fd, 0, os.SEEK_SET)
                yield from self._begun()
            self._failed = ""
        except OSError as error:
            self.close()
            if self._failed != trouble(error):
                self._failed = trouble(error)
                yield Failed(self._failed)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> Iterator[bytes | Fresh]:
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        yield from self._begun()

    def _begun(self) -> Iterator[bytes | Fresh]:
        self._position, self._mark = 0, b""
        if self._fd is not None:
            yield Fresh(os.fstat(self._fd).st_mtime_ns // 1_000_000)
            yield from self._grown()

    def _grown(self) -> Iterator[bytes]:
        # A file that was cut short and has grown past the old end would be read on in the middle of a line.
        while self._fd is not None and self._marked() and (data := os.read(self._fd, self._block)):
            self._position += len(data)
            if len(self._mark) < MARK_BYTES:
                self._mark += data[: MARK_BYTES - len(self._mark)]
            yield data

    def _marked(self) -> bool:
        return self._fd is not None and os.pread(self._fd, len(self._mark), 0) == self._mark

    def _became(self) -> Fate:
        status = os.fstat(self._fd) if self._fd is not None else None
        if status is None:
            return Fate.GONE
        named = None
        with suppress(FileNotFoundError):
            there = os.stat(self.path)  # noqa: PTH116 - beside fstat
            named = (there.st_dev, there.st_ino)
        ours = (status.st_dev, status.st_ino)
        return fate(self._position, status.st_size, ours, named, marked=self._marked())


Followed = tuple[int, bytes | Lull | Fresh | Failed]
"""Number of the file, and what is to be had of it."""


def follow(paths: Sequence[str], wait: Wait, pace: Pace, block: int = BLOCK_BYTES) -> Generator[Followed, None, None]:
    """All files together, until the wait says to stop: what there is of each comes in its order."""
    tails = [Tail(path, block) for path in paths]
    idle = [0.0] * len(tails)
    try:
        while True:
            for number, tail in enumerate(tails):
                grown = False
                for each in tail.look():
                    grown = grown or isinstance(each, bytes)
                    yield number, each
                before = idle[number]
                idle[number] = 0.0 if grown else before + pace.every
                if grown:
                    yield number, Lull.SHORT
                elif before < pace.quiet <= idle[number]:
                    yield number, Lull.LONG
            if wait(pace.every):
                return
    finally:
        for tail in tails:
            tail.close()
