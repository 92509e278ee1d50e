"""The signed webhook, verified by the specification's own library."""

import base64
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from sigwatch.errors import NotSent, PublishError, Refused
from sigwatch.model.incident import Matchers, Reason, Silence, State
from sigwatch.model.message import Alert, Remark
from sigwatch.publish.webhook import OTHER_TYPE, TYPES, WebhookPublisher, envelope, sign, signing_key
from tests.fakes.http_target import HttpTarget, Request
from tests.fakes.slack_server import Fault, disconnect, rate_limited, reset, server_error, truncated
from tests.unit.publish.alerts import ALERT, FIRST_MS, FIX, MINUTE, NO_RIS, RESOLVED, SAMPLE, changed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OVER = replace(RESOLVED, reason=Reason.RESOLVED)


def now() -> float:
    return time.time_ns() / 1e9


@pytest.fixture
def server() -> Iterator[HttpTarget]:
    with HttpTarget() as target:
        yield target


def verified(request: Request, secret: str | bytes = SECRET) -> object:
    return Webhook(secret).verify(request.body, dict(request.headers))


def test_the_signature_is_that_of_the_specifications_example() -> None:
    # The example of the reference libraries: github.com/standard-webhooks/standard-webhooks, libraries/*/test.
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(signing_key(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == expected


@pytest.mark.parametrize(
    ("secret", "key"),
    [(SECRET, SECRET), ("a secret of some thirty letters", b"a secret of some thirty letters")],
    ids=["base64", "raw"],
)
def test_an_event_is_verified_by_the_reference_library(server: HttpTarget, secret: str, key: str | bytes) -> None:
    WebhookPublisher(f"{server.url}/hook", secret, now).post("", ALERT, "")
    (request,) = server.requests
    assert verified(request, key) == request.json
    assert request.path == "/hook"


def test_a_changed_event_and_another_secret_are_not(server: HttpTarget) -> None:
    WebhookPublisher(server.url, SECRET, now).post("", ALERT, "")
    (request,) = server.requests
    with pytest.raises(WebhookVerificationError):
        verified(replace(request, body=request.body.replace(b"P0", b"P4")))
    with pytest.raises(WebhookVerificationError):
        verified(request, "whsec_" + base64.b64encode(b"x" * 24).decode())


def test_a_retry_has_the_same_id_and_a_change_another(server: HttpTarget) -> None:
    ticks = iter(range(1_700_000_000, 1_700_000_100))
    target = WebhookPublisher(server.url, SECRET, lambda: float(next(ticks)))
    for alert in (ALERT, ALERT, OVER):
        target.post("", alert, "")
    target.update("", ALERT.key, replace(ALERT, key="another"))
    first, again, over, other = [request.headers["webhook-id"] for request in server.requests]
    assert first == again
    assert len({first, over, other}) == 3
    assert [request.headers["webhook-timestamp"] for request in server.requests[:2]] == ["1700000000", "1700000001"]


def test_three_posts_are_one_event_to_who_drops_what_he_has_had(server: HttpTarget) -> None:
    server.script(reset(accepted=True), server_error(500, accepted=True))
    target = WebhookPublisher(server.url, SECRET, now)
    for _ in range(2):
        with pytest.raises(NotSent):
            target.post("", ALERT, "")
    assert target.post("", ALERT, "") == ALERT.key
    assert len(server.accepted) == 3
    assert len({request.headers["webhook-id"] for request in server.accepted}) == 1
    assert target.find("", ALERT.key, 0, "") is None


def test_the_event_is_as_documented() -> None:
    sent = json.loads(json.dumps(envelope(ALERT)))
    data = sent["data"]
    assert list(sent) == ["type", "timestamp", "schema_version", "data"]
    assert (sent["type"], sent["schema_version"]) == ("incident.opened", 1)
    assert data["incident"]["first_seen"] == "2026-02-04T06:02:11.000Z"
    assert data["incident"]["count"] == 12
    assert data["remediation"]["ris"] == FIX.ris
    assert [step["number"] for step in data["remediation"]["steps"]] == [1, 2, 3, 4, 5, 6]
    assert data["remediation"]["steps"][3]["code"] == "sam build --use-container\nsam deploy --config-env prod"
    assert data["samples"] == [SAMPLE]
    assert envelope(NO_RIS)["data"]["remediation"] is None


def test_every_reason_has_its_type() -> None:
    types = {reason: envelope(replace(ALERT, reason=reason))["type"] for reason in Reason}
    assert {reason for reason, kind in types.items() if kind == OTHER_TYPE} == set(Reason) - set(TYPES)
    assert set(TYPES.values()) == {
        "incident.opened",
        "incident.escalated",
        "incident.acknowledged",
        "incident.silenced",
        "incident.resolved",
    }


SILENCE = Silence("s1", Matchers(), "planned", "ana", FIRST_MS + 2 * MINUTE, FIRST_MS + 60 * MINUTE)


@pytest.mark.parametrize(
    ("alert", "minutes"),
    [
        (changed(opened_ms=FIRST_MS + MINUTE), 1),
        (replace(changed(silence=SILENCE), reason=Reason.SILENCED), 2),
        (
            replace(
                changed(state=State.ACKNOWLEDGED, acknowledged_ms=FIRST_MS + 3 * MINUTE), reason=Reason.ACKNOWLEDGED
            ),
            3,
        ),
        (replace(changed(active_ms=FIRST_MS + 4 * MINUTE), reason=Reason.SPREAD), 4),
        (OVER, 27),
    ],
    ids=["opened", "silenced", "acknowledged", "escalated", "resolved"],
)
def test_an_event_is_dated_by_its_change(alert: Alert, minutes: int) -> None:
    seconds = FIRST_MS // 1000 + minutes * 60
    assert envelope(alert)["timestamp"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def test_a_silence_says_until_when() -> None:
    assert envelope(changed(silence=SILENCE))["data"]["incident"]["silenced_until"] == "2026-02-04T07:02:11.000Z"


FAULTS = [rate_limited("3"), server_error(503), reset(), disconnect(), truncated()]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_uncertain_is_sent_again(server: HttpTarget, fault: Fault) -> None:
    server.script(fault)
    with pytest.raises(NotSent):
        WebhookPublisher(server.url, SECRET, now).post("", ALERT, "")


def test_redirects_are_not_followed(server: HttpTarget) -> None:
    server.script(Fault(status=308, headers=(("Location", f"{server.url}/elsewhere"),)))
    with pytest.raises(Refused, match="redirects are not followed"):
        WebhookPublisher(server.url, SECRET, now).plain("", ALERT, "")
    assert len(server.requests) == 1


def test_what_is_no_incident_is_refused(server: HttpTarget) -> None:
    with pytest.raises(Refused, match="no use for a remark"):
        WebhookPublisher(server.url, SECRET, now).update("", "r", Remark("k", "t", "x"))
    assert server.requests == []


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_no base64!", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_not_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^the secret must be whsec_ and base64, or plain text, of 24 bytes or more$"):
        WebhookPublisher("https://h", secret, now)


def test_neither_secret_nor_address_shows(server: HttpTarget, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(Fault(status=404))
    target = WebhookPublisher(f"{server.url}/secret-of-mine?k=secret-of-mine", SECRET, now)
    with pytest.raises(PublishError) as caught:
        target.post("", ALERT, "")
    shown = f"{caught.value!r} {caught.value.__context__!r} {target!r} {caplog.text}"
    assert "secret-of-mine" not in shown
    assert SECRET.removeprefix("whsec_") not in shown


def test_the_documented_event_has_the_fields_of_a_real_one() -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        return [shape(value[0])] if isinstance(value, list) else None

    page = (Path(__file__).resolve().parents[2] / "docs" / "targets.md").read_text()
    (documented,) = re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shape(json.loads(documented)) == shape(envelope(ALERT))
