"""Opaque strings that the service hands out: ids, pointers to log records, tokens for the next page."""

import base64
import binascii
import hashlib
import struct
import threading
import uuid
from random import Random

_LAYOUT = struct.Struct(">8sQ6s")


class Ids:
    """Makes ids that look like UUIDs, from a seeded source; safe to use from several threads."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The next id."""
        with self._lock:
            return str(uuid.UUID(bytes=self._rng.randbytes(16), version=4))


def pointer(nonce: bytes, number: int) -> str:
    """A pointer to an event; another nonce (8 bytes, one for each query) makes another pointer to the same event."""
    mask = int.from_bytes(_digest(nonce), "big")
    return base64.b64encode(_LAYOUT.pack(nonce, number ^ mask, _check(nonce, number))).decode()


def number_in(text: str) -> int | None:
    """The number of the event that a pointer leads to; None when it is no pointer."""
    try:
        nonce, masked, check = _LAYOUT.unpack(base64.b64decode(text, validate=True))
    except (binascii.Error, struct.error, ValueError):
        return None
    number: int = masked ^ int.from_bytes(_digest(nonce), "big")
    return number if check == _check(nonce, number) else None


def page_token(owner: str, place: str) -> str:
    """A token that continues a listing of `owner` at `place`."""
    return base64.urlsafe_b64encode(f"{owner}\n{place}".encode()).decode()


def place_in(token: str, owner: str) -> str | None:
    """Where a token continues; None when it is not one of this owner."""
    try:
        text = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        return None
    whose, _, place = text.partition("\n")
    return place if whose == owner else None


def _digest(nonce: bytes) -> bytes:
    return hashlib.blake2b(nonce, digest_size=8).digest()


def _check(nonce: bytes, number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(8, "big"), key=nonce, digest_size=6).digest()
