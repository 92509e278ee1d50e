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
_COMPLEMENTS = {
    "CATEGORY_NOT_DIGIT": _DIGIT,
    "CATEGORY_NOT_WORD": _WORD,
    "CATEGORY_NOT_SPACE": _SPACE,
}
_ESCAPED = frozenset(r".^$*+?()[]{}|\/")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "#": r"\x23"}


_UNSHARED = (
    (re.compile(r"\[\[:\^?\w+:\]"), "uses a POSIX class such as [[:alpha:]]; write the characters, such as [A-Za-z]"),
    (re.compile(r"(?<!\\)\{,\d+\}"), "uses {,n}, which engines read differently; write {0,n}"),
)
"""Spellings that the standard library's parser and the matching engine understand differently."""


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
    flags = tree.state.flags
    text = _Emitter(dot_all=bool(flags & re.DOTALL), any_case=bool(flags & re.IGNORECASE)).sequence(_trim(tree))
    if _empty(text):
        raise ValueError(
            "would return every line: it needs some text that always appears, such as the name of the error"
        )
    return Filter(text, bool(flags & re.IGNORECASE))


def _empty(text: str) -> bool:
    """Whether the filter matches the empty text, and so every event."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options).search("") is not None
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
        if code in _ZERO_WIDTH:
            return ""
        writer = getattr(self, f"_{str(code).lower()}", None)
        return str(writer(value)) if writer else ANYTHING

    def _literal(self, value: int) -> str:
        return escape(chr(value))

    def _not_literal(self, value: int) -> str:
        return f"[^{escape(chr(value))}]"

    def _any(self, _: None) -> str:
        return ANY_CHARACTER if self.dot_all else SAME_LINE

    def _in(self, items: Sequence[Any]) -> str:
        negated = items[0][0] is _codes.NEGATE
        members = items[1:] if negated else items
        complements = [str(value) for code, value in members if str(value) in _COMPLEMENTS]
        if len(members) == 1 and complements:
            return f"[{'' if negated else '^'}{_COMPLEMENTS[complements[0]]}]"
        if complements:
            return ANY_CHARACTER
        return f"[{'^' if negated else ''}{''.join(_member(code, value, negated) for code, value in members)}]"

    def _branch(self, value: tuple[None, Sequence[Any]]) -> str:
        return _alternation([self.sequence(branch) for branch in value[1]])

    def _subpattern(self, value: tuple[int | None, int, int, Any]) -> str:
        _, added, removed, body = value
        if removed & re.IGNORECASE and self.any_case:
            # What a class leaves out would be left out in both cases.
            return ANYTHING
        inner = self._with(added, removed)
        if added & re.IGNORECASE and not self.any_case:
            return _spell_cases(body) or ANYTHING
        written = inner.sequence(body)
        return written if len(written) < 2 or _is_atom(written) else f"({written})"

    def _with(self, added: int, removed: int) -> "_Emitter":
        dot_all = (self.dot_all or bool(added & re.DOTALL)) and not removed & re.DOTALL
        return _Emitter(dot_all, self.any_case)

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


def _spell_cases(body: Iterable[Any]) -> str:
    """A literal part in which case does not matter while it does elsewhere; empty for anything but literals."""
    items = list(body)
    if any(code is not _codes.LITERAL for code, _ in items):
        return ""
    letters = (chr(value) for _, value in items)
    return "".join(
        escape(c) if c.lower() == c.upper() else f"[{escape(c.lower())}{escape(c.upper())}]" for c in letters
    )


def _in_class(character: str) -> str:
    return r"\-" if character == "-" else escape(character)


def _member(code: Any, value: Any, negated: bool) -> str:
    if code is _codes.RANGE:
        return f"{_in_class(chr(value[0]))}-{_in_class(chr(value[1]))}"
    if code is _codes.CATEGORY:
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
