"""A strptime format for the beginning of a line.

`datetime.strptime` takes a whole text only, and what the standard library compiles a format to is private to it. So a
format is translated here into a pattern that finds how far the time goes; what it means is left to `strptime`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

_NAME = r"[^\W\d_]{1,20}\.?"
_DIRECTIVES = {
    "a": _NAME,
    "A": _NAME,
    "b": _NAME,
    "B": _NAME,
    "d": r"\d{1,2}",
    # What is beyond six digits, strptime does not take.
    "f": r"\d{1,6}(?P<more>\d{0,3})",
    "G": r"\d{4}",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "j": r"\d{1,3}",
    "m": r"\d{1,2}",
    "M": r"\d{1,2}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "S": r"\d{1,2}",
    "u": r"\d",
    "U": r"\d{1,2}",
    "V": r"\d{1,2}",
    "w": r"\d",
    "W": r"\d{1,2}",
    "y": r"\d\d",
    "Y": r"\d{4}",
    "z": r"(?:Z|[+-]\d\d:?\d\d(?::?\d\d(?:\.\d{1,6})?)?)",
    "Z": r"[A-Za-z]{1,5}",
    "%": "%",
}
_TOKEN = re.compile(r"%(.?)|(\s+)|([^%\s]+)")


class Custom:
    """Reads times in a format of the user's."""

    def __init__(self, time_format: str) -> None:
        """Translate it.

        Raises:
            ValueError: a sentence that says which directive is not supported.
        """
        pieces, source = [], []
        for directive, space, literal in _TOKEN.findall(time_format):
            if literal or space:
                pieces.append(re.escape(literal) if literal else r"[ \t]{1,20}")
                source.append(literal or " ")
                continue
            if directive not in _DIRECTIVES:
                raise ValueError(f"%{directive} is not supported in a time format; use {', '.join(_supported())}")
            pieces.append(_DIRECTIVES[directive])
            source.append(f"%{directive}")
            if source.count(f"%{directive}") > 1 and directive != "%":
                raise ValueError(f"%{directive} is in the time format twice, and only one of them can be meant")
        if not any(piece.startswith("%") and piece != "%%" for piece in source):
            raise ValueError("a time format without any directive finds no time; such as %Y-%m-%d %H:%M:%S would")
        self.pattern = "".join(pieces).encode()
        """Of a line that begins with such a time."""
        self._format = "".join(source)
        self._has_year = any(f"%{directive}" in source for directive in "YyG")

    def moment(
        self, match: re.Match[bytes], choose: Callable[[Callable[[int], int | None]], int | None] | None
    ) -> int | None:
        """Epoch milliseconds of a match of the pattern; None where it is no time after all.

        Args:
            match: of the time alone.
            choose: where the format has no year: chooses one, given what each would make of the time.
        """
        text = match.group()
        if "more" in match.re.groupindex:
            start, end = match.span("more")
            text = text[: start - match.start()] + text[end - match.start() :]
        words = text.decode()
        if self._has_year:
            return _read(words, self._format)
        return choose(lambda year: _read(f"{year} {words}", f"%Y {self._format}")) if choose else None


def _read(text: str, time_format: str) -> int | None:
    try:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007 - the zone is what the next line is about
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(aware.timestamp()) * 1_000 + aware.microsecond // 1_000
    except (ValueError, OverflowError):
        return None


def _supported() -> list[str]:
    return [f"%{directive}" for directive in _DIRECTIVES]
