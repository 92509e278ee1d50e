"""The text of a query as tokens, each with its place."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sigwatch.local.errors import QueryError


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    """A name, a keyword or a function; `value` is as written."""
    QUOTED = "quoted"
    """A field name between backticks."""
    STRING = "string"
    REGEX = "regex"
    """`value` is the expression between the slashes, as written."""
    NUMBER = "number"
    DURATION = "duration"
    """A number with a unit, as in 5m."""
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, from offset `start` up to but without `end`."""

    kind: Kind
    value: str
    start: int
    end: int


_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_DELIMITERS = {'"': Kind.STRING, "'": Kind.STRING, "`": Kind.QUOTED, "/": Kind.REGEX}
_PLAIN = (
    (Kind.DURATION, re.compile(r"\d+[A-Za-z]+")),
    (Kind.NUMBER, re.compile(r"-?\d+(?:\.\d+)?")),
    (Kind.WORD, re.compile(r"[@A-Za-z_][@A-Za-z0-9_]*(?:\.[@A-Za-z0-9_]+)*")),
    (Kind.SYMBOL, re.compile(r"!=|<=|>=|=~|[()\[\],|=<>*]")),
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tokenize(text: str) -> tuple[Token, ...]:
    """Split a query into tokens; the last one marks its end.

    Raises:
        QueryError: a character that can not stand where it does, or a literal without an end.
    """
    tokens: list[Token] = []
    at = 0
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        if at == len(text):
            tokens.append(Token(Kind.END, "<EOF>", at, at))
            return tuple(tokens)
        token = _token(text, at)
        tokens.append(token)
        at = token.end


def unexpected(text: str, token: Token) -> QueryError:
    """The error for a token that the grammar has no place for, worded as the service words it."""
    found = text[token.start : token.end] or token.value
    line = text.count("\n", 0, token.start) + 1
    column = token.start - (text.rfind("\n", 0, token.start) + 1)
    message = f"unexpected symbol found {found} at line {line} and position {column}"
    return QueryError(message, token.start, max(token.start, token.end - 1))


def _token(text: str, at: int) -> Token:
    kind = _DELIMITERS.get(text[at])
    if kind is not None:
        return _delimited(text, at, kind)
    for plain, pattern in _PLAIN:
        found = pattern.match(text, at)
        if found:
            return Token(plain, found.group(), at, found.end())
    raise unexpected(text, Token(Kind.SYMBOL, text[at], at, at + 1))


def _delimited(text: str, start: int, kind: Kind) -> Token:
    delimiter = text[start]
    at = start + 1
    while at < len(text) and text[at] != delimiter:
        # A backtick knows no escapes: field names may hold backslashes.
        at += 2 if text[at] == "\\" and kind is not Kind.QUOTED else 1
    if at >= len(text):
        raise QueryError(f"token recognition error: the {kind} at position {start} has no end", start, len(text) - 1)
    inner = text[start + 1 : at]
    control = _CONTROL.search(inner)
    if control is not None:
        place = start + 1 + control.start()
        raise QueryError(f"token recognition error: control character at position {place}", place, place)
    value = _unescaped(inner, start + 1) if kind is Kind.STRING else inner
    if not inner and kind is not Kind.STRING:
        raise unexpected(text, Token(kind, inner, start, at + 1))
    return Token(kind, value, start, at + 1)


def _unescaped(inner: str, offset: int) -> str:
    parts: list[str] = []
    at = 0
    while at < len(inner):
        if inner[at] != "\\":
            parts.append(inner[at])
            at += 1
            continue
        escaped = _ESCAPES.get(inner[at + 1])
        if escaped is None:
            raise QueryError(
                f"token recognition error: unknown escape at position {offset + at}", offset + at, offset + at + 1
            )
        parts.append(escaped)
        at += 2
    return "".join(parts)
