"""The PagerDuty publisher against a server that keeps the rules of the Events API v2."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sigwatch.errors import NotSent, PublishError, Refused
from sigwatch.model.incident import State
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Crowd, Digest
from sigwatch.publish.http import encode
from sigwatch.publish.pagerduty import LARGEST_EVENT, PagerDutyPublisher, bare_event, event
from tests.fakes.http_target import HttpTarget, PagerDuty
from tests.fakes.slack_server import Fault, disconnect, rate_limited, reset, server_error, truncated
from tests.unit.publish.alerts import ALERT, FIX, NO_RIS, RESOLVED, changed

ACKNOWLEDGED = changed(state=State.ACKNOWLEDGED, acknowledged_by="ana")


@pytest.fixture
def pagerduty() -> PagerDuty:
    return PagerDuty()


@pytest.fixture
def server(pagerduty: PagerDuty) -> Iterator[HttpTarget]:
    with HttpTarget(pagerduty.accept) as target:
        yield target


def publisher(server: HttpTarget, pagerduty: PagerDuty) -> PagerDutyPublisher:
    return PagerDutyPublisher(f" {pagerduty.routing_key}\n", f"{server.url}/")


def test_an_incident_pages_once_is_acknowledged_and_resolved(server: HttpTarget, pagerduty: PagerDuty) -> None:
    target = publisher(server, pagerduty)
    refs = {target.post("", ALERT, "") for _ in range(3)}
    assert (refs, pagerduty.pages, len(server.accepted)) == ({ALERT.key}, [ALERT.key], 3)
    target.update("", ALERT.key, ACKNOWLEDGED)
    assert pagerduty.alerts == {ALERT.key: "acknowledge"}
    target.update("", ALERT.key, RESOLVED)
    assert pagerduty.alerts == {ALERT.key: "resolve"}
    assert target.find("", ALERT.key, 0, "") is None


def test_a_reopened_incident_pages_again(server: HttpTarget, pagerduty: PagerDuty) -> None:
    target = publisher(server, pagerduty)
    for alert in (ALERT, RESOLVED, ALERT):
        target.update("", ALERT.key, alert)
    assert pagerduty.pages == [ALERT.key, ALERT.key]


def test_what_is_over_before_it_was_told_pages_nobody(server: HttpTarget, pagerduty: PagerDuty) -> None:
    publisher(server, pagerduty).post("", RESOLVED, "")
    assert pagerduty.pages == []


def test_the_event_says_what_it_is_and_how_to_mend_it() -> None:
    sent = event(ALERT)
    details = sent["payload"].pop("custom_details")
    assert sent["payload"] == {
        "summary": sent["payload"]["summary"],
        "source": "/aws/lambda/credmate-lambda-prod-BackendApiFunction",
        "severity": "critical",
        "timestamp": "2026-02-04T06:02:11.000+00:00",
        "component": "credentialmate",
        "group": "/aws/lambda/credmate-lambda-prod-BackendApiFunction",
        "class": "KO-cm-004",
    }
    assert sent["payload"]["summary"].startswith("P0 · Lambda Lazy Loading")
    assert details["count"] == 12
    assert details["steps"][3:6] == [
        "4. Deploy with SAM",
        "sam build --use-container",
        "sam deploy --config-env prod",
    ]
    assert sent["links"] == [{"href": FIX.url, "text": "RIS"}, {"href": ALERT.logs_url, "text": "Logs"}]
    assert "custom_details" not in bare_event(ALERT)["payload"]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("P0", "critical"), ("P1", "error"), ("P2", "warning"), ("P3", "info"), ("unrated", "info")]
)
def test_severities_are_pagerdutys(ours: str, theirs: str) -> None:
    assert event(changed(severity=ours))["payload"]["severity"] == theirs


def test_a_path_is_no_link_and_a_source_is_always_named() -> None:
    sent = event(replace(changed(log_groups=(), project=""), fix=replace(FIX, url="ris/a.md"), logs_url=""))
    assert sent["links"] == []
    assert sent["payload"]["source"] == "KO-cm-004"
    assert "steps" not in event(NO_RIS)["payload"]["custom_details"]


@pytest.mark.parametrize(
    "steps",
    [
        (Step("long", "é" * 700_000),),
        tuple(Step(f"step {number}", "x" * 400) for number in range(5_000)),
        tuple(Step("\\" * 9_000, '"' * 9_000) for _ in range(50)),
    ],
    ids=["one huge step", "very many steps", "characters that need escapes"],
)
def test_an_event_never_outgrows_what_pagerduty_takes(
    server: HttpTarget, pagerduty: PagerDuty, steps: tuple[Step, ...]
) -> None:
    alert = replace(ALERT, title="t" * 5_000, fix=replace(FIX, steps=steps))
    sent = event(alert)
    assert len(encode(sent)) < LARGEST_EVENT
    assert sent["payload"]["custom_details"]["steps"][0].startswith("1. ")
    publisher(server, pagerduty).post("", alert, "")


def test_texts_are_whole_while_there_is_room() -> None:
    code = "x" * 100_000
    details = event(replace(ALERT, fix=replace(FIX, steps=(Step("s", code),))))["payload"]["custom_details"]
    assert details["steps"] == ["1. s", code]


@pytest.mark.parametrize(
    "fault", [rate_limited("3"), server_error(500, accepted=True), reset(accepted=True), disconnect(), truncated()]
)
def test_whatever_is_uncertain_is_sent_again(server: HttpTarget, pagerduty: PagerDuty, fault: Fault) -> None:
    server.script(fault)
    target = publisher(server, pagerduty)
    with pytest.raises(NotSent) as caught:
        target.post("", ALERT, "")
    assert caught.value.retry_after == (3 if fault.status == 429 else None)
    target.post("", ALERT, "")
    assert pagerduty.pages == [ALERT.key]


def test_an_event_that_is_refused_is_sent_more_plainly(server: HttpTarget) -> None:
    pagerduty = PagerDuty(refuses_details=True)
    server.accept = pagerduty.accept
    target = publisher(server, pagerduty)
    with pytest.raises(Refused) as caught:
        target.post("", ALERT, "")
    assert caught.value.because_of_content
    assert target.plain("", ALERT, "") == ALERT.key
    target.update("", ALERT.key, ALERT)
    assert pagerduty.pages == [ALERT.key]


def test_a_refusal_that_is_not_about_the_content_is_final(server: HttpTarget, pagerduty: PagerDuty) -> None:
    server.script(Fault(status=403))
    with pytest.raises(Refused):
        publisher(server, pagerduty).update("", ALERT.key, ALERT)
    assert len(server.requests) == 1


def test_what_is_no_incident_is_refused(server: HttpTarget, pagerduty: PagerDuty) -> None:
    with pytest.raises(Refused, match="no use for a digest"):
        publisher(server, pagerduty).post("", Digest("d", Crowd.MANY_AT_ONCE, 1, 1, 0), "")
    assert server.requests == []


def test_a_routing_key_never_shows(server: HttpTarget, pagerduty: PagerDuty, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    target = PagerDutyPublisher("secret-of-mine", server.url)
    with pytest.raises(PublishError) as caught:
        target.post("", ALERT, "")
    assert server.requests[0].json["routing_key"] == "secret-of-mine"
    shown = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r} {target!r} {caplog.text}"
    assert "secret-of-mine" not in shown
