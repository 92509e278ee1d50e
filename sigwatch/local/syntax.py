"""A query as a value: expressions, conditions, commands."""

from dataclasses import dataclass
from enum import StrEnum

from sigwatch.local.patterns import Pattern


class Direction(StrEnum):
    """How a sort key runs."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: str | float


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a field, absent when the record has none."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of some arguments; the name is in lower case and known."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """A time cut down to a multiple of so many milliseconds."""

    width_ms: int


Expression = Literal | Field | Call | Bin


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values set against each other by one of `= != < <= > >=`."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Matches:
    """The pattern occurs somewhere in the value."""

    subject: Expression
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Contains:
    """The text occurs somewhere in the value, letter for letter."""

    subject: Expression
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """The value equals one of some constants."""

    subject: Expression
    choices: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """A value that stands as a condition by itself, as `ispresent(f)` does."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of them at least."""

    parts: tuple["Condition", ...]


Condition = Compare | Matches | Contains | Within | Holds | Not | And | Or


@dataclass(frozen=True, slots=True)
class Column:
    """An expression and the name its value goes by."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """Adds columns to the result."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """Makes these the columns of the result."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Keeps the records for which the condition is true."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Parse:
    """Takes new fields out of a text; a record that the pattern is not in stays as it is."""

    subject: Expression
    pattern: Pattern
    names: tuple[str, ...]
    """One for each group of the pattern that captures, in their order."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field to sort by."""

    expression: Expression
    direction: Direction


@dataclass(frozen=True, slots=True)
class Sort:
    """Puts the records in order."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Keeps the first so many records."""

    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    """Keeps the first record of each combination of values."""

    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number or value over a group of records."""

    function: str
    """In lower case and known."""
    argument: Expression | None
    """None counts records."""
    name: str


@dataclass(frozen=True, slots=True)
class Stats:
    """One record for each combination of the values in `by`, or one for all."""

    aggregates: tuple[Aggregate, ...]
    by: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """In place of a result, says what the query would scan."""


Command = Fields | Display | Filter | Parse | Sort | Limit | Dedup | Stats | Estimate


@dataclass(frozen=True, slots=True)
class Query:
    """What a query's text says."""

    commands: tuple[Command, ...]

    @property
    def estimates(self) -> bool:
        """Whether it only asks what it would scan."""
        return isinstance(self.commands[-1], Estimate)
