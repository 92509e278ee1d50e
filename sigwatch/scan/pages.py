"""From the text of a file to pieces that are whole events, however long a line may be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sigwatch.scan.inputs import BLOCK_BYTES

BOUND_BYTES = 4 << 20
"""Carried over at most from one block to the next, waiting for an event to end."""
LEAST_BOUND = 16
"""With less than that a cut between characters may stand still."""
OVERLAP_BYTES = 4 << 10
"""What the parts of a line that is cut share: a match of up to that length is whole in one of them. One that lies in
what they share is found in both."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that is searched on its own."""

    data: bytes
    offset: int
    """Bytes of the file's text before it."""
    overlap: int = 0
    """Bytes at its beginning that the piece before it has as well."""
    cut: bool = False
    """Whether it ends where no event is known to end, for being too long."""

    @property
    def fresh(self) -> int:
        """Bytes that no piece before it has."""
        return len(self.data) - self.overlap


class Pager:
    """Cuts the text of one file between events, and carries over what follows the last cut."""

    def __init__(
        self,
        cut: Callable[[bytes], int],
        block: int = BLOCK_BYTES,
        bound: int = BOUND_BYTES,
        overlap: int = OVERLAP_BYTES,
        unit: Callable[[], int] = lambda: 1,
    ) -> None:
        """Start at the beginning of a file.

        Args:
            cut: see `Format.cut`.
            block: bytes that are gathered before a cut is looked for.
            bound: bytes that may be carried over; 16 at least.
            overlap: bytes that the parts of a line longer than that share; less than half of `bound`.
            unit: bytes that belong together, counted from the beginning of the file.
        """
        self._unit = unit
        self._cut = cut
        self._block = block
        self._bound = max(bound, LEAST_BOUND)
        self._overlap = min(overlap, self._bound // 2)
        self._rest = b""
        self._parts: list[bytes] = []
        self._gathered = 0
        self._shared = 0
        self._offset = 0

    def feed(self, text: bytes) -> Iterator[Piece]:
        """What may be whole, once enough is gathered."""
        self._parts.append(text)
        self._gathered += len(text)
        if self._gathered >= self._block:
            yield from self.flush()

    def flush(self) -> Iterator[Piece]:
        """What is whole of all that was fed."""
        if not self._parts:
            return
        if piece := self._before_last_cut():
            yield piece
            return
        self._join()
        while self._rest:
            if end := self._cut(self._rest):
                yield self._off(end)
            elif len(self._rest) <= self._bound:
                return
            elif end := self._rest.rfind(b"\n", self._shared, self._bound) + 1:
                yield self._off(end, cut=True)
            else:
                yield self._off(_character(self._rest, self._bound), cut=True, shared=self._overlap)

    def settle(self) -> Iterator[Piece]:
        """What ends with a line, for nothing follows it for long; half a line waits for its other half."""
        yield from self.flush()
        if end := self._rest.rfind(b"\n") + 1:
            yield self._off(end)

    def end(self) -> Iterator[Piece]:
        """What is left when nothing follows: of a small file all of it, in one piece."""
        if len(self._rest) + self._gathered > self._bound:
            yield from self.flush()
        self._join()
        if len(self._rest) > self._shared:
            yield self._off(len(self._rest))

    def _before_last_cut(self) -> Piece | None:
        """What is whole, copied once, where the newest part shows by itself where its last event begins."""
        last = self._parts[-1]
        before = len(self._rest) + self._gathered - len(last)
        if self._shared or before > self._bound or (self._offset + before) % self._unit():
            return None
        end = self._cut(last)
        if not end:
            return None
        data = b"".join((self._rest, *self._parts[:-1], memoryview(last)[:end]))
        piece = Piece(data, self._offset)
        self._rest, self._parts, self._gathered = last[end:], [], 0
        self._offset += len(data)
        return piece

    def _join(self) -> None:
        # One copy for all: of a block each costs as much as reading it.
        self._rest = b"".join((self._rest, *self._parts) if self._rest else self._parts)
        self._parts, self._gathered = [], 0

    def _off(self, end: int, *, cut: bool = False, shared: int = 0) -> Piece:
        piece = Piece(self._rest[:end], self._offset, self._shared, cut)
        start = _character(self._rest, end - shared) if shared else end
        self._rest = self._rest[start:]
        self._shared = end - start
        self._offset += start
        return piece


def _character(data: bytes, at: int) -> int:
    """The beginning of the UTF-8 character in which an offset lies."""
    for back in range(min(4, at + 1)):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at
