"""What is watched at this moment: the last good knowledge, resolved against the log groups that exist."""

import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from sigwatch.errors import SourceUnavailable, Stopped
from sigwatch.knowledge.silences import last_good
from sigwatch.match.engine import Compile
from sigwatch.match.prefilter import quick
from sigwatch.model.event import (
    KnowledgeLoaded,
    QuarantineKind,
    QuarantineMeasured,
    RunSkipped,
    ScopesResolved,
    SkipReason,
)
from sigwatch.model.knowledge import Library, Problem, Signature, errors, with_recoveries
from sigwatch.model.logs import LogGroup, Scope
from sigwatch.pipeline import Prepared, prepare
from sigwatch.plan.cost import bytes_per_day
from sigwatch.plan.scopes import GROUPS_PER_QUERY, is_selector, literal_prefix, resolve
from sigwatch.plan.windows import DAY
from sigwatch.ports import Clock, LogSource, Observer

RETRY_REJECTED_SECONDS = 3600
"""After which a rejected signature is tried again: the service may have been wrong, and then it must not stay mute."""

Selectors = Callable[[Signature], Sequence[str]]
"""Names or globs of the log groups in which a signature is searched."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view; a pass keeps to the one that it began with."""

    library: Library = field(default_factory=Library)
    scopes: tuple[Scope, ...] = ()
    prepared_for: Mapping[tuple[str, ...], Prepared] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    """Of the log groups; the library has its own."""
    lost: Mapping[LogGroup, str] = field(default_factory=dict)
    """Not searched until the next look, with their scope's name: missing or forbidden when they were searched, or all
    of their signatures were rejected. They lag behind all the same."""
    set_aside: tuple[str, ...] = ()
    """Log groups and signatures that are not searched now, each with its cause."""
    looked_up: bool = False
    """Whether the account has ever been asked for its log groups."""

    def prepared(self, scope: Scope) -> Prepared:
        """What a scope's signatures were turned into."""
        return self.prepared_for[_ids(scope)]

    @property
    def groups(self) -> list[LogGroup]:
        """Every log group that is watched."""
        return sorted({group for scope in self.scopes for group in scope.groups})

    @property
    def places(self) -> list[tuple[str, LogGroup]]:
        """Every log group that is or should be watched, with its scope's name."""
        watched = [(scope.name, group) for scope in self.scopes for group in scope.groups]
        return watched + [(name, group) for group, name in self.lost.items()]


def keep_last_good(previous: Library, fresh: Library) -> Library:
    """The fresh library, with the last good version of whatever has become unreadable.

    That is a document that is broken itself, or lies in a folder that is missing or can not be read.
    """
    broken = {problem.path for problem in errors(fresh.problems)}
    present = {signature.id: signature for signature in fresh.signatures}
    for old in previous.signatures:
        new = present.get(old.id)
        if new is None and _lies_in(old.ko.path, broken):
            present[old.id] = old
        elif new is not None and new.ris is None and old.ris is not None and _lies_in(old.ris.path, broken):
            present[old.id] = replace(new, ris=old.ris, links=old.links)
    kept = last_good(previous.silences, fresh.silences, fresh.problems)
    return replace(fresh, signatures=tuple(present[name] for name in sorted(present)), silences=kept)


def _lies_in(path: str, broken: Container[str]) -> bool:
    return path in broken or any(folder.as_posix() in broken for folder in PurePosixPath(path).parents)


def look_up(source: LogSource, wanted: Iterable[Sequence[str]], ignored: Sequence[str]) -> list[LogGroup]:
    """The log groups that any of the selectors may mean, less those that match one in `ignored`.

    Raises:
        SourceUnavailable: the service can not be reached.
    """
    named = {selector for selectors in wanted for selector in selectors if is_selector(selector)}
    prefixes = sorted(map(literal_prefix, named))
    # A prefix that extends another finds nothing new.
    shortest = [p for p in prefixes if not any(p != other and p.startswith(other) for other in prefixes)]
    found = [group for prefix in shortest for group in source.log_groups(prefix)]
    return [group for group in found if not any(fnmatchcase(group.name, pattern) for pattern in ignored)]


