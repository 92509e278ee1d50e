"""The error lines that a post-mortem quotes, which tell what its incident looks like in a log."""

import re
from collections.abc import Iterable, Iterator, Sequence

from sigwatch.knowledge import markdown
from sigwatch.knowledge.markdown import Node

_QUOTING = re.compile(r"error (?:signature|message)")
_DESCRIBING = re.compile(r"^(?:issue summary|symptoms?|technical observations?|problem statement)\b")
_ERROR_LABEL = re.compile(r"\berrors?\b|\bexception\b")
_FAILURE = re.compile(
    r"error|exception|traceback|fail|fatal|panic|cannot|can't|unable|refused|denied|tim(?:ed|e|ing)[ -]?out|killed"
    r"|out of memory|no such|not found",
    re.IGNORECASE,
)


def error_signatures(blocks: Sequence[Node]) -> tuple[str, ...]:
    """Quoted errors, surest first, none contained in an earlier one.

    1. Each code block that is not marked as shell, in a section whose title holds "Error Signature" or "Error
       Message"; without such a block, the inline code there.
    2. In "Issue Summary", "Symptoms", "Technical Observations" and "Problem Statement", whatever speaks of a failure:
       code blocks, `**Error:**` lines, list items, inline code. What stands below a heading or bold label with the
       word "impact" tells what users saw, not what the log said, and is left out.
    """
    found: list[str] = []
    for candidate in (*_quoted(blocks), *_described(blocks)):
        text = candidate.strip()
        if text and not any(text in earlier for earlier in found):
            found.append(text)
    return tuple(found)


def _quoted(blocks: Sequence[Node]) -> Iterator[str]:
    for section in markdown.sections(blocks):
        if _QUOTING.search(section.key):
            fenced = [code.text for code in markdown.codes(section.blocks) if not code.shell]
            yield from fenced or _inline_code(section.blocks)


def _described(blocks: Sequence[Node]) -> Iterator[str]:
    for section in markdown.sections(blocks):
        if _DESCRIBING.search(section.key):
            for block in _without_impact(section.blocks):
                yield from (candidate for candidate in _candidates(block) if _FAILURE.search(candidate))


def _without_impact(blocks: Iterable[Node]) -> Iterator[Node]:
    """The blocks that do not stand below a heading or bold label about the impact."""
    under_heading = under_label = False
    for block in blocks:
        if markdown.heading_level(block):
            under_heading, under_label = "impact" in markdown.key_of(markdown.written(block)), False
        elif block.type == "paragraph" and (told := list(markdown.labels([block]))):
            under_label = "impact" in told[-1].key
        if not (under_heading or under_label):
            yield block


def _candidates(block: Node) -> Iterator[str]:
    if markdown.is_code(block):
        code = markdown.code_of(block)
        yield from () if code.shell else (code.text,)
    elif block.type in {"bullet_list", "ordered_list"}:
        for item in block.children:
            yield from (markdown.plain(part) for part in item.children if part.type == "paragraph")
    elif block.type == "paragraph":
        yield from _inline_code([block])
        errors = (label for label in markdown.labels([block]) if _ERROR_LABEL.search(label.key))
        yield from (label.text.replace("`", "") for label in errors)


def _inline_code(blocks: Iterable[Node]) -> Iterator[str]:
    for block in blocks:
        yield from (node.content for node in block.walk() if node.type == "code_inline")
