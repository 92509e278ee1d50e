"""Rules at work on a text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from sigwatch.redact.controls import strip_controls
from sigwatch.redact.reveal import has_escapes, revealed
from sigwatch.redact.rules import Rule, options

_ROUNDS = 10
"""What one rule leaves may be another's, as where tokens follow each other without a gap. Two rounds settle nearly
everything; the bound is for texts that somebody made to keep us busy, and for rules that undo each other."""

_SHELL_REFERENCE = re2.compile(
    r"((?:(?i)(?:authorization\s*[:=]\s*)?(?:(?:bearer|basic|token)\s+)?)\$(?:\w+|\{\w+\}|\([^()]*\)))"
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Masks texts by `rules`, which are applied in order."""

    rules: Sequence[Rule]
    _which: Any = field(init=False, repr=False, compare=False)
    """All patterns as one automaton, so a text without a secret costs one pass and not one for each rule."""

    def __post_init__(self) -> None:
        which = re2.Set.SearchSet(_set_options())
        for one in self.rules:
            which.Add(one.pattern.pattern)
        which.Add("")
        which.Compile()
        object.__setattr__(self, "_which", which)

    def mask(self, text: str) -> str:
        """`text` with every secret replaced by a word in brackets, such as `[jwt]`, and without control characters."""
        masked = self._ruled(strip_controls(text))
        if not has_escapes(masked):
            return masked
        lines = masked.split("\n")
        shown = [self._unescaped(line) if has_escapes(line) else line for line in lines]
        return masked if shown == lines else self._ruled("\n".join(shown))

    def mask_document(self, text: str) -> str:
        """As `mask`, for documents that people wrote: shell references such as `$TOKEN` or `$(command)` stay.

        They name a secret and hold none, and a command without them can not be copied. In a log line the same
        characters may be part of a password, so this is not for those.
        """
        parts = _SHELL_REFERENCE.split(text)
        return "".join(part if number % 2 else self.mask(part) for number, part in enumerate(parts))

    def _unescaped(self, line: str) -> str:
        """`line` as it is where its escapes hide nothing; else read and masked: half of an escape can not stay."""
        plain = strip_controls(revealed(line))
        masked = self._ruled(plain)
        return line if masked == plain else masked

    def _ruled(self, text: str) -> str:
        for _ in range(_ROUNDS):
            before = text
            for number in self._found(text):
                text = str(self.rules[number].pattern.sub(self.rules[number].replacement, text))
            if text == before:
                break
        return text

    def _found(self, text: str) -> Sequence[int]:
        """Numbers of the rules that have something to say about `text`, in order."""
        found = self._which.Match(text)
        last = len(self.rules)
        # The empty pattern, last of the set, is in every text. Where it is not found the automaton ran out of memory,
        # which RE2 reports as no match at all: then every rule is asked.
        return sorted(found)[:-1] if last in found else range(last)


def _set_options() -> Any:
    chosen = options()
    chosen.max_mem = 64 << 20
    return chosen
