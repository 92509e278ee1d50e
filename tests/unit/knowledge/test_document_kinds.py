import pytest

from sigwatch.knowledge.document import Kind, kind_of, parse
from sigwatch.model.knowledge import Ignored, Problem


def kind(text: str, path: str = "notes.md") -> Kind | Ignored | Problem:
    return kind_of(parse(path, text))


@pytest.mark.parametrize(
    "text",
    [
        "---\nid: KO-1\n---\n",
        '---\n{"id": "ko-cm-1"}\n---\n# RIS-1: x',
        "---\ndetection_pattern: x\n---\n",
        "---\nid: 5\nwhat_was_learned: x\n---\n",
    ],
)
def test_a_knowledge_object(text: str) -> None:
    assert kind(text) is Kind.KNOWLEDGE


@pytest.mark.parametrize(
    "text",
    [
        "---\nid: RIS-7\ndetection_pattern: x\n---\n",
        "# RIS-050: it broke",
        "text before\n\n# RIS-050 it broke",
        "# [RIS-2026-02-04-001] - it broke",
        "# RIS-AUTH-DOWN: it broke",
        "---\nproject: x\n---\n\n# RIS-1: t",
        "---\nid: [broken\n---\n# RIS-1: t",
        "---\n# RIS-1: between two rules\n---\n# RIS-1: t",
    ],
)
def test_a_resolved_issue_summary(text: str) -> None:
    assert kind(text) is Kind.RIS


def test_a_file_name_makes_a_ris_of_a_document_with_a_heading() -> None:
    assert kind("# It broke", "a/RIS-050-it-broke.md") is Kind.RIS
    assert isinstance(kind("no heading", "RIS-050.md"), Ignored)
    assert isinstance(kind("# How to write one", "RIS-TEMPLATE.md"), Ignored)


@pytest.mark.parametrize(
    "text", ["", "# Session", "# RIS-backed alerts", "## RIS-050: second level", "---\nname: x\n---"]
)
def test_all_the_rest_is_ignored(text: str) -> None:
    found = kind(text)
    assert isinstance(found, Ignored)
    assert "neither" in found.reason


def test_a_post_mortem_without_id_is_told_how_to_get_one() -> None:
    found = kind("# Notes\n\n## Root Cause\n\nx\n")
    assert isinstance(found, Ignored)
    assert "# RIS-" in found.reason


def test_broken_front_matter_that_was_meant_for_us_is_a_problem() -> None:
    found = kind('---\nid: KO-1\ndetection_pattern: "\\."\n---\n')
    assert isinstance(found, Problem)
    assert (found.line, found.level, found.field) == (3, "error", "front matter")


def test_broken_front_matter_of_someone_else_is_ignored() -> None:
    found = kind("---\nlayout: [post\n---\n")
    assert isinstance(found, Ignored)
    assert "line" in found.reason
