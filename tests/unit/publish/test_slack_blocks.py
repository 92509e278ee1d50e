"""Every alert is a message that Slack takes, with nothing essential missing and nothing in it alive."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.model.incident import Alert, Fix, State
from sigwatch.model.knowledge import Step
from sigwatch.publish.slack_blocks import blocks, cut_escaped, escape, plain, validate
from sigwatch.publish.slack_limits import TEXT, texts
from tests.fakes.slack_server import block_faults, live_tokens, readable
from tests.unit.publish.alerts import ALERT, BACK, FIX, INCIDENT, NO_RIS, RESOLVED, UNRESOLVED

EVIL = "<!channel> <https://evil.example|x> <@U1> & ` ``` * _ ~ \u200b \u202e"
WORDS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.sampled_from([EVIL, "&" * 3_000, "<" * 400, "a" * 12_000, "**b** `c` [l](https://x.y)" * 50, "\n" * 50, ""]),
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,40}", fullmatch=True)
FIXES = st.builds(
    Fix,
    ris=NAMES,
    title=WORDS,
    severity=NAMES,
    mttr=WORDS,
    resolved=st.booleans(),
    section=WORDS,
    steps=st.lists(st.builds(Step, WORDS, WORDS), max_size=60).map(tuple),
    root_cause=WORDS,
    verification=WORDS,
    url=WORDS | st.just("https://" + "x" * 4_000) | st.just("https://a.b/<c|d>"),
)
INCIDENTS = st.builds(
    replace,
    st.just(INCIDENT),
    signature=NAMES,
    project=WORDS,
    severity=st.sampled_from(["P0", "P2", "unrated"]),
    group=WORDS,
    log_groups=st.lists(WORDS, max_size=5).map(tuple),
    state=st.sampled_from(State),
    count=st.integers(0, 10**9),
    first_seen_ms=st.integers(0, 4 * 10**12),
    last_seen_ms=st.integers(0, 4 * 10**12),
    occurrence=st.integers(1, 300),
    samples=st.lists(WORDS, max_size=12).map(tuple),
)
ALERTS = st.builds(
    Alert,
    key=NAMES,
    incident=INCIDENTS,
    title=WORDS,
    why_it_matters=WORDS,
    prevention=WORDS,
    fix=st.none() | FIXES,
    logs_url=WORDS,
    mention=st.sampled_from(["", "<!subteam^S0ONCALL>"]),
)


def as_message(text: str, body: list[dict[str, Any]]) -> dict[str, Any]:
    return {"text": text, "blocks": body}


@settings(max_examples=80)
@given(ALERTS)
def test_any_alert_is_a_valid_message_with_all_that_matters(alert: Alert) -> None:
    text, body = blocks(alert)
    assert validate(text, body) == []
    assert list(block_faults(body)) == []
    said = readable(as_message(text, body))
    wanted = [alert.incident.signature, alert.incident.severity]
    if alert.fix:
        wanted += [alert.fix.ris, *(f"{number}. " for number in range(1, len(alert.fix.steps) + 1))]
    assert [word for word in wanted if word not in said] == []
    assert len(json.dumps(body).encode()) < 100_000


@settings(max_examples=80)
@given(ALERTS)
def test_nothing_but_the_mention_and_own_links_is_alive(alert: Alert) -> None:
    text, body = blocks(alert)
    own = {alert.mention}
    for token in live_tokens(as_message(text, body)):
        assert token in own or token.startswith(("<https://", "<http://"))
        assert "evil.example" not in token or "evil.example" in alert.logs_url + (alert.fix.url if alert.fix else "")


@settings(max_examples=60)
@given(ALERTS)
def test_the_plain_form_is_one_message_with_every_step(alert: Alert) -> None:
    text = plain(alert)
    assert 0 < len(text) <= TEXT
    assert alert.incident.signature in text
    steps = len(alert.fix.steps) if alert.fix else 0
    assert all(f"\n{number}. " in text for number in range(1, steps + 1))
    assert live_tokens(as_message(text, [])) == ([alert.mention] if "<!sub" in text else [])


@pytest.mark.parametrize("count", [100, 400])
def test_hundreds_of_steps_are_all_there(count: int) -> None:
    steps = tuple(Step("word " * 50, "code " * 50) for _ in range(count))
    text, body = blocks(replace(ALERT, fix=replace(FIX, steps=steps)))
    assert validate(text, body) == []
    assert f"{count}. " in readable(as_message(text, body))


def test_a_whole_fix_of_usual_length_is_shown_uncut() -> None:
    _, body = blocks(ALERT)
    said = list(texts(body))
    for step in FIX.steps:
        if step.code:
            assert step.code in said
    assert FIX.verification in said


def test_the_phone_shows_what_counts() -> None:
    text, _ = blocks(ALERT)
    assert text == (
        "<!subteam^S0ONCALL> 🔴 P0 · Lambda Lazy Loading Import Patterns and Pitfalls · credentialmate · 12 events"
        " · open since 06:02:11 UTC · First: Check CloudWatch logs for exact error"
    )


def test_a_path_is_no_link() -> None:
    _, body = blocks(replace(ALERT, fix=replace(FIX, url="governance/ris/x.md"), logs_url=""))
    assert body[-1]["elements"] == [
        {"type": "mrkdwn", "text": "`KO-cm-004` · `RIS-2026-02-04-001` · `governance/ris/x.md`", "verbatim": True}
    ]


@given(st.text(st.sampled_from("a&<>")), st.integers(1, 40))
def test_no_entity_is_cut(text: str, limit: int) -> None:
    short = cut_escaped(text, limit)
    assert len(short) <= limit
    assert short.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0


def test_escaping() -> None:
    assert escape("a & <b>") == "a &amp; &lt;b&gt;"


@pytest.mark.parametrize(
    ("text", "body", "fault"),
    [
        ("", [], "text: 0 characters, 1 to 3500 allowed"),
        ("x" * 3_501, [], "text: 3501 characters, 1 to 3500 allowed"),
        ("x", [{"type": "divider"}] * 51, "blocks: 51, at most 50 allowed"),
        ("x", [{"type": "header", "text": {"text": "h" * 151}}], "blocks[0] header: 151 characters, 1 to 150 allowed"),
        ("x", [{"type": "section", "text": {"text": ""}}], "blocks[0] section: 0 characters, 1 to 3000 allowed"),
        ("x", [{"type": "section", "text": {"text": "a & b"}}], "blocks[0] section: an ampersand that is not escaped"),
        (
            "x",
            [{"type": "section", "fields": [{"text": "f" * 2_001}]}],
            "blocks[0] section: 2001 characters, 1 to 2000 allowed",
        ),
        (
            "x",
            [{"type": "section", "fields": [{"text": "f"}] * 11}],
            "blocks[0] section: 11 fields, at most 10 allowed",
        ),
        ("x", [{"type": "context", "elements": []}], "blocks[0] context: 0 elements, 1 to 10 allowed"),
        (
            "x",
            [{"type": "rich_text", "elements": [{"type": "text", "text": ""}]}],
            "blocks[0] rich_text: an empty text",
        ),
        (
            "x",
            [{"type": "rich_text", "elements": [{"type": "text", "text": "y" * 10_001}]}],
            "blocks: 10001 characters in total, at most 10000 allowed",
        ),
    ],
)
def test_limits_are_checked(text: str, body: list[dict[str, Any]], fault: str) -> None:
    assert fault in validate(text, body)


@pytest.mark.parametrize("alert", [ALERT, RESOLVED, BACK, UNRESOLVED, NO_RIS])
def test_all_states_differ_and_are_valid(alert: Alert) -> None:
    text, body = blocks(alert)
    assert validate(text, body) == []
    assert alert is ALERT or (text, body) != blocks(ALERT)
