from dataclasses import replace

import pytest

from sigwatch.knowledge import facts, markdown, quotes, ris
from sigwatch.knowledge.document import parse
from sigwatch.knowledge.severity import severity_of
from sigwatch.model.knowledge import UNRATED, Problem, Ris, Step

STEPS = "\n## If This Happens Again\n1. Restart\n"


def read(text: str) -> tuple[Ris, list[Problem]]:
    return ris.read(parse("a/ris.md", text))


def good(text: str) -> Ris:
    summary, problems = read(text)
    assert problems == []
    return summary


def test_header_lines_alone_are_enough() -> None:
    summary = good(
        "# RIS-7: It broke\n\n**Date:** 2026-02-04\n**Project:** Shop\n- **Severity**: P0 (outage)\n"
        "**MTTR:** 10 minutes (to deployment)\n**Status:** ✅ RESOLVED\n" + STEPS
    )
    assert replace(summary, text="") == Ris(
        "RIS-7",
        "It broke",
        "a/ris.md",
        "",
        project="shop",
        date="2026-02-04",
        severity="P0",
        mttr="10 minutes",
        status="✅ RESOLVED",
        steps=(Step("Restart"),),
        steps_section="If This Happens Again",
    )


def test_plain_header_lines_count_only_below_the_title() -> None:
    summary = good("# RIS-7: t\nSeverity: Sev2\nStatus: open\n\n## Facts\nProject: other\n" + STEPS)
    assert (summary.severity, summary.resolved, summary.project) == ("P2", False, "")


def test_front_matter_wins() -> None:
    summary = good(
        "---\nid: RIS-9\ntitle: Real\ndate: 2026-01-02\nseverity: low\nmttr: 5\nstatus: closed\nproject: A\n"
        "tags: [x, y]\nlog_groups: [/aws/lambda/a]\nerror_signature: boom\ncompliance: {a: b}\n---\n"
        "# RIS-7: Other\n**Date:** 1999-01-01\n**Severity:** P0\n**MTTR:** 9 h\n**Status:** open\n**Project:** B\n"
        "`/aws/lambda/b`\n## Error Signature\n`bang`\n" + STEPS
    )
    assert (summary.id, summary.title, summary.date, summary.severity) == ("RIS-9", "Real", "2026-01-02", "P3")
    assert (summary.mttr, summary.status, summary.project, summary.tags) == ("5", "closed", "a", ("x", "y"))
    assert (summary.log_groups, summary.error_signatures) == (("/aws/lambda/a",), ("boom", "bang"))


def test_the_day_of_the_incident_is_not_the_day_of_the_document() -> None:
    front = "---\ncreated: '2026-01-10'\n---\n# RIS-7: t\n**Severity:** P1\n"
    assert good(front + "**Date:** 2025-12-30\n" + STEPS).date == "2025-12-30"
    assert good(front + STEPS).date == "2026-01-10"
    assert good(front + "**Date:** December 12, 2025\n" + STEPS).date == "December 12, 2025"


def test_faults_of_the_front_matter_are_warnings_and_cost_one_key() -> None:
    summary, problems = read(
        "---\nid: RIS-9\ntags: {a: b}\nseverity: P1\nlog_group: x\ndetection_pattern: x\n---\n# RIS-9: t\n" + STEPS
    )
    assert (summary.severity, summary.tags) == ("P1", ())
    assert [(p.line, p.field, p.level) for p in sorted(problems)] == [
        (3, "tags", "warning"),
        (5, "log_group", "warning"),
        (6, "detection_pattern", "warning"),
    ]


def test_unreadable_front_matter_leaves_the_text() -> None:
    summary, problems = read("---\nid: [RIS-9\n---\n# RIS-9: t\n**Severity:** P1\n" + STEPS)
    assert (summary.id, summary.severity) == ("RIS-9", "P1")
    assert [(p.field, p.level) for p in problems] == [("front matter", "warning")]


@pytest.mark.parametrize("rule", ["---\n", "---\n\n---\n", "---\n\nsome words\n\n---\n"])
def test_a_rule_at_the_top_is_no_front_matter(rule: str) -> None:
    assert good(f"{rule}\n# RIS-9: t\n\n**Severity:** P1\n{STEPS}").severity == "P1"


