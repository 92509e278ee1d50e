r"""Escapes that hide a secret from every pattern: `\u0070assword`, `password%22%3A%22x`, `&lt;password&gt;`."""

from typing import Any

import re2

_ESCAPE = re2.compile(r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|&(amp|lt|gt|quot|apos|#\d{2,3});")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DEPTH = 3
"""Escapes of escapes of escapes are still read; one more and nobody meant it to be read."""


def _character(match: Any) -> str:
    """The printable ASCII character that an escape stands for; names of secrets are written in nothing else."""
    entity = match.group(4)
    if entity and not entity.startswith("#"):
        return _ENTITIES[entity]
    code = int(entity[1:]) if entity else int(match.group(1) or match.group(2) or match.group(3), 16)
    return chr(code) if 0x20 <= code <= 0x7E else str(match.group(0))


def has_escapes(text: str) -> bool:
    """Whether a text has anything to reveal."""
    return ("\\" in text or "%" in text or "&" in text) and _ESCAPE.search(text) is not None


def revealed(text: str) -> str:
    """`text` with its escapes of printable characters written out; control characters stay escaped."""
    for _ in range(_DEPTH):
        plain = str(_ESCAPE.sub(_character, text))
        if plain == text:
            break
        text = plain
    return text
