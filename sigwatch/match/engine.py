"""All signatures that match one event, in one pass over its text.

The reference dialect is RE2's: linear time whatever the text, so a log line can not hang the daemon. A pattern that RE2
does not have (lookaround, back-references) is decided by the `regex` module within a time limit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import re2
import regex

from sigwatch.model.knowledge import Signature

SLOW_LIMIT_SECONDS = 0.1
"""Longest search of one event by a pattern outside of the linear dialect."""

Search = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one event."""

    found: tuple[str, ...]
    """Ids of the signatures that match, sorted."""
    undecided: tuple[str, ...] = ()
    """Ids whose slow pattern ran out of time; never dropped in silence."""


class Engine:
    """The compiled patterns of some signatures. Safe to use from several threads."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        """Compile every pattern.

        Raises:
            ValueError: a sentence that names the signature whose pattern no engine takes.
        """
        self._ids: list[str] = []
        self._slow: list[tuple[str, Search]] = []
        self._set = re2.Set.SearchSet(_options())
        for signature in signatures:
            if is_linear(signature.pattern):
                self._set.Add(_encoded(signature.pattern))
                self._ids.append(signature.id)
            else:
                self._slow.append((signature.id, _bounded(signature.pattern)))
        if self._ids:
            self._set.Compile()

    def match(self, text: str) -> Verdict:
        """Which signatures are found anywhere in the text."""
        found = [self._ids[index] for index in (self._set.Match(_encoded(text)) if self._ids else None) or ()]
        undecided = []
        for name, search in self._slow:
            try:
                found += [name] if search(text) else []
            except TimeoutError:
                undecided.append(name)
        return Verdict(tuple(sorted(found)), tuple(undecided))


def finds(pattern: str, text: str) -> bool:
    """Whether one pattern is found in the text.

    Raises:
        ValueError: a sentence that says what is wrong with the pattern.
    """
    compiled = _compiled(pattern)
    if compiled is not None:
        return compiled.search(_encoded(text)) is not None
    try:
        return _bounded(pattern)(text)
    except TimeoutError:
        raise ValueError(
            f"took longer than {SLOW_LIMIT_SECONDS} s on one event; write it without lookaround and back-references"
        ) from None


def is_linear(pattern: str) -> bool:
    """Whether the pattern is in the linear dialect; one that is not costs up to 0.1 s for each event."""
    return _compiled(pattern) is not None


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 256 << 20
    return options


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(_encoded(pattern), _options())
    except re2.error:
        return None


def _bounded(pattern: str) -> Search:
    try:
        compiled = regex.compile(pattern, regex.ASCII)
    except regex.error as error:
        raise ValueError(f"is no valid regular expression: {error}") from None

    return lambda text: compiled.search(text, timeout=SLOW_LIMIT_SECONDS) is not None
