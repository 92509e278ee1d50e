"""The runs of backfills: each keeps what it was asked and what it has done in a file of its own, beside the daemon's.

A run's id follows from what it is asked, so the same question goes on where it was left, and nothing is paid twice.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sigwatch.errors import RangeError, StoreError
from sigwatch.model.knowledge import Signature
from sigwatch.past.state import ASKED, FINISHED, State
from sigwatch.plan.windows import DAY
from sigwatch.ports import Clock

FOLDER = "backfills"
SUFFIX = ".db"
MOST_NAMED = 5
"""Signatures that a sentence names."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a backfill is asked: another answer to any of it is another run."""

    start: int
    end: int
    """Half-open range, epoch seconds."""
    patterns: tuple[tuple[str, str], ...]
    """Id of each signature, companions included, and the digest of its pattern; by id."""
    log_groups: tuple[str, ...] = ()
    """Names or globs that were chosen in place of those that the signatures name."""
    drafts: bool = False
    """Whether drafts are searched for too."""

    @property
    def id(self) -> str:
        """Short, and the same for the same question."""
        return _digest(json.dumps(asdict(self), sort_keys=True))[:8]


@dataclass(frozen=True, slots=True)
class Run:
    """A backfill that was begun."""

    id: str
    question: Question
    began: int
    """Epoch second."""
    finished: int | None
    """Epoch second at which nothing was left to do."""


class Runs:
    """All backfills of one configuration."""

    def __init__(
        self,
        folder: Path,
        opened: Callable[[Path], State],
        held: Callable[[Path], AbstractContextManager[bool]],
        clock: Clock,
    ) -> None:
        """Keep them in a folder; see `folder_beside`.

        Args:
            folder: made when the first one begins.
            opened: opens or creates the state in a file.
            held: holds a file for as long as the context lasts; gives False where another process does.
            clock: epoch seconds.
        """
        self._folder = folder
        self._opened = opened
        self._held = held
        self._clock = clock

    def begin(self, question: Question) -> State:
        """The state of the run for a question, new or as it was left; close it in the end.

        Raises:
            StoreError: it can not be opened.
        """
        state = self._opened(self._path(question.id))
        if ASKED not in state.facts(ASKED):
            asked = asdict(question) | {"began": int(self._clock())}
            with state.unit() as unit:
                unit.note(ASKED, json.dumps(asked, sort_keys=True))
        return state

    def alone(self, run: str) -> AbstractContextManager[bool]:
        """Hold a run for as long as the context lasts; gives False where another process is at work on it."""
        return self._held(self._path(run).with_suffix(".lock"))

    def finish(self, state: State) -> None:
        """Nothing is left to do.

        Raises:
            StoreError: it could not be recorded.
        """
        with state.unit() as unit:
            unit.note(FINISHED, str(int(self._clock())))

    def all(self) -> list[Run]:
        """Every run that can be read, the newest first."""
        found = [run for path in self._folder.glob(f"*{SUFFIX}") if (run := self._read(path))]
        return sorted(found, key=lambda run: (run.began, run.id), reverse=True)

    def find(self, name: str) -> Run:
        """The run whose id begins so.

        Raises:
            RangeError: there is none, or more than one.
        """
        runs = self.all()
        found = [run for run in runs if run.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(run.id for run in found or runs)
        if found:
            raise RangeError(f"several backfills begin with {name}: {known}; write more of the id")
        cure = f"these are known: {known}" if known else f"{self._folder} holds none"
        raise RangeError(f"there is no backfill {name}; {cure}")

    def latest_unfinished(self) -> Run:
        """The newest run with something left to do.

        Raises:
            RangeError: there is none.
        """
        for run in self.all():
            if run.finished is None:
                return run
        raise RangeError(f"no backfill in {self._folder} was left unfinished; begin one with --since")

    def remove(self, run: str) -> None:
        """Delete what a run has kept, unless another process is at work on it."""
        with self.alone(run) as free:
            if free:
                for path in self._folder.glob(f"{run}.*"):
                    path.unlink(missing_ok=True)

    def tidy(self, days: float) -> int:
        """Remove runs that were finished, or begun and never finished, so many days ago or longer; returns how many."""
        before = self._clock() - days * DAY
        old = [run for run in self.all() if (run.began if run.finished is None else run.finished) <= before]
        for run in old:
            self.remove(run.id)
        return len(old)

    def _path(self, run: str) -> Path:
        return self._folder / f"{run}{SUFFIX}"

    def _read(self, path: Path) -> Run | None:
        """The run in a file; None where another version of sigwatch wrote it, or somebody else."""
        try:
            with closing(self._opened(path)) as state:
                facts = {**state.facts(ASKED), **state.facts(FINISHED)}
            asked = json.loads(facts[ASKED])
            began = asked.pop("began")
            patterns = tuple((name, digest) for name, digest in asked.pop("patterns"))
            question = Question(patterns=patterns, log_groups=tuple(asked.pop("log_groups")), **asked)
        except (StoreError, KeyError, TypeError, ValueError):
            return None
        return Run(path.stem, question, began, int(facts[FINISHED]) if FINISHED in facts else None)


def folder_beside(store: Path) -> Path:
    """Where backfills are kept, given the file of the daemon's state."""
    return store.parent / FOLDER


def patterns_of(signatures: Iterable[Signature]) -> tuple[tuple[str, str], ...]:
    """What a question says of the signatures that are searched for."""
    return tuple(sorted((each.id, _digest(each.pattern)[:16]) for each in signatures))


def same_patterns(run: Run, signatures: Iterable[Signature]) -> None:
    """Make sure that going on with a run finds what its beginning would have found.

    Raises:
        RangeError: a sentence with the signatures that differ, and the cure.
    """
    before, now = dict(run.question.patterns), dict(patterns_of(signatures))
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if not changed:
        return
    more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    raise RangeError(
        f"backfill {run.id} can not go on: {', '.join(changed[:MOST_NAMED])}{more} changed since it began, and what is"
        " already searched was searched for the patterns of then. Restore the documents, or begin a new backfill with"
        " --since, which searches the whole range again"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
