"""The functions of the query language, over one record and over a group of records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sigwatch.local.values import Instant, Value, number_of, sort_key, text_of

Arguments = Sequence[Value | None]
_LAST_MS = 253_402_300_800_000
"""The end of the year 9999, the last that can be printed."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A function over the values of one record."""

    fewest: int
    most: int
    apply: Callable[[Arguments], Value | None]


def _millis(arguments: Arguments) -> Value | None:
    value = arguments[0]
    return value.ms if isinstance(value, Instant) else None


def _instant(arguments: Arguments) -> Value | None:
    number = number_of(arguments[0])
    return Instant(int(number)) if number is not None and 0 <= number < _LAST_MS else None


def _contains(arguments: Arguments) -> Value | None:
    text, part = (None if value is None else text_of(value) for value in arguments)
    return float(text is not None and part is not None and part in text)


def _first_present(arguments: Arguments) -> Value | None:
    return next((value for value in arguments if value is not None), None)


def _joined(arguments: Arguments) -> Value | None:
    return "".join("" if value is None else text_of(value) for value in arguments)


def _blank(arguments: Arguments) -> Value | None:
    return float(arguments[0] is None or not text_of(arguments[0]).strip())


def _empty(arguments: Arguments) -> Value | None:
    return float(arguments[0] is None or not text_of(arguments[0]))


def _of_text(change: Callable[[str], Value]) -> Callable[[Arguments], Value | None]:
    def apply(arguments: Arguments) -> Value | None:
        value = arguments[0]
        return None if value is None else change(text_of(value))

    return apply


SCALARS: Mapping[str, Scalar] = {
    "coalesce": Scalar(1, 99, _first_present),
    "concat": Scalar(1, 99, _joined),
    "frommillis": Scalar(1, 1, _instant),
    "isblank": Scalar(1, 1, _blank),
    "isempty": Scalar(1, 1, _empty),
    "ispresent": Scalar(1, 1, lambda arguments: float(arguments[0] is not None)),
    "ltrim": Scalar(1, 1, _of_text(str.lstrip)),
    "rtrim": Scalar(1, 1, _of_text(str.rstrip)),
    "strcontains": Scalar(2, 2, _contains),
    "strlen": Scalar(1, 1, _of_text(lambda text: float(len(text)))),
    "tolower": Scalar(1, 1, _of_text(str.lower)),
    "tomillis": Scalar(1, 1, _millis),
    "toupper": Scalar(1, 1, _of_text(str.upper)),
    "trim": Scalar(1, 1, _of_text(str.strip)),
}
"""By name in lower case."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The argument of an aggregate in one record."""

    value: Value
    ts_ms: int
    """Time of the record, which decides what is earliest and latest."""


def _numbers(samples: Sequence[Sample]) -> list[float]:
    return [number for sample in samples if (number := number_of(sample.value)) is not None]


def _average(samples: Sequence[Sample]) -> Value | None:
    numbers = _numbers(samples)
    return sum(numbers) / len(numbers) if numbers else None


def _plain(value: Value) -> Value:
    return value.ms if isinstance(value, Instant) else value


def _smallest(samples: Sequence[Sample]) -> Value | None:
    return min((_plain(sample.value) for sample in samples), key=sort_key, default=None)


def _largest(samples: Sequence[Sample]) -> Value | None:
    return max((_plain(sample.value) for sample in samples), key=sort_key, default=None)


def _earliest(samples: Sequence[Sample]) -> Value | None:
    return _plain(min(samples, key=lambda sample: sample.ts_ms).value) if samples else None


def _latest(samples: Sequence[Sample]) -> Value | None:
    return _plain(max(samples, key=lambda sample: sample.ts_ms).value) if samples else None


AGGREGATES: Mapping[str, Callable[[Sequence[Sample]], Value | None]] = {
    "avg": _average,
    "count": lambda samples: float(len(samples)),
    "count_distinct": lambda samples: float(len({text_of(sample.value) for sample in samples})),
    "earliest": _earliest,
    "latest": _latest,
    "max": _largest,
    "min": _smallest,
    "sum": lambda samples: sum(_numbers(samples)),
}
"""By name in lower case; records in which the argument is absent do not reach them."""
