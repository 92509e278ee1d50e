"""All signatures that match one event, in one pass over its text.

The reference dialect is RE2's: linear time whatever the text, so a log line can not hang the daemon. A pattern that RE2
does not have (lookaround, back-references) is decided by the `regex` module within a time limit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
import regex

from sigwatch.model.knowledge import Signature

SLOW_LIMIT_SECONDS = 0.1
"""Longest search of one event by a pattern outside of the linear dialect."""

FEW = 64
"""Patterns that may differ from what is compiled before all are compiled anew."""

Search = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one event."""

    found: tuple[str, ...]
    """Ids of the signatures that match, sorted."""
    undecided: tuple[str, ...] = ()
    """Ids whose slow pattern ran out of time; never dropped in silence."""


NOTHING = Verdict(())
"""What is known of most events."""

Entry = tuple[str, str]
"""Id and pattern of a signature."""


class Database:
    """Patterns of the linear dialect, compiled together."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Compile them; every pattern must be linear."""
        self.entries = tuple(entries)
        self._set = re2.Set.SearchSet(_options())
        for _, pattern in entries:
            self._set.Add(_encoded(pattern))
        if entries:
            self._set.Compile()

    def match(self, text: bytes) -> list[Entry]:
        """Those that are found in UTF-8 text."""
        return [self.entries[index] for index in self._set.Match(text) or ()] if self.entries else []


class Engine:
    """The compiled patterns of some signatures. Safe to use from several threads."""

    def __init__(self, signatures: Iterable[Signature], previous: "Engine | None" = None) -> None:
        """Compile what `previous`, whose `bulk` is taken over where little has changed, has not compiled yet.

        Raises:
            ValueError: a sentence that names the signature whose pattern no engine takes.
        """
        entries = [(signature.id, signature.pattern) for signature in signatures]
        linear = [entry for entry in entries if is_linear(entry[1])]
        self._slow = [(name, _bounded(pattern)) for name, pattern in entries if not is_linear(pattern)]
        self._wanted = frozenset(linear)
        bulk = previous.bulk if previous else Database(())
        # Thousands of patterns take half a second to compile, and documents change one by one.
        changed = self._wanted.symmetric_difference(bulk.entries)
        self.bulk: Database = bulk if len(changed) <= FEW else Database(linear)
        known = frozenset(self.bulk.entries)
        self._extra = Database([entry for entry in linear if entry not in known])

    def match(self, text: str) -> Verdict:
        """Which signatures are found anywhere in the text."""
        encoded = _encoded(text)
        entries = self.bulk.match(encoded) + self._extra.match(encoded)
        found = [entry[0] for entry in entries if entry in self._wanted]
        if not self._slow:
            return Verdict(tuple(sorted(found))) if found else NOTHING
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


@lru_cache(maxsize=1_024)
def _capturing(pattern: str) -> Any:
    return _compiled(pattern) if "(?P<" in pattern else None


def captured(pattern: str, text: str) -> Mapping[str, str]:
    """The named groups of a pattern where it is first found in a text; empty without any.

    A pattern outside of the linear dialect gives none.
    """
    compiled = _capturing(pattern)
    match = compiled.search(_encoded(text)) if compiled is not None else None
    if match is None:
        return {}
    found = {name.decode(): match.group(number) for name, number in compiled.groupindex.items()}
    return {name: value.decode("utf-8", "replace") for name, value in found.items() if value is not None}


@lru_cache(maxsize=32_768)
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
