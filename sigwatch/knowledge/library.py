"""Reads the knowledge folders, once or again and again; the only module that opens a document."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from sigwatch.knowledge import silences
from sigwatch.knowledge.assembly import Reading, assemble, understand
from sigwatch.knowledge.document import parse
from sigwatch.knowledge.folders import Found, Stamp, listed, unreadable
from sigwatch.knowledge.linking import Links
from sigwatch.knowledge.patterns import PatternJudge, RequiredTexts, nothing_certain
from sigwatch.model.knowledge import Library, Problem
from sigwatch.ports import Clock

RACY_SECONDS = 2.0
"""A file that changed less than this before it was read is read again next time.

A second change within the same tick of the file system's clock would leave the stamp as it is.
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was made of a file."""

    stamp: Stamp
    settled: bool
    """Whether an equal stamp means that nothing has changed since."""
    digest: bytes
    """Over name and content."""
    reading: Reading


@dataclass(frozen=True, slots=True)
class _State:
    """What one reading of the folders gave, for the next one to start from."""

    files: Mapping[str, _Kept] = field(default_factory=dict)
    """By the names that are shown."""
    troubles: tuple[Problem, ...] = ()
    """Of files and folders that could not be read."""
    links: Links = field(default_factory=Links)
    library: Library = field(default_factory=Library)
    """With all silences, those that end too far away too."""


def load(
    paths: Sequence[Path],
    relative_to: Path | None = None,
    *,
    judge: PatternJudge,
    required: RequiredTexts = nothing_certain,
    clock: Clock | None = None,
) -> Library:
    """Reads documents from files and, recursively, from folders, and links what they hold.

    Folders give their `*.md` files; hidden entries and `node_modules` below them are left out, links to folders are
    followed. Nothing that a file or folder can be makes it raise: a missing path, an unreadable file or a loop of
    links is a problem of the library.

    Args:
        paths: Files and folders. A file given by name is read whatever its suffix.
        relative_to: Folder from which paths are shown; the current one by default. What lies outside of it is shown
            with its absolute path.
        judge: The matcher, for the patterns' self-test and for linking.
        required: What a pattern's matches must hold; it saves the matcher most of the work of linking.
        clock: Says the time, from which the ends of silences must not be too far away; without one they may be.
    """
    return Shelf(paths, relative_to, judge=judge, required=required, clock=clock or (lambda: math.inf)).read()


class Shelf:
    """The same folders, read again and again: only what has changed is opened, tried and linked anew.

    For one caller at a time.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        relative_to: Path | None = None,
        *,
        judge: PatternJudge,
        required: RequiredTexts = nothing_certain,
        clock: Clock,
    ) -> None:
        """Arguments as for `load`; the clock must go with the one that stamps files."""
        self._paths = tuple(paths)
        self._relative_to = relative_to
        self._judge = judge
        self._required = required
        self._clock = clock
        self._state = _State()

    def read(self) -> Library:
        """What `load` would give at this moment."""
        now = self._clock()
        settled_ns = (now - RACY_SECONDS) * 1e9
        base = (self._relative_to or Path.cwd()).absolute()
        before = self._state
        files, troubles = _taken(listed(self._paths, base), before.files, settled_ns, self._judge)
        names = sorted(files)
        digest = sha256(b"".join([files[name].digest for name in names])).hexdigest()
        if (digest, troubles) == (before.library.digest, before.troubles):
            self._state = replace(before, files=files)
        else:
            readings = (*(files[name].reading for name in names), *troubles)
            library, links = assemble(readings, self._judge, self._required, before.links)
            self._state = _State(files, troubles, links, replace(library, digest=digest))
        return _at(self._state.library, now)


def _at(library: Library, now: float) -> Library:
    """The library without the silences that must not hold at that time."""
    far = silences.far_away(library.silences, now * 1000)
    if not far:
        return library
    hold = tuple(each for each in library.silences if each.id not in far)
    return replace(library, silences=hold, problems=tuple(sorted((*library.problems, *far.values()))))


def _taken(
    found: Iterable[Found | Problem], before: Mapping[str, _Kept], settled_ns: float, judge: PatternJudge
) -> tuple[dict[str, _Kept], tuple[Problem, ...]]:
    files: dict[str, _Kept] = {}
    troubles: list[Problem] = []
    for each in found:
        known = None if isinstance(each, Problem) else before.get(each.shown)
        if isinstance(each, Problem):
            troubles.append(each)
        elif known and known.settled and known.stamp == each.stamp:
            files[each.shown] = known
        else:
            taken = _read(each, known, settled_ns, judge)
            if isinstance(taken, Problem):
                troubles.append(taken)
            else:
                files[each.shown] = taken
    return files, tuple(troubles)


def _read(found: Found, known: _Kept | None, settled_ns: float, judge: PatternJudge) -> _Kept | Problem:
    try:
        content = Path(found.real).read_bytes()
    except OSError as error:
        return unreadable(found.shown, "file", error)
    digest = _digest(found.shown, content)
    same = known is not None and known.digest == digest
    reading = known.reading if known and same else _understood(found.shown, content, judge)
    return _Kept(found.stamp, found.touched_ns < settled_ns, digest, reading)


def _understood(shown: str, content: bytes, judge: PatternJudge) -> Reading:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem(shown, line, "file", f"is not UTF-8 text (byte {error.start}): save it as UTF-8")
    if PurePosixPath(shown).name in silences.FILES:
        return silences.read(shown, text)
    return understand(parse(shown, text), judge)


def _digest(shown: str, content: bytes) -> bytes:
    """The length of the name keeps two different files from giving the same bytes."""
    name = shown.encode("utf-8", "surrogateescape")
    return sha256(b"%d %b%b" % (len(name), name, content)).digest()
