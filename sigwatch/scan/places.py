"""What a scan is to read: files, standard input, whole directories, with the log group and stream of each."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sigwatch.scan.values import Place

STDIN = "-"
COMPRESSED = (".gz", ".zst")
"""Suffixes that say how a file is written, not what it is."""
TRIAL = "aws-logs-write-test"
"""What CloudWatch leaves beside an export to find out whether it may write there."""

_TASK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PART = re.compile(r"\d{6}\.gz")


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that was asked for and can not be read."""

    path: str
    reason: str
    """A sentence with what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read."""

    place: Place
    exported: bool = False
    """Whether it lies where a CloudWatch export to S3 would have put it."""
    size: int | None = None
    """Bytes as stored; None for a pipe, a terminal or a device, which may make whoever reads it wait."""


def shown(path: str) -> str:
    """A path as text that can be written anywhere: bytes of it that are no UTF-8 are replaced."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")


def sources(arguments: Sequence[str], log_group: str = "") -> tuple[list[Source], list[Missing]]:
    """What the arguments name, in their order, each once, and what of it names nothing to read.

    Args:
        arguments: files, directories, or `-` for standard input.
        log_group: the group of all events; empty to take it from the paths.
    """
    found: dict[str, Source] = {}
    missing: list[Missing] = []
    for argument in arguments:
        try:
            for path, size in _files(argument, missing):
                source = Source(*place_of(path, log_group), size)
                found.setdefault(path if path == STDIN else os.path.realpath(path), source)
        except OSError as error:
            missing.append(Missing(shown(argument), trouble(error)))
    return list(found.values()), missing


def place_of(path: str, log_group: str = "") -> tuple[Place, bool]:
    """Log group and stream of a file, and whether it is part of an export to S3.

    An export is laid out as `<prefix>/<export task>/<stream with / as ->/000000.gz`, see "Export log data to Amazon S3"
    in the CloudWatch Logs User Guide: all of a prefix is taken as one group. Any other file is a group of its own.
    """
    if path == STDIN:
        return Place(path, shown(log_group) or "stdin", "stdin"), False
    whole = Path(path).absolute()
    parents = whole.parts[:-1]
    if len(parents) > 2 and _PART.fullmatch(whole.name) and _TASK.fullmatch(parents[-2]):
        prefix = str(Path(path).parent.parent.parent)
        group = log_group or (prefix if prefix != "." else parents[-3])
        return Place(path, shown(group), shown(parents[-1])), True
    plain = path
    for suffix in COMPRESSED:
        plain = plain.removesuffix(suffix)
    return Place(path, shown(log_group or os.path.normpath(plain)), shown(whole.name)), False


def trouble(error: OSError) -> str:
    """What is wrong with a file, and what to do."""
    match error:
        case FileNotFoundError():
            return "there is no such file; check the path"
        case PermissionError():
            return "may not be read; give the user that runs sigwatch the right to read it"
        case _:
            reason = error.strerror or type(error).__name__
            return f"can not be read ({reason}); check the disk, or copy the file elsewhere"


def _files(argument: str, missing: list[Missing]) -> Iterator[tuple[str, int | None]]:
    if argument == STDIN:
        yield argument, None
        return
    status = Path(argument).stat()
    if not stat.S_ISDIR(status.st_mode):
        yield argument, status.st_size if stat.S_ISREG(status.st_mode) else None
        return
    empty = True
    for path, size in _within(argument, missing):
        empty = False
        yield path, size
    if empty:
        why = "a directory without files to search; hidden ones do not count; check the path"
        missing.append(Missing(shown(argument), why))


def _within(folder: str, missing: list[Missing]) -> Iterator[tuple[str, int]]:
    """Regular files below a directory, by path; links to directories may lead in circles and are not followed."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        missing.append(Missing(shown(folder), trouble(error)))
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == TRIAL:
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _within(entry.path, missing)
            elif entry.is_file():
                yield entry.path, entry.stat().st_size
        except OSError as error:
            missing.append(Missing(shown(entry.path), trouble(error)))
