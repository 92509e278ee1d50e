"""Threads, lists, doubles and rate limits, against a server that behaves and misbehaves as Slack does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sigwatch.errors import NotSent, PublishError, Refused
from sigwatch.model.incident import Reason
from sigwatch.model.message import Content
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from tests.fakes.slack_server import FakeSlack, Fault, api_error, rate_limited, readable, reset, server_error
from tests.unit.publish.alerts import ALERT, FIRST_MS, MILESTONES, REMARK, RESOLVED, crowd, digest

CHANNEL = "C0ONCALL"
UPDATE, DELETE = "chat.update", "chat.delete"
HISTORY, REPLIES = "conversations.history", "conversations.replies"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL,), clock=lambda: FIRST_MS / 1000 + 30) as server:
        yield server


def publisher(slack: FakeSlack, *, buttons: bool = False) -> SlackPublisher:
    return SlackPublisher(slack_client(slack.token, slack.base_url, timeout=5), 5.0, buttons=buttons)


def test_what_happened_goes_into_the_thread_of_the_card(slack: FakeSlack) -> None:
    target = publisher(slack)
    card = target.post(CHANNEL, ALERT, "")
    refs = [target.post(CHANNEL, entry, card) for entry in MILESTONES.values()]
    assert [reply["ts"] for reply in slack.thread(CHANNEL, card)] == refs
    assert len(slack.messages(CHANNEL)) == 1


def test_only_escalations_are_shown_in_the_channel_as_well(slack: FakeSlack) -> None:
    target = publisher(slack)
    card = target.post(CHANNEL, ALERT, "")
    refs = {target.post(CHANNEL, entry, card): reason for reason, entry in MILESTONES.items()}
    broadcast = {
        refs[reply["ts"]] for reply in slack.thread(CHANNEL, card) if reply.get("subtype") == "thread_broadcast"
    }
    assert broadcast == {Reason.GREW_TENFOLD, Reason.SPREAD, Reason.UNACKNOWLEDGED}


def test_a_list_has_its_first_page_in_the_channel_and_the_others_under_it(slack: FakeSlack) -> None:
    target, many = publisher(slack), crowd(100)
    first = target.post(CHANNEL, digest(many[:50], 1, 2, 100), "")
    target.post(CHANNEL, digest(many[50:], 2, 2, 100), first)
    assert readable(slack.messages(CHANNEL)[0]).count("KO-cm-") == 50
    assert readable(slack.thread(CHANNEL, first)[0]).count("KO-cm-") == 50


@pytest.mark.parametrize("name", ["entry", "page", "remark"])
def test_everything_can_be_edited_found_and_said_plainly(slack: FakeSlack, name: str) -> None:
    contents: dict[str, Content] = {"entry": MILESTONES[Reason.OPENED], "page": digest(crowd(9)), "remark": REMARK}
    content = contents[name]
    target = publisher(slack, buttons=True)
    ref = target.post(CHANNEL, content, "")
    assert target.find(CHANNEL, content.key, FIRST_MS, "") == ref
    slack.script(UPDATE, api_error("invalid_blocks"))
    target.update(CHANNEL, ref, content)
    target.plain(CHANNEL, content, "")
    edited, plain = slack.messages(CHANNEL)
    assert edited["blocks"] == plain["blocks"] == []
    assert edited["text"] == plain["text"]


def test_buttons_are_there_when_somebody_listens(slack: FakeSlack) -> None:
    for target in (publisher(slack), publisher(slack, buttons=True)):
        target.post(CHANNEL, ALERT, "")
    silent, heard = ([block["type"] for block in message["blocks"]] for message in slack.messages(CHANNEL))
    assert (silent.count("actions"), heard.count("actions")) == (0, 2)


def test_find_looks_into_the_thread_and_nowhere_else(slack: FakeSlack) -> None:
    target, entry = publisher(slack), MILESTONES[Reason.ACKNOWLEDGED]
    cards = [target.post(CHANNEL, replace(ALERT, key=key), "") for key in ("a", "b")]
    refs = [target.post(CHANNEL, entry, cards[0]) for _ in range(2)]
    assert target.find(CHANNEL, entry.key, FIRST_MS, cards[0]) == refs[0]
    assert target.find(CHANNEL, entry.key, FIRST_MS, cards[1]) is None
    assert target.find(CHANNEL, entry.key, FIRST_MS, "") is None


def test_find_reads_every_page_of_a_thread(slack: FakeSlack) -> None:
    target, entry = publisher(slack), MILESTONES[Reason.ACKNOWLEDGED]
    card = target.post(CHANNEL, ALERT, "")
    for number in range(420):
        slack._channels[CHANNEL].post({"text": f"chat {number}", "thread_ts": card})
    ref = target.post(CHANNEL, entry, card)
    assert target.find(CHANNEL, entry.key, FIRST_MS, card) == ref
    assert slack.count(REPLIES) == 3


def test_a_thread_that_is_gone_is_refused(slack: FakeSlack) -> None:
    with pytest.raises(Refused, match="thread_not_found"):
        publisher(slack).find(CHANNEL, "a", FIRST_MS, "1.000001")


def test_of_doubles_the_newer_is_deleted_and_nothing_else(slack: FakeSlack) -> None:
    target = publisher(slack)
    keys = ["a", "b", "a", "c", "a", "b"]
    refs = [target.post(CHANNEL, replace(ALERT, key=key), "") for key in keys]
    target.post(CHANNEL, replace(MILESTONES[Reason.OPENED], key="a"), refs[0])
    slack.fill(CHANNEL, 250)
    found = target.delete_doubles(CHANNEL, FIRST_MS)
    assert [keys[refs.index(gone)] for gone, _ in found] == [keys[refs.index(kept)] for _, kept in found]
    assert len({gone for gone, _ in found}) == 3
    ours = [message["ts"] for message in slack.messages(CHANNEL) if "metadata" in message]
    assert ours == [refs[0], refs[1], refs[3]]
    assert len(slack.thread(CHANNEL, refs[0])) == 1
    assert (target.delete_doubles(CHANNEL, FIRST_MS), slack.count(DELETE)) == ([], 3)


@pytest.mark.parametrize(
    ("method", "fault", "kind"),
    [
        (HISTORY, server_error(), NotSent),
        (DELETE, reset(accepted=True), NotSent),
        (DELETE, rate_limited("3"), NotSent),
        (DELETE, api_error("cant_delete_message"), Refused),
        (HISTORY, api_error("missing_scope"), Refused),
    ],
)
def test_a_double_that_can_not_be_deleted_is_the_next_time(
    slack: FakeSlack, method: str, fault: Fault, kind: type[PublishError]
) -> None:
    target = publisher(slack)
    refs = [target.post(CHANNEL, ALERT, "") for _ in range(3)]
    slack.script(method, fault)
    with pytest.raises(kind):
        target.delete_doubles(CHANNEL, FIRST_MS)
    target.delete_doubles(CHANNEL, FIRST_MS)
    assert [message["ts"] for message in slack.messages(CHANNEL)] == refs[:1]


def test_what_a_channel_takes_is_limited_and_waiting_helps() -> None:
    now = [FIRST_MS / 1000]
    with FakeSlack(
        channels=(CHANNEL, "C0OTHER"), clock=lambda: now[0], posts_per_second=1, updates_per_minute=2
    ) as slack:
        target = publisher(slack)
        ref = target.post(CHANNEL, ALERT, "")
        with pytest.raises(NotSent) as caught:
            target.post(CHANNEL, ALERT, "")
        assert caught.value.retry_after == 1.0
        target.post("C0OTHER", ALERT, "")
        now[0] += 1.0
        target.post(CHANNEL, ALERT, "")
        for _ in range(2):
            target.update(CHANNEL, ref, RESOLVED)
        with pytest.raises(NotSent) as caught:
            target.update(CHANNEL, ref, RESOLVED)
        assert caught.value.retry_after == 60.0
        assert len(slack.messages(CHANNEL)) == 2
