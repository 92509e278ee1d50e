"""Sections, bold labels, code blocks and plain words of a markdown document, over markdown-it's syntax tree."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Node: TypeAlias = SyntaxTreeNode
"""A block or a part of one; the rest of the room knows markdown-it only by this name."""

_PARSER = MarkdownIt("commonmark").enable("table")
_LABEL = re.compile(r"\*\*(?P<label>[^*]++)\*\*(?P<outer>\s*+:)?\s*+(?P<text>.*)")
_ORNAMENT = re.compile(r"^[\W\d_]+")
_CODE = ("fence", "code_block")
SHELL = frozenset({"bash", "sh", "shell", "console", "zsh", "shell-session"})
"""Info strings of fences that hold commands and no log text."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with everything up to the next heading of its level or above."""

    title: str
    """As written, without the marks of the heading."""
    level: int
    line: int
    blocks: tuple[Node, ...]
    """Sub-headings and their contents included."""

    @property
    def key(self) -> str:
        """The title for comparing: lower case, without leading numbers and emoji."""
        return key_of(self.title)


@dataclass(frozen=True, slots=True)
class Label:
    """A line that opens with bold words, such as `**Severity:** P0`."""

    name: str
    text: str
    """The rest of the line, as written; empty where the label stands alone."""
    line: int

    @property
    def key(self) -> str:
        """The name for comparing."""
        return key_of(self.name)


@dataclass(frozen=True, slots=True)
class Code:
    """One code block."""

    text: str
    """Without the final line break."""
    info: str
    """First word after the fence, lower case."""
    line: int
    """Line of the file with the first line of the code."""

    @property
    def shell(self) -> bool:
        """Whether the author marked it as commands."""
        return self.info in SHELL


def parse(body: str) -> tuple[Node, ...]:
    """The top-level blocks of a markdown text; the nodes' `map` counts its lines from 0."""
    return tuple(Node(_PARSER.parse(body)).children)


def key_of(title: str) -> str:
    """A title for comparing: lower case, one blank between words, without leading numbers, emoji and marks."""
    words = " ".join(title.replace("*", "").replace("`", "").split()).casefold()
    return _ORNAMENT.sub("", words).rstrip(": ")


def line_of(node: Node) -> int:
    """Line of the file on which a block starts."""
    return node.map[0] + 1 if node.map else 0


def heading_level(node: Node) -> int:
    """1 to 6 for a heading, 0 for any other block."""
    return int(node.tag[1]) if node.type == "heading" else 0


def written(node: Node) -> str:
    """A block's own words with their inline markdown as written, on one line."""
    return " ".join(line.strip().removesuffix("\\").strip() for line in lines_of(node) if line.strip())


def lines_of(node: Node) -> list[str]:
    """The written lines of a paragraph or heading."""
    return [line for inline in node.children if inline.type == "inline" for line in inline.content.split("\n")]


def plain(node: Node) -> str:
    """The words of a block and of all within it, without any markup, on one line."""
    return " ".join("".join(_words(node)).split())


def _words(node: Node) -> Iterator[str]:
    for part in node.walk():
        if part.type in {"text", "code_inline"}:
            yield part.content
        elif part.type in {"softbreak", "hardbreak", "inline"}:
            yield " "


def sections(blocks: Sequence[Node]) -> tuple[Section, ...]:
    """Every section in document order; those of a lower level also stand inside the one above them."""
    found = []
    for start, node in enumerate(blocks):
        if level := heading_level(node):
            rest = range(start + 1, len(blocks))
            end = next((at for at in rest if 0 < heading_level(blocks[at]) <= level), len(blocks))
            found.append(Section(written(node), level, line_of(node), tuple(blocks[start + 1 : end])))
    return tuple(found)


def label_in(line: str, number: int = 0) -> Label | None:
    """The bold label that a line opens with: one with a colon, or one that is the whole line."""
    found = _LABEL.fullmatch(line.strip())
    if found is None:
        return None
    name = found["label"].strip()
    if not (name.endswith(":") or found["outer"] or not found["text"]):
        return None
    return Label(name.removesuffix(":").rstrip(), found["text"].strip(), number)


def labels(blocks: Iterable[Node]) -> Iterator[Label]:
    """Every bold label in paragraphs and list items, in document order."""
    for block in blocks:
        for inline in block.walk():
            if inline.type == "inline":
                for offset, line in enumerate(inline.content.split("\n")):
                    if label := label_in(line, line_of(inline) + offset):
                        yield label


def is_code(node: Node) -> bool:
    """Whether a block is a fenced or an indented code block."""
    return node.type in _CODE


def code_of(node: Node) -> Code:
    """The code of a block for which `is_code` holds."""
    fenced = node.type == "fence"
    info = node.info.split()[0].lower() if fenced and node.info.split() else ""
    return Code(node.content.rstrip("\n"), info, line_of(node) + fenced)


def codes(blocks: Iterable[Node]) -> Iterator[Code]:
    """Every code block, those in list items included, in document order."""
    for block in blocks:
        for node in block.walk():
            if is_code(node):
                yield code_of(node)
