"""Which queries search for some signatures at the least cost.

Every query over a window pays for all bytes in it. Exact filters return next to no rows but may need many queries; a
coarse filter fits into few but returns more rows, and each time a result reaches the row limit half of the window is
read once more. The cheaper of the two is taken; the exact patterns decide locally either way.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sigwatch.dialect import Filter
from sigwatch.model.knowledge import Signature
from sigwatch.plan.coarse import THRESHOLDS, covers, serves
from sigwatch.plan.insights import (
    LONGEST_QUERY,
    MARK_LENGTH,
    ROOM,
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

WORTH_KEEPING = 2_000
"""Patterns up to which making the cheapest plan anew takes no time worth mentioning."""

SPARE = 500
"""Characters that a coarse query leaves free for signatures that are added or changed later."""

MOST_CHANGED = 0.05
"""Part of a plan's patterns that may change before the cheapest plan is looked for again."""


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
    planned: frozenset[str] = frozenset()
    """The patterns that it was made for as a whole; few have changed since."""
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
class Candidate:
    """Coarse queries that might be sent, and their price."""

    queries: tuple[CoarseQuery, ...]
    rows: float
    """Expected in the result of each."""
    multiple: float
    """How many times each byte is expected to be paid for."""


def times_paid(queries: int, rows: float) -> float:
    """How often a window's bytes are paid for when each of the queries returns so many rows."""
    return queries * (1 + math.ceil(math.log2(max(1.0, rows / ROW_LIMIT))))


def plan_queries(signatures: Sequence[Signature], window_bytes: int, previous: QueryPlan | None = None) -> QueryPlan:
    """The cheapest queries for the signatures over windows of about so many bytes; 0 when that is not known.

    What still holds of `previous`, made for much the same signatures and the same volume, is kept.
    """
    if previous and (kept := _kept(previous, signatures)):
        return kept
    planned = frozenset(signature.pattern for signature in signatures)
    exact = len(runs(map(filter_of, planned)))
    if exact <= 1:
        return QueryPlan(tuple(pack(signatures)), Strategy.EXACT, "all patterns fit into one query", 1.0, planned)
    events = (window_bytes or ASSUMED_BYTES) / EVENT_BYTES
    best = min(candidates(planned, events), key=lambda each: (each.multiple, each.rows))
    rows = f"about {best.rows * len(best.queries):,.0f} of {events:,.0f} events are expected in a window's results"
    if exact <= best.multiple:
        words = (
            f"{exact} exact queries, so each byte is paid for {exact} times; of {len(best.queries)} coarse ones "
            f"{rows}, so each would be paid for {best.multiple:.0f} times"
        )
        return QueryPlan(tuple(pack(signatures)), Strategy.EXACT, words, float(exact), planned)
    words = (
        f"{len(best.queries)} coarse in place of {exact} exact queries: {rows}, so each byte is paid for "
        f"{best.multiple:.0f} times and not {exact}"
    )
    return QueryPlan(_texts(best.queries, signatures), Strategy.COARSE, words, best.multiple, planned, best.queries)


def candidates(patterns: Collection[str], events: float) -> Iterable[Candidate]:
    """Coarse queries for patterns over windows with so many events, from those that return least to the shortest."""
    for chosen in covers(sorted(patterns), THRESHOLDS):
        by_filter = {literal_filter(each): each for each in chosen.literals}
        packed = runs([*by_filter, *map(filter_of, chosen.uncovered)], ROOM - SPARE)
        rows = chosen.share * events / len(packed)
        queries = tuple(
            CoarseQuery(frozenset(by_filter[f] for f in run if f in by_filter), frozenset(run)) for run in packed
        )
        yield Candidate(queries, rows, times_paid(len(queries), rows))
        if len(packed) == 1:
            return


def _texts(
    queries: Sequence[CoarseQuery], signatures: Sequence[Signature]
) -> tuple[tuple[str, tuple[Signature, ...]], ...]:
    return tuple((query_text(each.filters), tuple(filter(each.touches, signatures))) for each in queries)


def _kept(previous: QueryPlan, signatures: Sequence[Signature]) -> QueryPlan | None:
    """The previous plan with few changes, if it was made for much the same patterns."""
    wanted = frozenset(signature.pattern for signature in signatures)
    changed = len(wanted ^ previous.planned)
    if len(wanted) < WORTH_KEEPING or changed > MOST_CHANGED * len(previous.planned):
        return None
    if previous.strategy is Strategy.EXACT:
        return _repacked(previous, signatures, wanted)
    return _extended(previous, signatures, wanted)


def _repacked(previous: QueryPlan, signatures: Sequence[Signature], wanted: frozenset[str]) -> QueryPlan:
    """The previous exact queries, and new ones for patterns that are new or were next to some that are gone."""
    before = [frozenset(signature.pattern for signature in mine) for _, mine in previous.queries]
    place = {pattern: number for number, patterns in enumerate(before) if patterns <= wanted for pattern in patterns}
    if len(place) < len(wanted) and place:
        # Something must be packed anew: the last query may have room for it.
        last = max(place.values())
        place = {pattern: number for pattern, number in place.items() if number != last}
    kept: defaultdict[int, list[Signature]] = defaultdict(list)
    for signature in signatures:
        kept[place.get(signature.pattern, -1)].append(signature)
    again = pack(kept.pop(-1, []))
    queries = (*((previous.queries[number][0], tuple(mine)) for number, mine in sorted(kept.items())), *again)
    return replace(previous, queries=queries, multiple=float(len(queries)))


def _extended(previous: QueryPlan, signatures: Sequence[Signature], wanted: frozenset[str]) -> QueryPlan | None:
    """The previous coarse queries, and in the shortest the filters that they lack, if there is room for them."""
    before = [frozenset(signature.pattern for signature in mine) for _, mine in previous.queries]
    served = frozenset().union(*before)
    literals = frozenset().union(*(each.literals for each in previous.coarse))
    fresh = frozenset(filter_of(each) for each in wanted - served if not serves(literals, each))
    texts = [text for text, _ in previous.queries]
    coarse = list(previous.coarse)
    if fresh:
        shortest = min(range(len(texts)), key=lambda number: len(texts[number]))
        coarse[shortest] = replace(coarse[shortest], filters=coarse[shortest].filters | fresh)
        texts[shortest] = query_text(coarse[shortest].filters)
        if len(texts[shortest]) > LONGEST_QUERY - MARK_LENGTH:
            return None
    queries = tuple(
        (text, tuple(s for s in signatures if s.pattern in mine or (s.pattern not in served and each.touches(s))))
        for text, each, mine in zip(texts, coarse, before, strict=True)
    )
    return replace(previous, queries=queries, coarse=tuple(coarse))
