"""Runs a query over events: from what is visible to the rows of the result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from sigwatch.local.functions import AGGREGATES, Sample
from sigwatch.local.logs import Event
from sigwatch.local.records import Record, judge, reader
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
    Stats,
)
from sigwatch.local.values import SortKey, sort_key, text_of

DEFAULT_ROWS = 10_000
_DEFAULT_COLUMNS = ("@timestamp", "@message")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a result."""

    cells: tuple[tuple[str, str], ...]
    """Field and value; absent fields are left out."""
    event: int | None
    """Number of the event behind it; None for a line of statistics."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a query yields."""

    rows: tuple[ResultRow, ...]
    matched: int
    """Events that passed the filters, before they were counted, cut off or made unique."""


def evaluate(query: Query, events: Sequence[Event], account: str, limit: int | None, rng: Random) -> Outcome:
    """Run a query.

    Args:
        query: what to do.
        events: every event in range that is visible.
        account: account id, the first half of `@log`.
        limit: most rows, beside what the query itself says; None for the service's default.
        rng: decides the order of whatever the query leaves unordered.
    """
    run = _Run(account, events, rng)
    for command in query.commands:
        run.apply(command)
    rows = run.finish()
    limited = any(isinstance(command, Limit) for command in query.commands)
    most = limit if limit is not None else len(rows) if limited else DEFAULT_ROWS
    columns = run.columns
    return Outcome(tuple(_row(record, columns) for record in rows[:most]), run.matched)


class _Run:
    """The records of one query between two of its commands."""

    def __init__(self, account: str, events: Sequence[Event], rng: Random) -> None:
        self._account = account
        self._rng = rng
        self._records = [Record(account, event) for event in events]
        self._chosen: tuple[str, ...] = ()
        self._parsed: tuple[str, ...] = ()
        self._ordered = False
        self._counted: int | None = None

    @property
    def matched(self) -> int:
        return len(self._records) if self._counted is None else self._counted

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._chosen or _DEFAULT_COLUMNS + self._parsed))

    def apply(self, command: Command) -> None:
        """Take the records through one command."""
        match command:
            case Filter(condition):
                holds = judge(condition)
                self._records = [record for record in self._records if holds(record)]
            case Fields(columns):
                self._compute(columns)
                self._chosen += tuple(column.name for column in columns)
            case Display(columns):
                self._compute(columns)
                self._chosen = tuple(column.name for column in columns)
            case Parse():
                self._parse(command)
            case Sort() | Limit() | Dedup() | Stats():
                self._arrange(command)
            case Estimate():
                # Whoever asks for an estimate gets no records.
                self._records = []

    def finish(self) -> list[Record]:
        """The records in their final order."""
        self._default_order()
        return self._records

    def _arrange(self, command: Sort | Limit | Dedup | Stats) -> None:
        match command:
            case Sort():
                self._sort(command)
            case Limit(count):
                self._count()
                self._default_order()
                self._records = self._records[:count]
            case Dedup():
                self._count()
                self._default_order()
                self._dedup(command)
            case Stats():
                self._count()
                self._stats(command)

    def _count(self) -> None:
        if self._counted is None:
            self._counted = len(self._records)

    def _default_order(self) -> None:
        if not self._ordered:
            self._rng.shuffle(self._records)
            self._records.sort(key=lambda record: -record.ts_ms)
            self._ordered = True

    def _sort(self, command: Sort) -> None:
        # Nothing is promised about rows that tie, so nobody may come to rely on their order here.
        self._rng.shuffle(self._records)
        for key in reversed(command.keys):
            self._records.sort(key=_by(key.expression), reverse=key.direction is Direction.DESC)
        self._ordered = True

    def _compute(self, columns: Sequence[Column]) -> None:
        for column in columns:
            if column.expression == Field(column.name):
                continue
            read = reader(column.expression)
            for record in self._records:
                record.set(column.name, read(record))

    def _parse(self, command: Parse) -> None:
        read = reader(command.subject)
        self._parsed += command.names
        for record in self._records:
            value = read(record)
            captured = None if value is None else command.pattern.captures(text_of(value))
            for name, part in zip(command.names, captured or (), strict=False):
                record.set(name, part)

    def _dedup(self, command: Dedup) -> None:
        readers = [reader(expression) for expression in command.expressions]
        seen: set[tuple[str, ...]] = set()
        kept: list[Record] = []
        for record in self._records:
            values = [read(record) for read in readers]
            key = tuple(text_of(value) for value in values if value is not None)
            # A record that lacks one of the fields is no duplicate of anything.
            if len(key) < len(readers) or key not in seen:
                seen.add(key)
                kept.append(record)
        self._records = kept

    def _stats(self, command: Stats) -> None:
        self._compute(command.by)
        groups: dict[tuple[object, ...], list[Record]] = {}
        for record in self._records:
            groups.setdefault(tuple(record.get(column.name) for column in command.by), []).append(record)
        self._records = [self._summary(command, records) for records in groups.values()]
        self._rng.shuffle(self._records)
        self._ordered = True
        by = tuple(column.name for column in command.by)
        self._chosen = by + tuple(aggregate.name for aggregate in command.aggregates)

    def _summary(self, command: Stats, records: list[Record]) -> Record:
        line = Record(self._account, None)
        for column in command.by:
            line.set(column.name, records[0].get(column.name))
        for aggregate in command.aggregates:
            samples = _samples(aggregate, records)
            line.set(aggregate.name, AGGREGATES[aggregate.function](samples))
        return line


def _by(expression: Expression) -> Callable[[Record], SortKey]:
    read = reader(expression)
    return lambda record: sort_key(read(record))


def _samples(aggregate: Aggregate, records: list[Record]) -> list[Sample]:
    if aggregate.argument is None:
        return [Sample(1.0, record.ts_ms) for record in records]
    read = reader(aggregate.argument)
    values = ((read(record), record.ts_ms) for record in records)
    return [Sample(value, ts_ms) for value, ts_ms in values if value is not None]


def _row(record: Record, columns: tuple[str, ...]) -> ResultRow:
    values = ((name, record.get(name)) for name in columns)
    cells = tuple((name, text_of(value)) for name, value in values if value is not None)
    return ResultRow(cells, None if record.event is None else record.event.number)
