"""What a detection pattern must prove before it is trusted: that it compiles, and that its examples come out right."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from sigwatch.model.knowledge import Problem

FIELD = "detection_pattern"
RESOLVED = "resolved_pattern"


ORDINARY = (
    "START RequestId: 8f2c Version: $LATEST",
    '{"level":"info","message":"done"}',
    "2026-01-01 12:00:07,431 INFO GET /health 200",
)
"""Lines that say nothing of any incident, and have hardly a word in common."""


class PatternJudge(Protocol):
    """The matcher, as far as documents need it; handed in because rooms do not know each other."""

    def __call__(self, pattern: str, text: str, /) -> bool:
        """Whether `pattern` is found in one log event.

        Raises:
            ValueError: the pattern can not be used; the message says why and what to do.
        """


class RequiredTexts(Protocol):
    """What must occur where a pattern does, so that few need to be tried on a text; handed in like the judge."""

    def __call__(self, pattern: str, /) -> Collection[str]:
        """Texts of which every event that the pattern is found in holds at least one, once both are case-folded.

        Empty where none is certain. Never raises.
        """


def nothing_certain(_pattern: str, /) -> Collection[str]:
    """For who can not say: every pattern is tried."""
    return ()


@dataclass(frozen=True, slots=True)
class Example:
    """One log event of a document's own, on which its pattern is tried."""

    text: str
    line: int
    section: str
    """Heading under which it stands, as written."""
    wanted: bool
    """Whether the pattern must match it."""


def proven(pattern: str, path: str, line: int, examples: Iterable[Example], judge: PatternJudge) -> list[Problem]:
    """Every fault of a detection_pattern; an unusable one is not tried on the examples."""
    if useless := _useless(pattern, path, line, FIELD, judge):
        return [useless]
    tried = (_tried(pattern, path, example, judge) for example in examples)
    return [problem for problem in tried if problem]


def ending(pattern: str, path: str, line: int, examples: Iterable[Example], judge: PatternJudge) -> list[Problem]:
    """Every fault of a resolved_pattern, which must not be found in an event with which an incident begins."""
    if useless := _useless(pattern, path, line, RESOLVED, judge):
        return [useless]
    tried = (_ends_itself(pattern, path, example, judge) for example in examples if example.wanted)
    return [problem for problem in tried if problem]


def _useless(pattern: str, path: str, line: int, field: str, judge: PatternJudge) -> Problem | None:
    try:
        if judge(pattern, ""):
            message = "matches the empty text and so would match every line: name something the line must hold"
            return Problem(path, line, field, message)
        if all(judge(pattern, text) for text in ORDINARY):
            message = (
                "matches lines that say that all is well, and so nearly every line: name what only this incident says"
            )
            return Problem(path, line, field, message)
    except ValueError as error:
        return Problem(path, line, field, str(error))
    return None


def _ends_itself(pattern: str, path: str, example: Example, judge: PatternJudge) -> Problem | None:
    try:
        matched = judge(pattern, example.text)
    except ValueError as error:
        return Problem(path, example.line, example.section, str(error))
    if not matched:
        return None
    message = "the resolved_pattern matches this event too, so it would end the incident that it begins: narrow it"
    return Problem(path, example.line, example.section, message)


def _tried(pattern: str, path: str, example: Example, judge: PatternJudge) -> Problem | None:
    try:
        matched = judge(pattern, example.text)
    except ValueError as error:
        return Problem(path, example.line, example.section, str(error))
    if matched == example.wanted:
        return None
    if example.wanted:
        message = "the detection_pattern does not match this event: correct the pattern or the example"
    else:
        message = "the detection_pattern matches this event, which it must not: narrow the pattern"
    return Problem(path, example.line, example.section, message)
