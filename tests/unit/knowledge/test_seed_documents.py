from pathlib import Path

import pytest

from sigwatch.knowledge.library import load
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import Library, LinkKind

SEEDS = Path(__file__).resolve().parents[3] / "../shared/seeds"


@pytest.fixture(scope="module")
def seeds(judge: PatternJudge) -> Library:
    if not SEEDS.is_dir():
        pytest.skip("the seeds folder is not beside this checkout")
    return load([SEEDS], SEEDS, judge=judge)


def test_everything_loads_without_a_problem(seeds: Library) -> None:
    assert seeds.problems == ()
    assert [signature.id for signature in seeds.watched] == ["KO-cm-004"]
    assert [ris.id for ris in seeds.summaries] == ["RIS-050", "RIS-2026-02-04-001"]
    assert [ignored.path.split("/")[0] for ignored in seeds.ignored] == ["notes", "sessions"]


def test_the_object_links_to_one_summary_for_two_reasons(seeds: Library) -> None:
    (signature,) = seeds.signatures
    (link,) = signature.links
    assert (link.ris, signature.suggestions, signature.severity) == ("RIS-2026-02-04-001", (), "P0")
    assert [reason.kind for reason in link.reasons] == [LinkKind.NAMES_FILE, LinkKind.PATTERN]
    assert ":244 " in link.reasons[0].detail
    assert ":40: " in link.reasons[1].detail


def test_the_summary_without_front_matter(seeds: Library) -> None:
    ris = seeds.summaries[1]
    assert (ris.severity, ris.mttr, ris.date, ris.project) == ("P0", "10 minutes", "2026-02-04", "credentialmate")
    assert (ris.status, ris.resolved) == ("✅ RESOLVED", True)
    assert (ris.steps_section, len(ris.steps)) == ("If This Happens Again", 6)
    assert ris.steps[3].text == "Deploy with `sam build --use-container && sam deploy`"
    assert ris.log_groups == ("/aws/lambda/credmate-lambda-prod-BackendApiFunction-zeRfK8mebejx",)
    assert ris.root_cause.startswith("Import path mismatch")
    assert ris.verification.startswith("aws logs tail")
    assert len(ris.error_signatures) == 1


def test_the_summary_with_front_matter(seeds: Library) -> None:
    ris = seeds.summaries[0]
    assert (ris.severity, ris.mttr, ris.date, ris.resolved) == ("P0", "37 minutes", "2025-12-30", True)
    assert ris.steps_section == "Solution Implementation"
    assert [(step.text.split(":")[0], bool(step.code)) for step in ris.steps] == [
        ("**Commit 2d7e95e", True),
        ("**Commit 69dab2d", True),
        ("**Commit ac92fc7", True),
    ]
    assert [words.split()[0] for words in ris.error_signatures] == ["Lambda", "ImportError:", "SQLAlchemy:"]
    assert ris.log_groups == ("/aws/lambda/credmate-backend-dev",)


def test_encoding_damage_is_gone_and_lines_are_kept(seeds: Library) -> None:
    for ris in seeds.summaries:
        original = (SEEDS / ris.path).read_text(encoding="utf-8")
        assert ris.text.count("\n") == original.count("\n")
        assert "\u201a" not in ris.text
        assert "✅" in ris.text
