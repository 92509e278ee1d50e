"""From documents to a library: read each, set duplicates aside, link, and collect every problem."""

from collections.abc import Iterable, Sequence

from sigwatch.knowledge import knowledge_object, linking, ris
from sigwatch.knowledge.document import Document, Kind, kind_of
from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import Ignored, Library, Problem, Ris, errors


def assemble(documents: Iterable[Document], judge: PatternJudge) -> Library:
    """Everything that the documents give; of two with the same id the first by path counts.

    Problems of one document never cost another one: what can be used is used.
    """
    learned: list[Learned] = []
    set_aside: list[Learned] = []
    summaries: list[Ris] = []
    ignored: list[Ignored] = []
    problems: list[Problem] = []
    for document in sorted(documents, key=lambda document: document.path):
        kind = kind_of(document)
        if isinstance(kind, Ignored):
            ignored.append(kind)
        elif isinstance(kind, Problem):
            problems.append(kind)
        elif kind is Kind.RIS:
            summary, faults = ris.read(document)
            problems += faults
            summaries.append(summary)
        else:
            one, faults = knowledge_object.read(document, judge)
            problems += faults
            if one:
                (set_aside if errors(faults) else learned).append(one)
    learned, repeated_objects = _first_objects(learned)
    summaries, repeated_summaries = _first_summaries(summaries)
    problems += [*repeated_objects, *repeated_summaries, *linking.unknown([*learned, *set_aside], summaries)]
    return Library(
        signatures=linking.link(learned, summaries, judge),
        summaries=tuple(sorted(summaries, key=lambda summary: summary.id)),
        ignored=tuple(sorted(ignored)),
        problems=tuple(sorted(problems)),
    )


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
