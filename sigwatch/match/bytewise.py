"""From a filter in the shared dialect to an expression over the bytes of UTF-8 text that is never narrower.

Byte by byte is how whole files are searched, whatever junk they hold. There one character is one to four bytes, so
whatever may stand for a character outside of ASCII stands for that many here. Repetitions at both ends are cut down to
what they need at least: each further byte of them would be told as another match.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sigwatch.dialect import Filter

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

_BEYOND_ASCII = r"\x80-\xff"
_REPLACEMENT = "\ufffd"
"""What stands for bytes that are no UTF-8: which bytes is not known."""
_FOLDED = {"k": "\u212a", "s": "\u017f"}
"""Characters outside of ASCII that equal a letter when case is ignored."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the expression with its repetition."""

    text: str
    """Every character one byte (Latin-1)."""
    least: int = 1
    most: int | None = 1
    """None without an end."""
    mark: bool = False
    """A bracket or bar, which stays as it is."""


def bytewise(found: Filter) -> bytes:
    """The filter over bytes; where case is to be ignored, the engine has to ignore it for ASCII letters."""
    parts = _trimmed(list(_parts(found)))
    return "".join(part.text if part.mark else part.text + _count(part.least, part.most) for part in parts).encode(
        "latin-1"
    )


def essence(found: Filter) -> bytes:
    """The longest text that the filter asks for as it stands: for filters that are too large to be compiled.

    Raises:
        ValueError: it asks for none.
    """
    depth, run, longest = 0, "", ""
    for part in _parts(found):
        depth += {"(": 1, ")": -1}.get(part.text[0], 0) if part.mark else 0
        literal = not part.mark and depth == 0 and (part.least, part.most) == (1, 1) and part.text[0] != "["
        run = run + part.text if literal else ""
        longest = max(longest, run, key=len)
    if not longest:
        raise ValueError("asks for no text as it stands")
    return longest.encode("latin-1")


def _parts(found: Filter) -> Iterator[_Part]:
    position = 0
    while position < len(found.text):
        token = _TOKEN.match(found.text, position)
        if token is None:
            raise ValueError(f"is no filter: {found.text[position:][:40]}")
        sign = _SIGN.match(found.text, token.end())
        position = sign.end() if sign else token.end()
        if token["mark"]:
            yield _Part(token[0] + _count(*_bounded(sign, 1, GROUPS_COUNTED, GROUPS_COUNTED)), mark=True)
            continue
        text, wide = _class(token["class"], found.any_case) if token["class"] else _character(token, found.any_case)
        yield _Part(text, *_bounded(sign, BYTES_OF_A_CHARACTER if wide else 1, LEAST_COUNTED, MOST_COUNTED))


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


def _count(least: int, most: int | None) -> str:
    if (least, most) == (1, 1):
        return ""
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}"


def _character(token: re.Match[str], any_case: bool) -> tuple[str, bool]:
    """A literal as bytes, and whether it may be of more than one without saying so."""
    code = token["code"] or token["byte"]
    if token["escape"] or (code and int(code, 16) < 0x80):
        return token[0], False
    character = chr(int(code, 16)) if code else token["literal"]
    if character == _REPLACEMENT:
        return f"[{_BEYOND_ASCII}]", True
    if any_case and character.lower() in _FOLDED:
        return f"({character}|{_bytes(_FOLDED[character.lower()])})", False
    return (character, False) if character.isascii() else (f"({_bytes(character)})", False)


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


def _trimmed(parts: list[_Part]) -> list[_Part]:
    """Repetitions at both ends cut down to the least, and left out where that is nothing."""
    for end in (0, -1):
        while len(parts) > 1 and not parts[end].mark and parts[end].least == 0:
            parts.pop(end)
        if not parts[end].mark:
            part = parts[end]
            parts[end] = _Part(part.text, part.least, part.least)
    return parts
