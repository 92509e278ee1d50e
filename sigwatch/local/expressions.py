"""The grammar of expressions and conditions."""

from sigwatch.local.cursor import Cursor
from sigwatch.local.errors import QueryError
from sigwatch.local.functions import SCALARS
from sigwatch.local.lexer import Kind, Token
from sigwatch.local.patterns import Pattern, PatternError, compile_pattern
from sigwatch.local.syntax import (
    And,
    Bin,
    Call,
    Compare,
    Condition,
    Contains,
    Expression,
    Field,
    Holds,
    Literal,
    Matches,
    Not,
    Or,
    Within,
)

_RESERVED = frozenset(("and", "as", "asc", "by", "desc", "in", "like", "not", "or"))
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def parse_condition(cursor: Cursor) -> Condition:
    """One condition, up to where it can not go on.

    Raises:
        QueryError: it is not one.
    """
    parts = [_all_of(cursor)]
    while cursor.accept_word("or"):
        parts.append(_all_of(cursor))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def parse_expression(cursor: Cursor) -> Expression:
    """One field, constant or function call.

    Raises:
        QueryError: it is none of these, or the function is unknown or has the wrong number of arguments.
    """
    token = cursor.expect_kind(Kind.WORD, Kind.QUOTED, Kind.STRING, Kind.NUMBER)
    if token.kind is Kind.STRING:
        return Literal(token.value)
    if token.kind is Kind.NUMBER:
        return Literal(float(token.value))
    if token.kind is Kind.WORD and cursor.accept("("):
        return _call(cursor, token)
    if token.kind is Kind.WORD and token.value.lower() in _RESERVED:
        raise cursor.surprise(token)
    return Field(token.value)


def pattern_of(token: Token) -> Pattern:
    """The pattern of a regular expression's token.

    Raises:
        QueryError: the service does not take the expression.
    """
    try:
        return compile_pattern(token.value)
    except PatternError as fault:
        message = f"invalid regular expression at position {token.start}: {fault}"
        raise QueryError(message, token.start, token.end - 1) from fault


def _all_of(cursor: Cursor) -> Condition:
    parts = [_negatable(cursor)]
    while cursor.accept_word("and"):
        parts.append(_negatable(cursor))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _negatable(cursor: Cursor) -> Condition:
    with cursor.nested():
        if cursor.accept_word("not"):
            return Not(_negatable(cursor))
        if cursor.accept("("):
            inner = parse_condition(cursor)
            cursor.expect(")")
            return inner
        return _predicate(cursor)


def _predicate(cursor: Cursor) -> Condition:
    start = cursor.next
    subject = parse_expression(cursor)
    comparison = cursor.accept(*_COMPARISONS)
    if comparison is not None:
        return Compare(subject, comparison.value, parse_expression(cursor))
    if cursor.accept("=~"):
        return Matches(subject, pattern_of(cursor.expect_kind(Kind.REGEX)))
    if cursor.accept_word("not"):
        return Not(_search(cursor, subject))
    if cursor.next.kind is Kind.WORD and cursor.next.value.lower() in ("like", "in"):
        return _search(cursor, subject)
    if isinstance(subject, Call):
        return Holds(subject)
    raise cursor.surprise(start if cursor.next.kind is Kind.END else None)


def _search(cursor: Cursor, subject: Expression) -> Condition:
    match cursor.accept_word("like", "in"):
        case "like":
            token = cursor.expect_kind(Kind.STRING, Kind.REGEX)
            return Contains(subject, token.value) if token.kind is Kind.STRING else Matches(subject, pattern_of(token))
        case "in":
            cursor.expect("[")
            choices = cursor.listed(lambda: _constant(cursor))
            cursor.expect("]")
            return Within(subject, choices)
        case _:
            raise cursor.surprise()


def _constant(cursor: Cursor) -> Literal:
    token = cursor.expect_kind(Kind.STRING, Kind.NUMBER)
    return Literal(token.value if token.kind is Kind.STRING else float(token.value))


def _call(cursor: Cursor, name: Token) -> Expression:
    function = name.value.lower()
    if function == "bin":
        width = _width_ms(cursor)
        cursor.expect(")")
        return Bin(width)
    scalar = SCALARS.get(function)
    if scalar is None:
        raise cursor.surprise(name)
    arguments = () if cursor.accept(")") else _arguments(cursor)
    if not scalar.fewest <= len(arguments) <= scalar.most:
        message = f"function {name.value} does not take {len(arguments)} arguments"
        raise QueryError(message, name.start, name.end - 1)
    return Call(function, arguments)


def _arguments(cursor: Cursor) -> tuple[Expression, ...]:
    with cursor.nested():
        arguments = cursor.listed(lambda: parse_expression(cursor))
    cursor.expect(")")
    return arguments


def _width_ms(cursor: Cursor) -> int:
    token = cursor.expect_kind(Kind.DURATION)
    digits = token.value.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = _UNIT_MS.get(token.value[len(digits) :])
    if unit is None or int(digits) == 0:
        raise cursor.surprise(token)
    return int(digits) * unit
