"""From a signature's pattern to a regular expression that Logs Insights takes and that is never narrower.

The service's own dialect is not documented, so only what every engine shares is sent: literals, explicit ASCII
classes, groups, alternation and greedy repetition. Whatever else a pattern says (anchors, word borders, lookaround,
back-references) is dropped from the filter, which can only return more rows; the exact pattern decides locally.
"""

import importlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import re2

# The parser of the standard library's own `re`: a second grammar for patterns would be one to disagree with.
_parser: Any = importlib.import_module("re._parser")
_codes: Any = importlib.import_module("re._constants")

ANYTHING = r"[\s\S]*"
ANY_CHARACTER = r"[\s\S]"
SAME_LINE = r"[^\n]"
"""What `.` means here. Some engines stop it at a carriage return too, which Lambda writes into tracebacks."""

_ZERO_WIDTH = (_codes.AT, _codes.ASSERT, _codes.ASSERT_NOT)
"""Conditions without a character of their own: the filter is wider without them."""

_LONGEST_REPEAT = 1000
"""Engines of the RE2 family refuse more."""

_DIGIT = "0-9"
_WORD = "0-9A-Za-z_"
_SPACE = r"\t\n\f\r "
_CLASSES = {
    "CATEGORY_DIGIT": _DIGIT,
    "CATEGORY_WORD": _WORD,
    "CATEGORY_SPACE": _SPACE,
}
_OPPOSITES = {
    "CATEGORY_NOT_DIGIT": "CATEGORY_DIGIT",
    "CATEGORY_NOT_WORD": "CATEGORY_WORD",
    "CATEGORY_NOT_SPACE": "CATEGORY_SPACE",
}
_BEYOND_ASCII = 0x80
_ESCAPED = frozenset(r".^$*+?()[]{}|\/")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "#": r"\x23"}


_UNSHARED = (
    (re.compile(r"\[\[:\^?\w+:\]"), "uses a POSIX class such as [[:alpha:]]; write the characters, such as [A-Za-z]"),
    (re.compile(r"(?<!\\)\{,\d+\}"), "uses {,n}, which engines read differently; write {0,n}"),
    (
        re.compile(r"(?<!\\)\(\?[a-z]*u"),
        "uses the flag (?u); leave it out: \\w, \\d and \\s stand for ASCII characters",
    ),
)
"""Spellings that the standard library's parser and the matching engine understand differently."""

_FUZZY = re.compile(r"(?<!\\)\{[^{}]*[ides][^{}]*\}")
"""Braces that an engine outside of the linear dialect may take for a number of errors allowed."""

_ANY_CASE = re.compile(r"\(\?[A-Za-z]*i")
"""Where a pattern says that case does not matter; taking an escaped one for it only widens."""

_NOT_WORD_ANY_CASE = "0-9A-JL-RT-Za-jl-rt-z_"
"""Some engines let k and s stand for the Kelvin sign and the long s too, which are no word characters."""


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """An alternative of a query's filter."""

    text: str
    """Regular expression without delimiters, escaped for use between slashes."""
    any_case: bool
    """Whether it needs the `(?i)` prefix."""


def widen(pattern: str) -> Filter:
    """The filter for a signature's pattern.

    Raises:
        ValueError: a sentence with the cure: the pattern has a syntax error, or leaves nothing to search for.
    """
    for spelling, cure in _UNSHARED:
        if spelling.search(pattern):
            raise ValueError(cure)
    try:
        tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no valid regular expression: {error}") from None
    any_case = ignores_case(pattern)
    items = _trim(tree)
    text = _Emitter(bool(tree.state.flags & re.DOTALL), any_case).sequence(items)
    # Compiling is what costs most here, and most patterns show at once that they are small and ask for something.
    obvious = "{" not in text and any(code is _codes.LITERAL for code, _ in items)
    if not obvious and _empty(text):
        raise ValueError(
            "would return every line: it needs some text that always appears, such as the name of the error"
        )
    if _FUZZY.search(pattern) and not _linear(pattern):
        raise ValueError(r"uses {...} next to lookaround or back-references, where engines disagree; write \{")
    return Filter(text, any_case)


def ignores_case(pattern: str) -> bool:
    """Whether a filter must ignore case because the pattern does, in all or in a part of it."""
    return _ANY_CASE.search(pattern) is not None


def folds_apart(character: str) -> bool:
    """Whether engines differ in what the character equals when case is ignored: a letter outside of ASCII."""
    return not character.isascii() and (character.lower() != character or character.upper() != character)


