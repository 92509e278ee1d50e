"""A coarse filter: few and short texts such that every signature's match contains one of them."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    return next(covers(patterns, [threshold]))


def covers(patterns: Iterable[str], thresholds: Iterable[float]) -> Iterator[Cover]:
    """A cover for each of the thresholds."""
    wanted = {pattern: required(pattern) for pattern in patterns}
    uncovered = tuple(pattern for pattern, literals in wanted.items() if not literals)
    needed = sorted({literal for literals in wanted.values() for literal in literals}, key=_spelling)
    texts = sorted({part for literal in needed for part in parts(literal)}, key=_spelling)
    number = {literal: n for n, literal in enumerate(texts)}
    # By number from here on: there are many texts, and they are compared often.
    within = [[number[part] for part in parts(literal)] for literal in needed]
    shares = [share(literal.text) for literal in texts]
    lengths = [len(literal.text) + 1 for literal in texts]
    for threshold in thresholds:
        taken = _greedy(_holders(within, shares, threshold), lengths, len(needed))
        yield Cover(frozenset(texts[n] for n in taken), uncovered)


def _spelling(literal: Literal) -> tuple[str, bool]:
    return literal.text, literal.any_case


def _holders(within: Sequence[Sequence[int]], shares: Sequence[float], threshold: float) -> Mapping[int, list[int]]:
    """By each text that may be taken, the required ones that contain it."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for literal, found in enumerate(within):
        rare = [part for part in found if shares[part] <= threshold]
        for part in rare or [min(found, key=lambda part: (shares[part], part))]:
            holders[part].append(literal)
    return holders


def _greedy(holders: Mapping[int, Sequence[int]], lengths: Sequence[int], needed: int) -> set[int]:
    left = bytearray(b"\1" * needed)
    taken: set[int] = set()
    heap = [(-len(held) / lengths[part], part) for part, held in holders.items()]
    heapq.heapify(heap)
    while heap:
        worth, part = heapq.heappop(heap)
        now = -sum(left[literal] for literal in holders[part]) / lengths[part]
        if now == 0:
            continue
        if now > worth:
            # What others have covered meanwhile made it worth less: it must compete again.
            heapq.heappush(heap, (now, part))
            continue
        taken.add(part)
        for literal in holders[part]:
            left[literal] = 0
    return taken
