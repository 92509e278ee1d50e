"""The small facts of a post-mortem: header lines, status, log groups, and short plain texts of its sections."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from sigwatch.knowledge import markdown
from sigwatch.knowledge.markdown import Label, Node

PROSE = 600
"""Characters of a section's text that are kept: what an alert can show and a tired reader takes in."""

_PLAIN_LABEL = re.compile(r"(?P<name>[A-Z][\w ()/-]{1,40}):\s+(?P<text>\S.*)")
_REMARK = re.compile(r"(?<!\s)\s*+\([^()]*+\)\s*+$")
_MTTR_LABEL = re.compile(r"^(?:mttr\b|mean time to (?:repair|recover|resol))")
_MTTR_TEXT = re.compile(r"\bMTTR\b[^:|\n.;]{0,60}[:|]\s*(?P<text>[^|\n.;]+)")
_OPEN = (
    r"not (?:yet )?(?:been )?(?:resolved|fixed|closed)|unresolved|unfixed|open|re-?opened|blocked|investigating|ongoing"
    r"|in progress|mitigated"
)
_STATUS = re.compile(rf"\b(?:(?P<open>{_OPEN})|resolved|closed|completed?|fixed|done)\b", re.IGNORECASE)
_LOG_GROUP = re.compile(
    r"""(?<![\w./:-])(?P<path>/(?:aws|ecs)/[\w.\#/*-]++)(?![${<\w])
    |\baws\s+logs\s+tail\s+(?:\\\n\s*)?["']?(?P<tail>[\w./\#][\w./\#*-]*+)(?![${<])
    |--log-group-names?[\s=]+["']?(?P<option>[\w./\#][\w./\#*-]*+)(?![${<])""",
    re.VERBOSE,
)


def header(blocks: Sequence[Node]) -> dict[str, str]:
    """The labelled lines between the title and the next heading, by lower-case name; the first of a name counts."""
    found: dict[str, str] = {}
    for label in _header_labels(blocks):
        found.setdefault(label.key, label.text)
    return found


def _header_labels(blocks: Sequence[Node]) -> Iterator[Label]:
    headings = [at for at, node in enumerate(blocks) if markdown.heading_level(node)]
    titles = [at for at in headings if markdown.heading_level(blocks[at]) == 1]
    start = next((at + 1 for at in (*titles, *headings)), 0)
    for block in takewhile(lambda node: not markdown.heading_level(node), blocks[start:]):
        for inline in (node for node in block.walk() if node.type == "inline"):
            for line in inline.content.split("\n"):
                if label := markdown.label_in(line):
                    yield label
                elif plain := _PLAIN_LABEL.fullmatch(line.strip()):
                    yield Label(plain["name"], plain["text"], 0)


def labelled(blocks: Iterable[Node], name: str) -> list[str]:
    """The texts of every bold label with exactly this lower-case name, in document order."""
    return [label.text for label in markdown.labels(blocks) if label.key == name and label.text]


def mttr(blocks: Sequence[Node], text: str) -> str:
    """Time to repair as written, without a remark in parentheses: from a bold label anywhere, else from the text."""
    told = [label.text for label in markdown.labels(blocks) if _MTTR_LABEL.search(label.key) and label.text]
    in_text = _MTTR_TEXT.search(text)
    return without_remark(told[0] if told else in_text["text"] if in_text else "")


def without_remark(text: str) -> str:
    """A value without the parenthesis that explains it."""
    return _REMARK.sub("", text).replace("**", "").strip()


def is_resolved(status: str) -> bool:
    """False where the status says that the cause is still there; the first telling word decides."""
    found = _STATUS.search(status)
    return found is None or found["open"] is None


def log_groups(text: str) -> tuple[str, ...]:
    """Names and globs of log groups in order of appearance.

    Paths below `/aws/` and `/ecs/`, and whatever follows `aws logs tail` or `--log-group-name`; one cut short by a
    placeholder such as `$NAME` is no name.
    """
    names = (found[found.lastgroup or 0] for found in _LOG_GROUP.finditer(text))
    kept = (name.removesuffix("**").rstrip("./-") for name in names)
    return tuple(dict.fromkeys(name for name in kept if name and _is_group(name)))


def _is_group(name: str) -> bool:
    """`/aws/lambda` alone is a service and no group."""
    return not name.startswith("/aws/") or name.count("/") >= 3


def section_text(blocks: Sequence[Node], wanted: re.Pattern[str]) -> str:
    """The words of the first section whose title matches and that has any, at most `PROSE` characters."""
    for section in markdown.sections(blocks):
        if wanted.search(section.key) and (text := shortened(_flowing(section.blocks))):
            return text
    return ""


def _flowing(blocks: Sequence[Node]) -> str:
    parts = []
    for block in blocks:
        if block.type in {"bullet_list", "ordered_list"}:
            parts.append("; ".join(filter(None, (_point(item) for item in block.children))) + ".")
        elif markdown.heading_level(block):
            parts.append(f"{markdown.plain(block)}:")
        elif block.type == "paragraph":
            parts.append(markdown.plain(block))
    return " ".join(parts)


def _point(item: Node) -> str:
    return re.sub(r"^\[[ xX]\]\s+", "", markdown.plain(item)).rstrip(".;")


def root_cause(blocks: Sequence[Node]) -> str:
    """The cause in plain words, from the first section "Root Cause...".

    Its line labelled `**Root Cause:**` where it has one, else its first paragraph that is more than a label; without
    such a section, a label `**Root Cause:**` anywhere.
    """
    for section in markdown.sections(blocks):
        if section.key.startswith("root cause"):
            told = labelled(section.blocks, "root cause")[:1] or _paragraphs(section.blocks)[:1]
            if told:
                return shortened(told[0])
    return shortened(next(iter(labelled(blocks, "root cause")), ""))


def _paragraphs(blocks: Sequence[Node]) -> list[str]:
    """The paragraphs in plain words, without those that only announce something."""
    return [
        markdown.plain(block)
        for block in blocks
        if block.type == "paragraph" and not any(markdown.label_in(line) for line in markdown.lines_of(block))
    ]


def shortened(text: str) -> str:
    """The text in one line, cut between words after `PROSE` characters."""
    line = " ".join(text.replace("**", "").split())
    if len(line) <= PROSE:
        return line
    return line[: PROSE - 2].rsplit(" ", 1)[0].rstrip(",;:") + " \u2026"


def verification(blocks: Sequence[Node]) -> str:
    """The first shell or unmarked code block of a section "Verif...", else a line labelled `**Verify:**`."""
    for section in markdown.sections(blocks):
        if section.key.startswith("verif"):
            for code in markdown.codes(section.blocks):
                if code.shell or not code.info:
                    return code.text
    return next(iter(labelled(blocks, "verify")), "")
