"""PagerDuty as a target, through its Events API v2: an incident triggers, acknowledges and resolves one alert.

API: developer.pagerduty.com/docs/send-alert-event; its schema: github.com/PagerDuty/api-schema, events-v2.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Content
from sigwatch.publish.http import DEADLINE_SECONDS, Address, encode, post, repeatable
from sigwatch.publish.plainer import plainer
from sigwatch.publish.words.message import Message, message
from sigwatch.publish.words.plain_text import card, numbered
from sigwatch.publish.words.wording import cut, date_time

PAGERDUTY_URL = "https://events.pagerduty.com"
ACTIONS = {State.OPEN: "trigger", State.ACKNOWLEDGED: "acknowledge", State.RESOLVED: "resolve"}
SEVERITIES = {"P0": "critical", "P1": "error", "P2": "warning"}
OTHER_SEVERITY = "info"
SUMMARY_LENGTH = 1_024
LARGEST_EVENT = 500_000
"""Bytes; PagerDuty refuses events of more than 512 KB."""
CUTS = (64_000, 16_000, 4_000, 1_000, 250)
"""Characters that each text is cut to, one after the other, until the event fits."""
LONGEST_LIST = 100

Event = dict[str, Any]


class PagerDutyPublisher:
    """Sends events whose `dedup_key` is the incident's key: a repeated one joins the alert that is there.

    A ref is that key. Every uncertain outcome is NotSent, since repeating is harmless. Acceptance (HTTP 202) means that
    PagerDuty has queued the event.
    """

    name = "pagerduty"

    def __init__(self, routing_key: str, base_url: str = PAGERDUTY_URL, deadline: float = DEADLINE_SECONDS) -> None:
        """Publish to the integration with that key.

        Args:
            routing_key: integration key; a secret.
            base_url: address without `/v2/enqueue`; PagerDuty's service region decides.
            deadline: seconds for a call.

        Raises:
            ValueError: `base_url` is no address.
        """
        self._routing_key = routing_key.strip()
        self._address = Address(f"{base_url.strip().rstrip('/')}/v2/enqueue")
        self._deadline = deadline

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send what the incident is now.

        Raises:
            NotSent: try again later.
            Refused: PagerDuty does not take it, or it is no incident.
        """
        return self._send(card(content, "PagerDuty"), event)

    def update(self, destination: str, ref: str, content: Content) -> None:  # noqa: ARG002 - the port's signature
        """Send what the incident is now; in the plainest form if PagerDuty refuses the full one."""
        alert = card(content, "PagerDuty")
        plainer(lambda: self._send(alert, event), lambda: self._send(alert, bare_event))

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: an event that may have arrived is sent again, which changes nothing."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send no more than PagerDuty needs to page somebody."""
        return self._send(card(content, "PagerDuty"), bare_event)

    def _send(self, alert: Alert, shape: Callable[[Alert], Event]) -> str:
        body = encode({"routing_key": self._routing_key, **shape(alert)})
        repeatable(lambda: post(self._address, body, deadline=self._deadline))
        return alert.key


def bare_event(alert: Alert) -> Event:
    """The fields that PagerDuty demands."""
    incident, told = alert.incident, message(alert)
    sent: Event = {"dedup_key": alert.key, "event_action": ACTIONS[incident.state]}
    if incident.state is not State.OPEN:
        return sent
    source = incident.log_groups[0] if incident.log_groups else incident.project or incident.signature
    severity = SEVERITIES.get(incident.severity, OTHER_SEVERITY)
    return sent | {"payload": {"summary": cut(told.summary, SUMMARY_LENGTH), "source": source, "severity": severity}}


def event(alert: Alert) -> Event:
    """The whole event, the routing key aside. Texts are cut only where it would be larger than PagerDuty takes."""
    sent = bare_event(alert)
    if "payload" not in sent:
        return sent
    incident, told = alert.incident, message(alert)
    first_seen = datetime.fromtimestamp(incident.first_seen_ms / 1000, UTC)
    about = {
        "timestamp": first_seen.isoformat(timespec="milliseconds"),
        "component": incident.project,
        "group": incident.group,
        "class": incident.signature,
    }
    sent["payload"] |= {name: value for name, value in about.items() if value}
    sent["payload"]["custom_details"] = {name: value for name, value in _details(alert, told).items() if value}
    links = (("RIS", told.ris_url), ("Logs", told.logs_url))
    whole = sent | {
        "client": "sigwatch",
        # A document's path is no address, and PagerDuty takes nothing else.
        "links": [{"href": url, "text": text} for text, url in links if url.startswith(("https://", "http://"))],
    }
    fitting = (
        shape for shape in (whole, *(_cut(whole, limit) for limit in CUTS)) if len(encode(shape)) < LARGEST_EVENT
    )
    return next(fitting, bare_event(alert))


def _details(alert: Alert, told: Message) -> dict[str, object]:
    incident = alert.incident
    return {
        "state": told.state,
        "verdict": told.verdict,
        "steps": numbered(told.steps),
        "verification": told.verification,
        "prevention": told.prevention,
        "count": incident.count,
        "occurrence": incident.occurrence,
        "first_seen": date_time(incident.first_seen_ms),
        "last_seen": date_time(incident.last_seen_ms),
        "log_groups": list(incident.log_groups),
        "account": incident.account,
        "region": incident.region,
        "why_it_matters": told.why,
        "root_cause": told.cause,
        "samples": list(told.samples),
    }


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return cut(value, limit)
    if isinstance(value, list):
        return [_cut(inner, limit) for inner in value[:LONGEST_LIST]]
    if isinstance(value, dict):
        return {name: _cut(inner, limit) for name, inner in value.items()}
    return value
