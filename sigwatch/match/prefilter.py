"""Which patterns may be found in a text: quickly, never too few, whatever the number of patterns.

Hyperscan where there is a package of it, google-re2 elsewhere and until a large database is compiled. Neither decides.
"""

import importlib
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Protocol

import re2

from sigwatch.dialect import Filter, widen
from sigwatch.match.bytewise import bytewise, essence

try:
    _hyperscan: Any = importlib.import_module("hyperscan")
except ImportError:  # pragma: no cover - depends on the machine
    _hyperscan = None

RE2_MEMORY = 256 << 20
"""Bytes that a set of google-re2 may use for what it has seen; less, and it starts over too often."""


QUICK = 300
"""Patterns that Hyperscan compiles within half a second."""


class NotTaken(ValueError):
    """Hyperscan can not compile or load something."""


class Scan(Protocol):
    """A prefilter as one thread at a time uses it."""

    def numbers(self, text: bytes) -> Collection[int]:
        """Of the patterns that may be found in an event, given in UTF-8; some may be there twice."""

    def ends(self, text: bytes) -> Sequence[int]:
        """Where in a text of many events patterns may be found: ascending offsets past the last byte of each match.

        Every event in which a pattern is found has one in it, or directly behind it.
        """


class Prefilter(Protocol):
    """Patterns compiled together; may be shared by threads."""

    patterns: tuple[str, ...]

    def scan(self) -> Scan:
        """A way to search with it, for one thread at a time."""


def quick(patterns: Sequence[str]) -> Prefilter:
    """The best that there is within a second or so: Hyperscan's for few patterns, else google-re2's."""
    return compiled(patterns) if len(patterns) <= QUICK else Re2Prefilter(patterns)


def compiled(patterns: Sequence[str]) -> Prefilter:
    """Hyperscan's where it is available and takes the patterns, else google-re2's.

    Takes a second or two for a thousand patterns and half a minute for ten thousand; other threads run meanwhile.
    """
    if not patterns or _hyperscan is None:
        return Re2Prefilter(patterns)
    try:
        return HyperscanPrefilter.of(patterns)
    except NotTaken:
        return Re2Prefilter(patterns)


class Re2Prefilter:
    """A set of google-re2: compiles ten thousand patterns in a second; for whole buffers it knows no places."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile them; those outside of the linear dialect as their filters, which are wider.

        Raises:
            ValueError: a pattern is no regular expression.
        """
        self.patterns = tuple(patterns)
        self._set = re2.Set.SearchSet(options(RE2_MEMORY))
        for pattern in patterns:
            self._set.Add((pattern if is_linear(pattern) else _as_re2(widen(pattern))).encode("utf-8", "replace"))
        if patterns:
            self._set.Compile()

    def scan(self) -> "Re2Prefilter":
        """See `Prefilter.scan`."""
        return self

    def numbers(self, text: bytes) -> Collection[int]:
        """See `Scan.numbers`."""
        return self._set.Match(text) or () if self.patterns else ()

    def ends(self, text: bytes) -> Sequence[int]:
        """See `Scan.ends`: every line may be one."""
        if not self.patterns:
            return ()
        lines = text.split(b"\n")
        position, found = 0, []
        for line in lines:
            position += len(line)
            found.append(max(1, position))
            position += 1
        return found


class HyperscanPrefilter:
    """A database of Hyperscan."""

    def __init__(self, patterns: Sequence[str], database: Any) -> None:
        """Take a compiled database of these patterns, in their order."""
        self.patterns = tuple(patterns)
        self._database = database
        self._scratch = _hyperscan.Scratch(database)

    @classmethod
    def of(cls, patterns: Sequence[str]) -> "HyperscanPrefilter":
        """Compile patterns.

        Raises:
            ValueError: a pattern is no regular expression.
            NotTaken: Hyperscan does not take one.
        """
        filters = list(map(widen, patterns))
        expressions = list(map(bytewise, filters))
        try:
            return cls(patterns, _database(expressions, filters))
        except NotTaken:
            return cls(patterns, _database(list(map(_smaller, expressions, filters)), filters))

    @classmethod
    def loaded(cls, patterns: Sequence[str], data: bytes) -> "HyperscanPrefilter":
        """Take up what `data` gave for the same patterns, on a machine of the same kind; its own check sum is compared.

        Raises:
            NotTaken: the data is damaged, or from another kind of machine.
        """
        try:
            return cls(patterns, _hyperscan.loadb(data, _hyperscan.HS_MODE_BLOCK))
        except _hyperscan.HyperscanError as error:
            raise NotTaken(f"can not be loaded: {error}") from error

    @property
    def data(self) -> bytes:
        """The database, to be kept."""
        return bytes(_hyperscan.dumpb(self._database))

    def scan(self) -> "_HyperscanScan":
        """See `Prefilter.scan`."""
        return _HyperscanScan(self._database, self._scratch.clone())


class _HyperscanScan:
    """A database with the scratch space of one thread."""

    def __init__(self, database: Any, scratch: Any) -> None:
        self._search: Callable[..., None] = database.scan
        self._scratch = scratch
        self._found: list[int] = []
        found = self._found.append

        def number(each: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            found(each)

        def end(_each: int, _start: int, offset: int, _flags: int, _context: object) -> None:
            found(offset)

        self._number, self._end = number, end

    def numbers(self, text: bytes) -> Collection[int]:
        self._search(text, self._number, scratch=self._scratch)
        if not self._found:
            return ()
        numbers = set(self._found)
        self._found.clear()
        return numbers

    def ends(self, text: bytes) -> Sequence[int]:
        self._search(text, self._end, scratch=self._scratch)
        ends = sorted(self._found)
        self._found.clear()
        return ends


def options(memory: int = 8 << 20) -> Any:
    """Of google-re2: quiet, and with so many bytes for what it has seen."""
    found = re2.Options()
    found.log_errors = False
    found.max_mem = memory
    return found


@lru_cache(maxsize=32_768)
def is_linear(pattern: str) -> bool:
    """Whether the pattern is in the linear dialect; one that is not costs up to 0.1 s for each event."""
    try:
        re2.compile(pattern.encode("utf-8", "replace"), options(RE2_MEMORY))
    except re2.error:
        return False
    return True


def _database(expressions: Sequence[bytes], filters: Sequence[Filter]) -> Any:
    database = _hyperscan.Database(mode=_hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(expressions, ids=list(range(len(filters))), flags=list(map(_flags, filters)))
    except _hyperscan.HyperscanError as error:
        raise NotTaken(f"can not be compiled: {error}") from error
    return database


def _smaller(expression: bytes, found: Filter) -> bytes:
    """The expression; where it is too large by itself, no more than the text that it asks for."""
    try:
        _database([expression], [found])
    except NotTaken:
        try:
            return essence(found)
        except ValueError:
            return expression
    return expression


def _as_re2(found: Filter) -> str:
    return f"(?i){found.text}" if found.any_case else found.text


def _flags(found: Filter) -> int:
    return int(_hyperscan.HS_FLAG_CASELESS) if found.any_case else 0
