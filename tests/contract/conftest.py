"""The stores that the suite holds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.sqlite import SqliteStore
from tests.contract.stores import KEPT, AnyStore
from tests.fakes.dynamo import table_in


@pytest.fixture(params=["file", "memory", "private"])
def sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    """In each of the places where SQLite keeps things."""
    places: dict[str, Path | str] = {"file": tmp_path / "deep" / "state.db", "memory": ":memory:", "private": ""}
    made = SqliteStore(places[request.param])
    yield made
    made.close()


@pytest.fixture(params=["file", "memory", "private", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """Every store."""
    places: dict[str, Path | str] = {"file": tmp_path / "deep" / "state.db", "memory": ":memory:", "private": ""}
    made: AnyStore
    if request.param == "dynamodb":
        endpoint = request.getfixturevalue("dynamodb")
        made = DynamoStore(table_in(endpoint), KEPT, lambda: 1_000.0, time.monotonic)
    else:
        made = SqliteStore(places[request.param])
    yield made
    made.close()
