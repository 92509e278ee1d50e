"""Every alert is a message that Slack takes, with nothing essential missing and nothing in it alive."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.model.incident import Reason, State
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert, Content, Crowd, Digest, Fix, Milestone, Remark
from sigwatch.publish.slack.blocks import blocks, blocks_with_buttons, plain, validate
from sigwatch.publish.slack.limits import TEXT, texts
from tests.fakes.slack_server import block_faults, live_tokens, readable
from tests.unit.publish.alerts import (
    ACKNOWLEDGED,
    ALERT,
    CARDS,
    ESCALATED,
    FIX,
    INCIDENT,
    SAMPLE,
    SILENCE,
    SILENCED,
    changed,
)

MENTION = "<!subteam^S0ONCALL>"
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
SILENCES = st.none() | st.builds(replace, st.just(SILENCE), author=WORDS, reason=WORDS)
HISTOGRAMS = st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**9)), max_size=61).map(sorted).map(tuple)
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
    silence=SILENCES,
    histogram=HISTOGRAMS,
    acknowledged_by=WORDS,
    closed_by=WORDS,
    resolution=st.none() | st.sampled_from(Reason),
    escalated=st.lists(st.sampled_from(Reason), max_size=6).map(tuple),
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
    mention=st.sampled_from(["", MENTION]),
    reason=st.sampled_from(Reason),
)
MILESTONES = st.builds(
    Milestone,
    key=NAMES,
    incident=INCIDENTS,
    title=WORDS,
    reason=st.sampled_from(Reason),
    at_ms=st.integers(0, 4 * 10**12),
    actor=WORDS,
    mention=st.sampled_from(["", MENTION]),
)
SEVERITIES = st.lists(st.tuples(st.sampled_from(["P0", "P1", EVIL]), st.integers(0, 10**9)), max_size=20).map(tuple)
DIGESTS = st.builds(
    Digest,
    key=NAMES,
    crowd=st.sampled_from(Crowd),
    page=st.integers(1, 9),
    pages=st.integers(1, 9),
    total=st.integers(0, 10**6),
    severities=SEVERITIES,
    mention=st.sampled_from(["", MENTION]),
    alerts=st.lists(ALERTS, max_size=4).flatmap(lambda few: st.integers(1, 100).map(lambda times: tuple(few * times))),
)
REMARKS = st.builds(Remark, key=NAMES, title=WORDS, text=WORDS)
CONTENTS = st.one_of(ALERTS, MILESTONES, DIGESTS, REMARKS)
RENDERERS = st.sampled_from([blocks, blocks_with_buttons])


Render = Callable[[Content], tuple[str, list[dict[str, Any]]]]


def as_message(text: str, body: list[dict[str, Any]]) -> dict[str, Any]:
    return {"text": text, "blocks": body}


@settings(max_examples=80)
@given(ALERTS)
def test_any_card_has_all_that_matters(alert: Alert) -> None:
    text, body = blocks(alert)
    assert validate(text, body) == []
    assert list(block_faults(body)) == []
    said = readable(as_message(text, body))
    wanted = [alert.incident.signature, alert.incident.severity]
    if alert.fix:
        wanted += [alert.fix.ris, *(f"{number}. " for number in range(1, len(alert.fix.steps) + 1))]
    assert [word for word in wanted if word not in said] == []
    assert len(json.dumps(body).encode()) < 100_000


@settings(max_examples=120)
@given(CONTENTS, RENDERERS)
def test_whatever_is_told_is_a_message_that_slack_takes(content: Content, render: Render) -> None:
    text, body = render(content)
    assert validate(text, body) == []
    assert list(block_faults(body)) == []
    assert 0 < len(plain(content)) <= TEXT


@settings(max_examples=120)
@given(CONTENTS, RENDERERS)
def test_nothing_but_the_mention_and_own_links_is_alive(content: Content, render: Render) -> None:
    text, body = render(content)
    own = {MENTION} if not isinstance(content, Remark) and content.mention else set()
    links = content.logs_url + (content.fix.url if content.fix else "") if isinstance(content, Alert) else ""
    for token in live_tokens(as_message(text, body)):
        assert token in own or token.startswith(("<https://", "<http://"))
        assert links or token in own
        assert "evil.example" not in token or "evil.example" in links
    assert set(live_tokens(as_message(plain(content), []))) <= own


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


@pytest.mark.parametrize("name", CARDS)
def test_all_states_differ(name: str) -> None:
    assert name == "opened" or blocks(CARDS[name]) != blocks(ALERT)


def test_the_card_tells_how_it_goes() -> None:
    said = readable(as_message(*blocks(ESCALATED)))
    assert "Last hour  ▁▁▁▁▁▁▁▁▁▁▂▂▂▂▃▃▄▅▇█  peak 2,464 in 3 min" in said
    assert "📈 Escalated: ten times as many events as when it was last told; a second log group has it" in said
    assert "👀 Acknowledged by jane at 06:05:11 UTC" in readable(as_message(*blocks(ACKNOWLEDGED)))
    assert "🔕 Silenced by jane until 07:08:11 UTC: deploy is on its way" in readable(as_message(*blocks(SILENCED)))


def test_the_card_shows_three_lines_and_says_that_there_are_more() -> None:
    body = blocks(ALERT)[1]
    (lines,) = [text for text in texts(body) if text.startswith("[ERROR]")]
    assert lines == "\n".join(SAMPLE.splitlines()[:3])
    assert " · more in the thread" in texts(body)
    assert " · more in the thread" not in texts(blocks(changed(samples=("one line",)))[1])