def test_what_is_missing_is_told() -> None:
    summary, problems = read("# RIS-7: t\n")
    assert (summary.severity, summary.resolved) == (UNRATED, True)
    assert sorted((p.field, p.level) for p in problems) == [("severity", "warning"), ("steps", "warning")]


def test_an_unknown_severity_is_told_on_its_line() -> None:
    summary, problems = read("# RIS-7: t\n\n**Severity:** dreadful\n" + STEPS)
    assert summary.severity == UNRATED
    assert [(p.line, p.field, "'dreadful'" in p.message) for p in problems] == [(3, "severity", True)]


def test_severity_and_last_status_may_stand_further_down() -> None:
    summary = good(
        "# RIS-7: t\n## Impact\n**Severity:** P1\n**Status:** fine\n" + STEPS + "\n---\n**Status**: Blocked\n"
    )
    assert (summary.severity, summary.status, summary.resolved) == ("P1", "Blocked", False)


def test_an_id_from_front_matter_or_file_name() -> None:
    assert read("---\nid: RIS-9\n---\n")[0].title == "RIS-9"
    assert ris.read(parse("x/ris-12-words.md", "# It broke"))[0].id == "RIS-12"
    assert read("---\nid: DOC-1\n---\n# RIS-3: t")[0].id == "RIS-3"


def test_damage_is_repaired_and_lines_are_kept() -> None:
    damaged = "**Status:** ✅ done → ok".encode().decode("mac_roman")
    summary = read(f"# RIS-7: t\n{damaged}\n")[0]
    assert summary.text.split("\n")[1] == "**Status:** ✅ done → ok"
    assert summary.status == "✅ done → ok"


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("P0 - CRITICAL (Complete Production Outage)", "P0"),
        ("p3", "P3"),
        ("Sev1", "P1"),
        ("SEV-0", "P0"),
        ("Severity 2", "P2"),
        ("Critical", "P0"),
        ("🔴 High", "P1"),
        ("medium", "P2"),
        ("low", "P3"),
        ("P5", None),
        ("highlight", None),
        ("", None),
    ],
)
def test_severities(written: str, level: str | None) -> None:
    assert severity_of(written) == level


@pytest.mark.parametrize(
    ("status", "resolved"),
    [
        ("✅ RESOLVED - two follow-ups open", True),
        ("CLOSED", True),
        ("Complete", True),
        ("", True),
        ("shrug", True),
        ("NOT RESOLVED", False),
        ("not yet fixed", False),
        ("Unresolved", False),
        ("Open: fix completed next week", False),
        ("Blocked on packaging", False),
        ("investigating", False),
        ("Mitigated", False),
        ("In progress", False),
    ],
)
def test_statuses(status: str, resolved: bool) -> None:
    assert facts.is_resolved(status) is resolved


@pytest.mark.parametrize(
    "text",
    [
        "**MTTR (Mean Time To Repair):** 37 minutes",
        "- **Mean time to recover**: 37 minutes (from page)",
        "| MTTR | 37 minutes |",
        "It took a while. MTTR: 37 minutes. Verified.",
    ],
)
def test_time_to_repair(text: str) -> None:
    assert facts.mttr(markdown.parse(text), text) == "37 minutes"


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("see `/aws/lambda/a-b_c`, /aws/lambda/d. And /ecs/web/ (/aws/lambda/d)", ["a-b_c", "d", "/ecs/web"]),
        ("aws logs tail /aws/lambda/x \\\n  --since 5m", ["x"]),
        ("aws logs tail my-group --follow", ["my-group"]),
        ("aws logs tail \\\n  'quoted/group'", ["quoted/group"]),
        ("aws logs filter-log-events --log-group-name=plain --limit 1", ["plain"]),
        ('--log-group-name "$GROUP" --log-group-name /aws/lambda/fn-${ENV}', []),
        ("https://docs.example.com/aws/lambda/page /aws/lambda/<name> /aws/lambda/ x/aws/lambda/y", []),
        ("**/aws/lambda/bold** and /aws/lambda/glob-*", ["bold", "glob-*"]),
        ("aws logs tail --follow /aws/lambda/z", ["z"]),
    ],
)
def test_log_groups(text: str, groups: list[str]) -> None:
    expected = [g if "/" in g or g in {"my-group", "plain"} else f"/aws/lambda/{g}" for g in groups]
    assert list(facts.log_groups(text)) == expected


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "## Root Cause Analysis\n**The Wrong Path**\n\n**File:** x\n\n**Problem:**\n- a\n\n**ROOT CAUSE:** b `c`\n",
            "b `c`",
        ),
        ("## Root Cause\n\n**Wrong Path**\n\nIt was *the* `path`\nof it.\n\nMore.\n", "It was the path of it."),
        ("## Quick\n**Root cause:** d\n", "d"),
        ("## Root Cause\n```\nx\n```\n", ""),
    ],
)
def test_root_cause(text: str, cause: str) -> None:
    assert facts.root_cause(markdown.parse(text)) == cause


