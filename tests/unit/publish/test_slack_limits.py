"""What Slack would refuse is refused before it is sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.publish.slack.limits import validate
from sigwatch.publish.slack.markup import cut_escaped, escape
from tests.fakes.slack_server import block_faults


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


PLAIN = {"type": "plain_text"}


def button(**changes: object) -> list[dict[str, Any]]:
    """A message with one button."""
    text = {"type": "plain_text", "text": "b"}
    words = {name: dict(text) for name in ("title", "text", "confirm", "deny")}
    told = {"type": "button", "text": text, "action_id": "a", "value": "v", "url": "https://a.b", "confirm": words}
    return [{"type": "actions", "elements": [{**told, **changes}]}]


def confirm(name: str, length: int) -> list[dict[str, Any]]:
    """The same with one text of its question that long."""
    body = button()
    body[0]["elements"][0]["confirm"][name]["text"] = "c" * length
    return body


@pytest.mark.parametrize(
    ("most", "over", "fault"),
    [
        (button(text={"text": "b" * 75, **PLAIN}), button(text={"text": "b" * 76, **PLAIN}), "76"),
        (button(value="v" * 2_000), button(value="v" * 2_001), "value: 2001"),
        (button(url="u" * 3_000), button(url="u" * 3_001), "url: 3001"),
        (button(action_id="a" * 255), button(action_id="a" * 256), "action_id: 256"),
        (confirm("title", 100), confirm("title", 101), "confirm.title: 101"),
        (confirm("text", 300), confirm("text", 301), "confirm.text: 301"),
        (confirm("confirm", 30), confirm("confirm", 31), "confirm.confirm: 31"),
        (confirm("deny", 30), confirm("deny", 31), "confirm.deny: 31"),
    ],
)
def test_limits_of_a_button(most: list[dict[str, Any]], over: list[dict[str, Any]], fault: str) -> None:
    assert validate("x", most) == list(block_faults(most)) == []
    (told,) = validate("x", over)
    assert told.startswith(f"blocks[0] actions: {fault} characters, 1 to ")
    assert len(list(block_faults(over))) == 1


@pytest.mark.parametrize(("count", "fine"), [(0, False), (1, True), (25, True), (26, False)])
def test_limits_of_an_actions_block(count: int, fine: bool) -> None:
    (block,) = button()
    buttons = [{**block["elements"][0], "action_id": f"a{number}"} for number in range(count)]
    body = [{"type": "actions", "elements": buttons}]
    assert validate("x", body) == ([] if fine else [f"blocks[0] actions: {count} elements, 1 to 25 allowed"])
    assert list(block_faults(body)) == ([] if fine else ["not 1 to 25 elements"])


def test_two_buttons_can_not_share_an_action() -> None:
    (block,) = button()
    body = [{"type": "actions", "elements": block["elements"] * 2}]
    assert validate("x", body) == ["blocks[0] actions: an action_id twice"]
    assert list(block_faults(body)) == ["an action_id twice"]
