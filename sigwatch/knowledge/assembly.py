"""From documents to a library: read each, set duplicates aside, link, and collect every problem."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sigwatch.knowledge import knowledge_object, linking, ris, silences
from sigwatch.knowledge.document import Document, Kind, kind_of
from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.linking import Links
from sigwatch.knowledge.patterns import PatternJudge, RequiredTexts
from sigwatch.knowledge.silences import ReadSilences
from sigwatch.model.incident import Silence
from sigwatch.model.knowledge import Ignored, Library, Problem, Ris, errors


@dataclass(frozen=True, slots=True)
class ReadObject:
    """What a document gave that is a Knowledge Object."""

    learned: Learned | None
    """None where its front matter has faults."""
    problems: tuple[Problem, ...]
    """Sorted."""
    set_aside: bool
    """Whether an error is among them: then it is no signature."""


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """What a document gave that is a resolved issue summary."""

    ris: Ris
    problems: tuple[Problem, ...]
    """Sorted."""


Reading = ReadObject | ReadSummary | ReadSilences | Ignored | Problem
"""All that a document gives by itself, whatever the others hold."""


def understand(document: Document, judge: PatternJudge) -> Reading:
    """Reads a document as what it is."""
    kind = kind_of(document)
    if isinstance(kind, Ignored | Problem):
        return kind
    if kind is Kind.RIS:
        summary, faults = ris.read(document)
        return ReadSummary(summary, tuple(sorted(faults)))
    learned, faults = knowledge_object.read(document, judge)
    return ReadObject(learned, tuple(sorted(faults)), bool(errors(faults)))


def assemble(
    readings: Iterable[Reading], judge: PatternJudge, required: RequiredTexts, before: Links
) -> tuple[Library, Links]:
    """Everything that the readings give; of two with the same id the first counts, so they must come by path.

    Problems of one document never cost another one: what can be used is used. What the links were `before` saves
    finding those that are still the same.
    """
    learned: list[Learned] = []
    set_aside: list[Learned] = []
    summaries: list[Ris] = []
    hushed: list[Silence] = []
    ignored: list[Ignored] = []
    problems: list[Problem] = []
    for reading in readings:
        if isinstance(reading, ReadObject):
            problems += reading.problems
            if reading.learned:
                (set_aside if reading.set_aside else learned).append(reading.learned)
        elif isinstance(reading, ReadSummary):
            problems += reading.problems
            summaries.append(reading.ris)
        elif isinstance(reading, ReadSilences):
            problems += reading.problems
            hushed += reading.silences
        elif isinstance(reading, Ignored):
            ignored.append(reading)
        else:
            problems.append(reading)
    learned, repeated_objects = _first_objects(learned)
    summaries, repeated_summaries = _first_summaries(summaries)
    distinct, repeated_silences = silences.distinct(hushed)
    problems += [*repeated_objects, *repeated_summaries, *repeated_silences]
    problems += linking.unknown([*learned, *set_aside], summaries)
    links = linking.link(learned, summaries, judge, required, before)
    library = Library(
        signatures=links.signatures,
        summaries=tuple(sorted(summaries, key=lambda summary: summary.id)),
        silences=distinct,
        ignored=tuple(sorted(ignored)),
        problems=tuple(sorted(problems)),
    )
    return library, links


def _first_objects(learned: Sequence[Learned]) -> tuple[list[Learned], list[Problem]]:
    first: dict[str, Learned] = {}
    problems = []
    for one in learned:
        known = first.setdefault(one.ko.id, one)
        if known is not one:
            where = f"{known.ko.path}:{known.lines.get('id', 1)}"
            problems.append(_duplicate(one.ko.path, one.lines.get("id", 1), one.ko.id, where))
    return list(first.values()), problems


def _first_summaries(summaries: Sequence[Ris]) -> tuple[list[Ris], list[Problem]]:
    first: dict[str, Ris] = {}
    problems = []
    for ris_ in summaries:
        known = first.setdefault(ris_.id, ris_)
        if known is not ris_:
            where = f"{known.path}:{_line_of_id(known)}"
            problems.append(_duplicate(ris_.path, _line_of_id(ris_), ris_.id, where))
    return list(first.values()), problems


def _line_of_id(summary: Ris) -> int:
    """Line of the id's first mention, which is its front-matter key or its heading."""
    return summary.text.count("\n", 0, max(summary.text.find(summary.id), 0)) + 1


def _duplicate(path: str, line: int, wanted: str, first: str) -> Problem:
    message = f"{wanted} is taken by {first}, which counts: give this document an id of its own, or delete one of them"
    return Problem(path, line, "id", message)
