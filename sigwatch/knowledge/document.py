"""From the text of a markdown file to its front matter and blocks, and which kind of document it is."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from sigwatch.knowledge import front_matter, markdown
from sigwatch.knowledge.front_matter import Fault, FrontMatter
from sigwatch.knowledge.repair import repaired
from sigwatch.model.knowledge import Ignored, Problem

_RIS_HEADING = re.compile(
    r"\[?(?P<id>RIS-\w(?:[\w.-]*\w)?)\]?\s*(?P<mark>[:\u2013\u2014-]?)\s*(?P<title>.*)", re.IGNORECASE
)
_RIS_FILE = re.compile(r"(?P<id>RIS-\d+(?:-\d+)*)(?!\d).*\.md", re.IGNORECASE)
_LEARNED = ("detection_pattern", "what_was_learned", "why_it_matters", "prevention_rule")
_POST_MORTEM = re.compile(r"root cause|problem statement|resolution|error signature|post-?mortem")


class Kind(StrEnum):
    """The documents that sigwatch understands."""

    KNOWLEDGE = "knowledge object"
    RIS = "resolved issue summary"


@dataclass(frozen=True, slots=True)
class Document:
    """One markdown file, taken apart but not yet understood."""

    path: str
    text: str
    """The whole file with plain line breaks and without a byte-order mark."""
    front: FrontMatter | None
    """None without front matter, and where it can not be read."""
    fault: Fault | None
    """Why the front matter can not be read."""
    claims_an_id: bool
    """Whether unreadable front matter was meant for sigwatch."""
    blocks: tuple[markdown.Node, ...]
    """The body; their line numbers are those of the file."""

    @property
    def id(self) -> str:
        """The front matter's id; empty without one."""
        given = self.front.values.get("id") if self.front else None
        return given.strip() if isinstance(given, str) else ""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a RIS says of itself in its first heading or its file name."""

    id: str
    title: str


def parse(path: str, text: str) -> Document:
    """Takes a file's text apart; never raises."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    block = front_matter.block_of(text)
    read = front_matter.read(block) if block else None
    body = text
    if block and (isinstance(read, FrontMatter) or block.claims_an_id):
        # Blank lines in place of the front matter keep the line numbers of all that follows.
        body = "\n" * block.after + "\n".join(text.split("\n")[block.after :])
    return Document(
        path=path,
        text=text,
        front=read if isinstance(read, FrontMatter) else None,
        fault=read if isinstance(read, Fault) else None,
        claims_an_id=block is not None and block.claims_an_id,
        blocks=markdown.parse(body),
    )


def mended(document: Document) -> Document:
    """The same document with its encoding damage undone."""
    text = repaired(document.text)
    return document if text == document.text else parse(document.path, text)


def ris_heading(document: Document) -> Heading | None:
    """Id and title from the heading `# RIS-050: title`; a file `RIS-050-words.md` lends its id to any heading."""
    title = next((s.title for s in markdown.sections(document.blocks) if s.level == 1), "")
    found = _RIS_HEADING.fullmatch(title)
    # Without a number or a colon, `# RIS-backed alerts` is prose.
    if found and (found["mark"] == ":" or any(letter.isdigit() for letter in found["id"])):
        return Heading(found["id"], found["title"])
    named = _RIS_FILE.fullmatch(PurePath(document.path).name)
    return Heading(named["id"].upper(), title) if named and title else None


def kind_of(document: Document) -> Kind | Ignored | Problem:
    """What a document is, tried in this order.

    1. Front matter whose id starts with `KO-` is a Knowledge Object, with `RIS-` a resolved issue summary.
    2. Front matter with `detection_pattern`, `what_was_learned`, `why_it_matters` or `prevention_rule` is a Knowledge
       Object.
    3. A first heading `# RIS-...: title`, or a file name `RIS-<number>...md` with a heading, is a RIS, even where its
       front matter can not be read.
    4. Unreadable front matter that names an `id` or a `detection_pattern` is a problem.
    5. All the rest is ignored, for the reason returned.
    """
    known = _kind_from_front(document)
    if known:
        return known
    if ris_heading(document):
        return Kind.RIS
    if document.fault and document.claims_an_id:
        return Problem(document.path, document.fault.line, "front matter", document.fault.message)
    return Ignored(document.path, _reason(document))


def _kind_from_front(document: Document) -> Kind | None:
    if document.id.upper().startswith("KO-"):
        return Kind.KNOWLEDGE
    if document.id.upper().startswith("RIS-"):
        return Kind.RIS
    learned = document.front is not None and any(key in document.front.values for key in _LEARNED)
    return Kind.KNOWLEDGE if learned else None


def _reason(document: Document) -> str:
    if document.fault:
        return f"its front matter can not be read (line {document.fault.line}) and names no id of sigwatch"
    if any(_POST_MORTEM.search(section.key) for section in markdown.sections(document.blocks)):
        return (
            "it reads like a post-mortem but has no RIS id: to use it, open it with a heading such as "
            "`# RIS-051: what broke`"
        )
    return (
        "neither a Knowledge Object (front matter with an id KO-... or a detection_pattern) "
        "nor a RIS (front matter or first heading with an id RIS-...)"
    )