class Watch:
    """Holds the current snapshot, and renews it without ever leaving a gap."""

    def __init__(
        self,
        load: Callable[[], Library],
        source: LogSource,
        selectors: Selectors,
        ignored: Sequence[str],
        interval: int,
        clock: Clock,
        observe: Observer,
        compile_all: Compile = quick,
    ) -> None:
        """Read knowledge with `load` and log groups from `source`, where those that match `ignored` do not count.

        `interval` is the seconds of a usual window; `compile_all` makes what patterns are looked for with.
        """
        self._interval = interval
        self._ignored = ignored
        self._load = load
        self._source = source
        self._selectors = selectors
        self._clock = clock
        self._observe = observe
        self._compile_all = compile_all
        self._renewal = threading.Lock()
        self._rejected: dict[str, tuple[str, float]] = {}
        self._lost: dict[LogGroup, tuple[str, str]] = {}
        self.snapshot = Snapshot()

    def reload(self) -> None:
        """Read the knowledge again; what is broken keeps its last good version."""
        with self._renewal:
            fresh = self._load()
            previous = self.snapshot.library
            if (fresh.digest, fresh.problems) != (previous.digest, previous.problems):
                library = keep_last_good(previous, fresh)
                self._rejected.clear()
                self.snapshot = replace(self.snapshot, library=library)
                self._observe(KnowledgeLoaded(library, self._clock()))
        self.rediscover()

    def rediscover(self) -> None:
        """Look for log groups anew; those that were lost get another chance. Without an answer the old ones stay."""
        with self._renewal:
            library = self.snapshot.library
            wanted = [(signature, self._selectors(signature)) for signature in with_recoveries(library.watched)]
            try:
                existing = look_up(self._source, [selectors for _, selectors in wanted], self._ignored)
            except Stopped:
                return
            except SourceUnavailable as error:
                self._observe(RunSkipped("log groups", SkipReason.FAILED, str(error)))
                return
            self._lost.clear()
            oldest = self._clock() - RETRY_REJECTED_SECONDS
            self._rejected = {name: said for name, said in self._rejected.items() if said[1] > oldest}
            resolved, problems = resolve(wanted, existing)
            scopes, unwatched = self._left(resolved)
            self.snapshot = Snapshot(
                library, scopes, self._prepare(scopes), problems, unwatched, self._set_aside(), looked_up=True
            )
            self._observe(ScopesResolved(tuple((s.name, len(s.groups), len(s.signatures)) for s in scopes)))
            self._tell()

    def lose(self, scope: str, groups: Mapping[LogGroup, str], signatures: Sequence[tuple[Signature, str]]) -> None:
        """Set aside log groups until the next look, and signatures for an hour or until documents change."""
        if not groups and not signatures:
            return
        with self._renewal:
            self._lost.update({group: (scope, words) for group, words in groups.items()})
            for signature, words in signatures:
                current = self._current(signature)
                # A long pass may still search for what has been corrected meanwhile.
                if current and current.pattern == signature.pattern:
                    self._rejected[signature.id] = words, self._clock()
            scopes, unwatched = self._left(self.snapshot.scopes)
            lost = {**self.snapshot.lost, **unwatched}
            self.snapshot = replace(
                self.snapshot, scopes=scopes, prepared_for=self._prepare(scopes), lost=lost, set_aside=self._set_aside()
            )
            self._tell()

    def _current(self, signature: Signature) -> Signature | None:
        found = self.snapshot.library.signature(signature.recovers or signature.id)
        return found.recovery if found and signature.recovers else found

    def _left(self, scopes: Iterable[Scope]) -> tuple[tuple[Scope, ...], dict[LogGroup, str]]:
        """The scopes without what is set aside, and the log groups that are then in none, with their scope's name."""
        if not self._lost and not self._rejected:
            return tuple(scopes), {}
        left = []
        unwatched = {}
        for scope in scopes:
            groups = tuple(group for group in scope.groups if group not in self._lost)
            signatures = tuple(signature for signature in scope.signatures if signature.id not in self._rejected)
            if groups and signatures:
                left.append(Scope(scope.name, groups, signatures))
            watched = frozenset(groups if signatures else ())
            unwatched.update({group: scope.name for group in scope.groups if group not in watched})
        return tuple(left), unwatched

    def _set_aside(self) -> tuple[str, ...]:
        groups = [f"{group.name}: {words}" for group, (_, words) in self._lost.items()]
        return (*groups, *(f"{name}: {words}" for name, (words, _) in self._rejected.items()))

    def _prepare(self, scopes: Iterable[Scope]) -> dict[tuple[str, ...], Prepared]:
        before = self.snapshot
        alike = {(scope.name, scope.groups): before.prepared(scope) for scope in before.scopes}
        prepared = {}
        for scope in scopes:
            ids = _ids(scope)
            same = before.prepared_for.get(ids)
            if same is None or same.signatures != scope.signatures:
                previous = alike.get((scope.name, scope.groups))
                same = prepare(scope.signatures, self._window_bytes(scope), previous, self._compile_all)
            prepared[ids] = same
        return prepared

    def _window_bytes(self, scope: Scope) -> int:
        """What one query of the first pass is expected to scan."""
        groups = scope.groups[:GROUPS_PER_QUERY]
        return int(bytes_per_day(groups, int(self._clock() * 1000)) * self._interval / DAY)

    def _tell(self) -> None:
        snapshot = self.snapshot
        problems = errors(snapshot.library.problems)
        patterns = tuple(str(problem) for problem in problems if problem.field.endswith("_pattern"))
        documents = tuple(sorted({problem.path for problem in problems}))
        groups = [str(problem) for problem in snapshot.problems] + [
            f"{group.name}: {words}" for group, (_, words) in self._lost.items()
        ]
        queries = tuple(f"{name}: {words}" for name, (words, _) in self._rejected.items())
        self._observe(QuarantineMeasured(QuarantineKind.DOCUMENT, documents))
        self._observe(QuarantineMeasured(QuarantineKind.PATTERN, patterns))
        self._observe(QuarantineMeasured(QuarantineKind.LOG_GROUP, tuple(groups)))
        self._observe(QuarantineMeasured(QuarantineKind.QUERY, queries))


def _ids(scope: Scope) -> tuple[str, ...]:
    return tuple(signature.id for signature in scope.signatures)
