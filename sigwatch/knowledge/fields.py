"""Front-matter keys against their types, with every fault as a problem on the key's own line."""

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from sigwatch.knowledge.front_matter import FrontMatter
from sigwatch.knowledge.severity import LEVELS, severity_of
from sigwatch.model.knowledge import GROUPING_NAME, Problem

_Model = TypeVar("_Model", bound=BaseModel)

LONGEST_ID = 200
"""Characters; ids become labels of metrics and keys of other systems."""


def _iso(value: object) -> object:
    """YAML reads an unquoted date as a date; documents and alerts want the ISO text."""
    return value.isoformat() if isinstance(value, date) else value


def _loose(value: object) -> object:
    """A number where a text is meant, as in `mttr: 10`, says the same; huge ones have no text in Python."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return str(value) if number else _iso(value)


def _several(value: object) -> object:
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    return tuple(value) if isinstance(value, list) else value


def _names(value: object) -> object:
    return tuple(value.split(",")) if isinstance(value, str) else _several(value)


def _filled(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _severity(value: str) -> str:
    found = severity_of(value)
    if value.strip() and found is None:
        raise ValueError(f"{value.strip()[:40]!r} is no severity; write {LEVELS}")
    return found or ""


def _one_word(value: str) -> str:
    if value.split() != [value]:
        raise ValueError("must be one word without blanks; join its parts with hyphens")
    if not value.isprintable():
        raise ValueError("holds control or invisible characters: write it with letters, digits and hyphens")
    if len(value) > LONGEST_ID:
        raise ValueError(f"is longer than {LONGEST_ID} characters: shorten it")
    return value


def _grouping(values: tuple[str, ...]) -> tuple[str, ...]:
    strange = next((value for value in values if not re.fullmatch(GROUPING_NAME, value)), None)
    if strange is not None:
        cure = "write log_group, log_stream, account, region, a named group of the pattern or a field such as user.id"
        raise ValueError(f"{strange[:40]!r} is nothing to group by; {cure}")
    return values


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that can not be empty."""
Id = Annotated[Line, AfterValidator(_one_word)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True)]
Loose = Annotated[Prose, BeforeValidator(_loose)]
"""A text that may be written as a number or a date."""
Stamp = Annotated[Prose, BeforeValidator(_iso)]
Status = Annotated[Literal["draft", "approved", "retired"], BeforeValidator(_lower)]
Severity = Annotated[str, AfterValidator(_severity)]
Several = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""One text or a list of them."""
Names = Annotated[tuple[Prose, ...], BeforeValidator(_names), AfterValidator(_filled)]
"""One text, which may hold several names separated by commas, or a list of names."""

Grouping = Annotated[Names, AfterValidator(_grouping)]
"""Names of what hits of one incident share."""


class Keys(BaseModel):
    """Front matter of either kind: types are strict, unknown keys are left out."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


def check(model: type[_Model], front: FrontMatter, path: str) -> tuple[_Model | None, list[Problem]]:
    """The validated keys, or None and every fault; a key set to nothing counts as absent."""
    given = {key: value for key, value in front.values.items() if value is not None}
    problems = [*_repeated(front, path), *_misspelt(front, path, model.model_fields)]
    try:
        return model.model_validate(given), problems
    except ValidationError as error:
        return None, [*problems, *(_problem(fault, front, path) for fault in error.errors(include_url=False))]


def salvage(model: type[_Model], front: FrontMatter, path: str) -> tuple[_Model, list[Problem]]:
    """The validated keys without those at fault, each of which is a warning; `model` must require none."""
    checked, problems = check(model, front, path)
    if checked is None:
        bad = {problem.field for problem in problems if problem.level == "error"}
        rest = {key: value for key, value in front.values.items() if key not in bad and value is not None}
        checked = model.model_validate(rest)
    return checked, [_softened(problem) if problem.level == "error" else problem for problem in problems]


def _softened(problem: Problem) -> Problem:
    return Problem(problem.path, problem.line, problem.field, f"{problem.message}; the key is not used", "warning")


def _repeated(front: FrontMatter, path: str) -> Iterable[Problem]:
    for key, line in front.repeated:
        message = f"stands twice, first on line {front.line(key)}, and the later one counts: delete one of them"
        yield Problem(path, line, key, message, "warning")


def _misspelt(front: FrontMatter, path: str, known: Iterable[str]) -> Iterable[Problem]:
    names = list(known)
    for key in front.values:
        near = [] if key in names else get_close_matches(key.casefold(), names, n=1, cutoff=0.85)
        if near and near[0] not in front.values:
            message = f"is no key that sigwatch reads: did you mean {near[0]}?"
            yield Problem(path, front.line(key), key, message, "warning")


def _problem(fault: ErrorDetails, front: FrontMatter, path: str) -> Problem:
    key = str(fault["loc"][0])
    return Problem(path, front.line(key), key, _sentence(fault))


def _sentence(fault: ErrorDetails) -> str:
    where = f"item {int(fault['loc'][1]) + 1} " if len(fault["loc"]) > 1 else ""
    return where + _WORDING.get(fault["type"], _unworded)(fault)


def _missing(_: ErrorDetails) -> str:
    return "is missing: add it to the front matter"


def _empty(_: ErrorDetails) -> str:
    return "is empty: write it out"


def _not_text(fault: ErrorDetails) -> str:
    value = fault["input"]
    kind = {bool: "yes/no", int: "number", float: "number", list: "list", dict: "mapping"}.get(type(value), "date")
    cure = (
        "write one text, between quotes if it starts with [ or {"
        if kind in {"list", "mapping"}
        else "put it between quotes"
    )
    return f"must be text, not a {kind}: {cure}"


def _not_several(_: ErrorDetails) -> str:
    return "must be a text or a list of texts"


def _not_listed(fault: ErrorDetails) -> str:
    value = fault["input"]
    shown = f", not {value[:40]!r}" if isinstance(value, str) else ""
    return f"must be {fault['ctx']['expected']}{shown}"


def _own_words(fault: ErrorDetails) -> str:
    return str(fault["ctx"]["error"])


def _unworded(fault: ErrorDetails) -> str:
    return f"is not usable ({fault['msg']}): correct it"


_WORDING = {
    "missing": _missing,
    "string_too_short": _empty,
    "string_type": _not_text,
    "tuple_type": _not_several,
    "literal_error": _not_listed,
    "value_error": _own_words,
}
