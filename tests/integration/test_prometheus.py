"""Who watches sigwatch: the rules, routes and dashboard that are shipped, held to the metrics, and run for real."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sigwatch import __version__
from sigwatch.local.server import LocalServer
from sigwatch.telemetry.metrics import Metrics
from tests.fakes.alertmanager import RealAlertmanager
from tests.fakes.http_target import HttpTarget
from tests.fakes.monitoring import (
    PROMETHEUS,
    RULES,
    Panel,
    alerts,
    dashboard,
    loaded,
    panels,
    sooner_alertmanager,
    sooner_prometheus,
    sooner_rules,
)
from tests.fakes.processes import ROOT, Daemon, Logs, daemon, eventually, write_configuration
from tests.fakes.programs import program
from tests.fakes.prometheus import RealPrometheus

NAMES = [rule["alert"] for rule in alerts()]


def run(*arguments: str, package: str, folder: Path = PROMETHEUS) -> str:
    """What a program of these says; fails where it is not content."""
    command = [program(arguments[0], package=package), *arguments[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# The files as they are.


def test_promtool_takes_the_rules_and_what_they_are_tried_with() -> None:
    assert f"{len(NAMES)} rules found" in run("promtool", "check", "rules", RULES.name, package="prometheus")
    run("promtool", "test", "rules", "sigwatch.rules.test.yml", package="prometheus")


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-cloud-map.yml"])
def test_promtool_takes_the_configurations(name: str) -> None:
    run("promtool", "check", "config", name, package="prometheus")


def test_the_configuration_for_newer_servers_differs_in_its_discovery_only() -> None:
    newer, known = loaded(PROMETHEUS / "prometheus-ecs.yml"), loaded(PROMETHEUS / "prometheus.yml")
    [job] = newer.pop("scrape_configs")
    [old] = known.pop("scrape_configs")
    assert newer == known
    assert job["job_name"] == old["job_name"]
    assert [(found["role"], found["port"]) for found in job["aws_sd_configs"]] == [("ecs", 9464)]


def test_amtool_takes_the_routes() -> None:
    run("amtool", "check-config", "alertmanager.yml", package="prometheus-alertmanager")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=SigwatchWatchdog", "severity=none"], "watchdog"),
        (["alertname=SigwatchAbsent", "severity=critical", "job=sigwatch"], "pager"),
        (["alertname=SigwatchQuarantined", "severity=warning", "job=sigwatch"], "chat"),
        (["alertname=KO-cm-004", "severity=P0", "sigwatch_incident=inc-1"], "incidents"),
    ],
    ids=["watchdog", "critical", "warning", "of sigwatch"],
)
def test_each_kind_of_alert_has_its_receiver(labels: list[str], receiver: str) -> None:
    config = "--config.file=alertmanager.yml"
    assert (
        run("amtool", "config", "routes", "test", config, *labels, package="prometheus-alertmanager") == f"{receiver}\n"
    )


def test_every_alert_says_what_happened_and_where_to_read_on() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for rule in alerts():
        assert rule["labels"]["severity"] in {"none", "warning", "critical"}
        assert "for" in rule
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"])
        assert rule["annotations"]["runbook_url"].endswith(f"docs/operations.md#{rule['alert'].lower()}")


def test_every_alert_is_tried_firing_and_not_firing() -> None:
    fires, rests = {"SigwatchWatchdog"}, {"SigwatchWatchdog"}
    for group in loaded(PROMETHEUS / "sigwatch.rules.test.yml")["tests"]:
        for test in group.get("promql_expr_test", []):
            text = json.dumps(test)
            (fires if test["exp_samples"] else rests).update(name for name in NAMES if f'\\"{name}\\"' in text)
    assert fires == rests == set(NAMES)


# Expressions against the metrics.


def series() -> dict[str, tuple[str, set[str]]]:
    """Kind and labels of every name under which a sample is exported."""
    found: dict[str, tuple[str, set[str]]] = {}
    for collector in Metrics(__version__, ["eager"], ["slack"]).registry._collector_to_names:
        labels = set(getattr(collector, "_labelnames", ()))
        for family in collector.collect():
            match family.type:
                case "counter":
                    found[f"{family.name}_total"] = "counter", labels
                case "histogram":
                    found |= {f"{family.name}_{end}": ("counter", labels) for end in ("sum", "count")}
                    found[f"{family.name}_bucket"] = "bucket", labels | {"le"}
                case kind:
                    found[family.name] = kind, labels
    return found


def told() -> list[str]:
    """What people are to ask Prometheus when an alert fires."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return "\n".join(re.findall(r"^```promql\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)).splitlines()


EXPORTED = series()
SCRAPED = {"job", "instance"}
EXPRESSIONS = (
    [("alert", rule["alert"], rule["expr"]) for rule in alerts()]
    + [("panel", panel.title, expression) for panel in panels() for expression in panel.expressions]
    + [("document", line, line) for line in told()]
)


@pytest.mark.parametrize(("kind", "title", "expression"), EXPRESSIONS)
def test_an_expression_asks_for_what_is_exported(kind: str, title: str, expression: str) -> None:
    assert faults(expression) == []


def faults(expression: str) -> list[str]:
    """Names and labels that do not exist, and counters that are not read as such."""
    wrong = []
    labels = set(SCRAPED)
    bare = re.sub(r'"[^"]*"', '""', expression)
    for name, selected in re.findall(r"\b(sigwatch_\w+)(?:\{([^}]*)\})?", bare):
        kind, own = EXPORTED.get(name, ("nothing", set()))
        labels |= own
        wrong += [name] if kind == "nothing" else []
        wrong += [f"{name}{{{label}}}" for label in re.findall(r"(\w+)\s*[=!]", selected) if label not in own | SCRAPED]
        if (
            kind in {"counter", "bucket"}
            and not re.search(rf"(rate|increase)\({name}\b", bare)
            and "feedback" not in name
        ):
            wrong.append(f"{name} without rate")
        if (kind == "bucket") != ("histogram_quantile" in bare and "by (le)" in bare):
            wrong.append(f"{name} as a histogram")
    grouped = {label for inside in re.findall(r"by \(([^)]*)\)", bare) for label in re.split(r",\s*", inside)}
    return [*wrong, *(f"by {label}" for label in grouped - labels)]


@pytest.mark.parametrize(
    "expression",
    [
        "max(sigwatch_lag_seconds)",
        'max(sigwatch_outbox_pending{target="slack"})',
        "sum(sigwatch_rows_total)",
        "max by (scope) (sigwatch_outbox_pending)",
        "rate(sigwatch_query_duration_seconds_bucket[1m])",
        "sum(rate(sigwatch_query_duration_seconds[1m]))",
        "histogram_quantile(0.9, sum by (le) (rate(sigwatch_rows_total[1m])))",
    ],
)
def test_an_expression_that_asks_for_anything_else_is_found(expression: str) -> None:
    assert faults(expression)


def test_promtool_reads_every_expression_of_the_dashboard_and_the_document(tmp_path: Path) -> None:
    asked = {expression for panel in panels() for expression in panel.expressions} | set(told())
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(sorted(asked))]
    (tmp_path / "panels.json").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    run("promtool", "check", "rules", "panels.json", package="prometheus", folder=tmp_path)


def test_legends_and_alerts_name_labels_that_are_left() -> None:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])))) or SCRAPED
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept, panel["title"]
    for rule in alerts():
        kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"])))) or SCRAPED
        used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert used <= kept, rule["alert"]


# The dashboard as Grafana takes it.


def test_the_dashboard_can_be_imported_anywhere() -> None:
    board = dashboard()
    assert "id" not in board
    assert board["uid"] == "sigwatch"
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job"]
    sources = re.findall(r'"datasource": \{[^}]*"uid": "([^"]*)"', json.dumps(board))
    assert set(sources) == {"${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel.get("targets") for panel in board["panels"]])))
    assert used == {"datasource", "job", "__rate_interval"}


def test_panels_are_told_apart_explained_and_in_units() -> None:
    asking = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in asking:
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]


def test_panels_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken.keys(), (panel["title"], {taken[cell] for cell in cells & taken.keys()})
        taken |= dict.fromkeys(cells, panel["title"])


# The whole of it, running.


@dataclass(frozen=True)
class House:
    """sigwatch with those who watch it."""

    service: LocalServer
    running: Daemon
    prometheus: RealPrometheus
    receivers: HttpTarget

    def told(self, receiver: str, alert: str) -> list[dict[str, Any]]:
        """What a receiver of Alertmanager was told of an alert, in order."""
        notes = [request.json for request in self.receivers.requests if request.path == f"/{receiver}"]
        return [each for note in notes for each in note["alerts"] if each["labels"]["alertname"] == alert]

    def hears(self, receiver: str, alert: str, status: str, since: int = 0) -> dict[str, Any]:
        """Wait until the last that a receiver was told of an alert is this, and is not among the first `since`."""

        def last() -> list[str]:
            return [each["status"] for each in self.told(receiver, alert)[since:]][-1:]

        assert self.receivers.wait_for(lambda: last() == [status], 30), self.told(receiver, alert)
        return self.told(receiver, alert)[-1]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all that is tried with it, since it takes long to begin; each leaves it well."""
    folder = tmp_path_factory.mktemp("house")
    (folder / RULES.name).write_text(json.dumps(sooner_rules()))
    with ExitStack() as stack:
        receivers = stack.enter_context(HttpTarget())
        alertmanager = stack.enter_context(RealAlertmanager(folder, sooner_alertmanager(receivers.url)))
        service = stack.enter_context(LocalServer(clock=time.time))  # noqa: TID251 - the embedded server lives in real time
        Logs(service.url)
        write_configuration(folder, "http://127.0.0.1:1/")
        running = stack.enter_context(daemon(folder, service.url))
        assert eventually(lambda: running.get("/readyz")[0] == 200)
        config = sooner_prometheus(_place(running.address()), _place(alertmanager.url))
        prometheus = stack.enter_context(RealPrometheus(folder, config))

        def settled() -> bool:
            # Before it has found its target, Prometheus takes sigwatch for absent.
            told = {alert["labels"]["alertname"] for alert in alertmanager.alerts()}
            pending = prometheus.query('ALERTS{alertname="SigwatchAbsent"}')
            return not pending and "SigwatchWatchdog" in told and "SigwatchAbsent" not in told

        assert eventually(settled)
        yield House(service, running, prometheus, receivers)


def _place(address: str) -> str:
    return address.removeprefix("http://").rstrip("/")


def test_the_watchdog_comes_and_a_stall_is_told_until_it_is_over(house: House) -> None:
    assert house.hears("watchdog", "SigwatchWatchdog", "firing")["labels"]["severity"] == "none"
    before = len(house.told("pager", "SigwatchScopeUnread"))
    house.service.stop()
    alert = house.hears("pager", "SigwatchScopeUnread", "firing", before)
    assert alert["labels"]["scope"].startswith("us-east-1/")
    assert alert["labels"]["scope"] in alert["annotations"]["summary"]
    assert "{{" not in "".join(alert["annotations"].values())
    house.service.start()
    house.hears("pager", "SigwatchScopeUnread", "resolved")


def test_a_daemon_that_stands_still_is_absent_until_it_goes_on(house: House) -> None:
    before = len(house.told("pager", "SigwatchAbsent"))
    house.running.send(signal.SIGSTOP)
    alert = house.hears("pager", "SigwatchAbsent", "firing", before)
    assert alert["labels"]["job"] == "sigwatch"
    house.running.send(signal.SIGCONT)
    house.hears("pager", "SigwatchAbsent", "resolved")


def test_every_panel_shows_something_of_a_real_daemon(house: House) -> None:
    def empty() -> list[Panel]:
        return [panel for panel in panels() if not all(map(house.prometheus.query, panel.expressions))]

    assert eventually(lambda: not empty()), empty()
