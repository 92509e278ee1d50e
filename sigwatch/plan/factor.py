"""Many alternatives as one regular expression that writes what they share only once.

The filters are taken apart into atoms with their repetition signs; a tree of atoms is written back as
`start(one|other)`. A filter that begins with the whole of another is left out: the search is unanchored, so wherever it
matches the shorter one does.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby, pairwise, starmap

_ATOM = re.compile(
    r"(?:\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\.|\[(?:\\.|[^\]\\])*\]|[^\\\[(])(?:[*+?]|\{\d+(?:,\d*)?\})?", re.DOTALL
)
_SIGN = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")

DEEPEST = 20
"""Groups within groups that one expression may have: engines set limits, and deeper ones save next to nothing."""

Atoms = tuple[str, ...]


@lru_cache(maxsize=32_768)
def atoms(text: str) -> Atoms:
    """A filter's parts, none of which may be cut: characters, escapes, classes and groups, each with its sign."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        for found in _ATOM.finditer(text, position):
            if found.start() != position:
                break
            parts.append(found.group())
            position = found.end()
        if position < len(text):
            end = _group_end(text, position)
            parts.append(text[position:end])
            position = end
    return tuple(parts)


def _group_end(text: str, position: int) -> int:
    depth, in_class = 0, False
    while True:
        character = text[position]
        if character == "\\":
            position += 1
        elif in_class or character == "[":
            in_class = character != "]"
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
        position += 1
        if depth == 0 and not in_class:
            break
    sign = _SIGN.match(text, position)
    return sign.end() if sign else position


def branches(text: str) -> list[str]:
    """The alternatives of a filter that is nothing but one group of them, else the filter itself."""
    parts = atoms(text)
    if len(parts) != 1 or not text.startswith("(") or not text.endswith(")"):
        return [text]
    found, current = [], ""
    for part in atoms(text[1:-1]):
        if part == "|":
            found.append(current)
            current = ""
        else:
            current += part
    return [*found, current]


def minimal(filters: Iterable[str]) -> list[Atoms]:
    """The filters in order, as atoms, without those that begin with another."""
    kept: list[Atoms] = []
    for parts in sorted({atoms(branch) for text in filters for branch in branches(text)}):
        if not kept or parts[: len(kept[-1])] != kept[-1]:
            kept.append(parts)
    return kept


def factored(filters: Iterable[str]) -> str:
    """One expression that matches wherever any of the filters does, without a group around it."""
    return _joined(minimal(filters))


def _joined(ordered: Sequence[Atoms]) -> str:
    return "|".join(_shared(list(group)) for _, group in groupby(ordered, key=lambda parts: parts[:1]))


def _shared(alike: Sequence[Atoms]) -> str:
    """Filters that begin with the same atom."""
    if len(alike) == 1:
        return "".join(alike[0])
    # In order, so what the first and the last share all share.
    head = alike[0][: _common(alike[0], alike[-1])]
    plain = "|".join("".join(parts) for parts in alike)
    written = f"{''.join(head)}({_joined([parts[len(head) :] for parts in alike])})"
    return written if len(written) < len(plain) else plain


def depth(ordered: Iterable[Atoms]) -> int:
    """How many groups lie within each other at most in the expression for filters in order."""
    # Where the filters so far part, outermost first, each with the groups that lie within that one.
    parting: list[tuple[int, int]] = []
    deepest = 0
    for common in [*starmap(_common, pairwise(ordered)), 0]:
        below = 0
        while parting and parting[-1][0] > common:
            below = 1 + max(below, parting.pop()[1])
        if parting and parting[-1][0] == common:
            below = max(below, parting.pop()[1])
        if common:
            parting.append((common, below))
        deepest = max(deepest, below)
    return deepest


def growth(before: Atoms | None, parts: Atoms) -> int:
    """Characters that a filter adds to an expression in which `before` is the one ahead of it, at most."""
    own = parts[_common(before, parts) :] if before else parts
    return sum(map(len, own)) + 3


def _common(one: Atoms, other: Atoms) -> int:
    """Atoms that both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
