"""How the events of a file are written, as its first bytes tell."""

import codecs
import re
from collections.abc import Callable, Iterable, Sequence

from pydantic_core import from_json

from sigwatch.scan.encodings import MARKS, Encoded, in_utf8
from sigwatch.scan.envelopes import (
    CLOUDWATCH_COLUMNS,
    CLOUDWATCH_DOCUMENT,
    CLOUDWATCH_LINES,
    DOCKER,
    EXPORT,
    SUBSCRIPTION,
    TAIL,
    is_cloudwatch,
    is_docker,
    is_subscription,
)
from sigwatch.scan.folding import CONTINUES, EVERY, RAISED, UNDATED, Beginnings, beginning
from sigwatch.scan.plain import UTF8_MARK, Plain
from sigwatch.scan.records import FLAT
from sigwatch.scan.timestamps import KNOWN, Dating, Form, custom, decoded, in_json, joined
from sigwatch.scan.values import Format

HEAD = 65_536
"""Bytes of a file that are looked at."""

_LINES = 1_000
_FEW = 50
_ENVELOPES: tuple[tuple[Callable[[object], bool], Format], ...] = (
    (is_cloudwatch, CLOUDWATCH_LINES),
    (is_docker, DOCKER),
    (is_subscription, SUBSCRIPTION),
)
_DOCUMENT = re.compile(rb'\s*+(?:\{\s*+"events"\s*+:\s*+\[|\[\s*+(?=\{)|(?=\{\s*?\n))')
_OBJECT = re.compile(FLAT + rb'(?:\}|(?>"(?>[^"\\\n]++|\\.)*+)?\Z)')
_CONTINUES = re.compile(CONTINUES)
_LEVELS = re.compile(rb"\W*(?i:trace|debug|info|notice|warn|warning|error|err|fatal|critical|severe|panic)\W*")


def recognise(head: bytes, time_format: str = "", exported: bool = False, near_ms: int | None = None) -> Format:
    """Decide from the first bytes of a decompressed file.

    Args:
        head: up to `HEAD` bytes.
        time_format: strptime format of the time at the beginning of a line, where the user gave one.
        exported: the path is that of an export of CloudWatch Logs, so the time before a message is no part of it.
        near_ms: epoch milliseconds, not much before the end of the file, such as when it was changed last: what times
            without a year are measured by. Without it they are not known.

    Raises:
        ValueError: a sentence that says why the time format can not be used.
    """
    chosen = (custom(time_format),) if time_format else ()
    head = head[:HEAD]
    for mark, encoding in MARKS.items():
        # UTF-32 begins with the same bytes and two zeros.
        if head.startswith(mark) and not head.startswith(codecs.BOM_UTF32_LE):
            return Encoded(
                _recognised(in_utf8(head, encoding).removeprefix(UTF8_MARK), chosen, exported, near_ms), encoding
            )
    return _recognised(head.removeprefix(UTF8_MARK), chosen, exported, near_ms)


def _recognised(head: bytes, chosen: tuple[Form, ...], exported: bool, near_ms: int | None) -> Format:
    if exported and EXPORT.header and EXPORT.header.pattern.match(b"\n" + head):
        return EXPORT
    lines = _lines(head)
    return _envelope(head, lines) or _plain(lines, chosen, near_ms)


def _lines(head: bytes) -> list[bytes]:
    """The lines of the head that are not blank; the last one only where it is whole or there is no other."""
    lines = head.split(b"\n")
    whole = lines[:-1] if len(lines) > 1 and len(head) == HEAD else lines
    return [line for line in whole if line.strip()][:_LINES]


