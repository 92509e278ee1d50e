"""The Alertmanager publisher: against a server in memory for faults, and against the real one for what it does."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sigwatch.errors import NotSent, Refused
from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Remark
from sigwatch.publish.alertmanager import LASTS_MS, AlertmanagerPublisher, payload
from tests.fakes.alertmanager import Alertmanager, RealAlertmanager, telling
from tests.fakes.http_target import HttpTarget
from tests.fakes.slack_server import Fault, disconnect, hang, rate_limited, reset, server_error, truncated
from tests.unit.publish.alerts import ALERT, FIRST_MS, FIX, MINUTE, RESOLVED, changed

NOW_MS = FIRST_MS + 10 * MINUTE


def now() -> float:
    return NOW_MS / 1000


@pytest.fixture
def memory() -> Alertmanager:
    return Alertmanager(now)


@pytest.fixture
def server(memory: Alertmanager) -> Iterator[HttpTarget]:
    with HttpTarget(memory.accept) as target:
        yield target


def test_labels_hold_what_never_changes_and_no_log_text() -> None:
    later = changed(count=99, group="from a log line", log_groups=("a", "b"), state=State.ACKNOWLEDGED, samples=("x",))
    assert (
        payload(ALERT, NOW_MS)["labels"]
        == payload(later, NOW_MS + 1)["labels"]
        == {
            "alertname": "KO-cm-004",
            "sigwatch_incident": "inc-1",
            "project": "credentialmate",
            "severity": "P0",
            "account": "123456789012",
            "region": "us-east-1",
        }
    )


def test_nothing_empty_is_sent() -> None:
    bare = payload(replace(changed(project="", account="", region=""), fix=None, logs_url=""), NOW_MS)
    assert all(bare["labels"].values())
    assert all(bare["annotations"].values())
    assert "generatorURL" not in bare


def test_annotations_help_whoever_is_called() -> None:
    notes = payload(ALERT, NOW_MS)["annotations"]
    assert notes["runbook_url"] == FIX.url
    assert notes["logs_url"] == payload(ALERT, NOW_MS)["generatorURL"] == ALERT.logs_url
    assert notes["count"] == "12"
    assert all(f"\n{number}. " in notes["description"] for number in range(1, 7))
    assert "sam build --use-container" in notes["description"]


@pytest.mark.parametrize("state", [State.OPEN, State.ACKNOWLEDGED])
def test_an_incident_that_lasts_ends_a_quarter_of_an_hour_from_now(state: State) -> None:
    sent = payload(changed(state=state), FIRST_MS)
    assert (sent["startsAt"], sent["endsAt"]) == ("2026-02-04T06:02:11.000+00:00", "2026-02-04T06:17:11.000+00:00")


@pytest.mark.parametrize(
    ("resolved_ms", "ends"),
    [
        (FIRST_MS + MINUTE, "06:03:11"),
        (NOW_MS + MINUTE, "06:12:11"),
        (FIRST_MS - MINUTE, "06:02:11"),
        (None, "06:12:11"),
    ],
    ids=["past", "ahead of the clock", "before the first event", "unknown"],
)
def test_an_incident_that_is_over_has_ended(resolved_ms: int | None, ends: str) -> None:
    sent = payload(changed(state=State.RESOLVED, resolved_ms=resolved_ms), NOW_MS)
    assert sent["endsAt"] == f"2026-02-04T{ends}.000+00:00"


def test_the_same_alert_is_one_however_often_it_is_sent(server: HttpTarget, memory: Alertmanager) -> None:
    target = AlertmanagerPublisher([server.url], now)
    ref = target.post("", ALERT, "")
    target.update("", ref, changed(count=13))
    target.plain("", ALERT, "")
    assert (ref, len(server.accepted), len(memory.firing())) == ("inc-1", 3, 1)
    assert target.find("", ALERT.key, 0, "") is None


UNCERTAIN = [
    server_error(503),
    server_error(500, accepted=True),
    reset(),
    reset(accepted=True),
    disconnect(),
    truncated(),
]


@pytest.mark.parametrize("fault", [rate_limited(), *UNCERTAIN])
def test_whatever_is_uncertain_is_sent_again(server: HttpTarget, memory: Alertmanager, fault: Fault) -> None:
    server.script(fault)
    target = AlertmanagerPublisher([server.url], now)
    with pytest.raises(NotSent):
        target.post("", ALERT, "")
    target.post("", ALERT, "")
    assert len(memory.firing()) == 1


def test_a_hanging_member_costs_its_share_of_the_deadline(server: HttpTarget, memory: Alertmanager) -> None:
    server.script(hang())
    target = AlertmanagerPublisher([server.url, server.url], now, deadline=0.4)
    target.post("", ALERT, "")
    server.released.set()
    assert len(memory.firing()) == 1


def test_every_member_is_told_and_one_is_enough(server: HttpTarget, memory: Alertmanager) -> None:
    target = AlertmanagerPublisher([f"{server.url}/nowhere", server.url, f"{server.url}/am/"], now)
    target.post("", ALERT, "")
    assert [request.path for request in server.requests] == [
        "/nowhere/api/v2/alerts",
        "/api/v2/alerts",
        "/am/api/v2/alerts",
    ]


def test_when_no_member_takes_it_one_that_still_may_decides(server: HttpTarget) -> None:
    server.script(Fault(status=404), server_error(502))
    with pytest.raises(NotSent, match="HTTP 502"):
        AlertmanagerPublisher([server.url, server.url], now).post("", ALERT, "")
    server.script(Fault(status=404), Fault(status=401))
    with pytest.raises(Refused, match="HTTP 404"):
        AlertmanagerPublisher([server.url, server.url], now).post("", ALERT, "")


def test_an_alert_that_is_refused_is_sent_more_plainly(server: HttpTarget, memory: Alertmanager) -> None:
    memory.refuses_links = True
    target = AlertmanagerPublisher([server.url], now)
    with pytest.raises(Refused) as caught:
        target.post("", ALERT, "")
    assert caught.value.because_of_content
    target.update("", "inc-1", ALERT)
    assert target.plain("", ALERT, "") == "inc-1"
    (alert,) = memory.firing()
    assert list(alert["annotations"]) == ["summary"]
    assert "generatorURL" not in alert


def test_what_is_no_incident_is_refused(server: HttpTarget) -> None:
    with pytest.raises(Refused, match="no use for a remark"):
        AlertmanagerPublisher([server.url], now).post("", Remark("k", "t", "x"), "")
    assert server.requests == []


@pytest.mark.parametrize("urls", [[], ["alertmanager:9093"]])
def test_an_address_is_needed(urls: list[str]) -> None:
    with pytest.raises(ValueError, match="address"):
        AlertmanagerPublisher(urls, now)


# The real server.


def real_ms() -> int:
    return time.time_ns() // 1_000_000


def running(**fields: Any) -> Alert:
    """An incident that began a minute ago by the real clock, which the server keeps."""
    began = real_ms() - MINUTE
    return changed(first_seen_ms=began, last_seen_ms=began + 1_000, active_ms=began + 1_000, **fields)


class Real:
    """A real server, the receiver that it notifies, and a publisher whose clock may be behind."""

    def __init__(self, server: RealAlertmanager, receiver: HttpTarget) -> None:
        self.server, self.receiver, self.behind_ms = server, receiver, 0
        self.publisher = AlertmanagerPublisher([server.url], lambda: (real_ms() - self.behind_ms) / 1000)

    def told(self, incident: str = "inc-1") -> list[str]:
        """States of an incident that the receiver was notified of, in order."""
        notes = [request.json for request in self.receiver.requests]
        return [note["status"] for note in notes if note["commonLabels"]["sigwatch_incident"] == incident]

    def tells(self, *states: str, incident: str = "inc-1") -> bool:
        return self.receiver.wait_for(lambda: self.told(incident) == list(states), 15)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    with HttpTarget() as receiver, RealAlertmanager(tmp_path, telling(receiver)) as server:
        yield Real(server, receiver)


def test_the_real_server_fires_once_for_three_posts_and_resolves_on_resolve(real: Real) -> None:
    alert = running()
    for count in (12, 13, 14):
        real.publisher.post("", changed(alert, count=count), "")
    assert real.tells("firing")
    (held,) = real.server.alerts()
    assert held["labels"] == payload(alert, 0)["labels"]
    assert held["annotations"]["count"] == "14"

    over = changed(alert, state=State.RESOLVED, resolved_ms=real_ms())
    real.publisher.update("", "inc-1", over)
    assert real.tells("firing", "resolved")
    assert real.server.alerts() == []


def test_the_real_server_fires_again_when_an_incident_is_reopened(real: Real) -> None:
    alert = running()
    real.publisher.post("", alert, "")
    assert real.tells("firing")
    real.publisher.update("", "inc-1", changed(alert, state=State.RESOLVED, resolved_ms=real_ms()))
    assert real.tells("firing", "resolved")
    real.publisher.update("", "inc-1", alert)
    assert real.tells("firing", "resolved", "firing")


def test_the_real_server_lets_an_incident_end_that_nobody_refreshes(real: Real) -> None:
    real.behind_ms = LASTS_MS - 2_000
    real.publisher.post("", running(), "")
    assert real.tells("firing", "resolved")


def test_the_real_server_keeps_an_incident_alive_that_is_refreshed(real: Real) -> None:
    alert, witness = running(), running(id="inc-2")
    real.behind_ms = LASTS_MS - 2_000
    real.publisher.post("", alert, "")
    real.publisher.post("", witness, "")
    real.behind_ms = 0
    real.publisher.update("", "inc-1", alert)
    # The witness ends when the other one would have, and is told at the server's pace.
    assert real.tells("firing", "resolved", incident="inc-2")
    assert real.told() == ["firing"]
    (held,) = real.server.alerts()
    assert held["labels"]["sigwatch_incident"] == "inc-1"


def test_the_real_server_takes_hostile_text_and_what_is_over_before_it_was_told(real: Real) -> None:
    evil = 'x"}\n\x1b[31m<!channel> {{ .Foo }} \ud800 ü' * 20
    alert = running(project=evil, region="", group=evil, samples=(evil,))
    real.publisher.post("", replace(alert, title=evil), "")
    assert real.tells("firing")
    real.publisher.post("", replace(RESOLVED, key="other", incident=replace(RESOLVED.incident, id="inc-2")), "")
    real.publisher.plain("", running(id="inc-3", account=""), "")
    assert real.tells("firing", incident="inc-3")
    assert len(real.server.alerts()) == 2
