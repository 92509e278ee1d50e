"""The text of Logs Insights queries. Nobody else puts query text together."""

from collections.abc import Iterable, Sequence

from sigwatch.model.knowledge import Signature
from sigwatch.plan.dialect import Filter, widen

LONGEST_QUERY = 10_000
"""Characters that StartQuery takes."""

ROW_LIMIT = 10_000
"""Rows asked for: one page. A result that reaches it is split, because the service drops the rest without a sign."""

LONGEST_FILTER = 9_000
"""A single pattern's filter beyond this is refused: it would fill a query of its own."""

_HEAD = "fields @timestamp, @ingestionTime, @log, @logStream, @message\n| filter "
_TAIL = f"\n| sort @timestamp asc\n| limit {ROW_LIMIT}"
_ANY_CASE = "(?i)"


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


def query_text(filters: Iterable[Filter]) -> str:
    """One query that returns whatever any of the filters matches."""
    exact = sorted({f.text for f in filters if not f.any_case})
    any_case = sorted({f.text for f in filters if f.any_case})
    conditions = [f"@message like /{'|'.join(exact)}/"] if exact else []
    conditions += [f"@message like /{_ANY_CASE}{'|'.join(any_case)}/"] if any_case else []
    return _HEAD + " or ".join(conditions) + _TAIL


def pack(signatures: Sequence[Signature]) -> list[tuple[str, tuple[Signature, ...]]]:
    """Queries that together search for all signatures, each with the signatures that it serves.

    Signatures fill a query in their order until it is full.
    """
    queries: list[tuple[str, tuple[Signature, ...]]] = []
    taken: list[Signature] = []
    filters: list[Filter] = []
    length = 0
    room = LONGEST_QUERY - len(query_text([Filter("", any_case=False), Filter("", any_case=True)]))
    for signature in signatures:
        found = filter_of(signature.pattern)
        if taken and length + len(found.text) + 1 > room:
            queries.append((query_text(filters), tuple(taken)))
            taken, filters, length = [], [], 0
        taken.append(signature)
        filters.append(found)
        length += len(found.text) + 1
    if taken:
        queries.append((query_text(filters), tuple(taken)))
    return queries
