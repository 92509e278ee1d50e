"""From what is stored to text: plain, gzip or zstd, told by the first bytes and not by the name.

What is damaged or cut off is read as far as it goes. A decompressor that meets damage gives nothing of the piece that
it was last fed, so pieces begin small and grow with what came before: at most a thirtieth of it is lost.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import zstandard
from isal import igzip_lib, isal_zlib

from sigwatch.errors import SigwatchError
from sigwatch.scan.inputs import BLOCK_BYTES, Given, Input, Lull
from sigwatch.scan.places import trouble

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
PIECE_BYTES = (256, 64 << 10)
"""Least and most compressed bytes that a decompressor is fed at once."""
GROWTH = 32
MOUTHFUL_BYTES = 1 << 10
"""What zstd is fed at once: it gives all of that at once, and four bytes of it may be a block of 128 KiB."""
LONGEST_HEADER = 64 << 10
FOREIGN = {b"BZh": "bzip2 -dc", b"\xfd7zXZ\0": "xz -dc", b"PK\x03\x04": "unzip -p", b"\x04\x22\x4d\x18": "lz4 -dc"}
"""First bytes of what is not read here, and what makes text of it."""


_DAMAGED: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub takes it for an instance


class Unreadable(SigwatchError):
    """A file could not be read, or not to its end. All that could be was given before."""


class _Broken(Exception):
    """What is wrong with compressed data, and before which of its bytes."""

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


class _Inflating(Protocol):
    """Something compressed, from its first byte to its last."""

    over: bool

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What a piece gives; after the end, `left` holds what did not belong to it any more."""

    @property
    def left(self) -> bytes:
        """Bytes after the end."""


def text(source: Input, size: int = BLOCK_BYTES) -> Iterator[Given]:
    """The text of an input, at most about `size` bytes at once.

    Raises:
        Unreadable: after all that could be read; a sentence with path, position and cure.
    """
    try:
        yield from _text(source, size)
    except _Broken as error:
        raise Unreadable(
            f"{source.path}: {error.what} before byte {error.at:,} of what is stored; what could be decompressed was "
            "searched; get a whole copy of the file"
        ) from None
    except OSError as error:
        raise Unreadable(f"{source.path}: byte {source.position:,}: {trouble(error)}") from None
    if source.shrunk:
        raise Unreadable(
            f"{source.path}: became shorter while it was read: {source.position:,} bytes of {source.size:,}; what was "
            "there was searched; scan a copy of it, or use --follow"
        )


