"""What a rule is, and how one is written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

Replace = Callable[[Any], str]
"""From an RE2 match, which ships no type, to its replacement."""

EDGE = r"(\\+[nrt]|%0[9AaDd]|_|\b)"
"""Where a token may begin: at a word's edge, after an underscore, or after an escaped end of line in JSON or in an
address, whose last letter would otherwise hide the edge."""

BASE64 = r"(?:[A-Za-z0-9+/=]|\\+/|%2[BFbf]|%3[Dd])"
"""One character of base64, as it is, and as JSON and addresses write it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret, how it looks, and what takes its place."""

    name: str
    """Kebab-case, and kept from version to version: a configuration names it to switch the rule off."""
    expression: str
    """In RE2's dialect, so its time is linear in the text whatever the text is."""
    replacement: str | Replace
    hint: str = ""
    """A pattern that is in every text the rule finds something in, and counts nothing; for rules without a literal."""

    @property
    def pattern(self) -> Any:
        """The expression, compiled when it is first asked for: most verbs mask little."""
        return compiled(self.expression)


def options() -> Any:
    """RE2's options: what does not compile is told by whoever asked, not written to standard error."""
    chosen = re2.Options()
    chosen.log_errors = False
    return chosen


@cache
def compiled(expression: str) -> Any:
    """The expression as RE2 has it.

    Raises:
        re2.error: it is none.
    """
    return re2.compile(expression, options())


def rule(name: str, pattern: str, replacement: str | Replace = "", hint: str = "") -> Rule:
    """A rule; without a replacement its own name in brackets takes the place of what it finds."""
    return Rule(name, pattern, replacement or f"[{name}]", hint)


def shape(name: str, body: str, word: str = "", hint: str = "") -> Rule:
    """A rule for a token that is known by itself: `body` from an edge on, replaced by `word` (its name) in brackets."""
    return rule(name, f"{EDGE}(?:{body})", rf"\1[{word or name}]", hint)
