"""From a filter in the shared dialect to an expression over the bytes of UTF-8 text that is never narrower.

Byte by byte is how whole files are searched, whatever junk they hold. There one character is one to four bytes, so
whatever may stand for a character outside of ASCII stands for that many here.

What is never narrower may be shorter. The expression begins with the rarest text that the filter asks for: with a
frequent one an engine would have something to remember at every line. And repetitions at both ends are cut down to what
they need at least, for each further byte of them would be told as another match.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from sigwatch.dialect import Filter
from sigwatch.rarity import share

_TOKEN = re.compile(
    r"(?P<wide>\\x\{(?P<code>[0-9a-f]+)\})|\\x(?P<byte>[0-9a-f]{2})|(?P<escape>\\.)"
    r"|(?P<class>\[\^?(?:\\.|[^\]\\])*\])|(?P<mark>[()|])|(?P<literal>.)",
    re.DOTALL,
)
_SIGN = re.compile(r"[*+?]|\{(\d+)(?:(,)(\d*))?\}")
_MEMBER = re.compile(r"\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\.|.", re.DOTALL)

BYTES_OF_A_CHARACTER = 4
"""At most, in UTF-8."""

LEAST_COUNTED = 16
MOST_COUNTED = 4
"""Repetitions up to which the least and the most of a character are counted exactly; beyond, they only have to be at
least as many. Compiling takes minutes where ranges multiply."""

GROUPS_COUNTED = 2
"""The same for groups, which may hold repetitions themselves."""

RARE = 0.002
"""Share of events up to which a text is rare enough to be looked for by itself."""

_BEYOND_ASCII = r"\x80-\xff"
_REPLACEMENT = "\ufffd"
"""What stands for bytes that are no UTF-8: which bytes is not known."""
_FOLDED = {"k": "\u212a", "s": "\u017f"}
"""Characters outside of ASCII that equal a letter when case is ignored."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A character, class or group with its repetition."""

    least: int
    most: int | None
    """None without an end."""
    text: str = ""
    """Of a character or class: its expression, every character one byte (Latin-1)."""
    character: str = ""
    """The character that it stands for; empty for a class or group."""
    wide: bool = False
    """Whether it stands for characters of several bytes too."""
    branches: tuple["_Pieces", ...] = ()
    """Of a group."""

    @property
    def once(self) -> bool:
        """Whether it is there exactly once."""
        return self.least == self.most == 1


_Pieces = tuple[_Piece, ...]


def bytewise(found: Filter) -> bytes:
    """The filter over bytes; where case is to be ignored, the engine has to ignore it for ASCII letters."""
    return _written(_trimmed(_from_rarest(_parsed(found)))).encode("latin-1")


def essence(found: Filter) -> bytes:
    """The rarest text that the filter asks for as it stands: for filters that are too large to be compiled.

    Raises:
        ValueError: it asks for none.
    """
    pieces = _from_rarest(_parsed(found))
    run = tuple(takewhile(lambda piece: piece.once and bool(piece.character), pieces))
    if not run:
        raise ValueError("asks for no text as it stands")
    return _written(run).encode("latin-1")


def _from_rarest(pieces: _Pieces) -> _Pieces:
    """What is left when what is before the rarest text is left out; all where there is no text.

    A text that is not rare enough by itself keeps the narrow classes right before it.
    """
    best, start = min(((rare, place) for place, rare in _shares(pieces)), default=(1.0, 0))
    if best >= 1.0:
        return pieces
    if best > RARE:
        before = takewhile(lambda piece: piece.least and not piece.wide and not piece.branches, pieces[:start][::-1])
        start -= len(list(before))
    first, *rest = pieces[start:]
    if not first.branches:
        return (first, *rest)
    shorter = replace(first, branches=tuple(map(_from_rarest, first.branches)))
    return (shorter if first.once else first, *rest)


def _shares(pieces: _Pieces) -> Iterator[tuple[int, float]]:
    """Where texts begin that must occur, and which part of all events is likely to hold each."""
    start, run = 0, ""
    for place, piece in enumerate(pieces):
        if piece.once and piece.character:
            start, run = (start, run + piece.character) if run else (place, piece.character)
            continue
        if run:
            yield start, share(run)
            run = ""
        if piece.branches and piece.least:
            yield place, max(min((rare for _, rare in _shares(branch)), default=1.0) for branch in piece.branches)
    if run:
        yield start, share(run)


def _trimmed(pieces: _Pieces) -> _Pieces:
    """Repetitions at both ends cut down to the least, and left out where that is nothing."""
    left = list(pieces)
    for end in (0, -1):
        while len(left) > 1 and left[end].least == 0:
            left.pop(end)
        if not left[end].branches:
            left[end] = replace(left[end], most=left[end].least)
    return tuple(left)


def _written(pieces: _Pieces) -> str:
    return "".join(_one(piece) + _count(piece.least, piece.most) for piece in pieces)


