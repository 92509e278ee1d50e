"""What is watched at this moment: the last good knowledge, resolved against the log groups that exist."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sigwatch.errors import SourceUnavailable
from sigwatch.match.engine import Engine
from sigwatch.model.event import (
    KnowledgeLoaded,
    KnowledgeRefused,
    QuarantineKind,
    QuarantineMeasured,
    RunSkipped,
    ScopesResolved,
    SkipReason,
)
from sigwatch.model.knowledge import Library, Problem, Signature, errors
from sigwatch.model.logs import LogGroup, Scope
from sigwatch.plan.scopes import literal_prefix, resolve
from sigwatch.ports import Clock, LogSource, Observer

Selectors = Callable[[Signature], Sequence[str]]
"""Names or globs of the log groups in which a signature is searched."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view; a pass keeps to the one that it began with."""

    library: Library = field(default_factory=Library)
    scopes: tuple[Scope, ...] = ()
    engines: Mapping[tuple[str, ...], Engine] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    """Of the log groups; the library has its own."""
    lost: tuple[LogGroup, ...] = ()
    """Set aside until the next look: missing or forbidden when they were searched."""
    looked_up: bool = False
    """Whether the account has ever been asked for its log groups."""

    def engine(self, scope: Scope) -> Engine:
        """The compiled patterns of a scope's signatures."""
        return self.engines[_ids(scope)]

    @property
    def groups(self) -> list[LogGroup]:
        """Every log group that is watched."""
        return sorted({group for scope in self.scopes for group in scope.groups})


def keep_last_good(previous: Library, fresh: Library) -> Library:
    """The fresh library, with the previous version of each signature whose documents have become unreadable."""
    broken = {problem.path for problem in errors(fresh.problems)}
    present = {signature.id: signature for signature in fresh.signatures}
    for signature in previous.signatures:
        theirs = {signature.ko.path} | ({signature.ris.path} if signature.ris else set())
        if theirs & broken:
            present[signature.id] = signature
    return replace(fresh, signatures=tuple(present[name] for name in sorted(present)))


def look_up(source: LogSource, wanted: Iterable[Sequence[str]]) -> list[LogGroup]:
    """The log groups that any of the selectors may mean.

    Raises:
        SourceUnavailable: the service can not be reached.
    """
    prefixes = sorted({literal_prefix(selector) for selectors in wanted for selector in selectors})
    # A prefix that extends another finds nothing new.
    shortest = [p for p in prefixes if not any(p != other and p.startswith(other) for other in prefixes)]
    return [group for prefix in shortest for group in source.log_groups(prefix)]


class Watch:
    """Holds the current snapshot, and renews it without ever leaving a gap."""

    def __init__(
        self, load: Callable[[], Library], source: LogSource, selectors: Selectors, clock: Clock, observe: Observer
    ) -> None:
        """Read knowledge with `load` and log groups from `source`."""
        self._load = load
        self._source = source
        self._selectors = selectors
        self._clock = clock
        self._observe = observe
        self._renewal = threading.Lock()
        self._refused: tuple[str, ...] = ()
        self._rejected: dict[str, str] = {}
        self._lost: dict[LogGroup, str] = {}
        self.snapshot = Snapshot()

    def reload(self) -> None:
        """Read the knowledge again; what is broken keeps its last good version."""
        with self._renewal:
            fresh = self._load()
            previous = self.snapshot.library
            missing = [str(problem) for problem in errors(fresh.problems) if problem.field == "path"]
            self._refused = tuple(missing) if previous.signatures else ()
            if self._refused:
                self._observe(KnowledgeRefused(self._refused[0]))
            elif fresh.digest != previous.digest:
                library = keep_last_good(previous, fresh)
                self._rejected.clear()
                self.snapshot = replace(self.snapshot, library=library)
                self._observe(KnowledgeLoaded(library, self._clock()))
        self.rediscover()

    def rediscover(self) -> None:
        """Look for log groups anew; those that were lost get another chance. Without an answer the old ones stay."""
        with self._renewal:
            library = self.snapshot.library
            wanted = [(signature, self._selectors(signature)) for signature in library.watched]
            try:
                existing = look_up(self._source, [selectors for _, selectors in wanted])
            except SourceUnavailable as error:
                self._observe(RunSkipped("log groups", SkipReason.FAILED, str(error)))
                return
            self._lost.clear()
            usable = [pair for pair in wanted if pair[0].id not in self._rejected]
            scopes, problems = resolve(usable, existing)
            self.snapshot = Snapshot(library, scopes, self._engines(scopes), problems, looked_up=True)
            self._observe(ScopesResolved(tuple((s.name, len(s.groups), len(s.signatures)) for s in scopes)))
            self._tell()

    def lose(self, groups: Mapping[LogGroup, str], signatures: Mapping[str, str]) -> None:
        """Set aside log groups until the next look, and signatures until their document changes."""
        if not groups and not signatures:
            return
        with self._renewal:
            self._lost.update(groups)
            self._rejected.update(signatures)
            scopes = tuple(
                Scope(
                    scope.name,
                    tuple(group for group in scope.groups if group not in self._lost),
                    tuple(signature for signature in scope.signatures if signature.id not in self._rejected),
                )
                for scope in self.snapshot.scopes
            )
            left = tuple(scope for scope in scopes if scope.groups and scope.signatures)
            self.snapshot = replace(self.snapshot, scopes=left, engines=self._engines(left), lost=tuple(self._lost))
            self._tell()

    def _engines(self, scopes: Iterable[Scope]) -> dict[tuple[str, ...], Engine]:
        return {_ids(scope): Engine(scope.signatures) for scope in scopes}

    def _tell(self) -> None:
        snapshot = self.snapshot
        documents = self._refused + tuple(str(problem) for problem in errors(snapshot.library.problems))
        groups = [str(problem) for problem in snapshot.problems] + [f"{g.name}: {w}" for g, w in self._lost.items()]
        queries = tuple(f"{name}: {words}" for name, words in self._rejected.items())
        self._observe(QuarantineMeasured(QuarantineKind.DOCUMENT, documents))
        self._observe(QuarantineMeasured(QuarantineKind.LOG_GROUP, tuple(groups)))
        self._observe(QuarantineMeasured(QuarantineKind.QUERY, queries))


def _ids(scope: Scope) -> tuple[str, ...]:
    return tuple(signature.id for signature in scope.signatures)