def _envelope(head: bytes, lines: Sequence[bytes]) -> Format | None:
    if _is_document(head):
        return CLOUDWATCH_DOCUMENT
    values = [value for value in map(_begun, lines[:_FEW]) if isinstance(value, dict)]
    for recognised, written in _ENVELOPES:
        if values and sum(map(recognised, values)) * 2 >= min(len(lines), _FEW):
            return written
    marked = b"\n" + head
    if any(match.group().startswith(b"\nEVENTS") for match in CLOUDWATCH_COLUMNS.header.finditer(marked)):
        return CLOUDWATCH_COLUMNS
    return TAIL if _is_tail(marked) else None


def _begun(line: bytes) -> object:
    """The value of a JSON line, whose end the head may lack."""
    if not line.lstrip().startswith(b"{"):
        return None
    value = decoded(line)
    if value is not None:
        return value
    # Of objects one right after the other the first is enough.
    first = line.split(b'}{"', 1)[0]
    try:
        return from_json(first + b"}" if len(first) < len(line) else line, allow_partial="trailing-strings")
    except ValueError:
        return None


def _is_document(head: bytes) -> bool:
    opened = _DOCUMENT.match(head)
    if opened is None:
        return False
    if b"[" not in opened.group():
        # Objects over several lines, one after the other.
        first = _OBJECT.match(head, opened.end())
        return first is not None and is_cloudwatch(_begun(first.group()))
    found = [_begun(match.group()) for match, _ in zip(_OBJECT.finditer(head, opened.end()), range(3), strict=False)]
    return b"events" in opened.group() or any(map(is_cloudwatch, found))


def _is_tail(marked: bytes) -> bool:
    """Whether lines begin with what `aws logs tail` writes, and not as some application's own lines do.

    CloudWatch keeps whole milliseconds, so of six digits the last three are zeros, and a name has no colon.
    """
    headers = list(TAIL.header.finditer(marked))
    if not headers or headers[0].start() != 0:
        return False
    fractions = [header["time"][20:26] for header in headers if len(header["time"]) > 25]
    streams = {header["stream"] for header in headers}
    if any(not fraction.endswith(b"000") for fraction in fractions) or any(map(_LEVELS.fullmatch, streams)):
        return False
    return bool(fractions) or all(b"/" in stream for stream in streams)


def _plain(lines: Sequence[bytes], chosen: tuple[Form, ...], near_ms: int | None) -> Format:
    structured = in_json(chosen + KNOWN)
    own = [line for line in lines if not _CONTINUES.match(line)]
    objects = sum(1 for line in own[:_FEW] if line.startswith(b"{") and isinstance(decoded(line), dict))
    used = tuple(form for form in chosen + KNOWN if any(map(form.pattern.match, lines)))
    if objects and objects * 10 >= len(own[:_FEW]) * 9:
        return Plain("JSON lines", UNDATED, Dating((structured, *used), near_ms))
    forms = used + ((structured,) if any(line.startswith(b"{") for line in lines) else ())
    begins = _beginning(own, used, objects, structured)
    return Plain("plain text", _beginnings(own, begins, chosen), Dating(forms, near_ms))


def _beginning(own: Sequence[bytes], used: Iterable[Form], objects: int, structured: Form) -> bytes:
    """What stands at the beginning of a line that begins an event, where events have times."""
    forms = [form for form in used if any(map(form.pattern.match, own))]
    # Where access logs are objects among lines with times, they are events too.
    return joined([*forms, structured] if forms and objects * 10 >= len(own[:_FEW]) else forms)


def _beginnings(own: Sequence[bytes], begins: bytes, chosen: tuple[Form, ...]) -> Beginnings:
    if not own:
        return EVERY
    pattern = re.compile(begins)
    dated = sum(1 for line in own if pattern.match(line))
    others = sum(1 for line in own if not pattern.match(line) and not RAISED.match(line))
    if dated and (dated >= others or any(form.pattern.match(line) for form in chosen for line in own)):
        # No form but the user's begins with a blank, and this is seen in no time.
        return beginning((b"" if chosen else rb"(?![ \t\r\n])") + b"(?:" + begins + b")")
    return UNDATED
