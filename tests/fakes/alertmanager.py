"""Alertmanager twice: in memory, for faults; and the real server as a process, for what it really does.

The real one is the Debian package prometheus-alertmanager, or `alertmanager` from the project itself.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import pytest

from tests.fakes.http_target import HttpTarget, Reply, Request
from tests.fakes.processes import eventually
from tests.fakes.programs import answers, free_port, program

Labels = tuple[tuple[str, str], ...]


@dataclass
class Alertmanager:
    """Alerts by their labels, as its API keeps them: github.com/prometheus/alertmanager/blob/main/api/v2/api.go."""

    clock: Callable[[], float]
    refuses_links: bool = False
    alerts: dict[Labels, dict[str, Any]] = field(default_factory=dict)

    def accept(self, request: Request) -> Reply:
        if request.path.removeprefix("/am") != "/api/v2/alerts":
            return Reply(404)
        for alert in request.json:
            start, end = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
            if end < start or not any(alert["labels"].values()):
                return Reply(400, '"not an alert"')
            if (self.refuses_links and "generatorURL" in alert) or not alert.get("generatorURL", "/").startswith(
                ("/", "http")
            ):
                return Reply(422, '{"code":601,"message":"0.generatorURL in body must be of type uri"}')
        for alert in request.json:
            self.alerts[tuple(sorted((name, value) for name, value in alert["labels"].items() if value))] = alert
        return Reply()

    def firing(self) -> list[dict[str, Any]]:
        """The alerts that have not ended."""
        now = self.clock()
        return [alert for alert in self.alerts.values() if datetime.fromisoformat(alert["endsAt"]).timestamp() > now]


def telling(receiver: HttpTarget) -> dict[str, Any]:
    """A configuration with one receiver, which is told at once."""
    route = {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
    receivers = [{"name": "test", "webhook_configs": [{"url": receiver.url, "send_resolved": True}]}]
    return {"route": route | {"repeat_interval": "1h"}, "receivers": receivers}


class RealAlertmanager:
    """The server; a context manager."""

    def __init__(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """Keep everything in `folder`."""
        config = folder / "alertmanager.json"  # JSON is YAML
        config.write_text(json.dumps(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            program("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        self._log = folder / "alertmanager.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        if not eventually(self._ready):
            self.__exit__()
            pytest.fail(f"Alertmanager did not start: {self._log.read_text()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that it holds, as its API gives them."""
        with urlopen(f"{self.url}/api/v2/alerts") as answer:  # noqa: S310 - our own address
            held: list[dict[str, Any]] = json.load(answer)
        return held

    def _ready(self) -> bool:
        return answers(f"{self.url}/-/ready")