def _one(piece: _Piece) -> str:
    return f"({'|'.join(map(_written, piece.branches))})" if piece.branches else piece.text


def _count(least: int, most: int | None) -> str:
    if (least, most) == (1, 1):
        return ""
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}"


def _parsed(found: Filter) -> _Pieces:
    tokens = _tokens(found.text)
    branches, _ = _branches(tokens, found.any_case)
    return branches[0] if len(branches) == 1 else (_Piece(1, 1, branches=branches),)


_Token = tuple[re.Match[str], re.Match[str] | None]
"""A token and the sign of repetition behind it."""


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while token := _TOKEN.match(text, position):
        sign = _SIGN.match(text, token.end())
        position = sign.end() if sign else token.end()
        yield token, sign


def _branches(tokens: Iterator[_Token], any_case: bool) -> tuple[tuple[_Pieces, ...], re.Match[str] | None]:
    """Alternatives up to the bracket that closes them, and the sign behind that."""
    branches: list[list[_Piece]] = [[]]
    for token, sign in tokens:
        match token["mark"]:
            case "(":
                inner, behind = _branches(tokens, any_case)
                branches[-1].append(_Piece(*_bounded(behind, 1, GROUPS_COUNTED, GROUPS_COUNTED), branches=inner))
            case ")":
                return tuple(map(tuple, branches)), sign
            case "|":
                branches.append([])
            case _:
                branches[-1].append(_piece(token, sign, any_case))
    return tuple(map(tuple, branches)), None


def _piece(token: re.Match[str], sign: re.Match[str] | None, any_case: bool) -> _Piece:
    if token["class"]:
        text, wide = _class(token["class"], any_case)
        return _Piece(
            *_bounded(sign, BYTES_OF_A_CHARACTER if wide else 1, LEAST_COUNTED, MOST_COUNTED), text, wide=wide
        )
    code = token["code"] or token["byte"]
    character = chr(int(code, 16)) if code else token[0][-1]
    if token["escape"]:
        character = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character, character)
    if character == _REPLACEMENT:
        return _Piece(
            *_bounded(sign, BYTES_OF_A_CHARACTER, LEAST_COUNTED, MOST_COUNTED), f"[{_BEYOND_ASCII}]", wide=True
        )
    limits = _bounded(sign, 1, LEAST_COUNTED, MOST_COUNTED)
    return _Piece(*limits, _character(token[0], character, any_case), character)


def _character(written: str, character: str, any_case: bool) -> str:
    if any_case and character.lower() in _FOLDED:
        return f"({character}|{_bytes(_FOLDED[character.lower()])})"
    return written if character.isascii() else f"({_bytes(character)})"


def _bounded(sign: re.Match[str] | None, width: int, least_counted: int, most_counted: int) -> tuple[int, int | None]:
    """A repetition of what takes up to `width` bytes, counted exactly as long as that is cheap."""
    least, most = _repetition(sign)
    exact = least == most and width == 1 and least <= least_counted
    most = most if exact or (most is not None and most * width <= most_counted) else None
    return min(least, least_counted), most if most is None or exact else most * width


def _repetition(sign: re.Match[str] | None) -> tuple[int, int | None]:
    """Least and most; no end as None."""
    if sign is None:
        return 1, 1
    simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign[0])
    if simple:
        return simple
    least = int(sign[1])
    if not sign[2]:
        return least, least
    return least, int(sign[3]) if sign[3] else None


def _bytes(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _class(text: str, any_case: bool) -> tuple[str, bool]:
    """A class over bytes, and whether it may stand for a character of several."""
    negated = text.startswith("[^")
    members = _MEMBER.findall(text[2 if negated else 1 : -1])
    ascii_only = "".join(_ascii(members))
    if negated:
        return (f"[^{ascii_only}]" if ascii_only else r"[\x00-\xff]"), True
    wide = r"\S" in members or any(not _is_ascii(each) for each in members) or (any_case and _folds(members))
    return (f"[{ascii_only}{_BEYOND_ASCII}]", True) if wide else (text, False)


def _is_ascii(member: str) -> bool:
    if member.startswith("\\x"):
        return int(member[2:].strip("{}"), 16) < 0x80
    return member.isascii()


def _ascii(members: Sequence[str]) -> Iterator[str]:
    """The members within ASCII; a range that leaves it ends with it."""
    number = 0
    while number < len(members):
        member = members[number]
        is_range = number + 2 < len(members) and members[number + 1] == "-"
        last = members[number + 2] if is_range else member
        if _is_ascii(member):
            yield member if not is_range else f"{member}-{last if _is_ascii(last) else chr(0x7F)}"
        number += 3 if is_range else 1


def _folds(members: Iterable[str]) -> bool:
    """Whether a class may hold a letter that equals one outside of ASCII; a range or a set of characters may."""
    found = set(members)
    return bool(found & {"k", "K", "s", "S", "-", r"\w", r"\S"})
