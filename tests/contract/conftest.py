"""The stores that the suite holds. The parametrised fixture is where the next store joins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch.store.sqlite import SqliteStore


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "deep" / "state.db" if request.param == "file" else ":memory:")
    yield made
    made.close()
