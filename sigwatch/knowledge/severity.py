"""One scale for the severities that teams write in many ways."""

import re

LEVELS = "P0 to P4, Sev0 to Sev4, critical, high, medium or low"
"""What `severity_of` understands, for messages."""

_NUMBERED = re.compile(r"\b(?:P|SEV(?:ERITY)?)[ -]?([0-4])\b", re.IGNORECASE)
_WORDS = {
    "critical": "P0",
    "blocker": "P0",
    "high": "P1",
    "major": "P1",
    "medium": "P2",
    "moderate": "P2",
    "low": "P3",
    "minor": "P3",
    "informational": "P4",
}
_WORDED = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)


def severity_of(written: str) -> str | None:
    """`P0` (worst) to `P4` for a severity as people write it; None where nothing in it is one.

    A number counts before a word: `P0 - CRITICAL (outage)` is P0, `Sev1 (critical)` is P1. Words alone rank critical,
    high, medium, low as P0 to P3.
    """
    if numbered := _NUMBERED.search(written):
        return f"P{numbered[1]}"
    worded = _WORDED.search(written)
    return _WORDS[worded[1].lower()] if worded else None
