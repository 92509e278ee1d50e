"""Hits in a table: what it takes to know which are new, and that none is new twice."""

import time
from collections.abc import Iterator

import pytest

from sigwatch.incident.fingerprint import hit
from sigwatch.model.logs import Hit, Row
from sigwatch.store.digests import DIGEST_BYTES
from sigwatch.store.dynamo.hits import PAGE_BYTES
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from tests.contract.stores import KEPT
from tests.fakes.dynamo import new_table, running_server

A_PAGE = PAGE_BYTES // DIGEST_BYTES


class Counted:
    """A store, and the requests that it makes."""

    def __init__(self, url: str) -> None:
        client, table = new_table(url)
        self.store = DynamoStore(Table(client, table), KEPT, lambda: 0.0, time.monotonic)
        self.asked: list[str] = []
        client.meta.events.register("before-send.dynamodb.*", self._note)

    def _note(self, event_name: str, **_: object) -> None:
        self.asked.append(event_name.rpartition(".")[2])

    def add(self, hits: list[Hit]) -> int:
        """How many of them are new."""
        with self.store.unit() as unit:
            return len(unit.add_hits(hits))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_server() as address:
        yield address


def hits(numbers: range, apart_ms: int) -> list[Hit]:
    rows = (Row("111122223333", "us-east-1", "/g", "s", number * apart_ms, f"line {number}") for number in numbers)
    return [hit("KO-1", row) for row in rows]


def test_the_hits_of_ninety_minutes_are_looked_up_at_once_and_written_at_once(url: str) -> None:
    counted = Counted(url)
    assert counted.add(hits(range(90), 60_000)) == 90
    assert counted.asked == ["BatchGetItem", "TransactWriteItems"]
    counted.asked.clear()
    assert counted.add(hits(range(90), 60_000)) == 0
    assert counted.asked == ["BatchGetItem"]


def test_what_is_beyond_a_full_page_of_a_minute_is_known_too(url: str) -> None:
    counted = Counted(url)
    assert counted.add(hits(range(A_PAGE), 1)) == A_PAGE
    assert counted.add(hits(range(A_PAGE + 10), 1)) == 10
    assert counted.add(hits(range(A_PAGE + 20), 1)) == 10
    assert counted.add(hits(range(A_PAGE + 20), 1)) == 0
