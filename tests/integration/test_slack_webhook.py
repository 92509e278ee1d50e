"""The Slack incoming webhook: text alone, at least once, and an address that stays a secret."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sigwatch.errors import NotSent, PublishError, Refused
from sigwatch.model.message import Crowd, Digest, Remark
from sigwatch.publish.slack.webhook import SlackWebhookPublisher
from tests.fakes.http_target import HttpTarget, slack_webhook
from tests.fakes.slack_server import Fault, disconnect, html, live_tokens, rate_limited, reset, server_error, truncated
from tests.unit.publish.alerts import ALERT, FIX, RESOLVED

SECRET_PATH = "/services/T0TEAM/B0HOOK/secret-of-mine"


@pytest.fixture
def server() -> Iterator[HttpTarget]:
    with HttpTarget(slack_webhook) as target:
        yield target


def publisher(server: HttpTarget) -> SlackWebhookPublisher:
    return SlackWebhookPublisher(f"{server.url}{SECRET_PATH}")


def texts(server: HttpTarget) -> list[str]:
    return [request.json["text"] for request in server.accepted]


def test_a_card_is_posted_whole_and_calls_whom_it_should(server: HttpTarget) -> None:
    target = publisher(server)
    assert target.post("C0IGNORED", ALERT, "") == ALERT.key
    (text,) = texts(server)
    assert text.startswith("<!subteam^S0ONCALL> *🔴 P0 · Lambda Lazy Loading Import Patterns and Pitfalls*\n")
    assert all(f"\n{number}. " in text for number in range(1, 7))
    assert FIX.url in text
    assert server.requests[0].path == SECRET_PATH
    assert target.find("", ALERT.key, 0, "") is None


def test_a_change_is_a_short_message_that_calls_nobody(server: HttpTarget) -> None:
    publisher(server).update("", ALERT.key, RESOLVED)
    publisher(server).update("", ALERT.key, ALERT)
    over, still = texts(server)
    assert over.startswith("✅ P0 · Lambda")
    assert "resolved after 12 min" in over
    assert "Deploy" not in over + still
    assert "<!" not in over + still


def test_digests_and_remarks_are_posted_too(server: HttpTarget) -> None:
    target = publisher(server)
    target.post("", Digest("d", Crowd.MANY_AT_ONCE, 1, 1, 1, (("P0", 1),), "<!here>", (ALERT,)), "")
    target.plain("", Remark("r", "A silence ends soon", "It was for 3 days."), "")
    digest, remark = texts(server)
    assert digest.startswith("<!here> *1 incident (1 P0): many at once*\n🔴 P0 · ")
    assert remark == "*A silence ends soon*\nIt was for 3 days."


@pytest.mark.parametrize(
    "fault",
    [rate_limited("3"), server_error(500, accepted=True), reset(accepted=True), disconnect(), truncated(), html()],
    ids=["429", "500", "RST", "FIN", "truncated", "HTML"],
)
def test_what_may_have_arrived_is_sent_again(server: HttpTarget, fault: Fault) -> None:
    server.script(fault)
    target = publisher(server)
    with pytest.raises(NotSent):
        target.post("", ALERT, "")
    target.post("", ALERT, "")
    assert len(texts(server)) >= 1


def test_hostile_text_neither_calls_nor_links(server: HttpTarget) -> None:
    evil = "<!channel> <https://evil.example|click> & <@U1>"
    incident = replace(ALERT.incident, project=evil, group=evil, log_groups=(evil,), signature=evil, samples=(evil,))
    publisher(server).post("", replace(ALERT, incident=incident, title=evil, mention=""), "")
    (text,) = texts(server)
    assert live_tokens({"text": text, "blocks": []}) == []
    assert "&lt;!channel&gt;" in text
    assert "&amp;amp;" not in text


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_an_address_never_shows(server: HttpTarget, status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(Fault(status=status, body="no_service"))
    target = publisher(server)
    with pytest.raises(PublishError) as caught:
        target.post("", ALERT, "")
    assert isinstance(caught.value, Refused)
    shown = f"{caught.value!r} {caught.value.__context__!r} {target!r} {vars(target)!r} {caplog.text}"
    assert "secret-of-mine" not in shown
    assert "T0TEAM" not in shown
