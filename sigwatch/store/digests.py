"""Digests of hits: what a table keeps of them, and what a file keeps of those that came from a table.

The digests have 96 bits: with a million of them in one minute the odds that two are alike are one in 10^17.
"""

import hashlib

MINUTE_MS = 60_000
DIGEST_BYTES = 12
DIGEST_PREFIX = "digest:"
"""Of what stands in place of an identity that nobody knows any more; no identity begins so."""


def digest_of(identity: str) -> bytes:
    """The digest of a hit's identity, or the one that stands in its place."""
    if identity.startswith(DIGEST_PREFIX):
        return bytes.fromhex(identity.removeprefix(DIGEST_PREFIX))
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def stand_in(digest: bytes) -> str:
    """What stands in place of the identity with that digest."""
    return DIGEST_PREFIX + digest.hex()


def stand_in_ms(ts_ms: int) -> int:
    """The time of what stands in place of a hit: the last of its minute, so that it is not forgotten too early."""
    return ts_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS - 1
