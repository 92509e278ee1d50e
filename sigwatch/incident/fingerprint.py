"""Names that stay the same for the same thing, whoever computes them and whenever."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from sigwatch.model.logs import Hit, Row

IDENTITY_PREFIX = 900
"""Message characters that count: results may be cut at about 1,000, and the same event must stay the same hit."""


def hit(signature: str, row: Row) -> Hit:
    """The hit of a signature in an event.

    `@ptr` takes no part: the service does not promise that it stays the same from one query to the next.
    """
    place = _place(signature, row.account, row.log_group, row.stream)
    return Hit(_hashed(place + _joined((str(row.ts_ms), row.message[:IDENTITY_PREFIX]))), signature, row)


def incident_id(signature: str, group: str, first_seen_ms: int) -> str:
    """Name of an incident, from the event time of its first hit: a window that is done again names it alike."""
    return _hashed(_joined((signature, group, str(first_seen_ms))))[:16]


@lru_cache(maxsize=4_096)
def _place(signature: str, account: str, log_group: str, stream: str) -> str:
    """What the names of all hits of a signature in a log stream begin with."""
    return _joined((signature, account, log_group, stream))


def _joined(parts: Sequence[str]) -> str:
    # The length goes before each part, or ("ab", "c") and ("a", "bc") would be the same.
    return "".join([f"{len(part)}:{part}" for part in parts])


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
