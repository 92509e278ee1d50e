"""Which RIS belongs to which Knowledge Object, with every reason in words."""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath

from sigwatch.knowledge.candidates import (
    SHARED_TAGS,
    ByEvidence,
    ByLikeness,
    Traits,
    similar,
    telling_tags,
    telling_words,
    traits_of,
)
from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.patterns import PatternJudge, RequiredTexts, nothing_certain
from sigwatch.model.knowledge import KnowledgeObject, Link, LinkKind, LinkReason, Problem, Ris, Signature

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_BEGINS = re.compile(r"(?<![\w.-])")
_ENDS = re.compile(r"(?![\w-]|\.\w)")


@dataclass(frozen=True, slots=True)
class Links:
    """Linked signatures and what they were made of: where that is the same, they are too."""

    signatures: tuple[Signature, ...] = ()
    """By id."""
    traits: Mapping[str, Traits] = field(default_factory=dict)
    summaries: Mapping[str, Ris] = field(default_factory=dict)
    index: ByEvidence | None = None
    """Over all of the objects, where one was made."""


NO_LINKS = Links()


def link(
    learned: Sequence[Learned],
    summaries: Sequence[Ris],
    judge: PatternJudge,
    required: RequiredTexts = nothing_certain,
    before: Links = NO_LINKS,
) -> Links:
    """A signature for each Knowledge Object, joined to the RIS that it links to most strongly.

    Reasons that make a link: the Knowledge Object names the RIS (`ris:`), the RIS names the Knowledge Object's file or
    its id, the pattern matches an error that the RIS quotes. An explicit link comes first, then more reasons before
    fewer, then the newer date. Shared tags and similar titles are suggestions, made only where there is no link.

    What is the very same object as it was `before` is taken to be unchanged.
    """
    traits = {one.ko.id: _traits(one.ko, required, before) for one in learned}
    present = {ris.id: ris for ris in summaries}
    gone = {name for name, ris in before.summaries.items() if present.get(name) is not ris}
    fresh = [ris for ris in summaries if before.summaries.get(ris.id) is not ris]
    known = {s.ko.id: s for s in before.signatures if s.ko.id in traits and traits[s.ko.id].ko is s.ko}
    left = {name: _without(one, gone) for name, one in known.items()} if gone else known
    same = [traits[name] for name in known]
    new = [one for name, one in traits.items() if name not in known]
    of_same = (before.index if len(same) == len(before.traits) else None) or (ByEvidence(same) if fresh else None)
    of_new = ByEvidence(new) if new else None
    proof = _evident(of_same, fresh, judge) | _evident(of_new, summaries, judge)
    # Suggestions were not looked for where there were links.
    bare = new + [traits[name] for name, one in left.items() if known[name].links and not one.links]
    still_bare = [traits[name] for name, one in known.items() if not one.links]
    alike = _alike(_lacking(proof, still_bare), fresh) | _alike(_lacking(proof, bare), summaries)
    touched = {*proof, *alike, *(name for name, one in left.items() if one is not known[name])}
    kept = [one for name, one in known.items() if name not in touched]
    parts = [
        left.get(name) or Signature(one.ko) for name, one in traits.items() if name in touched or name not in known
    ]
    signatures = sorted((*kept, *(_signature(part, proof, alike, present) for part in parts)), key=lambda s: s.ko.id)
    return Links(tuple(signatures), traits, present, None if same and new else of_new or of_same)


def unknown(learned: Iterable[Learned], summaries: Iterable[Ris]) -> Iterator[Problem]:
    """A problem for each `ris` that no document carries; the signature stays, for a pattern can work without steps."""
    ids = {ris.id for ris in summaries}
    for one in learned:
        for wanted in one.ko.ris:
            if wanted not in ids:
                message = f"no RIS with the id {wanted} was read: correct the id, or add the folder that holds it"
                yield Problem(one.ko.path, one.lines.get("ris", 1), "ris", message, "warning")


def _traits(ko: KnowledgeObject, required: RequiredTexts, before: Links) -> Traits:
    known = before.traits.get(ko.id)
    return known if known and known.ko is ko else traits_of(ko, required)


def _without(signature: Signature, gone: set[str]) -> Signature:
    """The same object where it has no links and suggestions to RIS that are gone."""
    if not any(link.ris in gone for link in (*signature.links, *signature.suggestions)):
        return signature
    links, suggestions = (
        tuple(link for link in every if link.ris not in gone) for every in (signature.links, signature.suggestions)
    )
    return Signature(signature.ko, links, suggestions)


