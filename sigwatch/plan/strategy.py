"""Which queries search for some signatures at the least cost.

Every query over a window pays for all bytes in it. Exact filters return next to no rows but may need many queries; a
coarse filter fits into few but returns more rows, and each time a result reaches the row limit half of the window is
read once more. The cheaper of the two is taken; the exact patterns decide locally either way.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sigwatch.model.knowledge import Signature
from sigwatch.plan.coarse import THRESHOLDS, cover, serves
from sigwatch.plan.dialect import Filter
from sigwatch.plan.insights import (
    LONGEST_QUERY,
    MARK_LENGTH,
    ROW_LIMIT,
    filter_of,
    literal_filter,
    pack,
    query_text,
    runs,
)
from sigwatch.plan.literals import Literal, parts, required

EVENT_BYTES = 250
"""Assumed size of a log event."""

ASSUMED_BYTES = 1 << 20
"""Assumed in a window of which nothing is known."""


class Strategy(StrEnum):
    """How signatures are searched for."""

    EXACT = "exact"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Queries that together serve some signatures."""

    queries: tuple[tuple[str, tuple[Signature, ...]], ...]
    strategy: Strategy
    reason: str
    """For people: what was weighed."""
    multiple: float
    """How many times each byte is expected to be paid for."""
    coarse: tuple["CoarseQuery", ...] = ()
    """What the coarse queries are made of, in their order."""


@dataclass(frozen=True, slots=True)
class CoarseQuery:
    """What one coarse query looks for."""

    literals: frozenset[Literal]
    filters: frozenset[Filter]
    """Of the literals, and whole ones of patterns without any."""

    def touches(self, signature: Signature) -> bool:
        """Whether the query can return rows of a signature."""
        found = any(part in self.literals for each in required(signature.pattern) for part in parts(each))
        return found or filter_of(signature.pattern) in self.filters


@dataclass(frozen=True, slots=True)
class _Candidate:
    queries: tuple[CoarseQuery, ...]
    rows: float
    multiple: float


def times_paid(queries: int, rows: float) -> float:
    """How often a window's bytes are paid for when each of the queries returns so many rows."""
    return queries * (1 + math.ceil(math.log2(max(1.0, rows / ROW_LIMIT))))


def plan_queries(signatures: Sequence[Signature], window_bytes: int, previous: QueryPlan | None = None) -> QueryPlan:
    """The cheapest queries for the signatures over windows of about so many bytes; 0 when that is not known.

    What still holds of `previous`, made for much the same signatures, is kept.
    """
    if previous and previous.strategy is Strategy.COARSE and (kept := _kept(previous, signatures)):
        return kept
    exact = len(runs(filter_of(signature.pattern) for signature in signatures))
    if exact <= 1:
        return QueryPlan(tuple(pack(signatures)), Strategy.EXACT, "all patterns fit into one query", 1.0)
    events = (window_bytes or ASSUMED_BYTES) / EVENT_BYTES
    best = min(_candidates(signatures, events), key=lambda each: (each.multiple, each.rows))
    if exact <= best.multiple:
        return QueryPlan(
            tuple(pack(signatures)), Strategy.EXACT, f"{exact} exact queries are the cheapest", float(exact)
        )
    words = (
        f"{len(best.queries)} coarse in place of {exact} exact queries: about {best.rows:,.0f} of {events:,.0f} events "
        f"are expected in a window's result, so each byte is paid for {best.multiple:.0f} times and not {exact}"
    )
    return QueryPlan(_texts(best.queries, signatures), Strategy.COARSE, words, best.multiple, best.queries)


def _candidates(signatures: Sequence[Signature], events: float) -> Iterable[_Candidate]:
    patterns = list(dict.fromkeys(signature.pattern for signature in signatures))
    for threshold in THRESHOLDS:
        chosen = cover(patterns, threshold)
        by_filter = {literal_filter(each): each for each in chosen.literals}
        packed = runs([*by_filter, *(filter_of(each) for each in chosen.uncovered)])
        rows = chosen.share * events / len(packed)
        yield _Candidate(
            tuple(
                CoarseQuery(frozenset(by_filter[f] for f in run if f in by_filter), frozenset(run)) for run in packed
            ),
            rows,
            times_paid(len(packed), rows),
        )
        if len(packed) == 1:
            return


def _texts(
    queries: Sequence[CoarseQuery], signatures: Sequence[Signature]
) -> tuple[tuple[str, tuple[Signature, ...]], ...]:
    return tuple((query_text(each.filters), tuple(filter(each.touches, signatures))) for each in queries)


def _kept(previous: QueryPlan, signatures: Sequence[Signature]) -> QueryPlan | None:
    """The previous plan for other signatures, if a few texts more make it serve them."""
    served = {signature.pattern for _, mine in previous.queries for signature in mine}
    literals = frozenset().union(*(each.literals for each in previous.coarse))
    fresh = [s.pattern for s in signatures if s.pattern not in served and not serves(literals, s.pattern)]
    if not all(map(required, fresh)):
        return None
    *others, last = previous.coarse
    added = frozenset(literal for pattern in fresh for literal in required(pattern))
    longer = CoarseQuery(last.literals | added, last.filters | {literal_filter(each) for each in added})
    text = query_text(longer.filters) if added else previous.queries[-1][0]
    if len(text) > LONGEST_QUERY - MARK_LENGTH:
        return None
    coarse = (*others, longer)
    texts = [*(text for text, _ in previous.queries[:-1]), text]
    queries = tuple((text, tuple(filter(each.touches, signatures))) for text, each in zip(texts, coarse, strict=True))
    return replace(previous, queries=queries, coarse=coarse)
