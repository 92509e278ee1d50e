"""The stores that the suite holds. The parametrised fixture is where the next store joins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch.store.sqlite import SqliteStore


@pytest.fixture(params=["file", "memory", "private"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    places: dict[str, Path | str] = {"file": tmp_path / "deep" / "state.db", "memory": ":memory:", "private": ""}
    made = SqliteStore(places[request.param])
    yield made
    made.close()
