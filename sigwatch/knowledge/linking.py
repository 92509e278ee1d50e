"""Which RIS belongs to which Knowledge Object, with every reason in words."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath

from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import KnowledgeObject, Link, LinkKind, LinkReason, Problem, Ris, Signature

SHARED_TAGS = 2
"""Tags, the project's name apart, that two documents must share for a suggestion."""
SIMILAR_TITLE = 0.4
"""Share of all telling words in two titles that must be common to both for a suggestion."""

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_WORD = re.compile(r"\w{3,}")
_FILLERS = frozenset({"and", "are", "does", "fix", "for", "from", "has", "issue", "not", "that", "the", "was", "with"})


def link(learned: Sequence[Learned], summaries: Sequence[Ris], judge: PatternJudge) -> tuple[Signature, ...]:
    """A signature for each Knowledge Object, by id, joined to the RIS that it links to most strongly.

    Reasons that make a link: the Knowledge Object names the RIS (`ris:`), the RIS names the Knowledge Object's file or
    its id, the pattern matches an error that the RIS quotes. An explicit link comes first, then more reasons before
    fewer, then the newer date. Shared tags and similar titles are suggestions, made only where there is no link.
    """
    joined = (_signature(one.ko, summaries, judge) for one in learned)
    return tuple(sorted(joined, key=lambda signature: signature.id))


def unknown(learned: Iterable[Learned], summaries: Iterable[Ris]) -> Iterator[Problem]:
    """A problem for each `ris` that no document carries; the signature stays, for a pattern can work without steps."""
    ids = {ris.id for ris in summaries}
    for one in learned:
        for wanted in one.ko.ris:
            if wanted not in ids:
                message = f"no RIS with the id {wanted} was read: correct the id, or add the folder that holds it"
                yield Problem(one.ko.path, one.lines.get("ris", 1), "ris", message, "warning")


def _signature(ko: KnowledgeObject, summaries: Sequence[Ris], judge: PatternJudge) -> Signature:
    links = _links(summaries, lambda ris: _evidence(ko, ris, judge))
    suggestions = () if links else _links(summaries, lambda ris: _hints(ko, ris))
    by_id = {ris.id: ris for ris in summaries}
    return Signature(ko, links, suggestions, by_id[links[0].ris] if links else None)


def _links(summaries: Iterable[Ris], reasons_for: Callable[[Ris], Iterable[LinkReason]]) -> tuple[Link, ...]:
    """Strongest first; sorting by what matters least first keeps each earlier order among equals."""
    found = [(ris, Link(ris.id, reasons)) for ris in summaries if (reasons := tuple(reasons_for(ris)))]
    found.sort(key=lambda pair: pair[0].id)
    found.sort(key=lambda pair: pair[0].date if _ISO_DATE.match(pair[0].date) else "", reverse=True)
    found.sort(key=lambda pair: len(pair[1].reasons), reverse=True)
    found.sort(key=lambda pair: pair[1].reasons[0].kind is not LinkKind.EXPLICIT)
    return tuple(link for _, link in found)


def _evidence(ko: KnowledgeObject, ris: Ris, judge: PatternJudge) -> Iterator[LinkReason]:
    if ris.id in ko.ris:
        yield LinkReason(LinkKind.EXPLICIT, f"{ko.path} names {ris.id} in its key ris")
    name = PurePath(ko.path).name
    if line := _line_naming(name, ris.text):
        yield LinkReason(LinkKind.NAMES_FILE, f"{ris.path}:{line} names the file {name}")
    if line := _line_naming(ko.id, ris.text):
        yield LinkReason(LinkKind.NAMES_ID, f"{ris.path}:{line} names {ko.id}")
    for signature in ris.error_signatures:
        if _matches(ko.detection_pattern, signature, judge):
            yield LinkReason(LinkKind.PATTERN, _quoted(signature, ris))
            return


def _line_naming(name: str, text: str) -> int:
    """Line on which `name` stands as a whole word, whatever folder precedes it; 0 where it does not."""
    found = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _matches(pattern: str, text: str, judge: PatternJudge) -> bool:
    try:
        return bool(pattern) and judge(pattern, text)
    except ValueError:
        # A pattern that is unusable as such was reported when its document was read; here it is only no evidence.
        return False


def _quoted(signature: str, ris: Ris) -> str:
    first = signature.split("\n", 1)[0]
    at = ris.text.find(first)
    where = f"{ris.path}:{ris.text.count(chr(10), 0, at) + 1}" if at >= 0 else ris.path
    return f"the pattern matches the error quoted in {where}: {first[:120]}"


def _hints(ko: KnowledgeObject, ris: Ris) -> Iterator[LinkReason]:
    common = {tag.casefold() for tag in ko.tags} & {tag.casefold() for tag in ris.tags}
    common -= {ko.project.casefold(), ris.project.casefold()}
    if len(common) >= SHARED_TAGS:
        yield LinkReason(LinkKind.TAGS, f"both carry the tags {', '.join(sorted(common))}")
    ours, theirs = _telling_words(ko.title), _telling_words(ris.title)
    if ours & theirs and len(ours & theirs) / len(ours | theirs) >= SIMILAR_TITLE:
        yield LinkReason(LinkKind.TITLE, f"both titles speak of {', '.join(sorted(ours & theirs))}")


def _telling_words(title: str) -> set[str]:
    return set(_WORD.findall(title.casefold())) - _FILLERS