def is_packed(path: str) -> bool:
    """Whether a file begins as gzip or zstd do; not where it can not be read."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(len(ZSTD))
    except OSError:
        return False
    return head.startswith((GZIP, ZSTD)) or _skippable(head)


def _text(source: Input, size: int) -> Iterator[Given]:
    given = source.give(size)
    head = b""
    for each in given:
        if isinstance(each, Lull):
            yield each
            continue
        head += each
        if len(head) >= len(ZSTD):
            break
    stored = _chain(head, given)
    if head.startswith(GZIP):
        yield from _inflated(stored, _Gzip)
    elif head.startswith(ZSTD) or _skippable(head):
        yield from _inflated(stored, _Zstd)
    else:
        tool = next((tool for magic, tool in FOREIGN.items() if head.startswith(magic)), "")
        if tool:
            raise Unreadable(
                f"{source.path}: compressed in a way that is not read here; try {tool} FILE | sigwatch scan -"
            )
        yield from stored


def _chain(head: bytes, rest: Iterator[Given]) -> Iterator[Given]:
    if head:
        yield head
    yield from rest


def _inflated(stored: Iterable[Given], kind: type["_Gzip"] | type["_Zstd"]) -> Iterator[Given]:
    """The text of members or frames, one after the other."""
    current: _Inflating | None = None
    at = 0
    for piece in _pieces(stored):
        if isinstance(piece, Lull):
            yield piece
            continue
        at += len(piece)
        left = piece
        while left:
            # Tapes and some tools pad the end of the last member with zeros.
            left = left if current else left.lstrip(b"\0")
            current = current or (kind() if left else None)
            try:
                yield from current.feed(left) if current else ()
            except _Broken as error:
                raise _Broken(error.what, at) from None
            left = current.left if current and current.over else b""
            current = None if current and current.over else current
    if current is not None:
        raise _Broken("cut off", at)


def _pieces(stored: Iterable[Given]) -> Iterator[Given]:
    fed = 0
    for each in stored:
        if isinstance(each, Lull):
            yield each
            continue
        start = 0
        while start < len(each):
            least, most = PIECE_BYTES
            piece = each[start : start + min(most, max(least, fed // GROWTH))]
            yield piece
            start += len(piece)
            fed += len(piece)


class _Gzip:
    """One member (RFC 1952). The check sum is compared here: a library that does it gives no text where it is wrong."""

    def __init__(self) -> None:
        self.over = False
        self.left = b""
        self._held = b""
        self._began = False
        self._crc = 0
        self._length = 0
        self._deflated = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._began:
            data = self._headless(data)
        if self._began and not self._deflated.eof:
            yield from self._body(data)
            data = self._deflated.unused_data if self._deflated.eof else b""
        if self._deflated.eof:
            self._tail(data)

    def _headless(self, data: bytes) -> bytes:
        self._held += data
        length = _header(self._held)
        if length is None:
            return b""
        self._began = True
        return self._held[length:]

    def _body(self, data: bytes) -> Iterator[bytes]:
        while data or not self._deflated.needs_input:
            try:
                text = self._deflated.decompress(data, BLOCK_BYTES)
            except _DAMAGED:
                raise _Broken("damaged") from None
            self._crc = isal_zlib.crc32(text, self._crc)
            self._length += len(text)
            if text:
                yield text
            data = b""
            if self._deflated.eof:
                self._held = b""
                return

    def _tail(self, data: bytes) -> None:
        self._held += data
        if len(self._held) < 8:
            return
        crc, length = (int.from_bytes(self._held[at : at + 4], "little") for at in (0, 4))
        self.over, self.left = True, self._held[8:]
        if (crc, length) != (self._crc, self._length & 0xFFFFFFFF):
            raise _Broken("damaged (its check sum differs)")


def _header(data: bytes) -> int | None:
    """Length of a member's header; None where more of it is needed."""
    if data[:2] != GZIP[: len(data)] or (len(data) > 2 and data[2] != 8):
        raise _Broken("followed by what is no gzip")
    if len(data) < 10:
        return None
    flags, at = data[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(data[10:12], "little")
    for _ in range(bool(flags & 8) + bool(flags & 16)):
        at = data.find(b"\0", at) + 1
        if not at:
            if len(data) > LONGEST_HEADER:
                raise _Broken("damaged (its header has no end)")
            return None
    at += 2 if flags & 2 else 0
    return at if at <= len(data) else None


def _skippable(head: bytes) -> bool:
    """Whether zstd data begin with a frame that holds no text, as those of parallel compressors do."""
    return head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50


class _Zstd:
    """One frame."""

    def __init__(self) -> None:
        self.over = False
        self.left = b""
        self._head = b""
        self._skip = 0
        self._frame = zstandard.ZstdDecompressor().decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if len(self._head) < 8:
            self._head += data
            if not (self._head.startswith(ZSTD) or _skippable(self._head.ljust(4, b"\0"))) and len(self._head) >= 4:
                raise _Broken("followed by what is no zstd")
            if len(self._head) < 8:
                return
            data = self._head
            self._skip = 8 + int.from_bytes(data[4:8], "little") if _skippable(data) else 0
        if self._skip:
            self._pass(data)
        else:
            yield from self._body(data)

    def _body(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), MOUTHFUL_BYTES):
            try:
                text = self._frame.decompress(data[start : start + MOUTHFUL_BYTES])
            except zstandard.ZstdError as error:
                large = "packed with a window of over 128 MiB (zstd -dc --long=31 FILE | sigwatch scan - reads it)"
                raise _Broken(large if "memory" in str(error) else "damaged") from None
            if text:
                yield text
            if self._frame.eof:
                self.over, self.left = True, self._frame.unused_data + data[start + MOUTHFUL_BYTES :]
                return

    def _pass(self, data: bytes) -> None:
        skipped, self._skip = data[: self._skip], max(0, self._skip - len(data))
        self.over, self.left = not self._skip, data[len(skipped) :]
