"""Prometheus Alertmanager as a target: an incident is an alert, sent again for as long as it lasts.

API: github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml; what clients owe it:
prometheus.io/docs/alerting/latest/clients.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sigwatch.errors import NotSent, PublishError
from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Content
from sigwatch.ports import Clock
from sigwatch.publish.http import DEADLINE_SECONDS, Address, encode, post, repeatable
from sigwatch.publish.plainer import plainer
from sigwatch.publish.words.message import message
from sigwatch.publish.words.plain_text import card, plain_text
from sigwatch.publish.words.wording import date_time

Json = dict[str, Any]

LASTS_MS = 15 * 60_000
"""How long an alert outlives its last sending.

It is sent again every minute, so one whose sigwatch is gone for good ends by itself, while a restart or a deployment
does not resolve and fire it again.
"""


class AlertmanagerPublisher:
    """Sends an incident as one alert, told apart by its labels: sending it again changes nothing but its annotations.

    A ref is the incident's id. Every uncertain outcome is NotSent, since repeating is harmless.
    """

    name = "alertmanager"

    def __init__(self, urls: Sequence[str], clock: Clock, deadline: float = DEADLINE_SECONDS) -> None:
        """Publish to every member of a cluster, as its documentation asks for; one that accepts is enough.

        Args:
            urls: base addresses, without `/api/v2`.
            clock: epoch seconds.
            deadline: seconds for all members together.

        Raises:
            ValueError: there is none, or one is no address.
        """
        if not urls:
            raise ValueError("no address of an Alertmanager")
        self._members = [Address(f"{url.strip().rstrip('/')}/api/v2/alerts") for url in urls]
        self._clock = clock
        self._deadline = deadline / len(urls)

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send the alert, open until a quarter of an hour from now or over since it was resolved.

        Raises:
            NotSent: no member took it.
            Refused: every member refuses it, or it is no incident.
        """
        return self._tell(card(content, "Alertmanager"), payload)

    def update(self, destination: str, ref: str, content: Content) -> None:  # noqa: ARG002 - the port's signature
        """Send the alert as it is now; in the plainest form if Alertmanager refuses the full one."""
        alert = card(content, "Alertmanager")
        plainer(lambda: self._tell(alert, payload), lambda: self._tell(alert, bare_payload))

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: an alert that may have arrived is sent again, which changes nothing."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send the alert with its summary alone."""
        return self._tell(card(content, "Alertmanager"), bare_payload)

    def _tell(self, alert: Alert, shape: Callable[[Alert, int], Json]) -> str:
        body = encode([shape(alert, int(self._clock() * 1000))])
        failures = [failure for failure in (self._send(member, body) for member in self._members) if failure]
        if len(failures) == len(self._members):
            # While one may still take it, it is to be tried again, whatever the others say.
            raise next((failure for failure in failures if isinstance(failure, NotSent)), failures[0])
        return alert.incident.id

    def _send(self, member: Address, body: bytes) -> PublishError | None:
        try:
            repeatable(lambda: post(member, body, deadline=self._deadline))
        except PublishError as failure:
            return failure
        return None


def bare_payload(alert: Alert, now_ms: int) -> Json:
    """What Alertmanager needs, and a summary. Labels never change while the incident lasts, and hold no log text."""
    incident = alert.incident
    labels = {
        "alertname": incident.signature,
        "sigwatch_incident": incident.id,
        "project": incident.project,
        "severity": incident.severity,
        "account": incident.account,
        "region": incident.region,
    }
    return {
        # An empty label is the same as none.
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {"summary": message(alert).summary},
        "startsAt": _rfc3339(incident.first_seen_ms),
        "endsAt": _rfc3339(_ends_ms(alert, now_ms)),
    }


def payload(alert: Alert, now_ms: int) -> Json:
    """The whole alert."""
    notes = {name: value for name, value in _annotations(alert).items() if value}
    whole = bare_payload(alert, now_ms) | {"annotations": notes}
    # Anything but an address is answered with HTTP 422.
    return whole | {"generatorURL": alert.logs_url} if alert.logs_url.startswith(("https://", "http://")) else whole


def _annotations(alert: Alert) -> dict[str, str]:
    told, incident = message(alert), alert.incident
    return {
        "summary": told.summary,
        "description": plain_text(alert)[1],
        "runbook_url": told.ris_url,
        "logs_url": told.logs_url,
        "ris": told.ris,
        "state": incident.state.value,
        "count": str(incident.count),
        "last_seen": date_time(incident.last_seen_ms),
        "log_groups": ", ".join(incident.log_groups),
        "acknowledged_by": incident.acknowledged_by,
    }


def _ends_ms(alert: Alert, now_ms: int) -> int:
    incident = alert.incident
    if incident.state is not State.RESOLVED:
        return now_ms + LASTS_MS
    # An end in the future would keep it firing, one before its start is answered with HTTP 400.
    ended_ms = now_ms if incident.resolved_ms is None else min(incident.resolved_ms, now_ms)
    return max(ended_ms, incident.first_seen_ms)


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
