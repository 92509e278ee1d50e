"""The daemon as a subprocess, against the embedded Logs Insights and a Slack server, over HTTP."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch.local.settings import Settings
from tests.fakes.processes import (
    CHANNEL,
    GROUP,
    SIGNATURES,
    Daemon,
    Logs,
    daemon,
    eventually,
    local_logs,
    threaded_logs,
    write_configuration,
)
from tests.fakes.slack_server import FakeSlack, hang, rate_limited, readable, reset

ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'\nTraceback (most recent call last):"
SERIES = 'sigwatch_notifications_total{outcome="%s",target="slack"}'


def now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the daemon under test lives in real time


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=(CHANNEL,)) as server:
        yield server


@pytest.fixture
def logs() -> Iterator[Logs]:
    with threaded_logs() as server:
        yield server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Logs]:
    with local_logs(tmp_path) as server:
        yield server


def only_message(slack: FakeSlack) -> str:
    [message] = slack.messages(CHANNEL)
    return readable(message)


def shown_count(slack: FakeSlack) -> int:
    found = [re.search(r"([\d,]+) events?\b", readable(m)) for m in slack.messages(CHANNEL)]
    return int(found[0][1].replace(",", "")) if found and found[0] else 0


def entries(slack: FakeSlack, count: int) -> list[str]:
    """What the thread of the only message says, once it has so many entries."""
    [message] = slack.messages(CHANNEL)
    assert slack.wait_for(lambda: len(slack.thread(CHANNEL, message["ts"])) >= count, timeout=20)
    return [readable(entry) for entry in slack.thread(CHANNEL, message["ts"])]


def counts_to(slack: FakeSlack, count: int) -> bool:
    return slack.wait_for(lambda: shown_count(slack) == count, timeout=20)


def test_an_incident_is_one_message_from_the_first_event_to_the_end(
    tmp_path: Path, slack: FakeSlack, served: Logs
) -> None:
    write_configuration(tmp_path, slack.base_url)
    with daemon(tmp_path, served.url) as running:
        assert eventually(lambda: running.get("/readyz")[0] == 200)
        served.write("[INFO] all is well", now_ms())
        served.write(ERROR, now_ms(), now_ms() + 1)
        assert counts_to(slack, 2)
        text = only_message(slack)
        for wanted in ("KO-cm-004", "RIS-2026-02-04-001", "P0", "credentialmate", "10 minutes", GROUP, "logs-insights"):
            assert wanted in text
        for step in _steps():
            assert step in text
        served.write(ERROR, now_ms(), now_ms() + 1, now_ms() + 2)
        assert counts_to(slack, 5)
        assert slack.wait_for(lambda: "resolved after" in only_message(slack), timeout=20)
        opened, resolved = entries(slack, 2)
        assert "No module named 'src.api.v1.providers'" in opened
        assert "Resolved after" in resolved
        assert (len(slack.messages(CHANNEL)), slack.count("chat.postMessage")) == (1, 3)
        assert eventually(lambda: running.metric(SERIES % "resolved") == 1)
        assert running.metric(SERIES % "posted") == 3
        assert running.metric('sigwatch_hits_total{project="credentialmate",signature="KO-cm-004"}') == 5
        assert running.metric('sigwatch_incidents_open{severity="P0",signature="KO-cm-004"}') == 0
        assert running.end() == 0


def _steps() -> list[str]:
    text = (SIGNATURES / "ris" / "2026-02-04-lambda-import-fix.md").read_text()
    section = text.split("If This Happens Again")[1]
    leads = re.findall(r"^\d\. ([A-Za-z ]+)", section, re.MULTILINE)[:6]
    assert len(leads) == 6
    return leads


def test_killed_between_acceptance_and_record_nothing_is_lost_or_doubled(
    tmp_path: Path, slack: FakeSlack, served: Logs
) -> None:
    write_configuration(tmp_path, slack.base_url, quiet="60s")
    slack.script("chat.postMessage", hang(accepted=True))
    with daemon(tmp_path, served.url) as first:
        served.write(ERROR, now_ms())
        assert slack.wait_for(lambda: slack.count("chat.postMessage") == 1, timeout=20)
        first.end(signal.SIGKILL)
    slack.release()
    served.write(ERROR, now_ms(), now_ms() + 1)
    with daemon(tmp_path, served.url) as second:
        assert counts_to(slack, 3)
        assert eventually(lambda: second.metric(SERIES % "reconciled") == 1)
        assert len(entries(slack, 1)) == 1
        assert second.end() == 0
    assert (len(slack.messages(CHANNEL)), slack.count("chat.postMessage")) == (1, 2)


def test_killed_again_and_again_in_mid_cycle_every_event_counts_once(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    write_configuration(tmp_path, slack.base_url, quiet="60s")
    for number in range(4):
        with daemon(tmp_path, logs.url) as running:
            logs.write(f"{ERROR} round {number}", now_ms(), now_ms() + 1, now_ms() + 2)
            # Each time a little later in its cycle: while it starts, queries, records, sends.
            running.wait_for_lines(number)
            running.end(signal.SIGKILL)
    with daemon(tmp_path, logs.url) as running:
        assert counts_to(slack, 12)
        assert eventually(lambda: running.metric("sigwatch_outbox_pending") == 0)
        assert running.end() == 0
    assert len(slack.messages(CHANNEL)) == 1


def test_asked_to_stop_it_ends_within_seconds_even_while_slack_hangs(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    write_configuration(tmp_path, slack.base_url)
    slack.script("chat.postMessage", hang())
    with daemon(tmp_path, logs.url) as running:
        logs.write(ERROR, now_ms())
        assert slack.wait_for(lambda: slack.count("chat.postMessage") == 1, timeout=20)
        assert running.end(signal.SIGTERM, seconds=10) == 0
    slack.release()
    assert '"event": "stopped"' in running.log.read_text()


def test_asked_to_stop_it_stops_the_queries_that_run(tmp_path: Path, slack: FakeSlack) -> None:
    write_configuration(tmp_path, slack.base_url)
    with threaded_logs(Settings(running_seconds=600)) as logs, daemon(tmp_path, logs.url) as running:
        assert eventually(lambda: len(logs.queries("Running")) >= 2)
        assert running.end(signal.SIGTERM, seconds=10) == 0
        assert logs.queries("Scheduled", "Running") == []
        assert set(logs.queries()) == set(logs.queries("Cancelled"))


def test_a_query_that_ran_when_it_was_killed_is_gone_on_with_and_paid_for_once(
    tmp_path: Path, slack: FakeSlack
) -> None:
    write_configuration(tmp_path, slack.base_url)
    with threaded_logs(Settings(running_seconds=2)) as logs:
        with daemon(tmp_path, logs.url) as running:
            assert eventually(lambda: bool(logs.queries("Running")))
            logs.write(ERROR, now_ms())
            running.end(signal.SIGKILL)
        begun = logs.queries()
        with daemon(tmp_path, logs.url) as running:
            assert counts_to(slack, 1)
            assert running.end() == 0
        assert len(set(logs.queries())) == len(logs.queries()) > len(begun)


def test_slack_faults_delay_the_message_and_never_double_it(tmp_path: Path, slack: FakeSlack, logs: Logs) -> None:
    write_configuration(tmp_path, slack.base_url, quiet="60s")
    slack.script("chat.postMessage", rate_limited("1"), reset(), reset(accepted=True))
    with daemon(tmp_path, logs.url) as running:
        logs.write(ERROR, now_ms())
        assert eventually(lambda: running.metric("sigwatch_outbox_pending") == 1)
        assert counts_to(slack, 1)
        assert eventually(lambda: running.metric("sigwatch_outbox_pending") == 0, 30)
        assert running.metric(SERIES % "rate_limited") == 1
        assert running.metric(SERIES % "reconciled") == 1
        assert running.end() == 0
    assert len(slack.messages(CHANNEL)) == 1


def test_an_unreachable_aws_is_tried_again_and_nothing_of_the_meantime_is_lost(
    tmp_path: Path, slack: FakeSlack
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    write_configuration(tmp_path, slack.base_url)
    with daemon(tmp_path, f"http://127.0.0.1:{port}") as running:
        assert eventually(lambda: running.metric('sigwatch_runs_skipped_total{reason="failed"}') > 0)
        assert running.get("/healthz")[0] == 200
        assert running.get("/readyz") == (503, "the first pass is not done\n")
        with local_logs(tmp_path, port) as logs:
            logs.write(ERROR, now_ms())
            assert counts_to(slack, 1)
            assert running.get("/readyz")[0] == 200
        assert running.end() == 0


def test_reloaded_knowledge_is_watched_and_a_broken_document_keeps_its_last_good_version(
    tmp_path: Path, slack: FakeSlack, logs: Logs
) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    document = {
        "id": "KO-new",
        "project": "shop",
        "title": "The till is closed",
        "status": "approved",
        "detection_pattern": "FATAL till closed",
        "prevention_rule": "Open the till before the shop.",
    }
    write_configuration(tmp_path, slack.base_url, knowledge, quiet="60s")
    with daemon(tmp_path, logs.url) as running:
        assert eventually(lambda: running.metric('sigwatch_signatures{status="approved"}') == 0)
        path = knowledge / "till.md"
        path.write_text(f"---\n{json.dumps(document)}\n---\n# till\n")
        running.send(signal.SIGHUP)
        assert eventually(lambda: running.metric('sigwatch_signatures{status="approved"}') == 1)
        path.write_text(path.read_text().replace("FATAL till", "FATAL (till"))
        assert eventually(lambda: running.metric('sigwatch_quarantined{kind="document"}') == 1)
        logs.write("FATAL till closed", now_ms())
        assert slack.wait_for(lambda: len(slack.messages(CHANNEL)) == 1, timeout=20)
        text = only_message(slack)
        assert "KO-new" in text
        assert "Open the till before the shop." in text
        assert running.end() == 0


def test_once_makes_every_pass_delivers_and_exits(tmp_path: Path, slack: FakeSlack, logs: Logs) -> None:
    write_configuration(tmp_path, slack.base_url)
    logs.write(ERROR, now_ms() - 2_000)
    for _ in range(2):
        with daemon(tmp_path, logs.url, "--once") as running:
            assert running.wait(30) == 0, running.log.read_text()
    assert len(slack.messages(CHANNEL)) == 1


def test_the_http_side_tells_how_it_is(tmp_path: Path, slack: FakeSlack, logs: Logs) -> None:
    write_configuration(tmp_path, slack.base_url)
    with daemon(tmp_path, logs.url) as running:
        assert eventually(lambda: running.get("/readyz") == (200, "ok\n"))
        assert running.get("/healthz") == (200, "ok\n")
        status, page = running.get("/")
        assert (status, running.get("/nowhere")[0]) == (200, 404)
        for wanted in ("KO-cm-004", "RIS-2026-02-04-001", "us-east-1/", "None."):
            assert wanted in page
        _, metrics = running.get("/metrics")
        for series in _documented_series():
            assert re.search(rf"^{series}", metrics, re.MULTILINE), series
        assert running.metric('sigwatch_hits_total{project="credentialmate",signature="KO-cm-004"}') == 0
        assert running.end() == 0


def _documented_series() -> list[str]:
    return [
        r'sigwatch_build_info\{version="',
        r'sigwatch_signatures\{status="approved"\} 5',
        r'sigwatch_incidents_total\{kind="opened",signature="KO-cm-004"\} 0',
        r'sigwatch_notifications_total\{outcome="posted",target="slack"\} 0',
        "sigwatch_outbox_pending 0",
        "sigwatch_outbox_oldest_seconds 0",
        r'sigwatch_queries_total\{status="complete"\}',
        r'sigwatch_queries_total\{status="throttled"\} 0',
        "sigwatch_query_duration_seconds_count",
        r'sigwatch_rows_total\{scope="us-east-1/credentialmate',
        "sigwatch_arrival_delay_seconds_count 0",
        r'sigwatch_scanned_bytes_total\{scope="us-east-1/credentialmate',
        r'sigwatch_scan_cost_dollars_total\{scope="us-east-1/credentialmate',
        r'sigwatch_coverage_lag_seconds\{pass="settled",scope="us-east-1/credentialmate',
        r'sigwatch_coverage_gap_seconds\{pass="eager",scope="us-east-1/credentialmate',
        r'sigwatch_runs_skipped_total\{reason="missed"\} 0',
        "sigwatch_detection_latency_seconds_count 0",
        r'sigwatch_quarantined\{kind="document"\} 0',
        "sigwatch_reload_timestamp_seconds 1",
    ]


def test_secrets_and_log_text_reach_neither_logs_nor_metrics(tmp_path: Path, slack: FakeSlack, logs: Logs) -> None:
    write_configuration(tmp_path, slack.base_url)
    with daemon(tmp_path, logs.url) as running:
        logs.write(f"{ERROR} password=hunter2 alice@example.com", now_ms())
        assert counts_to(slack, 1)
        _, metrics = running.get("/metrics")
        _, page = running.get("/")
        assert running.end() == 0
    said = running.log.read_text()
    for text in (said, metrics, page, only_message(slack)):
        assert "hunter2" not in text
        assert "alice@example.com" not in text
        assert slack.token not in text
    assert "ModuleNotFoundError" not in said + metrics
    assert all(json.loads(line) for line in said.splitlines())


def test_a_port_that_is_taken_and_a_missing_token_end_it_with_a_sentence(tmp_path: Path, slack: FakeSlack) -> None:
    write_configuration(tmp_path, slack.base_url)
    with Daemon(["run"], tmp_path / "no-token.log", {}) as without:
        assert without.wait(20) == 2
    assert "needs the environment variable SLACK_BOT_TOKEN" in without.log.read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = tmp_path / "sigwatch.yaml"
        path.write_text(path.read_text().replace("port: 0", f"port: {port}"))
        with daemon(tmp_path, "http://127.0.0.1:1") as refused:
            assert refused.wait(20) == 2
    assert f"127.0.0.1:{port} can not be had" in refused.log.read_text()
