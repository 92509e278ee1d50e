"""Silences that are kept in files: a list of entries, each with the line that it stands on."""

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import PurePosixPath

import yaml

from sigwatch.model.incident import Matchers, Silence
from sigwatch.model.knowledge import Problem, errors

FILES = frozenset({"silences.yaml", "silences.yml"})
"""Names of the files that hold silences, in whatever folder."""

LONGEST_DAYS = 366
"""How far away the end of a silence may be: what nobody has looked at for a year is forgotten, not known."""

_MATCHERS = ("signature", "project", "severity", "log_group")
_REQUIRED = {
    "reason": "say why nobody has to know",
    "author": "say who answers for it",
    "until": "say when it ends, such as 2026-03-01T06:00Z",
}
_KEYS = (*_MATCHERS, *_REQUIRED, "from")
_WHOLE = frozenset({"file", "folder", "path"})
"""Fields of the problems by which nothing of a file, or of a folder, is known."""
_NULL = "tag:yaml.org,2002:null"
_DAY_MS = 86_400_000
_UNREADABLE = (yaml.YAMLError, RecursionError, ValueError)


@dataclass(frozen=True, slots=True)
class ReadSilences:
    """What a file of silences gave."""

    silences: tuple[Silence, ...]
    """Those without an error, in the order of the file."""
    problems: tuple[Problem, ...]
    """Sorted."""


def read(path: str, text: str) -> ReadSilences:
    """Every entry of a file; one at fault does not hold, and costs no other one. Never raises."""
    try:
        node = yaml.compose(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader)
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or type(error).__name__
        message = f"is not valid YAML ({words}): correct it; until then the silences that it held before stay"
        return ReadSilences((), (Problem(path, mark.line + 1 if mark else 0, "file", message),))
    if node is None:
        return ReadSilences((), ())
    if not isinstance(node, yaml.SequenceNode):
        message = "must be a list: begin each silence with a hyphen, such as `- signature: KO-1`"
        return ReadSilences((), (Problem(path, node.start_mark.line + 1, "file", message),))
    silences, problems = [], []
    for each in node.value:
        silence, faults = _entry(each, path)
        problems += faults
        if silence and not errors(faults):
            silences.append(silence)
    return ReadSilences(tuple(silences), tuple(sorted(problems)))


def distinct(silences: Iterable[Silence]) -> tuple[tuple[Silence, ...], list[Problem]]:
    """The silences by path and line, each once."""
    first: dict[str, Silence] = {}
    problems = []
    for each in sorted(silences, key=_place):
        known = first.setdefault(each.id, each)
        if known is not each:
            problems.append(
                Problem(*_place(each), "silence", f"is the same as in {known.source}: delete one of them", "warning")
            )
    return tuple(first.values()), problems


def far_away(silences: Iterable[Silence], now_ms: float) -> dict[str, Problem]:
    """By id, the silences that must not hold at `now_ms` because their end is too far away."""
    message = f"ends more than {LONGEST_DAYS} days from now, so it does not hold: end it earlier, and renew it then"
    latest = now_ms + LONGEST_DAYS * _DAY_MS
    return {each.id: Problem(*_place(each), "until", message) for each in silences if each.ends_ms > latest}


def unread(problems: Iterable[Problem]) -> Callable[[str], bool]:
    """Tells of a file whether nothing of it is known, because it or a folder above it can not be read."""
    lost = {problem.path for problem in errors(problems) if problem.field in _WHOLE}

    def lies_there(path: str) -> bool:
        return path in lost or any(folder.as_posix() in lost for folder in PurePosixPath(path).parents)

    return lies_there


def last_good(
    previous: Iterable[Silence], fresh: Iterable[Silence], problems: Iterable[Problem]
) -> tuple[Silence, ...]:
    """The fresh silences, with the previous ones of files that have become unreadable."""
    lost = unread(problems)
    kept = {each.id: each for each in previous if lost(_place(each)[0])}
    return tuple(sorted((kept | {each.id: each for each in fresh}).values(), key=_place))


def _entry(node: yaml.Node, path: str) -> tuple[Silence | None, list[Problem]]:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        message = "must have keys: signature, project, severity, log_group, reason, author, from, until"
        return None, [Problem(path, line, "silence", message)]
    texts, lines, problems = _texts(node, path)
    moments, faults = _moments(texts, lines, path)
    problems += [*faults, *_missing(lines, path, line)]
    if errors(problems):
        return None, problems
    matchers = Matchers(**{key: texts[key] for key in _MATCHERS if key in texts})
    starts_ms, ends_ms = moments.get("from", 0), moments["until"]
    if ends_ms <= starts_ms:
        return None, [
            Problem(path, lines["until"], "until", "is not after `from`, so it would never hold: correct one")
        ]
    if matchers == Matchers():
        message = "covers EVERY SIGNATURE in EVERY LOG GROUP: name what it is for, if you do not mean that"
        problems.append(Problem(path, line, "silence", message, "warning"))
    facts = (*(getattr(matchers, key) for key in _MATCHERS), texts["reason"], texts["author"], starts_ms, ends_ms)
    silence = Silence(_digest(facts), matchers, texts["reason"], texts["author"], starts_ms, ends_ms, f"{path}:{line}")
    return silence, problems


def _texts(node: yaml.MappingNode, path: str) -> tuple[dict[str, str], dict[str, int], list[Problem]]:
    """The entry's values as written, with the line of every key.

    As written, because YAML would read some times as times and others as text.
    """
    texts: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = []
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        fault = _fault(name, value, lines)
        lines.setdefault(name, line)
        if fault:
            problems.append(Problem(path, line, name[:40], fault))
        else:
            texts[name] = value.value.strip()
    return texts, lines, problems


def _fault(name: str, value: yaml.Node, known: Mapping[str, int]) -> str | None:
    if name not in _KEYS:
        # What is misspelt must not be left out: the silence would cover more than was meant.
        near = get_close_matches(name, _KEYS, n=1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; allowed are {', '.join(_KEYS)}"
    if name in known:
        return f"stands twice, first on line {known[name]}: delete one of them"
    if not isinstance(value, yaml.ScalarNode):
        return "must be one text: write an entry for each"
    if value.tag == _NULL or not value.value.strip():
        return "is empty: write it out, or remove the key"
    return None


def _missing(lines: Container[str], path: str, line: int) -> Iterator[Problem]:
    return (Problem(path, line, key, f"is missing: {cure}") for key, cure in _REQUIRED.items() if key not in lines)


def _moments(texts: Mapping[str, str], lines: Mapping[str, int], path: str) -> tuple[dict[str, int], list[Problem]]:
    """Epoch milliseconds of the entry's times; one without a zone is UTC."""
    moments: dict[str, int] = {}
    problems = []
    for key in ("from", "until"):
        if key not in texts:
            continue
        try:
            moment = datetime.fromisoformat(texts[key])
            moments[key] = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            message = f"{texts[key][:40]!r} is no time: write it as 2026-03-01T06:00Z"
            problems.append(Problem(path, lines[key], key, message))
    return moments, problems


def _digest(facts: Iterable[object]) -> str:
    text = "\0".join(map(str, facts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _place(silence: Silence) -> tuple[str, int]:
    path, _, line = silence.source.rpartition(":")
    return path, int(line)
