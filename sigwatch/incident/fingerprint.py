"""Names that stay the same for the same thing, whoever computes them and whenever."""

import hashlib
import uuid
from collections.abc import Sequence

from sigwatch.model.logs import Hit, Row

IDENTITY_PREFIX = 900
"""Message characters that count: results may be cut at about 1,000, and the same event must stay the same hit."""

_NAMESPACE = uuid.UUID("0c8f6f0e-5d3b-4f6e-9a55-3e1c6f2a7b10")


def hit(signature: str, row: Row) -> Hit:
    """The hit of a signature in an event.

    `@ptr` takes no part: the service does not promise that it stays the same from one query to the next.
    """
    parts = (signature, row.account, row.log_group, row.stream, str(row.ts_ms), row.message[:IDENTITY_PREFIX])
    return Hit(_digest(parts), signature, row)


def grouping_key(row: Row, group_by: Sequence[str]) -> str:
    """What hits of one incident share, as people read it; empty when a signature has one incident at a time."""
    values = {"log_group": row.log_group, "log_stream": row.stream, "account": row.account, "region": row.region}
    return " ".join(values[name] for name in group_by)


def incident_id(signature: str, group: str, first_seen_ms: int) -> str:
    """Name of an incident, from the event time of its first hit: a window that is done again names it alike."""
    return _digest((signature, group, str(first_seen_ms)))[:16]


def message_key(incident: str, target: str) -> str:
    """Idempotency key of the message about an incident in a target. Opaque: others can read it there."""
    return str(uuid.uuid5(_NAMESPACE, f"{incident}/{target}"))


def _digest(parts: Sequence[str]) -> str:
    # The length goes before each part, or ("ab", "c") and ("a", "bc") would be the same.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
