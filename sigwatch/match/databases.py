"""Large databases of patterns: kept on disk by their content, and compiled beside the work when they are not."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from sigwatch import __version__
from sigwatch.match.prefilter import HyperscanPrefilter, NotTaken, Prefilter, Re2Prefilter, Scan, compiled, quick

SUFFIX = ".hsdb"

MOST_KEPT = 16
"""Databases in the folder; the oldest go first. One of ten thousand patterns takes 4 MB."""

Later = Callable[[Callable[[], None]], None]
"""Has something done beside the work."""


class Databases:
    """Prefilters of many patterns."""

    def __init__(self, folder: Path | None, later: Later) -> None:
        """Keep them in `folder`, where that is given and can be written."""
        self._folder = folder
        self._later = later

    def now(self, patterns: Sequence[str]) -> Prefilter:
        """The fastest prefilter, whatever it takes the first time: half a minute for ten thousand patterns."""
        kept = self._kept(patterns)
        if kept is not None:
            return kept
        made = compiled(patterns)
        self._keep(made)
        return made

    def soon(self, patterns: Sequence[str]) -> Prefilter:
        """What can be had at once; where that is not the fastest, it becomes so while it is in use."""
        kept = self._kept(patterns)
        if kept is not None:
            return kept
        first = quick(patterns)
        if not isinstance(first, Re2Prefilter):
            return first
        growing = Growing(first)
        self._later(lambda: growing.become(self.now(patterns)))
        return growing

    def _kept(self, patterns: Sequence[str]) -> HyperscanPrefilter | None:
        if self._folder is None:
            return None
        path = self._folder / _name(patterns)
        try:
            loaded = HyperscanPrefilter.loaded(patterns, path.read_bytes())
            os.utime(path)
        except (OSError, NotTaken):
            return None
        return loaded

    def _keep(self, made: Prefilter) -> None:
        """Write a database down; where that can not be done it is compiled again the next time."""
        if self._folder is None or not isinstance(made, HyperscanPrefilter):
            return
        with contextlib.suppress(OSError):
            # Whoever can write here decides what is found.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(made.data)
            Path(file.name).replace(self._folder / _name(made.patterns))
            kept = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
            for path in kept[:-MOST_KEPT]:
                path.unlink()


class Growing:
    """A prefilter that is replaced by a faster one of the same patterns while it is in use."""

    def __init__(self, first: Prefilter) -> None:
        """Begin with this one."""
        self.patterns = first.patterns
        self.current = first

    def become(self, better: Prefilter) -> None:
        """Search with that one from now on."""
        self.current = better

    def scan(self) -> "_GrowingScan":
        """See `Prefilter.scan`."""
        return _GrowingScan(self)


class _GrowingScan:
    def __init__(self, owner: Growing) -> None:
        self._owner = owner
        self._of = owner.current
        self._scan = self._of.scan()

    def numbers(self, text: bytes) -> Collection[int]:
        return self._newest().numbers(text)

    def ends(self, text: bytes) -> Sequence[int]:
        return self._newest().ends(text)

    def _newest(self) -> Scan:
        if self._of is not self._owner.current:
            self._of = self._owner.current
            self._scan = self._of.scan()
        return self._scan


def _name(patterns: Sequence[str]) -> str:
    # Another version may read patterns differently.
    parts = (__version__, *patterns)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
    return f"{digest.hexdigest()[:40]}{SUFFIX}"
