"""All signatures that match one event, in one pass over its text.

A prefilter says which patterns may be found, whatever their number; those few are then decided one by one, always in
the same way. The reference dialect is RE2's: linear time whatever the text, so a log line can not hang the daemon. A
pattern that RE2 does not have (lookaround, back-references) is decided by the `regex` module within a time limit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import re2

from sigwatch.match.prefilter import Prefilter, is_linear, options, quick
from sigwatch.model.knowledge import Signature

__all__ = ["NOTHING", "Compile", "Engine", "Scanner", "Verdict", "captured", "finds", "is_linear"]

SLOW_LIMIT_SECONDS = 0.1
"""Longest search of one event by a pattern outside of the linear dialect."""

FEW = 64
"""Patterns that may differ from what is compiled before all are compiled anew."""

Search = Callable[[str, bytes], bool]
"""Whether a pattern is found in a text, given also as UTF-8; raises TimeoutError where that would take too long."""

Compile = Callable[[Sequence[str]], Prefilter]
"""Makes a prefilter of patterns."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one event."""

    found: tuple[str, ...]
    """Ids of the signatures that match, sorted."""
    undecided: tuple[str, ...] = ()
    """Ids whose slow pattern ran out of time; never dropped in silence."""


NOTHING = Verdict(())
"""What is known of most events."""


class Scanner:
    """Searches with an engine's prefilters; for one thread at a time."""

    def __init__(self, prefilters: Iterable[Prefilter]) -> None:
        """Search with all of them."""
        self._parts = [(each.patterns, each.scan()) for each in prefilters if each.patterns]

    def candidates(self, text: bytes) -> list[str]:
        """Patterns that may be found in an event, given in UTF-8."""
        return [patterns[number] for patterns, scan in self._parts for number in scan.numbers(text)]

    def ends(self, text: bytes) -> Sequence[int]:
        """Where events that may match lie in a text of many: ascending offsets past the last byte of each match.

        Nothing is missed, whatever bytes the text is made of, as long as no event is cut in two. Other threads run
        meanwhile.
        """
        found = [scan.ends(text) for _, scan in self._parts]
        return found[0] if len(found) == 1 else sorted(end for ends in found for end in ends)


class Engine:
    """The compiled patterns of some signatures. Safe to use from several threads."""

    def __init__(
        self, signatures: Iterable[Signature], previous: "Engine | None" = None, compile_all: Compile = quick
    ) -> None:
        """Compile what `previous`, whose `bulk` is taken over where little has changed, has not compiled yet.

        Raises:
            ValueError: a sentence about a pattern that no engine takes.
        """
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for signature in signatures:
            ids[signature.pattern].append(signature.id)
        self._ids = dict(ids)
        self._exact = {pattern: _exact(pattern) for pattern in ids}
        # Thousands of patterns take seconds to compile, and documents change one by one.
        before = previous.bulk if previous else None
        changed = frozenset(ids).symmetric_difference(before.patterns if before else ())
        self.bulk: Prefilter = before if before and len(changed) <= FEW else compile_all(sorted(ids))
        known = frozenset(self.bulk.patterns)
        self._extra = quick([pattern for pattern in ids if pattern not in known])
        self._idle: list[Scanner] = []

    def scanner(self) -> Scanner:
        """A way to search whole buffers, for one thread at a time; what it finds is for `match` to decide."""
        return Scanner((self.bulk, self._extra))

    def match(self, text: str) -> Verdict:
        """Which signatures are found anywhere in the text."""
        encoded = _encoded(text)
        try:
            scanner = self._idle.pop()
        except IndexError:
            scanner = self.scanner()
        candidates = scanner.candidates(encoded)
        self._idle.append(scanner)
        return self._decided(candidates, text, encoded) if candidates else NOTHING

    def _decided(self, candidates: Iterable[str], text: str, encoded: bytes) -> Verdict:
        found: list[str] = []
        undecided: list[str] = []
        for pattern in candidates:
            # What is compiled may be older than what is wanted.
            search = self._exact.get(pattern)
            if search is None:
                continue
            try:
                found += self._ids[pattern] if search(text, encoded) else ()
            except TimeoutError:
                undecided += self._ids[pattern]
        return Verdict(tuple(sorted(found)), tuple(sorted(undecided))) if found or undecided else NOTHING


def finds(pattern: str, text: str) -> bool:
    """Whether one pattern is found in the text.

    Raises:
        ValueError: a sentence that says what is wrong with the pattern.
    """
    try:
        return _exact(pattern)(text, _encoded(text))
    except TimeoutError:
        raise ValueError(
            f"took longer than {SLOW_LIMIT_SECONDS} s on one event; write it without lookaround and back-references"
        ) from None


@lru_cache(maxsize=1_024)
def _capturing(pattern: str) -> Any:
    return _linear(pattern) if "(?P<" in pattern and is_linear(pattern) else None


def captured(pattern: str, text: str) -> Mapping[str, str]:
    """The named groups of a pattern where it is first found in a text; empty without any.

    A pattern outside of the linear dialect gives none.
    """
    known = _capturing(pattern)
    match = known.search(_encoded(text)) if known is not None else None
    if match is None:
        return {}
    found = {name.decode(): match.group(number) for name, number in known.groupindex.items()}
    return {name: value.decode("utf-8", "replace") for name, value in found.items() if value is not None}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _linear(pattern: str) -> Any:
    return re2.compile(_encoded(pattern), options())


def _exact(pattern: str) -> Search:
    """The decision about one pattern, compiled when it is first asked for: most are never found.

    Raises:
        ValueError: it is no regular expression.
    """
    return _Linear(pattern) if is_linear(pattern) else _bounded(pattern)


class _Linear:
    """A pattern of the linear dialect."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._search: Callable[[bytes], object] | None = None

    def __call__(self, _text: str, encoded: bytes) -> bool:
        if self._search is None:
            self._search = _linear(self._pattern).search
        return self._search(encoded) is not None


@cache
def _regex() -> Any:
    """Loaded with the first pattern that needs it: most people write none."""
    return import_module("regex")


def _bounded(pattern: str) -> Search:
    regex = _regex()
    try:
        slow = regex.compile(pattern, regex.ASCII)
    except regex.error as error:
        raise ValueError(f"is no valid regular expression: {error}") from None

    return lambda text, _encoded: slow.search(text, timeout=SLOW_LIMIT_SECONDS) is not None
