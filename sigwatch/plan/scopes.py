"""From what each signature asks for to the fewest groups of log groups that share their signatures."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sigwatch.model.knowledge import Problem, Signature
from sigwatch.model.logs import LogGroup, Pass, Scope, Window

GROUPS_PER_QUERY = 50
"""StartQuery takes no more log groups at once."""

SEARCHABLE = ("STANDARD", "INFREQUENT_ACCESS")
"""Log classes that Logs Insights can query in full."""

MOST_NAMED = 3
"""Projects in the name of a scope."""

_WILD = "*?["
_NAME = re.compile(r"[.\-_/#A-Za-z0-9*?\[\]!]{1,512}")
"""Characters of log group names, which the service insists on, and of globs."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One window of up to 50 log groups that is searched for the same signatures."""

    scope: Scope
    step: Pass
    window: Window
    groups: tuple[LogGroup, ...]


def selectors(signature: Signature, project_groups: Sequence[str]) -> tuple[str, ...]:
    """Names or globs in which a signature is searched: its own, else its project's, else those its RIS names."""
    return signature.ko.log_groups or tuple(project_groups) or (signature.ris.log_groups if signature.ris else ())


def is_selector(text: str) -> bool:
    """Whether the text can be a log group's name or a glob."""
    return _NAME.fullmatch(text) is not None


def literal_prefix(selector: str) -> str:
    """The part of a glob before its first wildcard, for a look-up by prefix."""
    return selector[: min((selector.index(mark) for mark in _WILD if mark in selector), default=len(selector))]


def resolve(
    wanted: Iterable[tuple[Signature, Sequence[str]]], existing: Iterable[LogGroup]
) -> tuple[tuple[Scope, ...], tuple[Problem, ...]]:
    """Scopes for the signatures, and a problem for each selector that finds nothing.

    Log groups with the same signatures, lane and log class form one scope.
    """
    names = _Names(group for group in set(existing) if group.log_class in SEARCHABLE)
    alike: defaultdict[tuple[str, ...], list[Signature]] = defaultdict(list)
    for signature, asked in sorted(wanted, key=lambda pair: pair[0].id):
        alike[tuple(asked)].append(signature)
    problems = []
    found: defaultdict[LogGroup, list[tuple[str, ...]]] = defaultdict(list)
    for asked, signatures in alike.items():
        if not asked:
            problems += [without_log_groups(signature) for signature in signatures]
        matches = {selector: names.matching(selector) for selector in asked}
        problems += [p for s in signatures for selector in asked for p in _wrong(selector, matches[selector], s)]
        for group in {group for matched in matches.values() for group in matched}:
            found[group].append(asked)
    return _scopes(found, alike), tuple(dict.fromkeys(problems))


class _Names:
    """Log groups by name: a name or glob is looked up among those that share its beginning."""

    def __init__(self, groups: Iterable[LogGroup]) -> None:
        self._groups = sorted(groups, key=lambda group: group.name)
        self._names = [group.name for group in self._groups]

    def matching(self, selector: str) -> list[LogGroup]:
        prefix = literal_prefix(selector)
        start = bisect_left(self._names, prefix)
        end = bisect_right(self._names, prefix + "\U0010ffff", lo=start)
        return [group for group in self._groups[start:end] if fnmatchcase(group.name, selector)]


def _wrong(selector: str, matched: Sequence[LogGroup], signature: Signature) -> list[Problem]:
    if not is_selector(selector):
        cure = f"{selector!r} is no log group: write a name or a glob such as /aws/lambda/shop-*, not an ARN"
        return [Problem(*_origin(selector, signature), cure)]
    if not matched:
        cure = f"{selector} matches no log group; correct the name, or wait until the first event creates it"
        return [Problem(*_origin(selector, signature), cure, "warning")]
    return []


def without_log_groups(signature: Signature) -> Problem:
    """The problem of a signature that nothing names a log group for."""
    cure = "no log groups: set log_groups here, in its project's configuration, or name one in the RIS"
    return Problem(signature.ko.path, 1, "log_groups", cure)


def _origin(selector: str, signature: Signature) -> tuple[str, int, str]:
    """Path, line and field that a selector comes from."""
    if selector in signature.ko.log_groups:
        return signature.ko.path, 1, "log_groups"
    if signature.ris and selector in signature.ris.log_groups:
        return signature.ris.path, 1, "log groups"
    return "", 0, f"projects.{signature.project}.log_groups (or default's)"


def _scopes(
    found: Mapping[LogGroup, list[tuple[str, ...]]], alike: Mapping[tuple[str, ...], list[Signature]]
) -> tuple[Scope, ...]:
    shared: defaultdict[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], list[LogGroup]] = defaultdict(list)
    for group in sorted(found):
        # A monitoring account's lane spans accounts, and so may its queries.
        place = (group.lane or group.account, group.region, group.log_class)
        shared[place, tuple(sorted(found[group]))].append(group)
    merged: dict[tuple[str, ...], Scope] = {}
    for (where, asked), groups in shared.items():
        signatures = tuple(sorted((s for each in asked for s in alike[each]), key=lambda s: s.id))
        key = (*where, *(signature.id for signature in signatures))
        before = merged[key].groups if key in merged else ()
        merged[key] = Scope(_name(groups[0], signatures), tuple(sorted((*before, *groups))), signatures)
    return tuple(merged.values())


def _name(group: LogGroup, signatures: Iterable[Signature]) -> str:
    """Short, and the same for as long as the same projects are concerned."""
    projects = sorted({signature.project for signature in signatures})
    where = group.lane or group.region
    return f"{where}/{'+'.join(projects)}" if len(projects) <= MOST_NAMED else f"{where}/{len(projects)} projects"


def batches(step: Pass, scopes: Iterable[Scope], window_of: Callable[[LogGroup], Window | None]) -> list[Batch]:
    """What a pass has to search: groups of one scope with the same due window, by 50, oldest window first."""
    due = []
    for scope in scopes:
        by_window: defaultdict[Window, list[LogGroup]] = defaultdict(list)
        for group in scope.groups:
            window = window_of(group)
            if window:
                by_window[window].append(group)
        due += [Batch(scope, step, window, chunk) for window, groups in by_window.items() for chunk in _chunks(groups)]
    return sorted(due, key=lambda batch: batch.window)


def _chunks(groups: Sequence[LogGroup]) -> list[tuple[LogGroup, ...]]:
    return [tuple(groups[start : start + GROUPS_PER_QUERY]) for start in range(0, len(groups), GROUPS_PER_QUERY)]
