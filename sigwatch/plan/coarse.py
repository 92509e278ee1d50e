"""A coarse filter: few and short texts such that every signature's match contains one of them."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sigwatch.plan.literals import Literal, parts, required
from sigwatch.rarity import share

THRESHOLDS = (0.0002, 0.001, 0.005, 0.02, 0.06, 1.0)
"""Shares of log events up to which a text may be taken; the lower, the fewer rows and the longer the filter."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Texts that cover some patterns."""

    literals: frozenset[Literal]
    uncovered: tuple[str, ...]
    """Patterns without a certain text that is rare enough: their whole filter is needed."""

    @property
    def share(self) -> float:
        """Which part of all events the texts are likely to be found in, 0 to 1."""
        return min(1.0, sum(share(literal.text) for literal in self.literals))


def serves(literals: frozenset[Literal], pattern: str) -> bool:
    """Whether a cover's texts find every match of a pattern."""
    wanted = required(pattern)
    return bool(wanted) and all(any(part in literals for part in parts(each)) for each in wanted)


def cover(patterns: Iterable[str], threshold: float) -> Cover:
    """Choose texts greedily: always the one that serves most for its length, none more frequent than `threshold`."""
    return next(covers(patterns, [threshold]))


def covers(patterns: Iterable[str], thresholds: Iterable[float]) -> Iterator[Cover]:
    """A cover for each of the thresholds."""
    wanted = {pattern: required(pattern) for pattern in patterns}
    needed = sorted({literal for literals in wanted.values() for literal in literals}, key=_spelling)
    texts = sorted({part for literal in needed for part in parts(literal)}, key=_spelling)
    number = {literal: n for n, literal in enumerate(texts)}
    # By number from here on: there are many texts, and they are compared often.
    within = {literal: [number[part] for part in parts(literal)] for literal in needed}
    shares = [share(literal.text) for literal in texts]
    lengths = [len(literal.text) + 1 for literal in texts]
    for threshold in thresholds:
        rare = {literal: [part for part in found if shares[part] <= threshold] for literal, found in within.items()}
        uncovered = tuple(
            p for p, literals in wanted.items() if not literals or not all(rare[each] for each in literals)
        )
        served = {each for pattern in wanted.keys() - set(uncovered) for each in wanted[pattern]}
        taken = _greedy([rare[literal] for literal in needed if literal in served], lengths)
        yield Cover(frozenset(texts[n] for n in taken), uncovered)


def _spelling(literal: Literal) -> tuple[str, bool]:
    return literal.text, literal.any_case


def _greedy(choices: Sequence[Sequence[int]], lengths: Sequence[int]) -> set[int]:
    """Texts such that each of the choices has one of its own among them."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for choice, found in enumerate(choices):
        for part in found:
            holders[part].append(choice)
    left = bytearray(b"\1" * len(choices))
    taken: set[int] = set()
    heap = [(-len(held) / lengths[part], part) for part, held in holders.items()]
    heapq.heapify(heap)
    while heap:
        worth, part = heapq.heappop(heap)
        now = -sum(left[choice] for choice in holders[part]) / lengths[part]
        if now == 0:
            continue
        if now > worth:
            # What others have covered meanwhile made it worth less: it must compete again.
            heapq.heappush(heap, (now, part))
            continue
        taken.add(part)
        for choice in holders[part]:
            left[choice] = 0
    return taken
