"""Making a message fit a target: samples give way first, then prose, then code, then the words of steps. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from sigwatch.model.knowledge import Step
from sigwatch.publish.words.message import Message, more_lines
from sigwatch.publish.words.wording import ELLIPSIS, cut, level, shorten

STEP_OVERHEAD = 10
"""Characters that a target adds to a step: its number and line ends."""
CODE_LIMIT = 2_500
"""Of one step; no block of a message grows beyond it."""
STEP_LIMIT = 1_500
"""Of one step's text."""


def weight(message: Message) -> int:
    """Characters of everything that `fit` can shorten, and of what it puts between."""
    prose = len(message.why) + len(message.cause) + len(message.prevention)
    return prose + _lines(message.samples) + _steps(message.steps) + len(message.verification)


def fit(message: Message, limit: int) -> Message:
    """`message` with at most `limit` characters by `weight`, as long as its step numbers alone allow that.

    A step is never dropped: the last resort is its number and an ellipsis.
    """
    bounded = replace(
        message,
        steps=tuple(Step(cut(step.text, STEP_LIMIT), clip(step.code, CODE_LIMIT)) for step in message.steps),
        verification=clip(message.verification, CODE_LIMIT),
    )
    for give_way in (_samples, _why, _cause, _prevention, _code, _text):
        if weight(bounded) <= limit:
            break
        bounded = give_way(bounded, limit)
    return bounded


def clip(code: str, limit: int) -> str:
    """At most `limit` characters of code, ended after a whole line if possible, with an ellipsis on its own line."""
    if len(code) <= limit:
        return code
    head = code[: max(limit - 2, 0)]
    end = head.rfind("\n")
    return (head[:end] if end > 0 else head) + f"\n{ELLIPSIS}" if limit > 2 else ""


def _lines(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _steps(steps: Sequence[Step]) -> int:
    return sum(len(step.text) + len(step.code) + STEP_OVERHEAD for step in steps)


def _samples(message: Message, limit: int) -> Message:
    room = limit - weight(replace(message, samples=()))
    kept: list[str] = []
    for line in message.samples:
        if _lines(kept) + len(line) + 1 + len(more_lines(1_000_000)) > room:
            break
        kept.append(line)
    hidden = len(message.samples) - len(kept)
    return replace(message, samples=(*kept, more_lines(hidden)) if kept and hidden else tuple(kept))


def _why(message: Message, limit: int) -> Message:
    return replace(message, why=shorten(message.why, max(0, len(message.why) + limit - weight(message))))


def _cause(message: Message, limit: int) -> Message:
    return replace(message, cause=shorten(message.cause, max(0, len(message.cause) + limit - weight(message))))


def _prevention(message: Message, limit: int) -> Message:
    room = max(0, len(message.prevention) + limit - weight(message))
    return replace(message, prevention=shorten(message.prevention, room))


def _code(message: Message, limit: int) -> Message:
    codes = [len(step.code) for step in message.steps] + [len(message.verification)]
    cap = level(codes, limit - weight(message) + sum(codes))
    steps = tuple(Step(step.text, clip(step.code, cap)) for step in message.steps)
    return replace(message, steps=steps, verification=clip(message.verification, cap))


def _text(message: Message, limit: int) -> Message:
    texts = [len(step.text) for step in message.steps]
    cap = max(1, level(texts, limit - weight(message) + sum(texts)))
    return replace(message, steps=tuple(Step(cut(step.text, cap), step.code) for step in message.steps))
