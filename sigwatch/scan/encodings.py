"""Files in UTF-16, as Windows writes them."""

import codecs

from sigwatch.scan.values import Format, Page, Place

MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""First bytes of a file in UTF-16, and how it is decoded."""


class Encoded:
    """Another format in UTF-16."""

    def __init__(self, inner: Format, encoding: str) -> None:
        """Decode, then read as `inner`."""
        self.name = f"{inner.name} in {encoding[:6].upper()}"
        self._inner = inner
        self._encoding = encoding

    def cut(self, data: bytes) -> int:
        """Whole events, and whole code units."""
        text = in_utf8(data, self._encoding)
        # What can not be decoded is replaced by as much, except at the end, which is never cut off.
        return len(text[: self._inner.cut(text)].decode().encode(self._encoding))

    def page(self, data: bytes, place: Place) -> Page:
        """Whole events as a page, decoded."""
        return self._inner.page(in_utf8(data, self._encoding), place)


def in_utf8(data: bytes, encoding: str) -> bytes:
    """The same text; halves of characters are replaced."""
    return data.decode(encoding, "replace").encode()
