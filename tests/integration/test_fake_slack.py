"""The fake Slack does what Slack's documentation says, so that what passes here may pass there."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from tests.fakes.slack_server import FakeSlack
from tests.unit.publish.alerts import ALERT, FIRST_MS

CHANNEL = "C0ONCALL"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL, "C0EMPTY"), clock=lambda: FIRST_MS / 1000 + 30) as server:
        yield server


@pytest.fixture
def client(slack: FakeSlack) -> WebClient:
    return slack_client(slack.token, slack.base_url)


def publisher(slack: FakeSlack) -> SlackPublisher:
    return SlackPublisher(slack_client(slack.token, slack.base_url, timeout=5), 5.0)


def test_the_fake_holds_slacks_limits(slack: FakeSlack) -> None:
    client = slack_client(slack.token, slack.base_url)
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}

    def refused(**arguments: object) -> str:
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(**{"channel": CHANNEL, "text": "t", **arguments})  # type: ignore[arg-type]  # on purpose
        return str(caught.value.response["error"])

    assert refused(blocks=[section] * 51) == "invalid_blocks"
    assert refused(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]) == "invalid_blocks"
    assert refused(blocks=[{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]) == "invalid_blocks"
    assert refused(blocks=[section] * 5) == "msg_blocks_too_long"
    assert refused(channel="C0NOWHERE") == "channel_not_found"
    assert refused(metadata={"event_type": "x"}) == "invalid_metadata_format"
    assert slack.messages(CHANNEL) == []


def test_the_fake_splits_a_long_text_as_slack_does(slack: FakeSlack) -> None:
    slack_client(slack.token, slack.base_url).chat_postMessage(channel=CHANNEL, text="x" * 4_100)
    assert [len(message["text"]) for message in slack.messages(CHANNEL)] == [4_000, 100]


def test_the_fake_shows_metadata_on_request_only(slack: FakeSlack) -> None:
    publisher(slack).post(CHANNEL, ALERT, "")
    client = slack_client(slack.token, slack.base_url)
    (hidden,) = client.conversations_history(channel=CHANNEL)["messages"]
    (shown,) = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"]
    assert "metadata" not in hidden
    assert shown["metadata"]["event_payload"] == {"key": ALERT.key}


def test_the_fake_deletes_and_knows_its_token(slack: FakeSlack) -> None:
    client = slack_client(slack.token, slack.base_url)
    client.auth_test()
    ref = publisher(slack).post(CHANNEL, ALERT, "")
    client.chat_delete(channel=CHANNEL, ts=ref)
    assert slack.messages(CHANNEL) == []
    for token in ("", "xoxb-other"):
        with pytest.raises(SlackApiError, match=r"invalid_auth|not_authed"):
            slack_client(token, slack.base_url).auth_test()


def test_the_fake_may_recognise_a_repeated_post() -> None:
    with FakeSlack(channels=(CHANNEL,), heeds_client_msg_id=True) as slack:
        target = publisher(slack)
        assert target.post(CHANNEL, ALERT, "") == target.post(CHANNEL, ALERT, "")
        assert len(slack.messages(CHANNEL)) == 1


def test_the_fake_tells_a_thread_from_its_first_message_on(slack: FakeSlack, client: WebClient) -> None:
    first = client.chat_postMessage(channel=CHANNEL, text="first")["ts"]
    for number in range(3):
        client.chat_postMessage(channel=CHANNEL, text=f"reply {number}", thread_ts=first, reply_broadcast=number == 1)
    replies = client.conversations_replies(channel=CHANNEL, ts=first)["messages"]
    assert [message["text"] for message in replies] == ["first", "reply 0", "reply 1", "reply 2"]
    page = client.conversations_replies(channel=CHANNEL, ts=first, limit=2, cursor="2")
    assert [message["text"] for message in page["messages"]] == ["reply 1", "reply 2"]
    history = client.conversations_history(channel=CHANNEL)["messages"]
    assert [(message["text"], message.get("subtype")) for message in history] == [
        ("reply 1", "thread_broadcast"),
        ("first", None),
    ]


def test_the_fake_knows_its_own_messages_from_others(slack: FakeSlack, client: WebClient) -> None:
    slack.fill(CHANNEL, 1)
    (other,) = slack.messages(CHANNEL)
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        client.chat_delete(channel=CHANNEL, ts=other["ts"])
    with pytest.raises(SlackApiError, match="cant_update_message"):
        client.chat_update(channel=CHANNEL, ts=other["ts"], text="t")


def test_the_fake_has_room_for_other_methods(slack: FakeSlack, client: WebClient) -> None:
    slack.methods["apps.connections.open"] = lambda call: {"ok": call.token == "xapp-1", "url": "ws://a.b"}
    assert client.apps_connections_open(app_token="xapp-1")["url"] == "ws://a.b"
    with pytest.raises(SlackApiError, match="unknown_method"):
        client.api_call("reminders.add")
