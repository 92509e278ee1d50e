"""Regular expressions as the service takes them: linear time, unanchored, and pickier than Python's."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import re2

_ESCAPED_BLANK = re.compile(r"(?<!\\)(?:\\\\)*\\ ")
_MEMORY_BYTES = 64 << 20
_HOLES = re.compile(r"(\*)")


class _Match(Protocol):
    def group(self) -> str: ...

    def groups(self) -> tuple[str | None, ...]: ...


class _Program(Protocol):
    groupindex: dict[str, int]
    groups: int

    def search(self, text: str) -> _Match | None: ...

    def sub(self, replacement: Callable[[_Match], str], text: str) -> str: ...


class PatternError(ValueError):
    """The expression is not one that the service takes."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that compiles."""

    text: str
    _program: _Program = field(compare=False, repr=False)

    def occurs_in(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return self._program.search(text) is not None

    def captures(self, text: str) -> tuple[str | None, ...] | None:
        """What its groups hold at the first match; None without a match."""
        found = self._program.search(text)
        return None if found is None else found.groups()

    def masked(self, text: str) -> str:
        """The text with an asterisk for each character of every match."""
        return self._program.sub(lambda found: "*" * len(found.group()), text)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of its groups, in their order."""
        return tuple(sorted(self._program.groupindex, key=self._program.groupindex.__getitem__))

    @property
    def group_count(self) -> int:
        """How many of its groups capture, named or not."""
        return self._program.groups


@cache
def _options() -> object:
    options = re2.Options()
    options.log_errors = False
    # A list of alternatives fills a query's 10,000 characters; folded to both cases it outgrows the default.
    options.max_mem = _MEMORY_BYTES
    return options


def compile_pattern(text: str) -> Pattern:
    r"""Compile an expression; `(?i)` at its head makes it blind to case.

    Raises:
        PatternError: it has look-around, a back reference, an escaped blank, or is not an expression.
    """
    if _ESCAPED_BLANK.search(text):
        raise PatternError("invalid escape sequence: '\\ '")
    return _compiled(text)


def _compiled(text: str) -> Pattern:
    try:
        program: _Program = re2.compile(text, _options())
    except re2.error as fault:
        raise PatternError(_words(fault)) from fault
    return Pattern(text, program)


def compile_glob(text: str) -> Pattern:
    """Compile the glob of a parse command: each `*` captures as little as it can, the last one the rest.

    Raises:
        PatternError: there is no `*` in it.
    """
    parts = _HOLES.split(text)
    if len(parts) == 1:
        raise PatternError("a parse pattern needs at least one '*'")
    ends_open = not parts[-1]
    pieces = ["(.*?)" if part == "*" else re2.escape(part) for part in parts]
    if ends_open:
        pieces[-2] = "(.*)"
    return _compiled("(?s)" + "".join(pieces))


def _words(fault: Exception) -> str:
    reason = fault.args[0] if fault.args else "invalid expression"
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