def test_long_texts_are_cut_between_words() -> None:
    text = facts.shortened("word " * 300)
    assert len(text) <= facts.PROSE
    assert text.endswith("word …")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("## Verification & Testing\n```python\nx\n```\n- ```bash\n  curl a\n  ```\n", "curl a"),
        ("## Verification\n```\ncurl b\n```\n", "curl b"),
        ("## Verification\nwords\n\n**Verify:** run `c`\n", "run `c`"),
        ("text", ""),
    ],
)
def test_verification(text: str, command: str) -> None:
    assert facts.verification(markdown.parse(text)) == command


def test_prevention_is_told_in_one_line() -> None:
    summary = read("# RIS-7: t\n## Prevention Measures\nAlways:\n### Soon ✅\n1. [x] a `b`.\n2. c\n```\nno\n```\n")[0]
    assert summary.prevention == "Always: Soon ✅: a b; c."


def signatures(text: str) -> list[str]:
    return list(quotes.error_signatures(markdown.parse(text)))


def test_error_signatures_are_the_code_that_is_no_command() -> None:
    text = "## 🔥 Error Signatures\n```\nERROR a\n  at b\n```\n```bash\nlogs error\n```\n### More\n```python\nc\n```\n"
    assert signatures(text) == ["ERROR a\n  at b", "c"]


def test_errors_described_in_words() -> None:
    text = (
        "## Problem Statement\nIt fails with `KeyError: 'x'` in `handler`:\n```\nFatal: y\n```\n```sh\nfail\n```\n"
        "```\nall is well\n```\n"
        "### Symptoms\n**User Impact:**\n- Login failing\n\n**Technical Observations:**\n- Lambda timing out\n"
        "- ImportError: `cannot import z`\n- Missing middleware\n\n**Error:** `Exception: w`\n"
        "### Impact Assessment\n- error for all\n## Other\n`error q`\n"
    )
    assert signatures(text) == [
        "KeyError: 'x'",
        "Fatal: y",
        "Lambda timing out",
        "ImportError: cannot import z",
        "Exception: w",
    ]


def test_what_an_earlier_quote_contains_is_not_repeated() -> None:
    text = "## Issue Summary\n`KeyError: x`\n## Error Signature\n```\n[ERROR] KeyError: x\n```\n"
    assert signatures(text) == ["[ERROR] KeyError: x"]


def test_headings_labels_and_lines() -> None:
    blocks = markdown.parse("# A\n\nB\n=\n\n## C `d`\n- **E:** f\n  **g**\n")
    assert [(s.title, s.level, s.line) for s in markdown.sections(blocks)] == [
        ("A", 1, 1),
        ("B", 1, 3),
        ("C `d`", 2, 6),
    ]
    assert [(label.name, label.text, label.line) for label in markdown.labels(blocks)] == [("E", "f", 7), ("g", "", 8)]
    assert markdown.label_in("**bold** words") is None
    assert [(c.text, c.line) for c in markdown.codes(markdown.parse("\n```\na\n```\n\n    b\n"))] == [
        ("a", 3),
        ("b", 6),
    ]
