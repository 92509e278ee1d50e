"""Texts that must occur in whatever a pattern matches, the rarest ones."""

import importlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from sigwatch.dialect import folds_apart, ignores_case
from sigwatch.rarity import share

_parser: Any = importlib.import_module("re._parser")
_codes: Any = importlib.import_module("re._constants")

_MOST_ALTERNATIVES = 16
_ZERO_WIDTH = (_codes.AT, _codes.ASSERT, _codes.ASSERT_NOT)

_WORD = re.compile(r"[A-Za-z]{4,}|[0-9]{4,}|[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_CAMEL = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")


@dataclass(frozen=True, slots=True, order=True)
class Literal:
    """A text that occurs in a match."""

    text: str
    any_case: bool
    """Whether it may be written in any case; `text` is in lower case then."""


@lru_cache(maxsize=32_768)
def required(pattern: str) -> tuple[Literal, ...]:
    """Texts of which every match of a pattern contains at least one; empty where none is certain.

    Of several such sets the rarest is chosen. The pattern must be valid.
    """
    any_case = ignores_case(pattern)
    found = _Finder(any_case).clause(_parser.parse(pattern))
    return tuple(sorted(Literal(text, any_case) for text in found))


@lru_cache(maxsize=65_536)
def parts(literal: Literal) -> tuple[Literal, ...]:
    """The literal and the words in it: wherever it occurs, each of these does too."""
    words = set(_WORD.findall(literal.text)) | set(_CAMEL.findall(literal.text))
    return tuple(sorted({literal, *(Literal(word, literal.any_case) for word in words)}))


def _rarer(clauses: Iterable[frozenset[str]]) -> frozenset[str]:
    useful = [clause for clause in clauses if clause and all(clause)]
    return min(useful, key=lambda clause: (sum(map(share, clause)), sorted(clause)), default=frozenset())


def _joined(run: frozenset[str], exact: frozenset[str]) -> frozenset[str]:
    """Every text of the one followed by every text of the other; empty where that is too much."""
    if len(run) * len(exact) > _MOST_ALTERNATIVES:
        return frozenset()
    return frozenset(before + after for before, after in product(run, exact))


_NOTHING = frozenset({""})


@dataclass(frozen=True, slots=True)
class _Finder:
    """Walks a parsed pattern."""

    any_case: bool

    def clause(self, items: Iterable[Any]) -> frozenset[str]:
        """The rarest set of texts of which one must occur."""
        clauses: list[frozenset[str]] = []
        run = _NOTHING
        for code, value, exact in self._merged(items):
            longer = _joined(run, exact)
            if longer:
                run = longer
                continue
            clauses += [run, exact or self._inside(code, value)]
            run = exact or _NOTHING
        return _rarer([*clauses, run])

    def _merged(self, items: Iterable[Any]) -> Iterable[tuple[Any, Any, frozenset[str]]]:
        """The items that take up text, each with all it can match where that is little; literals in a row as one."""
        text = ""
        for code, value in items:
            if code is _codes.LITERAL and not (self.any_case and folds_apart(chr(value))):
                text += chr(value)
            elif code not in _ZERO_WIDTH:
                if text:
                    yield None, None, frozenset({self._folded(text)})
                    text = ""
                yield code, value, self._exact(code, value)
        if text:
            yield None, None, frozenset({self._folded(text)})

    def _folded(self, text: str) -> str:
        return text.lower() if self.any_case else text

    def _exact(self, code: Any, value: Any) -> frozenset[str]:
        """All that a part other than a literal can match, where that is little; else empty."""
        if code is _codes.IN and all(kind is _codes.LITERAL for kind, _ in value):
            letters = [chr(each) for _, each in value]
            known = len(letters) <= _MOST_ALTERNATIVES and not (self.any_case and any(map(folds_apart, letters)))
            return frozenset(map(self._folded, letters)) if known else frozenset()
        if code is _codes.SUBPATTERN:
            return self._exact_sequence(value[3])
        if code is _codes.BRANCH:
            each = [self._exact_sequence(branch) for branch in value[1]]
            union = frozenset().union(*each)
            return union if all(each) and len(union) <= _MOST_ALTERNATIVES else frozenset()
        return frozenset()

    def _exact_sequence(self, items: Sequence[Any]) -> frozenset[str]:
        run = _NOTHING
        for _, _, exact in self._merged(items):
            run = _joined(run, exact)
        return run

    def _inside(self, code: Any, value: Any) -> frozenset[str]:
        if code is _codes.SUBPATTERN:
            return self.clause(value[3])
        if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT) and value[0] > 0:
            return self.clause(value[2])
        if code is _codes.ATOMIC_GROUP:
            return self.clause(value)
        if code is _codes.BRANCH:
            each = [self.clause(branch) for branch in value[1]]
            return frozenset().union(*each) if all(each) else frozenset()
        return frozenset()
