"""The standard rules, less those that are switched off, with the rules of everybody and of each project."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from sigwatch.redact.redactor import Redactor
from sigwatch.redact.rules import options, rule
from sigwatch.redact.standard import REDACTOR, STANDARD

DEFAULT_PROJECT = "default"
"""Whose entry holds for projects that have none."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_GROUP = re.compile(r"\\([1-9])")
_SAMPLES = ("", "a", "a b\n1-_")
"""A pattern that can match nothing does so at a word, between words, or at an end."""
_NAMES = frozenset(standard.name for standard in STANDARD)
_MASKS = sorted(
    {
        word
        for one in STANDARD
        if isinstance(one.replacement, str)
        for word in re.findall(r"\[[\w-]+\]", one.replacement)
    }
    | {"[secret]", "[email]", "[card]"}
)
"""What standard rules leave behind."""

Fault = tuple[str, str]
"""The path of a setting, such as `redaction.rules[0].pattern`, and a sentence on what is wrong with it."""


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule as a configuration writes it."""

    name: str
    pattern: str
    """In RE2's dialect."""
    replacement: str = ""
    r"""May hold `\1` to `\9`, the pattern's groups; empty: the name in brackets."""

    @property
    def written(self) -> str:
        """What takes the place of a match, before its groups are filled in."""
        return self.replacement or f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class Redaction:
    """Which rules hold for which project. What `faults` finds nothing wrong with can be built."""

    off: Collection[str] = ()
    """Names of standard rules that do not apply."""
    rules: Sequence[CustomRule] = ()
    """Rules of everybody."""
    by_project: Mapping[str, Sequence[CustomRule]] = field(default_factory=dict)
    """More rules of a project; those of `default` are for projects without an entry."""
    _common: Redactor = field(init=False, repr=False, compare=False)
    _redactors: Mapping[str, Redactor] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = faults(self.off, self.rules, self.by_project)
        if found:
            raise ValueError("; ".join(f"{path} {sentence}" for path, sentence in found))
        changed = self.off or self.rules
        common = self._redactor(()) if changed else REDACTOR
        own = {project: self._redactor(rules) if rules else common for project, rules in self.by_project.items()}
        object.__setattr__(self, "_common", common)
        object.__setattr__(self, "_redactors", own)

    def of(self, project: str) -> Redactor:
        """The redactor of a project: its own entry's, else `default`'s, else the common one."""
        return self._redactors.get(project) or self._redactors.get(DEFAULT_PROJECT) or self._common

    def _redactor(self, own: Sequence[CustomRule]) -> Redactor:
        # Who wrote a rule knows better than the standard what a text holds, so the project's name for it is kept.
        custom = [rule(one.name, one.pattern, one.written) for one in (*own, *self.rules)]
        return Redactor((*custom, *(standard for standard in STANDARD if standard.name not in self.off)))


def faults(
    off: Collection[str], rules: Sequence[CustomRule], by_project: Mapping[str, Sequence[CustomRule]]
) -> list[Fault]:
    """Everything wrong with the rules of a configuration, each with the path of the setting."""
    found = [
        (f"redaction.off[{number}]", f"{name!r} is no standard rule; docs/redaction.md lists them")
        for number, name in enumerate(off)
        if name not in _NAMES
    ]
    found += _list_faults("redaction.rules", rules, _NAMES)
    taken = _NAMES | {one.name for one in rules}
    for project, own in by_project.items():
        found += _list_faults(f"projects.{project}.redact", own, taken)
    return found


def _list_faults(path: str, rules: Sequence[CustomRule], taken: Collection[str]) -> list[Fault]:
    found: list[Fault] = []
    names = set(taken)
    for number, one in enumerate(rules):
        place = f"{path}[{number}]"
        if not _NAME.fullmatch(one.name):
            found.append(
                (f"{place}.name", f"{one.name!r} is no name; write it as customer-id: small letters and hyphens")
            )
        elif one.name in names:
            found.append((f"{place}.name", f"there is a rule {one.name!r} already; give this one another name"))
        names.add(one.name)
        found += _rule_faults(place, one)
    return found


def _rule_faults(place: str, one: CustomRule) -> Iterator[Fault]:
    try:
        pattern = re2.compile(one.pattern, options())
    except re2.error as error:
        words = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error.args[0])
        yield f"{place}.pattern", f"RE2 can not read it: {words}; RE2 has no lookaround and no back-references"
        return
    if any(match.start() == match.end() for text in _SAMPLES for match in pattern.finditer(text)):
        yield f"{place}.pattern", "it matches the empty text, so it would mask between any two letters; make it longer"
        return
    groups = [int(group) for group in _GROUP.findall(one.written)]
    if "\\" in _GROUP.sub("", one.written) or any(group > pattern.groups for group in groups):
        yield f"{place}.replacement", rf"a backslash may only name a group of the pattern, \1 to \{pattern.groups}"
        return
    yield from _repeated(place, one, pattern)


def _repeated(place: str, one: CustomRule, pattern: Any) -> Iterator[Fault]:
    """What would be masked once more: texts are masked wherever they are passed on, so twice must be as once."""
    literal = _GROUP.sub("", one.written)
    if str(pattern.sub(literal.replace("\\", r"\\"), literal)) != literal:
        sentence = f"the pattern matches its own replacement {literal!r}, which would be masked again; change either"
        yield f"{place}.replacement", sentence
    eaten = next((word for word in _MASKS if pattern.search(word)), None)
    if eaten:
        yield f"{place}.pattern", f"it matches {eaten}, which a standard rule leaves behind; make it narrower"
