"""The remediation steps of a post-mortem: what to do if it happens again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sigwatch.knowledge import markdown
from sigwatch.knowledge.markdown import Node, Section
from sigwatch.model.knowledge import Step

SECTIONS = (
    re.compile(r"\bhappens again\b"),
    re.compile(r"^resolution\b"),
    re.compile(r"^solution\b"),
    re.compile(r"^recommended solution\b"),
    re.compile(r"^(?:remediation|fix)\b"),
)
"""Where steps are looked for, in this order: advice written for the next time comes before an account of the last."""

_AGAIN = SECTIONS[0]
_OPTION = re.compile(r"^(?:option|alternative|approach|plan)\b")
_RECOMMENDED = re.compile(r"(?<!not )\brecommended\b")
_NUMBERED = re.compile(r"(?:step\s+)?\d+\s*[.):\u2013\u2014-]\s*(?P<text>\S.*)", re.IGNORECASE)
_CHECKBOX = re.compile(r"^\[[ xX]\]\s+")
_LISTS = ("bullet_list", "ordered_list")


def remediation(blocks: Sequence[Node]) -> tuple[tuple[Step, ...], str]:
    """The steps and the heading they came from; no steps and an empty heading where no section yields any.

    `SECTIONS` is tried in order, and a section that yields no step falls through to the next. "If This Happens Again"
    may also be a bold label within another section. Of a section with options, the one called recommended counts, or
    else the first. Then the steps are:

    1. the items of its numbered lists; nested points are folded in, nested code becomes the step's code;
    2. without numbered lists, each numbered sub-heading, and each code block with the sub-heading or paragraph above;
    3. without those, the points of its bullet lists.
    """
    for wanted in SECTIONS:
        for section in _titled(blocks, wanted):
            if steps := _steps(section):
                return steps, section.title
    return (), ""


def _titled(blocks: Sequence[Node], wanted: re.Pattern[str]) -> Iterator[Section]:
    yield from (section for section in markdown.sections(blocks) if wanted.search(section.key))
    if wanted is _AGAIN:
        yield from (section for section in _labelled(blocks) if wanted.search(section.key))


def _labelled(blocks: Sequence[Node]) -> Iterator[Section]:
    """What follows each paragraph whose last line is a bold label, up to the next label, heading or rule."""
    for start, node in enumerate(blocks):
        if label := _last_label(node):
            rest = range(start + 1, len(blocks))
            ends = (at for at in rest if blocks[at].type in {"heading", "hr"} or _last_label(blocks[at]))
            yield Section(label.name, 7, label.line, tuple(blocks[start + 1 : next(ends, len(blocks))]))


def _last_label(node: Node) -> markdown.Label | None:
    lines = markdown.lines_of(node) if node.type == "paragraph" else []
    return markdown.label_in(lines[-1], markdown.line_of(node) + len(lines) - 1) if lines else None


def _steps(section: Section) -> tuple[Step, ...]:
    blocks = _chosen(section.blocks)
    return tuple(_from_lists(blocks) or _from_code(blocks, section.title) or _from_bullets(blocks))


def _chosen(blocks: Sequence[Node]) -> Sequence[Node]:
    """The blocks of the recommended or first option; all blocks of a section without options."""
    options = [section for section in markdown.sections(blocks) if _OPTION.search(section.key)]
    recommended = [option for option in options if _RECOMMENDED.search(option.key)]
    return next((option.blocks for option in (*recommended, *options)), blocks)


def _from_lists(blocks: Sequence[Node]) -> list[Step]:
    steps: list[Step] = []
    follows_list = False
    for block in blocks:
        if block.type == "ordered_list":
            steps += _items(block)
        elif markdown.is_code(block) and follows_list and steps:
            # Code that is not indented ends a list in markdown, yet its author means the step above.
            steps[-1] = _with_code(steps[-1], block)
            continue
        follows_list = block.type == "ordered_list"
    return steps


def _items(block: Node) -> list[Step]:
    return [step for item in block.children if (step := _item(item)).text or step.code]


def _item(node: Node) -> Step:
    words: list[str] = []
    points: list[str] = []
    code: list[str] = []
    for child in node.children:
        if child.type == "paragraph":
            words.append(markdown.written(child))
        elif markdown.is_code(child):
            code.append(markdown.code_of(child).text)
        elif child.type in _LISTS:
            nested = _items(child)
            points += [step.text for step in nested]
            code += [step.code for step in nested if step.code]
    return Step(_folded(_CHECKBOX.sub("", " ".join(words)), points), "\n\n".join(code))


def _folded(text: str, points: Sequence[str]) -> str:
    if not points:
        return text
    return f"{text}{' ' if text.endswith((':', '.', '!', '?')) else ': '}{'; '.join(points)}"


def _with_code(step: Step, block: Node) -> Step:
    return replace(step, code="\n\n".join(filter(None, (step.code, markdown.code_of(block).text))))


def _from_code(blocks: Sequence[Node], title: str) -> list[Step]:
    steps: list[Step] = []
    heading, told, numbered = "", title, False
    for block in blocks:
        if markdown.heading_level(block):
            heading = told = markdown.written(block)
            if numbered := bool(match := _NUMBERED.fullmatch(heading)):
                steps.append(Step(match["text"] if match else heading))
                told = ""
        elif block.type == "paragraph" and not numbered:
            told = _lead(block, heading)
        elif markdown.is_code(block):
            steps = [*steps, Step(told)] if told else steps
            steps[-1] = _with_code(steps[-1], block)
            told = ""
    return steps


def _lead(paragraph: Node, heading: str) -> str:
    """What a paragraph says of the code below it: its last labelled line, or all of it."""
    label = _last_label(paragraph)
    if label is None:
        return markdown.written(paragraph)
    if label.text:
        return markdown.lines_of(paragraph)[-1].strip()
    return f"{heading}: {label.name}" if heading else label.name


def _from_bullets(blocks: Sequence[Node]) -> list[Step]:
    return [step for block in blocks if block.type == "bullet_list" for step in _items(block)]
