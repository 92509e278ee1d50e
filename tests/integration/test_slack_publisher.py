"""The Slack publisher against a server that behaves and misbehaves as Slack does, through the real slack-sdk."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from tests.fakes.slack_server import (
    FakeSlack,
    Fault,
    api_error,
    disconnect,
    drip,
    hang,
    html,
    late_accept,
    live_tokens,
    rate_limited,
    readable,
    reset,
    server_error,
    truncated,
)
from tests.unit.publish.alerts import ALERT, FIRST_MS, RESOLVED

CHANNEL = "C0ONCALL"
POST, UPDATE, DELETE = "chat.postMessage", "chat.update", "chat.delete"
HISTORY, REPLIES = "conversations.history", "conversations.replies"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL, "C0EMPTY"), clock=lambda: FIRST_MS / 1000 + 30) as server:
        yield server


def publisher(slack: FakeSlack, token: str = "", deadline: float = 5.0) -> SlackPublisher:
    return SlackPublisher(slack_client(token or slack.token, slack.base_url, timeout=5), deadline)


def test_one_message_is_posted_then_edited_in_place(slack: FakeSlack) -> None:
    target = publisher(slack)
    ref = target.post(CHANNEL, ALERT, "")
    target.update(CHANNEL, ref, RESOLVED)

    (message,) = slack.messages(CHANNEL)
    assert message["ts"] == ref
    assert message["text"].startswith("✅ P0 · Lambda Lazy Loading")
    assert "resolved after 12 min" in readable(message)
    assert slack.record(CHANNEL)[0].was[0].startswith("<!subteam^S0ONCALL> 🔴 P0")


def test_a_post_asks_slack_to_parse_nothing(slack: FakeSlack) -> None:
    publisher(slack).post(CHANNEL, ALERT, "")
    sent = slack.calls[0].params
    assert (sent["parse"], sent["link_names"], sent["unfurl_links"], sent["unfurl_media"]) == (
        "none",
        False,
        False,
        False,
    )
    assert sent["metadata"] == {"event_type": "sigwatch_alert", "event_payload": {"key": ALERT.key}}


def test_the_client_message_id_follows_from_the_key(slack: FakeSlack) -> None:
    target = publisher(slack)
    for key in ("a", "a", "b"):
        target.post(CHANNEL, replace(ALERT, key=key), "")
    first, again, other = [call.params["client_msg_id"] for call in slack.calls]
    assert first == again != other


FAULTS = [
    pytest.param(rate_limited("7"), NotSent, 0, id="429"),
    pytest.param(rate_limited("1.5"), NotSent, 0, id="429 with half seconds"),
    pytest.param(rate_limited("Wed, 21 Oct 2026 07:28:00 GMT"), NotSent, 0, id="429 with a date"),
    pytest.param(rate_limited(None), NotSent, 0, id="429 without Retry-After"),
    pytest.param(api_error("ratelimited"), NotSent, 0, id="ratelimited with status 200"),
    pytest.param(server_error(503), Ambiguous, 0, id="503 before accept"),
    pytest.param(server_error(500, accepted=True), Ambiguous, 1, id="500 after accept"),
    pytest.param(server_error(502, accepted=True), Ambiguous, 1, id="502 after accept"),
    pytest.param(reset(), Ambiguous, 0, id="RST before accept"),
    pytest.param(reset(accepted=True), Ambiguous, 1, id="RST after accept"),
    pytest.param(disconnect(), Ambiguous, 1, id="FIN after accept"),
    pytest.param(truncated(), Ambiguous, 1, id="truncated after accept"),
    pytest.param(html(), Ambiguous, 1, id="HTML after accept"),
    pytest.param(Fault(body="[]"), Ambiguous, 0, id="JSON that is no object"),
    pytest.param(Fault(body='{"ok": true}'), Ambiguous, 0, id="ok without ts"),
    pytest.param(api_error("internal_error", accepted=True), Ambiguous, 1, id="internal_error after accept"),
    pytest.param(api_error("fatal_error"), Ambiguous, 0, id="fatal_error"),
    pytest.param(api_error("token_revoked"), Refused, 0, id="token_revoked"),
    pytest.param(api_error("invalid_blocks"), Refused, 0, id="invalid_blocks"),
]


@pytest.mark.parametrize(("fault", "kind", "stored"), FAULTS)
def test_each_failure_is_told_apart_and_sends_once(
    slack: FakeSlack, fault: Fault, kind: type[PublishError], stored: int
) -> None:
    slack.script(POST, fault)
    with pytest.raises(kind):
        publisher(slack).post(CHANNEL, ALERT, "")
    assert (slack.count(POST), len(slack.messages(CHANNEL))) == (1, stored)


OTHERWISE_FOR_EDITS = {"ok without ts", "invalid_blocks"}
"""An edit that is accepted, and one that is tried again more plainly."""


@pytest.mark.parametrize(("fault", "kind", "stored"), [case for case in FAULTS if case.id not in OTHERWISE_FOR_EDITS])
def test_an_edit_is_never_ambiguous(slack: FakeSlack, fault: Fault, kind: type[PublishError], stored: int) -> None:
    target = publisher(slack)
    ref = target.post(CHANNEL, ALERT, "")
    slack.script(UPDATE, fault)
    with pytest.raises(Refused if kind is Refused else NotSent):
        target.update(CHANNEL, ref, RESOLVED)


def test_retry_after_is_handed_on(slack: FakeSlack) -> None:
    slack.script(POST, rate_limited("1.5"))
    with pytest.raises(NotSent) as caught:
        publisher(slack).post(CHANNEL, ALERT, "")
    assert caught.value.retry_after == 1.5


@pytest.mark.parametrize("fault", [hang(), hang(accepted=True), drip()], ids=["hang", "hang after accept", "drip"])
def test_a_call_ends_with_its_deadline(slack: FakeSlack, fault: Fault) -> None:
    slack.script(POST, fault)
    with pytest.raises(Ambiguous, match=r"within 0\.2 seconds"):
        publisher(slack, deadline=0.2).post(CHANNEL, ALERT, "")
    slack.release()


def test_a_read_timeout_is_ambiguous(slack: FakeSlack) -> None:
    slack.script(POST, hang(accepted=True))
    target = SlackPublisher(slack_client(slack.token, slack.base_url, timeout=1), deadline=5)
    with pytest.raises(Ambiguous, match="TimeoutError"):
        target.post(CHANNEL, ALERT, "")
    slack.release()


def test_what_slack_accepts_late_is_found_afterwards(slack: FakeSlack) -> None:
    slack.script(POST, late_accept())
    target = publisher(slack, deadline=0.2)
    with pytest.raises(Ambiguous):
        target.post(CHANNEL, ALERT, "")
    assert target.find(CHANNEL, ALERT.key, FIRST_MS, "") is None
    slack.release()
    assert slack.wait_for(lambda: bool(slack.messages(CHANNEL)))
    assert target.find(CHANNEL, ALERT.key, FIRST_MS, "") == slack.messages(CHANNEL)[0]["ts"]


def test_nobody_listening_means_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api/"
        with pytest.raises(NotSent, match="ConnectionRefusedError"):
            SlackPublisher(slack_client("t", address)).post(CHANNEL, ALERT, "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_does_not_lead_the_token_elsewhere(slack: FakeSlack, status: int) -> None:
    with FakeSlack() as elsewhere:
        slack.script(POST, Fault(status=status, headers=(("Location", elsewhere.base_url + POST),), body="<html>"))
        with pytest.raises(Refused, match="redirects are not followed"):
            publisher(slack).post(CHANNEL, ALERT, "")
        assert elsewhere.calls == []
    assert slack.count(POST) == 1


def test_only_http_is_spoken(tmp_path: Path) -> None:
    (tmp_path / POST).write_text('{"ok": true, "ts": "1.1"}')
    with pytest.raises(PublishError):
        SlackPublisher(slack_client("t", f"file://{tmp_path}/")).post(CHANNEL, ALERT, "")


def test_an_unknown_host_means_not_sent() -> None:
    with pytest.raises(NotSent, match="gaierror"):
        SlackPublisher(slack_client("t", "http://slack.invalid/api/")).post(CHANNEL, ALERT, "")


def test_find_reads_every_page_and_gives_the_oldest(slack: FakeSlack) -> None:
    target = publisher(slack)
    refs = [target.post(CHANNEL, ALERT, ""), target.post(CHANNEL, ALERT, "")]
    slack.fill(CHANNEL, 450)
    assert target.find(CHANNEL, ALERT.key, FIRST_MS, "") == refs[0]
    assert slack.count(HISTORY) == 3


@pytest.mark.parametrize(("after_s", "found"), [(100, True), (200, False)])
def test_find_looks_back_as_far_as_clocks_may_differ(slack: FakeSlack, after_s: int, found: bool) -> None:
    target = publisher(slack)
    target.post(CHANNEL, ALERT, "")
    since_ms = FIRST_MS + 30_000 + after_s * 1000
    assert (target.find(CHANNEL, ALERT.key, since_ms, "") is not None) is found


def test_find_knows_its_own_key_only(slack: FakeSlack) -> None:
    target = publisher(slack)
    target.post(CHANNEL, ALERT, "")
    assert target.find(CHANNEL, "another", FIRST_MS, "") is None
    assert target.find("C0EMPTY", ALERT.key, FIRST_MS, "") is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (server_error(), NotSent),
        (truncated(), NotSent),
        (rate_limited(), NotSent),
        (api_error("missing_scope"), Refused),
    ],
)
def test_a_history_that_can_not_be_read_is_no_empty_history(
    slack: FakeSlack, fault: Fault, kind: type[PublishError]
) -> None:
    slack.script(HISTORY, fault)
    with pytest.raises(kind):
        publisher(slack).find(CHANNEL, ALERT.key, FIRST_MS, "")


def test_a_refused_edit_is_made_more_plainly(slack: FakeSlack) -> None:
    target = publisher(slack)
    ref = target.post(CHANNEL, ALERT, "")
    slack.script(UPDATE, api_error("invalid_blocks"))
    target.update(CHANNEL, ref, ALERT)
    (message,) = slack.messages(CHANNEL)
    assert message["blocks"] == []
    assert "4. Deploy with SAM" in message["text"]


def test_the_plain_form_holds_every_step_in_one_message(slack: FakeSlack) -> None:
    publisher(slack).plain(CHANNEL, ALERT, "")
    (message,) = slack.messages(CHANNEL)
    assert message["blocks"] == []
    assert all(f"{number}. " in message["text"] for number in range(1, 7))
    assert slack.messages(CHANNEL)[0]["metadata"]["event_payload"] == {"key": ALERT.key}


def test_an_edit_of_a_deleted_message_is_refused(slack: FakeSlack) -> None:
    with pytest.raises(Refused, match="message_not_found") as caught:
        publisher(slack).update(CHANNEL, "1.000001", ALERT)
    assert not caught.value.because_of_content


def test_an_unknown_channel_is_refused_with_a_hint(slack: FakeSlack) -> None:
    with pytest.raises(Refused, match="use the channel's id"):
        publisher(slack).post("#oncall", ALERT, "")


@pytest.mark.parametrize("token", ["xoxb-secret-of-mine", "xoxb-secret-of-mine\nevil", "xoxb-secret-of-mine €"])
def test_a_token_never_shows(slack: FakeSlack, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PublishError) as caught:
        publisher(slack, token).post(CHANNEL, ALERT, "")
    shown = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r} {caplog.text}"
    assert "secret-of-mine" not in shown


def test_no_alert_text_is_logged_by_the_sdk(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.script(POST, Fault(body="ModuleNotFoundError"))
    with pytest.raises(Ambiguous):
        publisher(slack).post(CHANNEL, ALERT, "")
    assert caplog.text == ""


def test_hostile_log_text_neither_calls_nor_links(slack: FakeSlack) -> None:
    evil = "<!channel> <https://evil.example|click> <@U1> `*_~ & ```\u200b\u202e <!here|x>"
    incident = replace(
        ALERT.incident, samples=(evil,), project=evil, group=evil, log_groups=(evil,), signature=evil, region=evil
    )
    publisher(slack).post(CHANNEL, replace(ALERT, incident=incident, title=evil, why_it_matters=evil, mention=""), "")
    publisher(slack).plain(CHANNEL, replace(ALERT, incident=incident, title=evil, mention=""), "")
    full, plain = slack.messages(CHANNEL)
    expected = [f"<{ALERT.fix.url if ALERT.fix else ''}|{'RIS-2026-02-04-001'}>"]
    assert [token for token in live_tokens(full) if "console.aws" not in token] == expected
    assert live_tokens(plain) == []


def test_the_mention_calls_and_nothing_else_does(slack: FakeSlack) -> None:
    publisher(slack).post(CHANNEL, ALERT, "")
    calls = [token for token in live_tokens(slack.messages(CHANNEL)[0]) if not token.startswith("<http")]
    assert calls == ["<!subteam^S0ONCALL>", "<!subteam^S0ONCALL>"]


@pytest.mark.parametrize("fault", [case.values[0] for case in FAULTS if case.values[1] is Ambiguous])
def test_what_is_looked_for_before_it_is_sent_again_is_there_once(slack: FakeSlack, fault: Fault) -> None:
    slack.script(POST, fault)
    target = publisher(slack)
    with pytest.raises(Ambiguous):
        target.post(CHANNEL, ALERT, "")
    ref = target.find(CHANNEL, ALERT.key, FIRST_MS, "") or target.post(CHANNEL, ALERT, "")
    assert [message["ts"] for message in slack.messages(CHANNEL)] == [ref]
