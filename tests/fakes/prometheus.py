"""The real Prometheus as a process. It is the Debian package prometheus, or `prometheus` from the project itself."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.fakes.processes import eventually
from tests.fakes.programs import answers, free_port, program


class RealPrometheus:
    """The server; a context manager."""

    def __init__(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """Keep everything in `folder`, where relative names of rule files are looked for too."""
        config = folder / "prometheus.json"  # JSON is YAML
        config.write_text(json.dumps(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            program("prometheus", package="prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            # It finds Alertmanager after five seconds; what it has told nobody until then comes when it sends again.
            "--rules.alert.resend-delay=1s",
        ]
        self._log = folder / "prometheus.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        if not eventually(self._ready):
            self.__exit__()
            pytest.fail(f"Prometheus did not start: {self._log.read_text()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples that an expression gives now."""
        with urlopen(f"{self.url}/api/v1/query?{urlencode({'query': expression})}") as answer:  # noqa: S310 - our own address
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def _ready(self) -> bool:
        return answers(f"{self.url}/-/ready")
