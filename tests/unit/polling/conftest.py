from collections.abc import Iterator

import pytest

from tests.unit.polling.house import House


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.store.close()
