"""The grammar of a query: its commands, and which may stand where."""

from collections.abc import Callable, Mapping

from sigwatch.local.cursor import Cursor
from sigwatch.local.errors import QueryError
from sigwatch.local.expressions import parse_condition, parse_expression, pattern_of
from sigwatch.local.functions import AGGREGATES
from sigwatch.local.lexer import Kind, Token
from sigwatch.local.patterns import Pattern, PatternError, compile_glob
from sigwatch.local.syntax import (
    Aggregate,
    Column,
    Command,
    Dedup,
    Direction,
    Display,
    Estimate,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Parse,
    Query,
    Sort,
    SortKey,
    Stats,
)

MOST_ROWS = 100_000
_MOST_STATS = 10
_SYSTEM_FIELDS = frozenset(("@entity", "@ingestionTime", "@log", "@logStream", "@message", "@ptr", "@timestamp"))


def parse_query(text: str) -> Query:
    """What a query's text says.

    Raises:
        QueryError: any part of it is not understood; nothing is ever left out in silence.
    """
    return _Parser(text).query()


class _Parser:
    """One reading of one query; keeps which names are taken."""

    def __init__(self, text: str) -> None:
        self._cursor = Cursor(text)
        self._taken: set[str] = set(_SYSTEM_FIELDS)
        self._commands: list[Command] = []
        self._names: list[Token] = []
        self._table: Mapping[str, Callable[[], Command]] = {
            "dedup": self._dedup,
            "display": self._display,
            "estimate": Estimate,
            "fields": self._fields,
            "filter": self._filter,
            "limit": self._limit,
            "parse": self._parse,
            "sort": self._sort,
            "stats": self._stats,
            "where": self._filter,
        }

    def query(self) -> Query:
        self._command()
        while self._cursor.accept("|"):
            self._command()
        self._cursor.expect_kind(Kind.END)
        self._check_order()
        return Query(tuple(self._commands))

    def _command(self) -> None:
        name = self._cursor.expect_kind(Kind.WORD)
        reader = self._table.get(name.value.lower())
        if reader is None:
            raise self._cursor.surprise(name)
        self._names.append(name)
        self._commands.append(reader())

    def _check_order(self) -> None:
        stats = [at for at, command in enumerate(self._commands) if isinstance(command, Stats)]
        if len(stats) > _MOST_STATS:
            raise self._cursor.surprise(self._names[stats[_MOST_STATS]])
        for at, command in enumerate(self._commands):
            if isinstance(command, Estimate) and at < len(self._commands) - 1:
                raise self._cursor.surprise(self._names[at + 1])
            if isinstance(command, Sort | Limit) and len(stats) > 1 and at < stats[-1]:
                raise self._cursor.surprise(self._names[at])
            if at and isinstance(self._commands[at - 1], Dedup) and not isinstance(command, Limit):
                raise self._cursor.surprise(self._names[at])

    def _fields(self) -> Fields:
        return Fields(self._cursor.listed(self._column))

    def _display(self) -> Display:
        return Display(self._cursor.listed(self._column))

    def _filter(self) -> Filter:
        return Filter(parse_condition(self._cursor))

    def _limit(self) -> Limit:
        token = self._cursor.expect_kind(Kind.NUMBER)
        if not token.value.isdecimal() or not 1 <= int(token.value) <= MOST_ROWS:
            raise self._cursor.surprise(token)
        return Limit(int(token.value))

    def _sort(self) -> Sort:
        return Sort(self._cursor.listed(self._sort_key))

    def _sort_key(self) -> SortKey:
        expression = parse_expression(self._cursor)
        return SortKey(expression, Direction(self._cursor.accept_word("asc", "desc") or Direction.ASC))

    def _dedup(self) -> Dedup:
        return Dedup(self._cursor.listed(lambda: parse_expression(self._cursor)))

    def _parse(self) -> Parse:
        cursor = self._cursor
        first = cursor.next
        subject = Field("@message") if first.kind in (Kind.STRING, Kind.REGEX) else parse_expression(cursor)
        token = cursor.expect_kind(Kind.STRING, Kind.REGEX)
        if token.kind is Kind.REGEX:
            return self._parse_regex(subject, token)
        pattern = _glob(token)
        if not cursor.accept_word("as"):
            raise cursor.surprise()
        names = cursor.listed(self._new_name)
        if len(names) != pattern.group_count:
            message = f"{pattern.group_count} wildcards in the pattern and {len(names)} names"
            raise QueryError(message, token.start, token.end - 1)
        return Parse(subject, pattern, names)

    def _stats(self) -> Stats:
        self._taken = set()
        aggregates = self._cursor.listed(self._aggregate)
        by = self._cursor.listed(self._column) if self._cursor.accept_word("by") else ()
        return Stats(aggregates, by)

    def _aggregate(self) -> Aggregate:
        cursor = self._cursor
        name = cursor.expect_kind(Kind.WORD)
        function = name.value.lower()
        if function not in AGGREGATES:
            raise cursor.surprise(name)
        cursor.expect("(")
        argument = None
        if not (function == "count" and (cursor.accept("*") or cursor.next.value == ")")):
            argument = parse_expression(cursor)
        cursor.expect(")")
        return Aggregate(function, argument, self._alias(cursor.source_since(name.start)))

    def _column(self) -> Column:
        start = self._cursor.next
        expression = parse_expression(self._cursor)
        written = self._cursor.source_since(start.start)
        return Column(expression, self._alias(expression.name if isinstance(expression, Field) else written))

    def _alias(self, written: str) -> str:
        return self._new_name() if self._cursor.accept_word("as") else written

    def _new_name(self) -> str:
        token = self._cursor.expect_kind(Kind.WORD, Kind.QUOTED)
        if token.value in self._taken:
            message = f"Ephemeral field is already defined: {token.value}"
            raise QueryError(message, token.start, token.end - 1)
        self._taken.add(token.value)
        return token.value

    def _parse_regex(self, subject: Expression, token: Token) -> Parse:
        pattern = pattern_of(token)
        names = pattern.group_names
        if not names or len(names) != pattern.group_count:
            message = "a parse expression needs groups, and a name for each"
            raise QueryError(message, token.start, token.end - 1)
        taken = self._taken.intersection(names)
        if taken:
            raise QueryError(f"Ephemeral field is already defined: {min(taken)}", token.start, token.end - 1)
        self._taken.update(names)
        return Parse(subject, pattern, names)


def _glob(token: Token) -> Pattern:
    try:
        return compile_glob(token.value)
    except PatternError as fault:
        raise QueryError(str(fault), token.start, token.end - 1) from fault
