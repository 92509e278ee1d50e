"""What is new to be watched: where each pass begins in a new log group, and what a new signature is owed.

A log group that no pass has begun with starts at the look-back. A signature that joins a log group which others watch
already is owed the same look-back, searched for alone: the passes of the others neither wait nor go back.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sigwatch.model.coverage import Coverage, Lookback
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import LogGroup, Pass, Scope, Window
from sigwatch.plan.scopes import GROUPS_PER_QUERY
from sigwatch.plan.windows import Pace, first_cursor
from sigwatch.ports import CursorKey, Store, Unit, cursor_key
from sigwatch.transaction import transacted


def entries_of(signatures: Iterable[Signature]) -> tuple[str, ...]:
    """What makes a set of signatures the same for searching: their ids and patterns."""
    return tuple(sorted(f"{s.id}#{_digest(s.pattern)}" for s in signatures))


def adopt(
    store: Store,
    passes: Sequence[Pass],
    scopes: Iterable[Scope],
    now: float,
    pace: Pace,
    mine: Callable[[LogGroup], bool],
) -> None:
    """Begin with whatever is watched for the first time.

    A log group that is new to all is begun with by whoever sees it first. What others are searched for is changed by
    the one that searches them, as `mine` says: replicas with different knowledge would change it to and fro.

    Raises:
        StoreError: not all of it was recorded.
    """
    known = store.coverage()
    sets = store.watch_sets()
    for scope in scopes:
        entries = entries_of(scope.signatures)
        digest = _digest("\n".join(entries))
        fresh = {g for g in scope.groups if any(cursor_key(step.name, g) not in known for step in passes)}
        changed = [g for g in scope.groups if sets.get(g.arn) != digest and (g in fresh or mine(g))]
        wanted = [g for g in scope.groups if g in fresh or g in set(changed)]
        for start in range(0, len(wanted), GROUPS_PER_QUERY):
            part = wanted[start : start + GROUPS_PER_QUERY]
            work = _Adoption(store, passes, known, sets, entries, now, pace)
            transacted(store, partial(work.begin, [g for g in part if g in fresh], [g for g in part if g in changed]))


@dataclass(frozen=True, slots=True)
class _Adoption:
    """What is to be recorded of some log groups of one scope."""

    store: Store
    passes: Sequence[Pass]
    known: Mapping[CursorKey, Coverage]
    sets: Mapping[str, str]
    entries: Sequence[str]
    now: float
    pace: Pace

    def begin(self, fresh: Iterable[LogGroup], changed: Sequence[LogGroup], unit: Unit) -> None:
        first = first_cursor(self.now, self.pace)
        for group in fresh:
            _begin(unit, self.passes, group, self.known, first)
        for group in changed:
            unit.watch_set(group, _digest("\n".join(self.entries)), self.entries)
        for lookback in _owed(self.store, changed, self.sets, self.entries, Window(first, int(self.now))):
            unit.owe(lookback)


def _begin(
    unit: Unit, passes: Iterable[Pass], group: LogGroup, known: Mapping[CursorKey, Coverage], first: int
) -> None:
    for step in passes:
        if cursor_key(step.name, group) in known:
            continue
        searched = [coverage.frontier for key, coverage in known.items() if key[0] == step.name]
        created = group.created_ms // 1000
        # One that was created while nobody looked is read from its beginning.
        start = min(first, created) if searched and created > min(searched) else first
        unit.cover(cursor_key(step.name, group), start, start)


def _owed(
    store: Store, changed: Iterable[LogGroup], sets: Mapping[str, str], entries: Sequence[str], window: Window
) -> Iterable[Lookback]:
    before: defaultdict[str, list[str]] = defaultdict(list)
    for group in changed:
        # A log group that is new itself is searched for everything from its look-back on.
        if group.arn in sets:
            before[sets[group.arn]].append(group.arn)
    for digest, arns in before.items():
        added = sorted(set(entries) - store.watch_entries(digest))
        signatures = tuple(entry.rpartition("#")[0] for entry in added)
        for start in range(0, len(arns) if added else 0, GROUPS_PER_QUERY):
            chunk = tuple(arns[start : start + GROUPS_PER_QUERY])
            yield Lookback(_digest("\n".join((*chunk, *added))), window, chunk, signatures)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
