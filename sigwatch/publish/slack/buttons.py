"""What people can press on a card or a list, for when Slack can tell sigwatch of it (Socket Mode). Pure."""

from collections.abc import Mapping

from sigwatch.model.incident import Incident, State
from sigwatch.publish.slack.limits import BUTTON_TEXT, BUTTON_URL, CONFIRM_ANSWER, CONFIRM_TEXT, CONFIRM_TITLE
from sigwatch.publish.slack.markup import Json, address, plain_text
from sigwatch.publish.words.message import Message
from sigwatch.publish.words.reasons import one_line
from sigwatch.publish.words.wording import incidents

ACKNOWLEDGE = "sigwatch.acknowledge"
ACKNOWLEDGE_ALL = "sigwatch.acknowledge_all"
SILENCE = "sigwatch.silence."
"""Followed by the seconds that it lasts."""
HELPED = "sigwatch.helped"
DID_NOT_HELP = "sigwatch.did_not_help"
OPEN_RIS = "sigwatch.open.ris"
OPEN_LOGS = "sigwatch.open.logs"

SILENCES: Mapping[int, tuple[str, str]] = {3_600: ("1 h", "1 hour"), 86_400: ("24 h", "24 hours")}
"""How long silences last, in seconds, and how that is written on a button and in a sentence."""
NAME_LENGTH = 50
PLACE_LENGTH = 100


def answers(incident: Incident) -> list[Json]:
    """Acknowledge, while that is still to be done, and silence; nothing for what is long over."""
    if incident.past:
        return []
    silences = [_silence(incident, seconds) for seconds in SILENCES]
    if incident.state is not State.OPEN:
        return _actions(silences)
    return _actions([{**_button("Acknowledge", ACKNOWLEDGE, incident.id), "style": "primary"}, *silences])


def closing(told: Message, incident: Incident) -> list[Json]:
    """Whether the steps helped, unless it was over before anybody could try them, and where to read on."""
    asked = [("Helped", HELPED), ("Did not help", DID_NOT_HELP)] if told.steps and not incident.past else []
    links = [("Open RIS", OPEN_RIS, told.ris_url), ("Open in Logs Insights", OPEN_LOGS, told.logs_url)]
    return _actions(
        [
            *(_button(label, action, incident.id) for label, action in asked),
            *(
                {**_button(label, action, incident.id), "url": address(url)}
                for label, action, url in links
                if 0 < len(address(url)) <= BUTTON_URL
            ),
        ]
    )


def acknowledge_all(key: str, total: int) -> list[Json]:
    """Acknowledge every incident of a list."""
    confirm = _confirm("Acknowledge all?", f"Every one of these {incidents(total)} that is still open.", "Acknowledge")
    return _actions([{**_button("Acknowledge all", ACKNOWLEDGE_ALL, key), "style": "primary", "confirm": confirm}])


def silence_scope(incident: Incident) -> str:
    """What a silence from a card is for: the signature in the project and, where there is only one, the log group."""
    group = f"log group {incident.log_groups[0]}" if len(incident.log_groups) == 1 else "every log group"
    return (
        f"signature {one_line(incident.signature, NAME_LENGTH)}"
        f", project {one_line(incident.project, NAME_LENGTH)}, {one_line(group, PLACE_LENGTH)}"
    )


def _silence(incident: Incident, seconds: int) -> Json:
    short, long = SILENCES[seconds]
    scope = silence_scope(incident)
    text = f"Tell nothing for {long} of {scope}. Incidents are still recorded."
    confirm = _confirm(f"Silence for {long}?", text, "Silence")
    return {**_button(f"Silence {short}", f"{SILENCE}{seconds}", incident.id), "confirm": confirm}


def _confirm(title: str, text: str, yes: str) -> Json:
    return {
        "title": plain_text(title, CONFIRM_TITLE),
        "text": plain_text(text, CONFIRM_TEXT),
        "confirm": plain_text(yes, CONFIRM_ANSWER),
        "deny": plain_text("Cancel", CONFIRM_ANSWER),
    }


def _button(label: str, action: str, value: str) -> Json:
    return {"type": "button", "text": plain_text(label, BUTTON_TEXT), "action_id": action, "value": value}


def _actions(elements: list[Json]) -> list[Json]:
    return [{"type": "actions", "elements": elements}] if elements else []
