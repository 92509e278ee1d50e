"""What there is to read in the knowledge folders: names and stamps, without opening a document."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sigwatch.knowledge.silences import FILES
from sigwatch.model.knowledge import Problem

MAX_BYTES = 200_000
"""A file beyond this was not written by people, and would hold up every reload."""

_SKIPPED = "node_modules"
_OUTSIDE = "this link leads out of the knowledge folders: add what it leads to to knowledge.paths, or remove the link"


Stamp = tuple[int, int, int, int, int]
"""Times of writing and of any change (ns), size, inode, device.

Equal stamps of a file mean equal contents, unless it changed twice within one tick of the clock. The time of any change
moves with the permissions too, and where a copy keeps the time of writing.
"""


class Found(NamedTuple):
    """A regular file that is small enough to be read; no dataclass, for those take longer to make by the thousand."""

    shown: str
    """As documents and problems name it."""
    real: str
    """To open it by: absolute, without links."""
    stamp: Stamp

    @property
    def touched_ns(self) -> int:
        """When anything about it changed last; nanoseconds since the epoch."""
        return max(self.stamp[:2])


def listed(paths: Iterable[Path], base: Path) -> Iterator[Found | Problem]:
    """The documents at or below the paths, each once, shown relative to `base`; what can not be read is a problem.

    Folders give their `*.md` files and those of silences, sorted; hidden entries and `node_modules` are left out. Links
    are followed where they lead to something at or below one of the paths: whoever may change the folders must not have
    other files of the machine read, and shown. Never raises.
    """
    paths = tuple(paths)
    walk = _Walk(base, paths)
    for path in paths:
        yield from walk.at(path.absolute(), ())


def unreadable(shown: str, what: str, error: Exception) -> Problem:
    """A problem for a file or folder, `what`, which could not be opened."""
    reason = getattr(error, "strerror", None) or "a loop of links"
    return Problem(shown, 0, what, f"this {what} can not be read ({reason}): correct it or its permissions")


class _Walk:
    """One walk; plain files and folders need no look at each part of their paths, and all the rest gets one."""

    def __init__(self, base: Path, paths: Iterable[Path]) -> None:
        self._base = base
        self._roots = tuple(_real(path) for path in paths)
        self._seen: set[str] = set()

    def at(self, path: Path, above: Sequence[str]) -> Iterator[Found | Problem]:
        """Whatever a path leads to; `above` holds the real folders that led here."""
        shown = self._shown(path)
        try:
            real = str(path.resolve()) if path.is_dir() else ""
            there = bool(real) or path.exists() or path.is_symlink()
        except (OSError, RuntimeError) as error:
            yield unreadable(shown, "folder", error)
            return
        if real and self._leads_out(real, above):
            yield Problem(shown, 0, "path", _OUTSIDE)
        elif real:
            yield from self._folder(path, real, above)
        elif there:
            yield from self._linked(path, above)
        else:
            yield Problem(shown, 0, "path", "there is no such file or folder: correct the path, or create it")

    def _folder(self, path: Path, real: str, above: Sequence[str]) -> Iterator[Found | Problem]:
        shown = self._shown(path)
        try:
            with os.scandir(path) as every:
                entries = sorted((entry for entry in every if _wanted(entry)), key=lambda entry: entry.name)
        except (OSError, RuntimeError) as error:
            yield unreadable(shown, "folder", error)
            return
        if real in above:
            yield Problem(shown, 0, "path", "this link leads back to a folder that contains it: remove the link")
            return
        prefix = "" if shown == "." else os.path.join(shown, "")  # noqa: PTH118 - text that is shown, not a path
        inside = os.path.join(real, "")  # noqa: PTH118 - pathlib would take longer than all the rest
        for entry in entries:
            status = _plain(entry)
            if status is None:
                yield from self.at(path / entry.name, (*above, real))
            elif stat.S_ISDIR(status.st_mode):
                yield from self._folder(path / entry.name, inside + entry.name, (*above, real))
            elif found := self._file(prefix + entry.name, inside + entry.name, status):
                yield found

    def _linked(self, path: Path, above: Sequence[str]) -> Iterator[Found | Problem]:
        try:
            real = path.resolve(strict=True)
            status = real.stat()
        except (OSError, RuntimeError) as error:
            yield unreadable(self._shown(path), "file", error)
            return
        if self._leads_out(str(real), above):
            yield Problem(self._shown(path), 0, "path", _OUTSIDE)
        elif found := self._file(self._shown(path), str(real), status):
            yield found

    def _leads_out(self, real: str, above: Sequence[str]) -> bool:
        """Whether a link that stands in a folder leads to what the configuration does not name."""
        return bool(above) and not any(Path(real).is_relative_to(root) for root in self._roots)

    def _file(self, shown: str, real: str, status: os.stat_result) -> Found | Problem | None:
        """The file; None for one that was found before by another name."""
        if real in self._seen:
            return None
        self._seen.add(real)
        # Opening a pipe would wait for ever.
        if not stat.S_ISREG(status.st_mode):
            return Problem(shown, 0, "file", "is not a regular file: remove it or name another path")
        if status.st_size > MAX_BYTES:
            message = f"is larger than {MAX_BYTES // 1000} kB: split it, or move it out of the knowledge folders"
            return Problem(shown, 0, "file", message)
        times = status.st_mtime_ns, status.st_ctime_ns
        return Found(shown, real, (*times, status.st_size, status.st_ino, status.st_dev))

    def _shown(self, path: Path) -> str:
        return (path.relative_to(self._base) if path.is_relative_to(self._base) else path).as_posix()


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _wanted(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of a folder is read, or looked into."""
    if entry.name.startswith(".") or entry.name == _SKIPPED:
        return False
    if entry.name.endswith(".md") or entry.name in FILES:
        return True
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir(follow_symlinks=False)


def _plain(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The status of what is no link; None for links, and for what is gone or forbidden."""
    try:
        return None if entry.is_symlink() else entry.stat(follow_symlinks=False)
    except OSError:
        return None
