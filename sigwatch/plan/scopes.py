"""From what each signature asks for to the fewest groups of log groups that share their signatures."""

import re
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

    Log groups with the same signatures, account, region and log class form one scope.
    """
    groups = sorted({group for group in existing if group.log_class in SEARCHABLE})
    found: defaultdict[LogGroup, list[Signature]] = defaultdict(list)
    problems = []
    for signature, asked in sorted(wanted, key=lambda pair: pair[0].id):
        if not asked:
            problems.append(without_log_groups(signature))
        matches = {selector: [g for g in groups if fnmatchcase(g.name, selector)] for selector in asked}
        for selector, matched in matches.items():
            if not is_selector(selector):
                cure = f"{selector!r} is no log group: write a name or a glob such as /aws/lambda/shop-*, not an ARN"
                problems.append(Problem(*_origin(selector, signature), cure))
            elif not matched:
                cure = f"{selector} matches no log group; correct the name, or wait until the first event creates it"
                problems.append(Problem(*_origin(selector, signature), cure, "warning"))
        for group in sorted({group for matched in matches.values() for group in matched}):
            found[group].append(signature)
    return _scopes(found), tuple(dict.fromkeys(problems))


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


def _scopes(found: Mapping[LogGroup, list[Signature]]) -> tuple[Scope, ...]:
    alike: defaultdict[tuple[str, ...], list[LogGroup]] = defaultdict(list)
    for group, signatures in found.items():
        alike[group.account, group.region, group.log_class, *(signature.id for signature in signatures)].append(group)
    scopes = []
    for groups in alike.values():
        signatures = found[groups[0]]
        projects = "+".join(sorted({signature.project for signature in signatures}))
        scopes.append(Scope(f"{groups[0].region}/{projects}", tuple(groups), tuple(signatures)))
    return tuple(scopes)


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
