"""From what Slack tells of a click to what is asked for, and by whom. Never raises: anybody may send anything."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

HOUR = 3_600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody has taken an incident on."""

    incident: str


@dataclass(frozen=True, slots=True)
class AcknowledgeAll:
    """Somebody has taken on every incident that a digest lists."""

    key: str
    """The digest's idempotency key."""


@dataclass(frozen=True, slots=True)
class SilenceFor:
    """What an incident is about is not to be told for a while."""

    incident: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """Whether the steps of an incident's message were of use."""

    incident: str
    helped: bool


Request = Acknowledge | AcknowledgeAll | SilenceFor | Feedback

BUTTONS: Mapping[str, Callable[[str], Request]] = {
    "sigwatch.acknowledge": Acknowledge,
    "sigwatch.acknowledge_all": AcknowledgeAll,
    f"sigwatch.silence.{HOUR}": partial(SilenceFor, seconds=HOUR),
    f"sigwatch.silence.{DAY}": partial(SilenceFor, seconds=DAY),
    "sigwatch.helped": partial(Feedback, helped=True),
    "sigwatch.did_not_help": partial(Feedback, helped=False),
}
"""By `action_id`, what a button's value becomes. Buttons that open a page are not here: Slack tells of them as well."""

_VALUE = re.compile(r"[\w.:/#-]{1,200}", re.ASCII)
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_NAME = 80
"""Characters; Slack's own limit of a display name."""


def requests(payload: object) -> list[Request]:
    """What a `block_actions` payload asks for, in its order; nothing of what is unknown or malformed.

    Shape: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    found = _fields(payload)
    actions = found.get("actions")
    if found.get("type") != "block_actions" or not isinstance(actions, list) or not actor(payload):
        return []
    return [request for action in actions for request in _asked(_fields(action))]


def actor(payload: object) -> str:
    """Who clicked, as `slack:NAME` in plain letters, digits, and `._-`; empty where the payload names nobody."""
    user = _fields(_fields(payload).get("user"))
    for field in ("username", "name", "id"):
        name = user.get(field)
        bare = _NOT_IN_A_NAME.sub("", name)[:_LONGEST_NAME] if isinstance(name, str) else ""
        if bare:
            return f"slack:{bare}"
    return ""


def _asked(action: Mapping[str, object]) -> Iterator[Request]:
    name, value = action.get("action_id"), action.get("value")
    made = BUTTONS.get(name) if isinstance(name, str) else None
    if made is not None and isinstance(value, str) and _VALUE.fullmatch(value):
        yield made(value)


def _fields(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
