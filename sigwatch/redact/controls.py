"""Control characters out of text: what hides words from a reader, or drives a terminal."""

import unicodedata

import re2

_ANSI = re2.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_INVISIBLE = frozenset("\u00ad\u061c\u180e\ufeff") | frozenset(
    chr(code) for start, end in ((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F)) for code in range(start, end + 1)
)
"""Zero-width and direction characters: they hide text from a reader, and a secret from a pattern."""


def _kept(character: str) -> bool:
    return character in "\n\t" or not (unicodedata.category(character) == "Cc" or character in _INVISIBLE)


def strip_controls(text: str) -> str:
    """`text` without terminal escapes, control, zero-width and direction characters; newline and tab stay.

    A lone surrogate, which no UTF-8 channel can carry, becomes U+FFFD.
    """
    whole = text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    bare = _ANSI.sub("", lines) if "\x1b" in lines else lines
    return "".join(filter(_kept, bare)) if not bare.isprintable() else bare