def _compiled(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


def _linear(pattern: str) -> bool:
    """Whether the linear engine has all that a pattern uses."""
    try:
        _compiled(pattern)
    except re2.error:
        return False
    return True


def _empty(text: str) -> bool:
    """Whether the filter matches the empty text, and so every event."""
    try:
        return _compiled(text).search("") is not None
    except re2.error as error:
        raise ValueError(f"is too large for the query language: {error}; shorten its repetitions") from None


def _trim(tree: Iterable[Any]) -> list[Any]:
    """Drop `.*` at both ends: the filter searches anywhere in the message."""
    items = list(tree)
    while items and _is_anything(items[0]):
        items.pop(0)
    while items and _is_anything(items[-1]):
        items.pop()
    return items


def _is_anything(item: Any) -> bool:
    code, value = item
    if code not in (_codes.MAX_REPEAT, _codes.MIN_REPEAT):
        return False
    return value[0] == 0 and value[1] is _codes.MAXREPEAT and [c for c, _ in value[2]] == [_codes.ANY]


def escape(character: str) -> str:
    """One literal character, safe inside and outside of a class and between slashes."""
    if character in _NAMED:
        return _NAMED[character]
    if character in _ESCAPED:
        return "\\" + character
    return character if character.isprintable() else _hexadecimal(character)


def _hexadecimal(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\x{{{ord(character):x}}}"


@dataclass(frozen=True, slots=True)
class _Emitter:
    """Writes a parsed pattern in the shared dialect."""

    dot_all: bool
    any_case: bool

    def sequence(self, items: Iterable[Any]) -> str:
        return "".join(self._item(code, value) for code, value in items)

    def _item(self, code: Any, value: Any) -> str:
        if code is _codes.LITERAL:
            return self._literal(value)
        if code in _ZERO_WIDTH:
            return ""
        writer = getattr(self, f"_{str(code).lower()}", None)
        return str(writer(value)) if writer else ANYTHING

    def _literal(self, value: int) -> str:
        character = chr(value)
        return ANY_CHARACTER if self.any_case and folds_apart(character) else escape(character)

    def _not_literal(self, value: int) -> str:
        return self._in([(_codes.NEGATE, None), (_codes.LITERAL, value)])

    def _any(self, _: None) -> str:
        return ANY_CHARACTER if self.dot_all else SAME_LINE

    def _in(self, items: Sequence[Any]) -> str:
        negated = items[0][0] is _codes.NEGATE
        members = items[1:] if negated else items
        if len(members) == 1 and str(members[0][1]) in _OPPOSITES:
            negated = not negated
            members = [(_codes.CATEGORY, _OPPOSITES[str(members[0][1])])]
        if any(self._uncertain(code, value, negated) for code, value in members):
            return ANY_CHARACTER
        written = "".join(_member(code, value, negated, self.any_case) for code, value in members)
        return f"[{'^' if negated else ''}{written}]"

    def _uncertain(self, code: Any, value: Any, negated: bool) -> bool:
        """Whether a class with this member can not be written so that no engine reads it more narrowly."""
        if code is _codes.CATEGORY:
            return str(value) in _OPPOSITES
        if not self.any_case:
            return False
        first, last = value if code is _codes.RANGE else (value, value)
        if first == last:
            # What a class leaves out is left out in both cases.
            return folds_apart(chr(first)) or (negated and chr(first).isalpha())
        return bool(last >= _BEYOND_ASCII or (negated and first <= ord("z") and last >= ord("A")))

    def _branch(self, value: tuple[None, Sequence[Any]]) -> str:
        return _alternation([self.sequence(branch) for branch in value[1]])

    def _subpattern(self, value: tuple[int | None, int, int, Any]) -> str:
        _, added, removed, body = value
        dot_all = (self.dot_all or bool(added & re.DOTALL)) and not removed & re.DOTALL
        written = _Emitter(dot_all, self.any_case).sequence(body)
        return written if len(written) < 2 or _is_atom(written) else f"({written})"

    def _atomic_group(self, body: Any) -> str:
        return f"({self.sequence(body)})"

    def _groupref(self, _: int) -> str:
        return ANYTHING

    def _groupref_exists(self, value: tuple[int, Any, Any]) -> str:
        _, yes, no = value
        return _alternation([self.sequence(yes), self.sequence(no or [])])

    def _max_repeat(self, value: tuple[int, Any, Any]) -> str:
        least, most, body = value
        written = self.sequence(body)
        if not written:
            return ""
        atom = written if _is_atom(written) else f"({written})"
        return atom + _count(min(least, _LONGEST_REPEAT), most)

    _min_repeat = _max_repeat
    _possessive_repeat = _max_repeat


def _in_class(character: str) -> str:
    return r"\-" if character == "-" else escape(character)


def _member(code: Any, value: Any, negated: bool, any_case: bool) -> str:
    if code is _codes.RANGE:
        return f"{_in_class(chr(value[0]))}-{_in_class(chr(value[1]))}"
    if code is _codes.CATEGORY:
        if negated and any_case and str(value) == "CATEGORY_WORD":
            return _NOT_WORD_ANY_CASE
        # Engines disagree on the vertical tab: it may only widen.
        extra = "" if negated or str(value) != "CATEGORY_SPACE" else r"\x0b"
        return _CLASSES[str(value)] + extra
    return _in_class(chr(value))


def _alternation(written: Sequence[str]) -> str:
    """One of several; an empty one makes the whole optional."""
    named = list(dict.fromkeys(text for text in written if text))
    if not named:
        return ""
    return f"({'|'.join(named)})" + ("?" if "" in written else "")


def _count(least: int, most: Any) -> str:
    endless = most is _codes.MAXREPEAT or int(most) > _LONGEST_REPEAT
    short = {(0, True): "*", (1, True): "+"}.get((least, endless))
    if short:
        return short
    if endless:
        return f"{{{least},}}"
    if (least, int(most)) == (0, 1):
        return "?"
    return f"{{{least}}}" if least == int(most) else f"{{{least},{most}}}"


def _is_atom(written: str) -> bool:
    """Whether a repetition sign after it applies to all of it."""
    if len(written) == 1 or (len(written) == 2 and written[0] == "\\"):
        return True
    pairs = {"[": "]", "(": ")"}
    closing = pairs.get(written[0])
    if closing is None or written[-1] != closing:
        return False
    return _end_of_group(written) == len(written) - 1


def _end_of_group(written: str) -> int:
    """Position of the bracket that closes the one at the start."""
    depth, in_class, position = 0, False, 0
    while position < len(written):
        character = written[position]
        if character == "\\":
            position += 1
        elif in_class or character == "[":
            in_class = character != "]"
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and not in_class:
            return position
        position += 1
    return position
