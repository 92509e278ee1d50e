"""The block between the `---` lines at the head of a document: JSON or YAML, with the line of every key."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

_FASTEST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Eight times as fast where PyYAML was built with libyaml."""
_LONGEST_NUMBER = 40
"""Characters; no key of a document is a number, and PyYAML takes minutes for `1:1:1...` to the base of 60."""
# Possessive: whoever writes a document could hold up everything with a repetition that is tried again and again.
_FENCE = re.compile(r"-{3,}\s*+(?:(?:json|yaml)\s*+)?$")
_CLOSE = re.compile(r"(?:-{3,}|\.{3})\s*$")
_CLAIM = re.compile(r"""^[^\S\n]*+\{?[^\S\n]*+["']?(?:id|detection_pattern)["']?\s*+:""", re.MULTILINE)
_KEYED = re.compile(r"""(?:[ \t]*+(?:#.*)?\n)*+\s*+(?:\{|["']?\w[\w .-]*+["']?\s*+:)""")
"""What keys look like, as opposed to the text below a horizontal rule."""
_UNREADABLE = (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What PyYAML raises: its own errors, and whatever escapes from a constructor on `!!int ""` or the year 99999."""


class _Loader(_FASTEST):  # type: ignore[valid-type,misc]  # which one shows at run time
    """Safe, and in time that goes with the length of the text."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge nothing: nine merges of nine merges, nine deep, are more keys than fit into memory."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, "merge key <<, which is not read", key.start_mark)

    def bounded_int(self, node: yaml.ScalarNode) -> int:
        """A number as a number."""
        if len(node.value) > _LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "number too long", node.start_mark)
        return int(self.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.bounded_int)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the front matter, or one key of it, can not be read."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Block:
    """The raw text between the two `---` lines."""

    text: str
    first_line: int
    """Line of the file on which `text` starts."""
    after: int
    """Count of the file's lines that belong to the block, its closing line included."""
    closed: bool

    @property
    def claims_an_id(self) -> bool:
        """Whether it was meant for sigwatch: it names an `id` or a `detection_pattern`, however broken the rest is."""
        return _CLAIM.search(self.text) is not None


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys and values at the head of a document."""

    values: Mapping[str, object]
    lines: Mapping[str, int]
    """Line of the file on which each key stands."""
    repeated: tuple[tuple[str, int], ...] = ()
    """Keys given more than once, with the line of the later one."""

    def line(self, key: str) -> int:
        """Line of `key`; 1 for a key that is not there."""
        return self.lines.get(key, 1)


def block_of(text: str) -> Block | None:
    """The front-matter block that `text` opens with, or None; blank lines before it are tolerated."""
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not _FENCE.match(lines[start]):
        return None
    for number in range(start + 1, len(lines)):
        if _CLOSE.match(lines[number]):
            return Block("\n".join(lines[start + 1 : number]), start + 2, number + 1, closed=True)
    end = next((number for number in range(start + 1, len(lines)) if lines[number].startswith("#")), len(lines))
    return Block("\n".join(lines[start + 1 : end]), start + 2, 0, closed=False)


def read(block: Block) -> FrontMatter | Fault | None:
    """The block's keys and values; None where it holds no keys, such as text between two horizontal rules."""
    if not _KEYED.match(block.text):
        return None
    if not block.closed:
        return Fault(block.first_line - 1, "the front matter is never closed: add a line with --- below its last key")
    return _json(block) if block.text.lstrip().startswith("{") else _yaml(block)


def _json(block: Block) -> FrontMatter | Fault:
    try:
        values = json.loads(block.text)
    except json.JSONDecodeError as error:
        line = block.first_line + error.lineno - 1
        cure = "write each backslash twice in JSON" if "escape" in error.msg else "correct the JSON there"
        return Fault(line, f"the front matter is not valid JSON ({error.msg}, column {error.colno}): {cure}")
    except (RecursionError, ValueError):
        return Fault(block.first_line, "the front matter is JSON too deep or with a number too long: simplify it")
    keys = _json_keys(block.text)
    return FrontMatter(values, *_numbered([(key, block.first_line + line) for key, line in keys]))


def _json_keys(text: str) -> list[tuple[str, int]]:
    """Top-level keys of a valid JSON object with the count of line breaks before each."""
    decode = json.JSONDecoder().raw_decode
    keys, at = [], text.index("{") + 1
    while (at := _after_blanks(text, at)) < len(text) and text[at] == '"':
        key, end = decode(text, at)
        keys.append((str(key), text.count("\n", 0, at)))
        colon = _after_blanks(text, end)
        _, end = decode(text, _after_blanks(text, colon + 1))
        at = _after_blanks(text, end) + 1
    return keys


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _yaml(block: Block) -> FrontMatter | Fault | None:
    try:
        loader = _Loader(block.text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return None
        keys = [(str(key.value), block.first_line + key.start_mark.line) for key, _ in node.value]
        values = loader.construct_document(node)
    except _UNREADABLE as error:
        return _yaml_fault(error, block.first_line)
    return FrontMatter({str(key): value for key, value in values.items()}, *_numbered(keys))


def _yaml_fault(error: Exception, first_line: int) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = first_line + (mark.line if mark else 0)
    what = getattr(error, "problem", None) or str(error) or type(error).__name__
    if "escape character" in what:
        cure = "put a pattern between single quotes"
    elif "mapping values are not allowed" in what:
        cure = "put a text that holds a colon between quotes"
    else:
        cure = "correct the YAML there, or put the text between quotes"
    return Fault(line, f"the front matter is not valid YAML ({what}): {cure}")


def _numbered(keys: list[tuple[str, int]]) -> tuple[dict[str, int], tuple[tuple[str, int], ...]]:
    lines: dict[str, int] = {}
    repeated = []
    for key, line in keys:
        if key in lines:
            repeated.append((key, line))
        else:
            lines[key] = line
    return lines, tuple(repeated)
