"""Which Knowledge Objects a RIS may concern: few enough for the rules of linking to be tried on each.

Ten thousand objects and a thousand RIS are ten million pairs. Here objects are found by what a RIS says, so that only
pairs with something in common are looked at. What is found may be too much, and never too little.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from sigwatch.knowledge.patterns import RequiredTexts
from sigwatch.model.knowledge import KnowledgeObject, Ris

SHARED_TAGS = 2
"""Tags, the project's name apart, that two documents must share for a suggestion."""
SIMILAR_TITLE = 0.4
"""Share of all telling words in two titles that must be common to both for a suggestion."""

_WORD = re.compile(r"\w{3,}")
_FILLERS = frozenset({"and", "are", "does", "fix", "for", "from", "has", "issue", "not", "that", "the", "was", "with"})
_RUN = re.compile(r"[\w.-]+")
_STOP = re.compile(r"\.(?!\w)")
_FEW = 8
"""Texts that are looked for one by one; more are found quicker by taking apart what they are looked for in."""
_WINDOWS = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a Knowledge Object is found by; worked out once."""

    ko: KnowledgeObject
    name_keys: frozenset[str]
    """The first run of letters, digits, dots and dashes of its file name and of its id."""
    required: frozenset[str]
    """Texts of which an event that its pattern is found in holds one, case-folded; empty where none is certain."""
    tags: frozenset[str]
    words: frozenset[str]
    """The telling words of its title."""

    def may_match(self, event: str) -> bool:
        """Whether the pattern is worth trying on an event."""
        folded = event.casefold()
        return not self.required or any(text in folded for text in self.required)


def traits_of(ko: KnowledgeObject, required: RequiredTexts) -> Traits:
    """What an object is found by."""
    return Traits(
        ko=ko,
        name_keys=frozenset({_name_key(PurePath(ko.path).name), _name_key(ko.id)}),
        required=frozenset(text.casefold() for text in required(ko.detection_pattern)),
        tags=telling_tags(ko),
        words=telling_words(ko.title),
    )


def telling_words(title: str) -> frozenset[str]:
    """The words that titles are compared by, case-folded."""
    return frozenset(_WORD.findall(title.casefold())) - _FILLERS


def telling_tags(document: KnowledgeObject | Ris) -> frozenset[str]:
    """The tags, case-folded, without the project's name: it says nothing about the incident."""
    return frozenset(tag.casefold() for tag in document.tags) - {document.project.casefold()}


class ByEvidence:
    """Finds objects that a RIS may be linked to."""

    def __init__(self, objects: Iterable[Traits]) -> None:
        """Index the objects; their ids must differ."""
        self.objects = {one.ko.id: one for one in objects}
        self._explicit: defaultdict[str, list[str]] = defaultdict(list)
        self._named: defaultdict[str, list[str]] = defaultdict(list)
        self._holding: defaultdict[str, list[str]] = defaultdict(list)
        self._uncertain: list[str] = []
        for one in self.objects.values():
            for wanted in one.ko.ris:
                self._explicit[wanted].append(one.ko.id)
            for key in one.name_keys:
                self._named[key].append(one.ko.id)
            for text in one.required:
                self._holding[text].append(one.ko.id)
            if not one.required and one.ko.detection_pattern:
                self._uncertain.append(one.ko.id)
        self._texts = _Texts(self._holding)

    def concerned(self, ris: Ris) -> set[str]:
        """Ids of the objects for which there may be evidence."""
        found = {*self._explicit.get(ris.id, ()), *self._named.get("", ())}
        for key in _names_in(ris.text, self._named.keys()):
            found.update(self._named[key])
        for quote in ris.error_signatures:
            found.update(self._uncertain)
            for text in self._texts.within(quote.casefold()):
                found.update(self._holding[text])
        return found


class ByLikeness:
    """Finds objects that a RIS is like, by the same rules as the hints: exactly those with one."""

    def __init__(self, objects: Iterable[Traits]) -> None:
        """Index the objects; their ids must differ."""
        self.objects = {one.ko.id: one for one in objects}
        self._tagged: defaultdict[str, list[str]] = defaultdict(list)
        self._titled: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.objects.values():
            for tag in one.tags:
                self._tagged[tag].append(one.ko.id)
            for word in one.words:
                self._titled[word].append(one.ko.id)

    def concerned(self, ris: Ris) -> set[str]:
        """Ids of the objects that share tags or have a similar title."""
        words = telling_words(ris.title)
        tags = _shared(self._tagged, telling_tags(ris))
        found = {one for one, count in tags.items() if count >= SHARED_TAGS}
        for one, common in _shared(self._titled, words).items():
            if similar(common, len(words) + len(self.objects[one].words) - common):
                found.add(one)
        return found


def similar(common: int, together: int) -> bool:
    """Whether titles that share `common` of the telling words that they have `together` are alike."""
    return common > 0 and common / together >= SIMILAR_TITLE


def _shared(holders: Mapping[str, list[str]], wanted: Iterable[str]) -> Counter[str]:
    """How many of the words each object has."""
    counted: Counter[str] = Counter()
    for word in wanted:
        counted.update(holders.get(word, ()))
    return counted


def _name_key(name: str) -> str:
    found = _RUN.search(name)
    return found[0] if found else ""


def _names_in(text: str, keys: KeysView[str]) -> Iterable[str]:
    """The keys of all names that stand in the text as whole words, and perhaps of others.

    A whole word is one run, or the beginning of one that goes on with a full stop.
    """
    if len(keys) <= _FEW:
        return [key for key in keys if key in text]
    runs = set(_RUN.findall(text))
    # Longer ones are nobody's name, and all beginnings of a hundred thousand dots would not fit into memory.
    longest = max(map(len, keys))
    stopped = {run[: stop.start()] for run in runs for stop in _STOP.finditer(run, 0, longest + 1)}
    return keys & (runs | stopped)


class _Texts:
    """Finds which of many texts occur in another one: by a short window of each, the rarest of three."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        self._windows: defaultdict[str, list[str]] = defaultdict(list)
        if len(self._texts) > _FEW:
            counted = Counter(window for text in self._texts for window in _ends(text))
            for text in self._texts:
                self._windows[min(_ends(text), key=lambda window: counted[window])].append(text)
        self._sizes = sorted({len(window) for window in self._windows})

    def within(self, text: str) -> Iterator[str]:
        """Those that occur in the text."""
        likely: Iterable[str] = self._texts
        if self._sizes:
            every = {text[at : at + size] for size in self._sizes for at in range(len(text) - size + 1)}
            likely = (one for window in every & self._windows.keys() for one in self._windows[window])
        return (one for one in likely if one in text)


def _ends(text: str) -> tuple[str, str, str]:
    """Windows at the beginning, in the middle and at the end."""
    size = next(size for size in _WINDOWS if size <= len(text))
    middle = (len(text) - size) // 2
    return text[:size], text[middle : middle + size], text[-size:]
