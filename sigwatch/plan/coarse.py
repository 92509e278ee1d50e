"""A coarse filter: few and short texts such that every signature's match contains one of them."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sigwatch.plan.literals import Literal, parts, required, share

THRESHOLDS = (0.0002, 0.001, 0.005, 0.02, 0.06, 1.0)
"""Shares of log events up to which a text may be taken; the lower, the fewer rows and the longer the filter."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Texts that cover some patterns."""

    literals: frozenset[Literal]
    uncovered: tuple[str, ...]
    """Patterns without any certain text: their whole filter is needed."""

    @property
    def share(self) -> float:
        """Which part of all events the texts are likely to be found in, 0 to 1."""
        return min(1.0, sum(share(literal.text) for literal in self.literals))


def serves(literals: frozenset[Literal], pattern: str) -> bool:
    """Whether a cover's texts find every match of a pattern."""
    wanted = required(pattern)
    return bool(wanted) and all(any(part in literals for part in parts(each)) for each in wanted)


def cover(patterns: Iterable[str], threshold: float) -> Cover:
    """Choose texts greedily: always the one that serves most for its length.

    A text more frequent than `threshold` is taken only where a pattern has no rarer one.
    """
    needed: set[Literal] = set()
    uncovered = []
    for pattern in patterns:
        wanted = required(pattern)
        needed.update(wanted)
        if not wanted:
            uncovered.append(pattern)
    holders = _holders(needed, threshold)
    return Cover(frozenset(_greedy(needed, holders)), tuple(dict.fromkeys(uncovered)))


def _holders(needed: Iterable[Literal], threshold: float) -> Mapping[Literal, list[Literal]]:
    """By each text that may be taken, the required ones that contain it."""
    holders: defaultdict[Literal, list[Literal]] = defaultdict(list)
    for literal in needed:
        rare = [part for part in parts(literal) if share(part.text) <= threshold]
        for part in rare or [min(parts(literal), key=lambda part: (share(part.text), part))]:
            holders[part].append(literal)
    return holders


def _greedy(needed: set[Literal], holders: Mapping[Literal, Sequence[Literal]]) -> set[Literal]:
    left = set(needed)
    taken: set[Literal] = set()
    heap = [(-len(held) / (len(part.text) + 1), part) for part, held in holders.items()]
    heapq.heapify(heap)
    while left and heap:
        worth, part = heapq.heappop(heap)
        now = -sum(literal in left for literal in holders[part]) / (len(part.text) + 1)
        if now == 0:
            continue
        if now > worth:
            # What others have covered meanwhile made it worth less: it must compete again.
            heapq.heappush(heap, (now, part))
            continue
        taken.add(part)
        left.difference_update(holders[part])
    return taken
