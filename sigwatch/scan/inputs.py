"""The bytes of a file or a pipe as they are stored, and the moments in which there are none to be had."""

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self

from sigwatch.scan.places import STDIN

BLOCK_BYTES = 4 << 20
"""Read at once: with less the threads hand over more often than they search, with more memory is all that grows."""
PIPE_BYTES = 1 << 20
"""What a pipe may hold, where the system allows it; a writer is held up less often than with 64 KiB."""
QUIET_SECONDS = 2.0
"""After which what a pipe gave last is taken as whole."""
LOOK_SECONDS = 0.1
"""Longest time that a wait for a pipe does not notice a request to stop."""


class Lull(Enum):
    """Nothing more to be had for the moment."""

    SHORT = auto()
    """What has been read should be handed on now."""
    LONG = auto()
    """Nothing came for so long that the last line with an end is taken as whole."""


Given = bytes | Lull
"""What an input gives: bytes, never empty, or a lull."""

_READY = select.POLLIN | select.POLLHUP | select.POLLERR if hasattr(select, "POLLIN") else 0


class Input:
    """An open file, pipe or standard input, read from its beginning to its end."""

    def __init__(self, path: str, stopping: Callable[[], bool], quiet: float = QUIET_SECONDS) -> None:
        """Open it; `quiet` is after how many seconds a lull of a pipe is a long one.

        Raises:
            OSError: it can not be opened.
        """
        self.path = path
        self.position = 0
        """Bytes given."""
        self._stopping = stopping
        self._quiet = quiet
        # Opening a named pipe without a writer would wait where no request to stop is heard.
        self._fd = 0 if path == STDIN else os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._fd)
        self.regular = stat.S_ISREG(status.st_mode)
        self.size = status.st_size
        self.modified_ms = status.st_mtime_ns // 1_000_000 if self.regular else None
        """Epoch milliseconds; None for what is no file."""
        if stat.S_ISFIFO(status.st_mode):
            _widen(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd:
            os.close(self._fd)

    @property
    def shrunk(self) -> bool:
        """Whether it is a file that has become shorter since it was opened."""
        return self.regular and os.fstat(self._fd).st_size < self.size

    def give(self, size: int = BLOCK_BYTES) -> Iterator[Given]:
        """All of it, at most `size` bytes at once; ends early when asked to stop.

        Raises:
            OSError: reading failed; what came before is good.
        """
        for given in self._file(size) if self.regular else self._pipe(size):
            self.position += 0 if isinstance(given, Lull) else len(given)
            yield given

    def _file(self, size: int) -> Iterator[Given]:
        while not self._stopping() and (data := os.read(self._fd, size)):
            yield data

    def _pipe(self, size: int) -> Iterator[Given]:
        poll = select.poll()
        poll.register(self._fd, _READY)
        idle = 0.0
        while not self._stopping():
            if not poll.poll(0 if not idle else LOOK_SECONDS * 1000):
                if not idle:
                    yield Lull.SHORT
                elif idle - LOOK_SECONDS < self._quiet <= idle:
                    yield Lull.LONG
                idle += LOOK_SECONDS
                continue
            idle = 0.0
            data = os.read(self._fd, min(size, PIPE_BYTES))
            if not data:
                return
            yield data


def _widen(fd: int) -> None:
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not every system has it

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
