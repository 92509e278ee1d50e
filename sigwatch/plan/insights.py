"""The text of Logs Insights queries. Nobody else puts query text together."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from sigwatch.dialect import Filter, escape, widen
from sigwatch.model.knowledge import Signature
from sigwatch.plan.factor import DEEPEST, Atoms, atoms, depth, factored, growth
from sigwatch.plan.literals import Literal

LONGEST_QUERY = 10_000
"""Characters that StartQuery takes."""

MARK_LENGTH = 48
"""Kept free for the comment line that says whose query it is, and for a larger limit."""

ROW_LIMIT = 10_000
"""Rows asked for: one page. A result that reaches it is split, because the service drops the rest without a sign."""

MOST_ROWS = 100_000
"""What the service returns at most."""

LONGEST_FILTER = 9_000
"""A single pattern's filter beyond this is refused: it would fill a query of its own."""

_HEAD = "fields @timestamp, @ingestionTime, @log, @logStream, @message\n| filter "
_LIMIT = "\n| limit "
_TAIL = f"\n| sort @timestamp asc{_LIMIT}{ROW_LIMIT}"
_ANY_CASE = "(?i)"

UNFILTERED = "fields @timestamp, @log, @logStream, @message\n| sort @timestamp asc"
"""Everything, for people who look at what could not be read."""


@lru_cache(maxsize=32_768)
def filter_of(pattern: str) -> Filter:
    """The filter for one pattern, small enough to be sent.

    Raises:
        ValueError: a sentence with the cure.
    """
    found = widen(pattern)
    if len(found.text) > LONGEST_FILTER:
        raise ValueError(
            f"is {len(found.text):,} characters long as a query filter; at most {LONGEST_FILTER:,} fit, so split it"
        )
    return found


def literal_filter(literal: Literal) -> Filter:
    """The filter for a text as it stands."""
    return Filter("".join(map(escape, literal.text)), literal.any_case)


def query_text(filters: Iterable[Filter]) -> str:
    """One query that returns whatever any of the filters matches."""
    known = set(filters)
    exact = factored(f.text for f in known if not f.any_case)
    any_case = factored(f.text for f in known if f.any_case)
    conditions = [f"@message like /{exact}/"] if exact else []
    conditions += [f"@message like /{_ANY_CASE}{any_case}/"] if any_case else []
    return _HEAD + " or ".join(conditions) + _TAIL


def asking_for(text: str, rows: int) -> str:
    """The same query, for so many rows at most.

    Some services heed the text and some the parameter of the request, so the two must always agree.
    """
    return f"{text.rpartition(_LIMIT)[0]}{_LIMIT}{rows}"


ROOM = LONGEST_QUERY - MARK_LENGTH - len(query_text([Filter("x", any_case=False), Filter("x", any_case=True)]))
"""Characters that the filters of one query may take together."""


def runs(filters: Iterable[Filter], room: int = ROOM) -> list[list[Filter]]:
    """Filters in as few queries' worth as their order allows: alike ones together, where they share their beginning."""
    packed: list[list[Filter]] = []
    length = room
    before: Atoms | None = None
    for found in sorted(set(filters), key=lambda each: (each.any_case, atoms(each.text))):
        parts = atoms(found.text)
        added = growth(before, parts)
        if length + added > room:
            packed.append([])
            length, added = 0, growth(None, parts)
        packed[-1].append(found)
        length += added
        before = parts
    return [part for run in packed for part in _shallow(run)]


def _shallow(run: list[Filter]) -> list[list[Filter]]:
    """The run, in parts where one expression for all of it would nest too deep."""
    if depth(atoms(found.text) for found in run) <= DEEPEST:
        return [run]
    middle = len(run) // 2
    return [*_shallow(run[:middle]), *_shallow(run[middle:])]


def pack(signatures: Sequence[Signature]) -> list[tuple[str, tuple[Signature, ...]]]:
    """Queries that together search for exactly these signatures, each with the signatures that it serves."""
    packed = runs(filter_of(signature.pattern) for signature in signatures)
    place = {found: number for number, run in enumerate(packed) for found in run}
    served: list[list[Signature]] = [[] for _ in packed]
    for signature in signatures:
        served[place[filter_of(signature.pattern)]].append(signature)
    return [(query_text({filter_of(s.pattern) for s in mine}), tuple(mine)) for mine in served]
