"""The files of deploy/prometheus as tests run them: the shipped ones, faster, at addresses of this machine."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.processes import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "sigwatch.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "sigwatch.json"

SOONER = {"SigwatchAbsent": ("", ""), "SigwatchScopeUnread": ("> 300", "> 5")}
"""Alerts that fire a second after their condition is true, and what of the condition is another: the seconds of lag."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel of the dashboard asks."""

    title: str
    expressions: tuple[str, ...]


def loaded(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text())


def alerts() -> list[dict[str, Any]]:
    """The alerts that are shipped."""
    return [rule for group in loaded(RULES)["groups"] for rule in group["rules"]]


def sooner_rules() -> dict[str, Any]:
    """The shipped rules, of which those of `SOONER` fire within seconds; the others are as they are."""
    rules = alerts()
    for rule in rules:
        if rule["alert"] in SOONER:
            old, new = SOONER[rule["alert"]]
            assert old in rule["expr"]
            rule.update({"for": "1s", "expr": rule["expr"].replace(old, new)})
    return {"groups": [{"name": "sigwatch", "rules": rules}]}


def sooner_prometheus(sigwatch: str, alertmanager: str) -> dict[str, Any]:
    """The shipped configuration, every second, with these addresses (host and port)."""
    config: dict[str, Any] = loaded(PROMETHEUS / "prometheus.yml")
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [alertmanager]}]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [sigwatch]}]
    return config


def sooner_alertmanager(webhooks: str) -> dict[str, Any]:
    """The shipped routes and inhibitions, at once, with every receiver a path of this address."""
    config: dict[str, Any] = loaded(PROMETHEUS / "alertmanager.yml")
    for route in (config["route"], *config["route"]["routes"]):
        route.update({"group_wait": "0s", "group_interval": "1s"})
    config["receivers"] = [
        {"name": each["name"], "webhook_configs": [{"url": f"{webhooks}/{each['name']}", "send_resolved": True}]}
        for each in config["receivers"]
    ]
    return config


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> Iterator[Panel]:
    """The panels of the dashboard that ask something, with its variables as a server of tests has them."""
    for panel in dashboard()["panels"]:
        asked = tuple(target["expr"] for target in panel.get("targets", ()))
        if asked:
            yield Panel(panel["title"], tuple(map(_plain, asked)))


def _plain(expression: str) -> str:
    return expression.replace("$job", "sigwatch").replace("$__rate_interval", "1m")
