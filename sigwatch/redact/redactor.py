"""Rules at work on a text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import re2

from sigwatch.redact.controls import strip_controls
from sigwatch.redact.prefilter import Prefilter
from sigwatch.redact.reveal import has_escapes, revealed
from sigwatch.redact.rules import Rule

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
    _prefilter: Callable[[], Prefilter] = field(init=False, repr=False, compare=False)
    """Made with the first text: to compile all rules takes longer than many a program runs."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_prefilter", cache(partial(Prefilter, self.rules)))

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
            for number in self._prefilter().candidates(text):
                text = str(self.rules[number].pattern.sub(self.rules[number].replacement, text))
            if text == before:
                break
        return text
