import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.fakes.processes import GROUP
from tests.fakes.verbs import NOW_MS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """An account whose one log group is ten days old."""
    with LocalServer(clock=time.time, settings=Settings(group_age_seconds=10 * 86_400.0)) as made:  # noqa: TID251 - the embedded server lives in real time
        made.store.create_group(GROUP, created_ms=NOW_MS - 10 * 86_400_000)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", made.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made
