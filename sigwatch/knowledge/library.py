"""Reads the knowledge folders; the only part of this room that touches files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from sigwatch.knowledge.assembly import assemble
from sigwatch.knowledge.document import Document, parse
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import Library, Problem

MAX_BYTES = 500_000
"""A markdown file beyond this was not written by people, and would hold up every reload."""

_SKIPPED = "node_modules"


@dataclass(frozen=True, slots=True)
class _File:
    shown: str
    content: bytes


def load(paths: Sequence[Path], relative_to: Path | None = None, *, judge: PatternJudge) -> Library:
    """Reads documents from files and, recursively, from folders, and links what they hold.

    Folders give their `*.md` files; hidden entries and `node_modules` below them are left out, links to folders are
    followed. Nothing that a file or folder can be makes it raise: a missing path, an unreadable file or a loop of
    links is a problem of the library.

    Args:
        paths: Files and folders. A file given by name is read whatever its suffix.
        relative_to: Folder from which paths are shown; the current one by default. What lies outside of it is shown
            with its absolute path.
        judge: The matcher, for the patterns' self-test and for linking.
    """
    base = (relative_to or Path.cwd()).absolute()
    files: dict[str, _File] = {}
    problems: list[Problem] = []
    seen: set[Path] = set()
    for found in (found for path in paths for found in _markdown(path.absolute(), base, ())):
        read = found if isinstance(found, Problem) else _read(found, base, seen)
        if isinstance(read, Problem):
            problems.append(read)
        elif read:
            files[read.shown] = read
    documents = [_document(file) for file in files.values()]
    library = assemble([document for document in documents if isinstance(document, Document)], judge)
    problems += [document for document in documents if isinstance(document, Problem)]
    return replace(library, problems=tuple(sorted((*library.problems, *problems))), digest=_digest(files))


def _markdown(path: Path, base: Path, above: tuple[Path, ...]) -> Iterator[Path | Problem]:
    """The file itself, or the markdown files below a folder, sorted; `above` holds the folders that led here."""
    try:
        if not path.is_dir():
            yield path if path.exists() or path.is_symlink() else _missing(path, base)
            return
        real = path.resolve()
        entries = [entry for entry in sorted(path.iterdir()) if _wanted(entry)]
    except (OSError, RuntimeError) as error:
        yield _unreadable(path, base, "folder", error)
        return
    if real in above:
        message = "this link leads back to a folder that contains it: remove the link"
        yield Problem(_shown(path, base), 0, "path", message)
        return
    for entry in entries:
        yield from _markdown(entry, base, (*above, real))


def _wanted(entry: Path) -> bool:
    """Whether an entry of a folder is read, or looked into."""
    hidden = entry.name.startswith(".") or entry.name == _SKIPPED
    return not hidden and (entry.suffix == ".md" or entry.is_dir())


def _read(path: Path, base: Path, seen: set[Path]) -> _File | Problem | None:
    """The file's content; None for one that was read before by another name."""
    try:
        real = path.resolve(strict=True)
        if real in seen:
            return None
        seen.add(real)
        # Opening a pipe would wait for ever.
        if not real.is_file():
            return Problem(_shown(path, base), 0, "file", "is not a regular file: remove it or name another path")
        if real.stat().st_size > MAX_BYTES:
            message = f"is larger than {MAX_BYTES // 1000} kB: split it, or move it out of the knowledge folders"
            return Problem(_shown(path, base), 0, "file", message)
        return _File(_shown(path, base), real.read_bytes())
    except (OSError, RuntimeError) as error:
        return _unreadable(path, base, "file", error)


def _document(file: _File) -> Document | Problem:
    try:
        return parse(file.shown, file.content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        return Problem(file.shown, line, "file", f"is not UTF-8 text (byte {error.start}): save it as UTF-8")


def _digest(files: dict[str, _File]) -> str:
    """Lengths between the parts keep two different sets of files from giving the same bytes."""
    digest = sha256()
    for shown, file in sorted(files.items()):
        name = shown.encode("utf-8", "surrogateescape")
        digest.update(b"%d %d\n%b%b" % (len(name), len(file.content), name, file.content))
    return digest.hexdigest()


def _shown(path: Path, base: Path) -> str:
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def _missing(path: Path, base: Path) -> Problem:
    return Problem(_shown(path, base), 0, "path", "there is no such file or folder: correct the path, or create it")


def _unreadable(path: Path, base: Path, what: str, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or "a loop of links"
    return Problem(
        _shown(path, base), 0, what, f"this {what} can not be read ({reason}): correct it or its permissions"
    )
