"""One record on its way through a query, and what expressions and conditions make of it."""

import json
from collections.abc import Callable, Iterator, Mapping

from sigwatch.local.functions import SCALARS
from sigwatch.local.logs import Event
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
from sigwatch.local.values import Instant, Value, compare, text_of

MOST_DISCOVERED = 200
_EXACT = 1 << 53
_SYSTEM: Mapping[str, Callable[[Event], Value]] = {
    "@ingestionTime": lambda event: Instant(event.ingested_ms),
    "@logStream": lambda event: event.stream,
    "@message": lambda event: event.message,
    "@timestamp": lambda event: Instant(event.ts_ms),
}


class Record:
    """An event with the fields a query has added, or a line of statistics, which has only such fields."""

    __slots__ = ("_account", "_discovered", "event", "own")

    def __init__(self, account: str, event: Event | None, own: dict[str, Value] | None = None) -> None:
        self._account = account
        self._discovered: Mapping[str, Value] | None = None
        self.event = event
        self.own = {} if own is None else own

    @property
    def ts_ms(self) -> int:
        """Event time in epoch milliseconds; 0 when this is no event."""
        return 0 if self.event is None else self.event.ts_ms

    def get(self, name: str) -> Value | None:
        """The value of a field; None when it is absent."""
        if name in self.own:
            return self.own[name]
        if self.event is None:
            return None
        system = _SYSTEM.get(name)
        if system is not None:
            return system(self.event)
        if name == "@log":
            return f"{self.event.owner or self._account}:{self.event.group}"
        if self._discovered is None:
            self._discovered = discover(self.event.message)
        return self._discovered.get(name)

    def set(self, name: str, value: Value | None) -> None:
        """Give it a field; an absent value leaves it without."""
        if value is not None:
            self.own[name] = value


def discover(message: str) -> Mapping[str, Value]:
    """The fields of a JSON message by dotted name, 200 at most; none when it is not a JSON object."""
    if not message.lstrip().startswith("{"):
        return {}
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    fields: dict[str, Value] = {}
    for name, value in _leaves("", document):
        if len(fields) == MOST_DISCOVERED:
            break
        fields[name] = value
    return fields


def reader(expression: Expression) -> Callable[[Record], Value | None]:
    """How to get the value of an expression from a record."""
    match expression:
        case Literal(value):
            return lambda _: value
        case Field(name):
            return lambda record: record.get(name)
        case Bin(width_ms):
            return lambda record: Instant(record.ts_ms - record.ts_ms % width_ms)
        case Call(name, arguments):
            apply = SCALARS[name].apply
            readers = [reader(argument) for argument in arguments]
            return lambda record: apply([read(record) for read in readers])


def judge(condition: Condition) -> Callable[[Record], bool]:
    """How to tell whether a condition is true for a record."""
    match condition:
        case Not(part):
            inner = judge(part)
            return lambda record: not inner(record)
        case And(parts):
            judges = [judge(part) for part in parts]
            return lambda record: all(each(record) for each in judges)
        case Or(parts):
            judges = [judge(part) for part in parts]
            return lambda record: any(each(record) for each in judges)
        case _:
            return _judge_value(condition)


def _judge_value(condition: Compare | Matches | Contains | Within | Holds) -> Callable[[Record], bool]:
    match condition:
        case Compare(left, operator, right):
            read_left, read_right = reader(left), reader(right)
            return lambda record: compare(read_left(record), operator, read_right(record))
        case Matches(subject, pattern):
            return _judge_text(subject, pattern.occurs_in)
        case Contains(subject, text):
            return _judge_text(subject, lambda value: text in value)
        case Within(subject, choices):
            read = reader(subject)
            return lambda record: any(compare(read(record), "=", choice.value) for choice in choices)
        case Holds(expression):
            read = reader(expression)
            return lambda record: read(record) not in (None, 0.0, "", "0")


def _judge_text(subject: Expression, test: Callable[[str], bool]) -> Callable[[Record], bool]:
    read = reader(subject)

    def apply(record: Record) -> bool:
        value = read(record)
        return value is not None and test(text_of(value))

    return apply


def _leaves(prefix: str, value: object) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(f"{prefix}.{at}", inner)
    elif isinstance(value, bool):
        yield prefix, float(value)
    elif isinstance(value, int):
        # Text beyond what a float can count exactly: nothing is lost, and sums can not overflow.
        yield prefix, value if abs(value) < _EXACT else str(value)
    elif isinstance(value, str | float):
        yield prefix, value
