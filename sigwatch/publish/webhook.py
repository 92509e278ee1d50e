"""A signed webhook as a target: each change of an incident is an event that the receiver can verify and tell apart.

Signatures, headers and the envelope follow Standard Webhooks 1.0.0: github.com/standard-webhooks/standard-webhooks.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from typing import Any

from sigwatch.model.incident import Incident, Reason
from sigwatch.model.message import Alert, Content, Fix
from sigwatch.ports import Clock
from sigwatch.publish.http import DEADLINE_SECONDS, Address, encode, post, repeatable
from sigwatch.publish.words.plain_text import card
from sigwatch.publish.words.wording import rfc3339

SCHEMA_VERSION = 1
"""Grows when a field goes or changes its meaning; new fields do not count."""
PREFIX = "whsec_"
SHORTEST_SECRET = 24
"""Bytes, as the specification recommends."""
TYPES = {
    Reason.OPENED: "incident.opened",
    Reason.RECURRED: "incident.opened",
    Reason.REOPENED: "incident.opened",
    Reason.GREW_TENFOLD: "incident.escalated",
    Reason.SPREAD: "incident.escalated",
    Reason.UNACKNOWLEDGED: "incident.escalated",
    Reason.ACKNOWLEDGED: "incident.acknowledged",
    Reason.SILENCED: "incident.silenced",
    Reason.RESOLVED: "incident.resolved",
    Reason.RECOVERED: "incident.resolved",
    Reason.CLOSED: "incident.resolved",
    Reason.FOUND_LATER: "incident.resolved",
}
OTHER_TYPE = "incident.changed"

_NAMESPACE = uuid.UUID("5b6f3c39-5a0e-5d0c-8f6a-0d9c7d1b1f60")


class WebhookPublisher:
    """Posts an event whose `webhook-id` follows from what it says: a repeated one is known by it.

    A ref is the incident's key. Every uncertain outcome is NotSent: the receiver drops what it has had.
    """

    name = "webhook"

    def __init__(self, url: str, secret: str, clock: Clock, deadline: float = DEADLINE_SECONDS) -> None:
        """Publish to one address.

        Args:
            url: where to; redirects are not followed.
            secret: signs each event. `whsec_` and base64, or the bytes of any other text.
            clock: epoch seconds.
            deadline: seconds for a call.

        Raises:
            ValueError: `url` is no address, or the secret is none; the sentence quotes neither.
        """
        self._address = Address(url)
        self._secret = signing_key(secret)
        self._clock = clock
        self._deadline = deadline

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send the incident as it is now.

        Raises:
            NotSent: try again later.
            Refused: the receiver does not take it, or it is no incident.
        """
        alert = card(content, "the webhook")
        body = encode(envelope(alert))
        name = str(uuid.uuid5(_NAMESPACE, f"{alert.key}\n{body.decode()}"))
        sent_at = str(int(self._clock()))
        headers = {
            "webhook-id": name,
            "webhook-timestamp": sent_at,
            "webhook-signature": sign(self._secret, name, sent_at, body),
        }
        repeatable(lambda: post(self._address, body, headers, self._deadline))
        return alert.key

    def update(self, destination: str, ref: str, content: Content) -> None:  # noqa: ARG002 - the port's signature
        """Send the incident as it is now, as an event of its own."""
        self.post(destination, content, "")

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: an event that may have arrived is sent again under the same id."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Send the incident; there is no plainer form."""
        return self.post(destination, content, thread)


def signing_key(secret: str) -> bytes:
    """The bytes that sign.

    Raises:
        ValueError: what follows `whsec_` is not base64, or it is too short to be a secret.
    """
    try:
        encoded = secret.strip().removeprefix(PREFIX)
        key = base64.b64decode(encoded, validate=True) if encoded != secret.strip() else encoded.encode()
    except binascii.Error:
        key = b""
    if len(key) < SHORTEST_SECRET:
        raise ValueError(f"the secret must be {PREFIX} and base64, or plain text, of {SHORTEST_SECRET} bytes or more")
    return key


def sign(key: bytes, name: str, sent_at: str, body: bytes) -> str:
    """The `webhook-signature` of an event."""
    digest = hmac.new(key, f"{name}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def envelope(alert: Alert) -> dict[str, Any]:
    """The event as docs/targets.md describes it. Holds nothing but the alert, so a repeated one is the same."""
    return {
        "type": TYPES.get(alert.reason, OTHER_TYPE),
        "timestamp": rfc3339(_changed_ms(alert)),
        "schema_version": SCHEMA_VERSION,
        "data": {
            "key": alert.key,
            "title": alert.title,
            "reason": alert.reason.value,
            "incident": _incident(alert.incident),
            "why_it_matters": alert.why_it_matters,
            "prevention": alert.prevention,
            "remediation": _remediation(alert.fix) if alert.fix else None,
            "samples": list(alert.incident.samples),
            "logs_url": alert.logs_url,
        },
    }


def _changed_ms(alert: Alert) -> int:
    incident = alert.incident
    when = {
        "incident.opened": incident.opened_ms,
        "incident.acknowledged": incident.acknowledged_ms,
        "incident.silenced": incident.silence.starts_ms if incident.silence else None,
        "incident.resolved": incident.resolved_ms,
    }
    return when.get(TYPES.get(alert.reason, OTHER_TYPE)) or incident.active_ms


def _incident(incident: Incident) -> dict[str, Any]:
    silence = incident.silence
    return {
        "id": incident.id,
        "signature": incident.signature,
        "project": incident.project,
        "severity": incident.severity,
        "state": incident.state.value,
        "group": incident.group,
        "account": incident.account,
        "region": incident.region,
        "log_groups": list(incident.log_groups),
        "count": incident.count,
        "occurrence": incident.occurrence,
        "first_seen": rfc3339(incident.first_seen_ms),
        "last_seen": rfc3339(incident.last_seen_ms),
        "resolved": None if incident.resolved_ms is None else rfc3339(incident.resolved_ms),
        "resolution": incident.resolution.value if incident.resolution else None,
        "acknowledged_by": incident.acknowledged_by or None,
        "silenced_until": rfc3339(silence.ends_ms) if silence else None,
    }


def _remediation(fix: Fix) -> dict[str, Any]:
    return {
        "ris": fix.ris,
        "title": fix.title,
        "url": fix.url,
        "date": fix.date,
        "mttr": fix.mttr,
        "resolved": fix.resolved,
        "root_cause": fix.root_cause,
        "steps": [{"number": number, "text": step.text, "code": step.code} for number, step in enumerate(fix.steps, 1)],
        "verification": fix.verification,
    }
