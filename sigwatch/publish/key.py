"""Names under which targets know messages."""

import uuid

_NAMESPACE = uuid.UUID("0c8f6f0e-5d3b-4f6e-9a55-3e1c6f2a7b10")


def message_key(row: str, target: str) -> str:
    """Idempotency key of the message that an outbox row becomes in a target. Opaque: others can read it there."""
    return str(uuid.uuid5(_NAMESPACE, f"{row}/{target}"))
