"""Undoes text that was UTF-8 once, was read as another encoding, and was saved that way."""

import re
from functools import cache
from importlib import import_module
from typing import Any

_CONTINUATION = re.escape(bytes(range(0x80, 0xC0)).decode("mac_roman"))
_LEAD_OF_THREE = re.escape(bytes(range(0xE1, 0xF0)).decode("mac_roman"))
_LEAD_OF_FOUR = re.escape(bytes(range(0xF0, 0xF5)).decode("mac_roman"))
_MAC_ROMAN = re.compile(f"[{_LEAD_OF_THREE}][{_CONTINUATION}]{{2}}|[{_LEAD_OF_FOUR}][{_CONTINUATION}]{{3}}")
"""UTF-8 sequences as MacRoman shows them.

Two-byte sequences are left out: `“é` and `√π` are honest text that happens to look like one.
"""


def repaired(text: str) -> str:
    """The text with damaged characters restored, line by line so that line numbers survive.

    ftfy knows most kinds of damage but does not trust itself with a lone emoji read as MacRoman (three letters
    where a check mark was), which is what editors on that system leave behind; those are decoded here.
    """
    return "\n".join(line if line.isascii() else _line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    mended = _MAC_ROMAN.sub(_decoded, _ftfy().fix_encoding(line))
    return mended.replace("\n", " ")


@cache
def _ftfy() -> Any:
    """Loaded with the first line that is not plain ASCII: most documents have none."""
    return import_module("ftfy")


def _decoded(found: re.Match[str]) -> str:
    try:
        return found[0].encode("mac_roman").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
