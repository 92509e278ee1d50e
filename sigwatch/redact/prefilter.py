"""Which rules are worth asking about a text, in two passes over it and not one for each rule.

Whole patterns in one automaton are the obvious way and the wrong one: they count characters (`{36,}`), so identifiers
and digests make the automaton remember ever new states, and it becomes slower than asking every rule. Texts that must
occur in a match do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from sigwatch.redact.rules import Rule, options


@dataclass(frozen=True, slots=True)
class Prefilter:
    """Names the rules that may match a text; those that it leaves out can not."""

    rules: Sequence[Rule]
    _hinted: Sequence[int] = field(init=False, repr=False, compare=False)
    """Numbers of the rules with a hint; what RE2 derives serves the others."""
    _others: Sequence[int] = field(init=False, repr=False, compare=False)
    _hints: Any = field(init=False, repr=False, compare=False)
    _literals: Any = field(init=False, repr=False, compare=False)
    """RE2's own filter: literal texts, one of which is in whatever a pattern matches. None for no rules."""

    def __post_init__(self) -> None:
        hinted = [number for number, one in enumerate(self.rules) if one.hint]
        others = [number for number, one in enumerate(self.rules) if not one.hint]
        object.__setattr__(self, "_hinted", hinted)
        object.__setattr__(self, "_others", others)
        object.__setattr__(self, "_hints", _hints([self.rules[number] for number in hinted]))
        object.__setattr__(self, "_literals", _literals([self.rules[number] for number in others]))

    def candidates(self, text: str) -> Sequence[int]:
        """Numbers of the rules that may have something to say about `text`, in order."""
        likely = self._literals.Match(text, True) if self._literals else None
        found = [self._others[place] for place in likely or ()]
        hinted = self._hints.Match(text) or ()
        last = len(self._hinted)
        # The empty pattern, last of the set, is in every text. Where it is not found the automaton ran out of memory,
        # which RE2 reports as no match at all: then every rule is asked.
        found += [self._hinted[place] for place in hinted if place < last] if last in hinted else self._hinted
        return sorted(found)


def _hints(rules: Sequence[Rule]) -> Any:
    hints = re2.Set.SearchSet(options())
    for one in rules:
        hints.Add(one.hint)
    hints.Add("")
    hints.Compile()
    return hints


def _literals(rules: Sequence[Rule]) -> Any:
    if not rules:
        return None
    literals = re2.Filter()
    for one in rules:
        literals.Add(one.expression, options())
    literals.Compile()
    return literals
