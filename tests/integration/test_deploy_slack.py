"""The manifests of the Slack app: what they hold, and that each scope is needed by a call that the code makes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAIN, BUTTONS = "manifest.yaml", "manifest-buttons.yaml"
NEEDED = {
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history"},
    "conversations_replies": {"channels:history", "groups:history"},
}
"""Scopes of a bot's token by method, in public and in private channels: docs.slack.dev/reference/methods."""


def manifest(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy/slack" / name).read_text())
    return found


def called() -> set[str]:
    rooms = [ROOT / "sigwatch/publish/slack", ROOT / "sigwatch/chat"]
    text = "\n".join(module.read_text() for room in rooms for module in room.glob("*.py"))
    methods = r"\.((?:chat|conversations|users|files|reactions|pins|views|auth|team|usergroups)_\w+)\("
    return set(re.findall(methods, text))


@pytest.mark.parametrize("name", [PLAIN, BUTTONS])
def test_every_scope_is_needed_by_a_call_and_no_call_lacks_one(name: str) -> None:
    methods = called()
    assert "chat_postMessage" in methods
    wanted = set().union(*(NEEDED[method] for method in methods))
    scopes = manifest(name)["oauth_config"]["scopes"]
    assert set(scopes) == {"bot"}
    assert set(scopes["bot"]) == wanted
    assert len(scopes["bot"]) == len(wanted)


@pytest.mark.parametrize("name", [PLAIN, BUTTONS])
def test_the_keys_are_those_that_slack_knows(name: str) -> None:
    """docs.slack.dev/reference/app-manifest, with the lengths that it sets."""
    found = manifest(name)
    assert set(found) == {"display_information", "features", "oauth_config", "settings"}
    about = found["display_information"]
    assert set(about) == {"name", "description", "background_color"}
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert set(found["features"]) == {"bot_user"}
    assert set(found["settings"]) == {
        "interactivity",
        "socket_mode_enabled",
        "org_deploy_enabled",
        "token_rotation_enabled",
    }
    # A token that is rotated would have to be kept somewhere and renewed twice a day; the program does neither.
    assert found["settings"]["token_rotation_enabled"] is False


def test_a_connection_to_slack_is_opened_only_where_there_are_buttons() -> None:
    plain, buttons = manifest(PLAIN), manifest(BUTTONS)
    for settings, wanted in ((plain.pop("settings"), False), (buttons.pop("settings"), True)):
        assert settings["socket_mode_enabled"] is wanted
        assert settings["interactivity"] == {"is_enabled": wanted}
    assert plain == buttons


def test_the_page_about_slack_shows_the_same_app() -> None:
    [shown] = re.findall(r"```yaml\n(display_information:.*?)```", (ROOT / "docs/slack.md").read_text(), re.DOTALL)
    assert yaml.safe_load(shown) == manifest(BUTTONS)