def _lacking(proof: Container[str], objects: Iterable[Traits]) -> list[Traits]:
    return [one for one in objects if one.ko.id not in proof]


def _signature(
    left: Signature,
    proof: Mapping[str, Sequence[Link]],
    alike: Mapping[str, Sequence[Link]],
    summaries: Mapping[str, Ris],
) -> Signature:
    """What is left of a signature, with what was found anew."""
    links = _strongest_first((*left.links, *proof.get(left.id, ())), summaries)
    suggestions = () if links else _strongest_first((*left.suggestions, *alike.get(left.id, ())), summaries)
    return Signature(left.ko, links, suggestions, summaries[links[0].ris] if links else None)


def _evident(index: ByEvidence | None, summaries: Sequence[Ris], judge: PatternJudge) -> dict[str, list[Link]]:
    """By object, its links to the RIS."""
    return _found(index, summaries, partial(_evidence, judge=judge)) if index and summaries else {}


def _alike(objects: Sequence[Traits], summaries: Sequence[Ris]) -> dict[str, list[Link]]:
    """By object, the RIS that it is like."""
    return _found(ByLikeness(objects), summaries, _hints) if objects and summaries else {}


def _found(
    index: ByEvidence | ByLikeness, summaries: Iterable[Ris], reasons_for: Callable[[Traits, Ris], Iterable[LinkReason]]
) -> dict[str, list[Link]]:
    # By object, for a pattern is compiled once where all that it is tried on comes in a row.
    pairs: defaultdict[str, list[Ris]] = defaultdict(list)
    for ris in summaries:
        for name in index.concerned(ris):
            pairs[name].append(ris)
    found = {}
    for name, likely in pairs.items():
        one = index.objects[name]
        links = [Link(ris.id, reasons) for ris in likely if (reasons := tuple(reasons_for(one, ris)))]
        if links:
            found[name] = links
    return found


def _strongest_first(links: Iterable[Link], summaries: Mapping[str, Ris]) -> tuple[Link, ...]:
    """Sorting by what matters least first keeps each earlier order among equals."""
    found = sorted(links, key=lambda link: link.ris)
    dates = {link.ris: summaries[link.ris].date for link in found}
    found.sort(key=lambda link: dates[link.ris] if _ISO_DATE.match(dates[link.ris]) else "", reverse=True)
    found.sort(key=lambda link: len(link.reasons), reverse=True)
    found.sort(key=lambda link: link.reasons[0].kind is not LinkKind.EXPLICIT)
    return tuple(found)


def _evidence(one: Traits, ris: Ris, judge: PatternJudge) -> Iterator[LinkReason]:
    ko = one.ko
    if ris.id in ko.ris:
        yield LinkReason(LinkKind.EXPLICIT, f"{ko.path} names {ris.id} in its key ris")
    name = PurePath(ko.path).name
    if line := _line_naming(name, ris.text):
        yield LinkReason(LinkKind.NAMES_FILE, f"{ris.path}:{line} names the file {name}")
    if line := _line_naming(ko.id, ris.text):
        yield LinkReason(LinkKind.NAMES_ID, f"{ris.path}:{line} names {ko.id}")
    for signature in ris.error_signatures:
        if one.may_match(signature) and _matches(ko.detection_pattern, signature, judge):
            yield LinkReason(LinkKind.PATTERN, _quoted(signature, ris))
            return


def _line_naming(name: str, text: str) -> int:
    """Line on which `name` stands as a whole word, whatever folder precedes it; 0 where it does not."""
    at = text.find(name)
    while at >= 0:
        if _BEGINS.match(text, at) and _ENDS.match(text, at + len(name)):
            return text.count("\n", 0, at) + 1
        at = text.find(name, at + 1)
    return 0


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


def _hints(one: Traits, ris: Ris) -> Iterator[LinkReason]:
    tags = one.tags & telling_tags(ris)
    if len(tags) >= SHARED_TAGS:
        yield LinkReason(LinkKind.TAGS, f"both carry the tags {', '.join(sorted(tags))}")
    ours, theirs = one.words, telling_words(ris.title)
    if similar(len(ours & theirs), len(ours | theirs)):
        yield LinkReason(LinkKind.TITLE, f"both titles speak of {', '.join(sorted(ours & theirs))}")
