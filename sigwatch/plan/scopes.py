"""From what each signature asks for to the fewest groups of log groups that share their signatures."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import reduce
from itertools import accumulate, chain
from operator import or_

from sigwatch.model.knowledge import Problem, Signature
from sigwatch.model.lease import ALONE, Lease
from sigwatch.model.logs import LogGroup, Pass, Scope, Window

GROUPS_PER_QUERY = 50
"""StartQuery takes no more log groups at once."""

SEARCHABLE = ("STANDARD", "INFREQUENT_ACCESS")
"""Log classes that Logs Insights can query in full."""

MOST_NAMED = 3
"""Projects in the name of a scope."""

_WILD = "*?["
_WILDCARDS = re.compile(r"[*?]")
_SET = ord("1")
_NAME = re.compile(r"[.\-_/#A-Za-z0-9*?\[\]!]{1,512}")
"""Characters of log group names, which the service insists on, and of globs."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One window of up to 50 log groups that is searched for the same signatures, under one lease."""

    scope: Scope
    step: Pass
    window: Window
    groups: tuple[LogGroup, ...]
    lease: Lease = ALONE


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

    Log groups with the same signatures, lane, region and log class form one scope.
    """
    names = _Names(group for group in set(existing) if group.log_class in SEARCHABLE)
    alike: defaultdict[tuple[str, ...], list[Signature]] = defaultdict(list)
    for signature, asked in sorted(wanted, key=lambda pair: pair[0].id):
        alike[tuple(asked)].append(signature)
    problems = []
    matched: dict[str, int] = {}
    found: dict[str, int] = {}
    for asked, signatures in alike.items():
        if not asked:
            problems += [without_log_groups(signature) for signature in signatures]
        for selector in asked:
            if selector not in matched:
                matched[selector] = names.matching(selector)
            if not matched[selector] or not is_selector(selector):
                problems += [_wrong(selector, signature) for signature in signatures]
        together = reduce(or_, (matched[selector] for selector in asked), 0)
        found.update({signature.id: together | found.get(signature.id, 0) for signature in signatures})
    searched = {signature.id: signature for signatures in alike.values() for signature in signatures}
    return _scopes(names.groups, sorted(searched.values(), key=_by_id), found), tuple(dict.fromkeys(problems))


def _by_id(signature: Signature) -> str:
    return signature.id


class _Names:
    """Log groups by name. Sets of them are numbers with a bit for each, the first group's the lowest."""

    def __init__(self, groups: Iterable[LogGroup]) -> None:
        self.groups = sorted(groups, key=lambda group: group.name)
        self._names = [group.name for group in self.groups]
        self._lines = "\n".join(self._names)
        self._starts = list(accumulate((len(name) + 1 for name in self._names), initial=0))

    def matching(self, selector: str) -> int:
        """The groups that a name or glob means."""
        prefix = literal_prefix(selector)
        if selector in (prefix, prefix + "*"):
            upto = prefix if selector == prefix else prefix + "\U0010ffff"
            start = bisect_left(self._names, prefix)
            return (1 << bisect_right(self._names, upto, lo=start)) - (1 << start)
        matches = re.compile(translate(selector)).match
        return sum(1 << number for number in self._holding(selector) if matches(self._names[number]))

    def _holding(self, glob: str) -> Iterator[int]:
        """The numbers of the groups whose names hold the rarest text in a glob."""
        text = min(_WILDCARDS.split(glob.partition("[")[0]), key=self._lines.count)
        at = self._lines.find(text)
        while -1 < at < len(self._lines):
            number = bisect_right(self._starts, at) - 1
            yield number
            at = self._lines.find(text, self._starts[number + 1])


def _wrong(selector: str, signature: Signature) -> Problem:
    if not is_selector(selector):
        cure = f"{selector!r} is no log group: write a name or a glob such as /aws/lambda/shop-*, not an ARN"
        return Problem(*_origin(selector, signature), cure)
    cure = f"{selector} matches no log group; correct the name, or wait until the first event creates it"
    return Problem(*_origin(selector, signature), cure, "warning")


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


def _scopes(groups: Sequence[LogGroup], signatures: Sequence[Signature], found: Mapping[str, int]) -> tuple[Scope, ...]:
    """Groups in which exactly the same signatures are found, by the place that one query can reach."""
    # Signatures found in the same groups are looked at as one.
    classes: defaultdict[int, list[int]] = defaultdict(list)
    for rank, signature in enumerate(signatures):
        classes[found[signature.id]].append(rank)
    # A row for each class with a digit for each group; a column then says which classes a group has.
    width = len(groups)
    rows = b"".join(format(members, f"0{width}b").encode() for members in classes) if width else b""
    shared: defaultdict[tuple[str, str, str, bytes], list[LogGroup]] = defaultdict(list)
    for number, group in sorted(enumerate(groups), key=lambda pair: pair[1]):
        # A monitoring account's lane spans accounts, and so may its queries.
        place = group.lane or group.account, group.region, group.log_class
        shared[*place, rows[width - 1 - number :: width]].append(group)
    searched = {column: _members(column, classes.values(), signatures) for *_, column in shared}
    return tuple(
        Scope(_name(alike[0], searched[column]), tuple(alike), searched[column])
        for (*_, column), alike in shared.items()
        if searched[column]
    )


def _members(column: bytes, classes: Iterable[list[int]], signatures: Sequence[Signature]) -> tuple[Signature, ...]:
    ranks = chain.from_iterable(ranks for digit, ranks in zip(column, classes, strict=True) if digit == _SET)
    return tuple(signatures[rank] for rank in sorted(ranks))


def _name(group: LogGroup, signatures: Iterable[Signature]) -> str:
    """Short, and the same for as long as the same projects are concerned."""
    projects = sorted({signature.project for signature in signatures})
    where = group.lane or group.region
    return f"{where}/{'+'.join(projects)}" if len(projects) <= MOST_NAMED else f"{where}/{len(projects)} projects"


def batches(
    step: Pass,
    scopes: Iterable[Scope],
    window_of: Callable[[LogGroup], Window | None],
    lease_of: Callable[[LogGroup], Lease | None] = lambda _group: ALONE,
) -> list[Batch]:
    """What a pass has to search: groups of one scope and lease with the same due window, by 50, oldest window first.

    Log groups without a lease are somebody else's.
    """
    due = []
    for scope in scopes:
        alike: defaultdict[tuple[Window, Lease], list[LogGroup]] = defaultdict(list)
        for group in scope.groups:
            lease = lease_of(group)
            window = window_of(group) if lease else None
            if lease and window:
                alike[window, lease].append(group)
        due += [
            Batch(scope, step, window, chunk, lease)
            for (window, lease), groups in alike.items()
            for chunk in _chunks(groups)
        ]
    return sorted(due, key=lambda batch: batch.window)


def _chunks(groups: Sequence[LogGroup]) -> list[tuple[LogGroup, ...]]:
    return [tuple(groups[start : start + GROUPS_PER_QUERY]) for start in range(0, len(groups), GROUPS_PER_QUERY)]
