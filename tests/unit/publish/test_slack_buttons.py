"""What can be pressed, when, and what is asked before it counts."""

from dataclasses import replace
from typing import Any

import pytest

from sigwatch.model.incident import State
from sigwatch.model.message import Content
from sigwatch.publish.slack.blocks import blocks, blocks_with_buttons, validate
from sigwatch.publish.slack.buttons import silence_scope
from tests.unit.publish.alerts import (
    ACKNOWLEDGED,
    ALERT,
    FIX,
    INCIDENT,
    MILESTONES,
    NO_RIS,
    REMARK,
    RESOLVED,
    changed,
    crowd,
    digest,
)

ANSWERS = ["sigwatch.acknowledge", "sigwatch.silence.3600", "sigwatch.silence.86400"]
ASKED = ["sigwatch.helped", "sigwatch.did_not_help"]
LINKS = ["sigwatch.open.ris", "sigwatch.open.logs"]


def buttons(content: Content) -> list[dict[str, Any]]:
    _, body = blocks_with_buttons(content)
    return [button for block in body if block["type"] == "actions" for button in block["elements"]]


def actions(content: Content) -> list[str]:
    return [button["action_id"] for button in buttons(content)]


def test_a_card_has_every_button_in_the_order_in_which_they_are_needed() -> None:
    assert actions(ALERT) == [*ANSWERS, *ASKED, *LINKS]
    assert {button["value"] for button in buttons(ALERT)} == {"inc-1"}
    assert [button["text"]["text"] for button in buttons(ALERT)] == [
        "Acknowledge",
        "Silence 1 h",
        "Silence 24 h",
        "Helped",
        "Did not help",
        "Open RIS",
        "Open in Logs Insights",
    ]


@pytest.mark.parametrize("alert", [ACKNOWLEDGED, RESOLVED])
def test_what_is_done_can_not_be_done_again(alert: Content) -> None:
    assert "sigwatch.acknowledge" not in actions(alert)
    assert actions(alert)[:2] == ANSWERS[1:]


def test_only_steps_can_have_helped() -> None:
    assert actions(NO_RIS) == [*ANSWERS, "sigwatch.open.logs"]
    assert actions(replace(ALERT, fix=replace(FIX, steps=()))) == [*ANSWERS, *LINKS]


@pytest.mark.parametrize("url", ["governance/ris/x.md", "javascript:alert(1)", "https://" + "x" * 3_000, ""])
def test_what_is_no_web_address_or_too_long_opens_nothing(url: str) -> None:
    content = replace(ALERT, fix=replace(FIX, url=url), logs_url=url)
    assert not [button for button in buttons(content) if "url" in button]
    assert validate(*blocks_with_buttons(content)) == []


def test_an_address_is_quoted_and_not_escaped() -> None:
    opening = {
        button["action_id"]: button.get("url") for button in buttons(replace(ALERT, logs_url="https://a.b/?x=1&y=<|>"))
    }
    assert opening["sigwatch.open.logs"] == "https://a.b/?x=1&y=%3C%7C%3E"
    assert opening["sigwatch.open.ris"] == FIX.url


@pytest.mark.parametrize(("number", "long"), [(1, "1 hour"), (2, "24 hours")])
def test_a_silence_says_what_it_is_for_before_it_applies(number: int, long: str) -> None:
    asked = buttons(ALERT)[number]["confirm"]
    assert {name: text["text"] for name, text in asked.items()} == {
        "title": f"Silence for {long}?",
        "text": f"Tell nothing for {long} of signature KO-cm-004, project credentialmate, log group"
        " /aws/lambda/credmate-lambda-prod-BackendApiFunction. Incidents are still recorded.",
        "confirm": "Silence",
        "deny": "Cancel",
    }


def test_more_than_one_log_group_means_every_one() -> None:
    assert silence_scope(replace(INCIDENT, log_groups=("a", "b"))).endswith("every log group")
    assert silence_scope(replace(INCIDENT, log_groups=())).endswith("every log group")


def test_the_longest_names_leave_room_for_what_a_silence_means() -> None:
    names = changed(signature="&" * 200, project="<" * 200, log_groups=(">" * 500,))
    told = buttons(names)[1]["confirm"]["text"]["text"]
    assert len(told) <= 300
    assert validate(*blocks_with_buttons(names)) == []


def test_only_the_first_page_of_a_list_can_be_acknowledged() -> None:
    (first,) = buttons(digest(crowd(3), 1, 2, 70))
    assert (first["action_id"], first["value"]) == ("sigwatch.acknowledge_all", "d-1")
    assert first["confirm"]["text"]["text"] == "Every one of these 70 incidents that is still open."
    assert actions(digest(crowd(3), 2, 2, 70)) == []


def test_a_list_of_which_nothing_is_open_has_no_button() -> None:
    over = [changed(alert, state=State.RESOLVED) for alert in crowd(3)]
    assert actions(digest(over)) == []
    assert actions(digest(over, 1, 2)) == ["sigwatch.acknowledge_all"]


@pytest.mark.parametrize("content", [*MILESTONES.values(), REMARK])
def test_nothing_else_has_a_button(content: Content) -> None:
    assert actions(content) == []


def test_nobody_is_offered_what_nobody_hears() -> None:
    for content in (ALERT, digest(crowd(3)), REMARK):
        assert not [block for block in blocks(content)[1] if block["type"] == "actions"]
