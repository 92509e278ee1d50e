"""The text of every kind of content, for targets without a layout."""

from dataclasses import replace

import pytest

from sigwatch.errors import Refused
from sigwatch.model.incident import Reason, State
from sigwatch.model.message import Crowd, Digest, Milestone, Remark
from sigwatch.publish.words.plain_text import card, mention, plain_text, short_text
from tests.unit.publish.alerts import ALERT, FIRST_MS, FIX, INCIDENT, NO_RIS, RESOLVED, changed

MILESTONE = Milestone(
    "m1",
    INCIDENT,
    ALERT.title,
    Reason.GREW_TENFOLD,
    FIRST_MS,
    actor="ana",
    mention="<!here>",
)
DIGEST = Digest(
    "d1",
    Crowd.MANY_AT_ONCE,
    1,
    2,
    40,
    (("P0", 1), ("P3", 39)),
    "<!here>",
    (ALERT, changed(severity="P3", id="inc-2", signature="KO-2")),
)
REMARK = Remark("r1", "A silence ends soon", "It was for 3 days.\n")


def test_a_card_has_every_step_with_its_code() -> None:
    title, body = plain_text(ALERT)
    lines = body.split("\n")
    assert title == "🔴 P0 · Lambda Lazy Loading Import Patterns and Pitfalls"
    assert [line for line in lines if line[:2] in {f"{number}." for number in range(1, 7)}] == [
        "1. Check CloudWatch logs for exact error",
        "2. Verify import paths match file structure",
        "3. Remove unnecessary src. prefix",
        "4. Deploy with SAM",
        "5. Run comprehensive endpoint tests",
        "6. Verify no errors in CloudWatch logs",
    ]
    assert lines[lines.index("4. Deploy with SAM") + 1] == "sam build --use-container"
    assert f"RIS: {FIX.url}" in lines
    assert f"Logs: {ALERT.logs_url}" in lines


def test_log_lines_are_left_out() -> None:
    assert "Traceback" not in plain_text(ALERT)[1]


def test_a_card_without_a_document_has_the_prevention_rule() -> None:
    assert "Use relative imports" in plain_text(NO_RIS)[1]


def test_a_card_shown_before_says_what_is_new_alone() -> None:
    title, body = short_text(RESOLVED)
    assert title.startswith("✅ P0")
    assert body.startswith("resolved after 12 min")
    assert "1,204 events" in body
    assert "Deploy" not in body


def test_a_milestone_says_why_by_whom_and_when() -> None:
    assert plain_text(MILESTONE) == (ALERT.title, "grew tenfold by ana at 06:02:11 UTC · 12 events")
    assert plain_text(replace(MILESTONE, actor=""))[1] == "grew tenfold at 06:02:11 UTC · 12 events"


def test_a_digest_has_a_line_for_each_incident_in_its_order() -> None:
    title, body = plain_text(DIGEST)
    assert title == "40 incidents (1 P0, 39 P3): many at once, page 1 of 2"
    first, second = body.split("\n")
    assert first.startswith("🔴 P0 · Lambda Lazy")
    assert first.endswith("RIS-2026-02-04-001")
    assert second.startswith("🟡 P3 · Lambda Lazy")


def test_a_digest_shown_before_says_how_far_it_is() -> None:
    over = changed(state=State.RESOLVED, resolved_ms=FIRST_MS)
    assert short_text(replace(DIGEST, alerts=(ALERT, over)))[1] == "1 of 2 resolved"


def test_a_remark_is_its_sentences() -> None:
    assert plain_text(REMARK) == short_text(REMARK) == ("A silence ends soon", "It was for 3 days.")


def test_whom_to_call() -> None:
    assert [mention(content) for content in (ALERT, RESOLVED, MILESTONE, DIGEST, REMARK)] == [
        "<!subteam^S0ONCALL>",
        "",
        "<!here>",
        "<!here>",
        "",
    ]


def test_control_characters_go() -> None:
    title, body = plain_text(Remark("r", "a\x1b[31m\nb", "c\x00\nd"))
    assert (title, body) == ("a b", "c\nd")


def test_what_is_no_card_is_refused_by_name() -> None:
    assert card(ALERT, "PagerDuty") is ALERT
    for content, word in ((MILESTONE, "milestone"), (DIGEST, "digest"), (REMARK, "remark")):
        with pytest.raises(Refused, match=f"^PagerDuty understands incidents only, and has no use for a {word}$"):
            card(content, "PagerDuty")
