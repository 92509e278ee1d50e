"""What a click asks for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.chat.actions import BUTTONS, Acknowledge, AcknowledgeAll, Feedback, Request, SilenceFor, actor, requests
from sigwatch.publish.slack.buttons import (
    ACKNOWLEDGE,
    ACKNOWLEDGE_ALL,
    DID_NOT_HELP,
    HELPED,
    OPEN_LOGS,
    OPEN_RIS,
    SILENCE,
    SILENCES,
)
from tests.fakes.slack_socket import block_actions

ID = "0123456789abcdef"


def clicked(action_id: str, value: object = ID) -> list[Request]:
    return requests(block_actions({"action_id": action_id, "value": value}))


@pytest.mark.parametrize(
    ("action_id", "asked"),
    [
        ("sigwatch.acknowledge", Acknowledge(ID)),
        ("sigwatch.acknowledge_all", AcknowledgeAll(ID)),
        ("sigwatch.silence.3600", SilenceFor(ID, 3_600)),
        ("sigwatch.silence.86400", SilenceFor(ID, 86_400)),
        ("sigwatch.helped", Feedback(ID, helped=True)),
        ("sigwatch.did_not_help", Feedback(ID, helped=False)),
    ],
)
def test_each_button_asks_for_one_thing(action_id: str, asked: Request) -> None:
    assert clicked(action_id) == [asked]


def test_every_button_is_known_by_its_documented_name() -> None:
    assert set(BUTTONS) == {
        "sigwatch.acknowledge",
        "sigwatch.acknowledge_all",
        "sigwatch.silence.3600",
        "sigwatch.silence.86400",
        "sigwatch.helped",
        "sigwatch.did_not_help",
    }


@pytest.mark.parametrize(
    "action_id",
    [
        "sigwatch.open.ris",
        "sigwatch.open.logs",
        "sigwatch.silence.999999999",
        "sigwatch.silence.x",
        "other",
        "",
        None,
        7,
        [],
    ],
)
def test_what_opens_a_page_or_is_unknown_asks_for_nothing(action_id: Any) -> None:
    assert clicked(action_id) == []


@pytest.mark.parametrize("value", ["", None, 7, ["a"], "two words", "a\nb", "<!channel>", "é" * 3, "x" * 201])
def test_a_value_that_no_button_of_ours_has_asks_for_nothing(value: object) -> None:
    assert clicked("sigwatch.acknowledge", value) == []


def test_several_actions_keep_their_order_and_bad_ones_fall_out() -> None:
    good = {"action_id": "sigwatch.acknowledge", "value": "a"}
    later = {"action_id": "sigwatch.helped", "value": "a"}
    payload = block_actions(good, {"action_id": "sigwatch.open.logs", "url": "https://x"}, later)
    payload["actions"].insert(1, "text")
    assert requests(payload) == [Acknowledge("a"), Feedback("a", helped=True)]


@pytest.mark.parametrize("kind", ["view_submission", "message_action", None, 3])
def test_other_kinds_of_interaction_ask_for_nothing(kind: object) -> None:
    assert requests({**block_actions({"action_id": "sigwatch.helped", "value": "a"}), "type": kind}) == []


@pytest.mark.parametrize(
    ("user", "known"),
    [
        ({"username": "jane.doe-2", "name": "other", "id": "U1"}, "slack:jane.doe-2"),
        ({"name": "jane", "id": "U1"}, "slack:jane"),
        ({"username": "<!channel> *x*\n\x1b[31m", "id": "U1"}, "slack:channelx31m"),
        ({"username": "名前", "name": 5, "id": "U1"}, "slack:U1"),
        ({"username": "x" * 500}, "slack:" + "x" * 80),
        ({"id": ""}, ""),
        ({}, ""),
        ("jane", ""),
        (None, ""),
    ],
)
def test_an_actor_is_a_name_of_harmless_characters(user: object, known: str) -> None:
    payload = {**block_actions({"action_id": "sigwatch.helped", "value": "a"}), "user": user}
    assert actor(payload) == known
    assert bool(requests(payload)) is bool(known)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["block_actions", "sigwatch.acknowledge"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "actions", "user", "name", "action_id", "value"]) | st.text(), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@given(json_values, json_values, json_values)
def test_nothing_that_arrives_raises(whole: object, actions: object, user: object) -> None:
    for payload in (whole, {"type": "block_actions", "actions": actions, "user": user}):
        assert json.dumps([str(request) for request in requests(payload)])
        assert actor(payload) == "" or actor(payload).startswith("slack:")


DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "slack.md").read_text()


def test_the_document_tells_of_every_button_and_no_other() -> None:
    listed = re.findall(r"^\| [^|]+ \| `(sigwatch\.[\w.]+)` \|", DOCUMENT, re.MULTILINE)
    shown = {ACKNOWLEDGE, ACKNOWLEDGE_ALL, HELPED, DID_NOT_HELP, *(f"{SILENCE}{seconds}" for seconds in SILENCES)}
    assert shown == set(BUTTONS)
    assert set(listed) == shown | {OPEN_RIS, OPEN_LOGS}


def test_the_manifest_of_the_document_asks_for_what_is_used() -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    manifest = yaml.safe_load(text)
    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["settings"]["interactivity"]["is_enabled"]
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    explained = {
        name
        for row in re.findall(r"^\| (`[^|]*:[^|]*) \|", DOCUMENT, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", row)
    }
    assert scopes == {"chat:write", "channels:history", "groups:history"}
    assert explained == scopes | {"connections:write"}
