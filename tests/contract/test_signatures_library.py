"""The starter library is test input: every document loads, links, and keeps its promises."""

from itertools import permutations
from pathlib import Path

import pytest
import re2

from sigwatch.knowledge.library import load
from sigwatch.model.knowledge import LinkKind, Signature

ROOT = Path(__file__).resolve().parents[2]


def found(pattern: str, text: str) -> bool:
    return re2.compile(pattern).search(text) is not None


LIBRARY = load([ROOT / "signatures"], ROOT, judge=found)
EVENTS = [
    pytest.param(signature, event, wanted, id=f"{signature.id}-{'matches' if wanted else 'spares'}-{number}")
    for signature in LIBRARY.signatures
    for wanted, events in ((True, signature.ko.must_match), (False, signature.ko.must_not_match))
    for number, event in enumerate(events, 1)
]


def test_every_document_is_read_without_a_problem() -> None:
    assert LIBRARY.problems == ()
    assert [ignored.path for ignored in LIBRARY.ignored] == ["signatures/README.md"]
    assert [signature.id for signature in LIBRARY.watched] == [
        "KO-cm-001",
        "KO-cm-002",
        "KO-cm-003",
        "KO-cm-004",
        "KO-dp-001",
    ]


@pytest.mark.parametrize(
    ("wanted", "ris", "kinds"),
    [
        ("KO-cm-001", "RIS-050", {LinkKind.EXPLICIT, LinkKind.PATTERN}),
        ("KO-cm-002", "RIS-050", {LinkKind.EXPLICIT, LinkKind.PATTERN}),
        ("KO-cm-003", "RIS-050", {LinkKind.EXPLICIT, LinkKind.PATTERN}),
        ("KO-cm-004", "RIS-2026-02-04-001", {LinkKind.EXPLICIT, LinkKind.NAMES_FILE, LinkKind.PATTERN}),
        ("KO-dp-001", "RIS-2025-12-12-001", {LinkKind.EXPLICIT, LinkKind.PATTERN}),
    ],
)
def test_every_object_links_to_its_summary_and_no_other(wanted: str, ris: str, kinds: set[LinkKind]) -> None:
    signature = LIBRARY.signature(wanted)
    assert signature is not None
    (link,) = signature.links
    assert (link.ris, {reason.kind for reason in link.reasons}) == (ris, kinds)


@pytest.mark.parametrize(
    ("wanted", "severity", "mttr", "resolved", "section", "steps", "group"),
    [
        ("RIS-050", "P0", "37 minutes", True, "If This Happens Again", 7, "/aws/lambda/credmate-backend-dev"),
        (
            "RIS-2025-12-12-001",
            "P2",
            "",
            False,
            "Recommended Solution Path",
            4,
            "/aws/lambda/docprof-dev-course-request-handler",
        ),
        (
            "RIS-2026-02-04-001",
            "P0",
            "10 minutes",
            True,
            "If This Happens Again",
            6,
            "/aws/lambda/credmate-lambda-prod-BackendApiFunction-zeRfK8mebejx",
        ),
    ],
)
def test_every_summary_tells_what_an_alert_needs(
    wanted: str, severity: str, mttr: str, resolved: bool, section: str, steps: int, group: str
) -> None:
    (ris,) = (ris for ris in LIBRARY.summaries if ris.id == wanted)
    assert (ris.severity, ris.mttr, ris.resolved, ris.log_groups) == (severity, mttr, resolved, (group,))
    assert (ris.steps_section, len(ris.steps)) == (section, steps)
    assert all((ris.root_cause, ris.verification, ris.prevention, ris.error_signatures))


@pytest.mark.parametrize(("signature", "event", "wanted"), EVENTS)
def test_an_example_comes_out_as_its_document_says(signature: Signature, event: str, wanted: bool) -> None:
    assert found(signature.pattern, event) is wanted


@pytest.mark.parametrize("signature", LIBRARY.signatures, ids=lambda signature: signature.id)
def test_every_object_has_examples_of_both_kinds(signature: Signature) -> None:
    assert len(signature.ko.must_match) >= 2
    assert len(signature.ko.must_not_match) >= 2


@pytest.mark.parametrize(
    ("one", "other"), list(permutations(LIBRARY.signatures, 2)), ids=lambda signature: signature.id.removeprefix("KO-")
)
def test_no_object_matches_the_events_of_another(one: Signature, other: Signature) -> None:
    assert not [event for event in other.ko.must_match if found(one.pattern, event)]
