"""The stages on every store come to the same, however much of it one transaction takes."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.errors import Conflict, StoreError
from sigwatch.incident.lifecycle import Rules
from sigwatch.model.event import Event, IncidentChanged, WindowSearched
from sigwatch.model.lease import ALONE, Lease
from sigwatch.model.logs import Pass, Row, Scope, Window
from sigwatch.model.message import Alert
from sigwatch.pipeline import Pipeline, covering, prepare
from sigwatch.plan.scopes import Batch
from sigwatch.search import Reader
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.sqlite import SqliteStore
from tests.contract.stores import KEPT, AnyStore
from tests.fakes.dynamo import table_in
from tests.fakes.made import group, row, signature
from tests.fakes.source import FakeSource

COMPOSER = Composer(parse("slack: {channel: C1}\ntargets: [slack, console]\n", Path("sigwatch.yaml")), lambda _, t: t)
WATCHED = tuple(signature(f"KO-{n}", f"ERROR (kind{n}|all)") for n in range(4))
ENDS = replace(signature("KO-0-ends", "all is well again"), recovers="KO-0")
SIGNATURES = (*WATCHED, ENDS)
GROUPS = tuple(group(f"/g{n:02}") for n in range(40))


@dataclass
class House:
    store: AnyStore
    rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        source = FakeSource(list(GROUPS), self.rows)
        rules = Rules(60_000, mask=lambda _, text: text)
        reader = Reader(source, self.events.append, 0.005)
        compose, told = COMPOSER, self.events.append
        self.pipeline = Pipeline(
            reader, self.store, rules, ("log_group",), compose, compose.ending, lambda: 1_000.0, told
        )

    def sweep(self, start: int, end: int, lease: Lease = ALONE) -> None:
        batch = Batch(Scope("us-east-1/shop", GROUPS, SIGNATURES), Pass("eager", 0), Window(start, end), GROUPS, lease)
        self.pipeline.sweep(batch, prepare(SIGNATURES), covering(batch))


def storm(seed: int) -> list[Row]:
    """Hits of all kinds in all log groups, over six minutes, with pauses that end incidents."""
    rng = Random(seed)
    times = [rng.choice((0, 200_000, 330_000)) + rng.randrange(30_000) for _ in range(250)]
    errors = [
        row(f"ERROR kind{rng.randrange(5)} {number}", 500_000 + ts, log_group=rng.choice(GROUPS).name)
        for number, ts in enumerate(times)
    ]
    return [
        *errors,
        *(row(f"all is well again {n}", 500_000 + rng.choice(times), log_group=g.name) for n, g in enumerate(GROUPS)),
    ]


def shown(store: AnyStore, incident: str) -> list[tuple[str, str, object]]:
    return [
        (card.target, card.destination, card.content.incident)
        for card in store.cards(incident)
        if isinstance(card.content, Alert)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_a_storm_that_is_recorded_in_many_parts_comes_to_the_same_as_in_one(dynamodb: str, seed: int) -> None:
    whole, parts = (
        House(SqliteStore(":memory:"), storm(seed)),
        House(DynamoStore(table_in(dynamodb), KEPT, lambda: 1_000.0, time.monotonic), storm(seed)),
    )
    for house in (whole, parts):
        house.sweep(500, 720)
        house.sweep(720, 900)
        house.sweep(500, 900)
    assert len(whole.store.incidents()) > 60
    assert parts.store.incidents() == whole.store.incidents()
    assert parts.store.coverage() == whole.store.coverage()
    for one in whole.store.incidents():
        # How often a card was changed on the way may differ, and so which change it shows as the last one.
        assert shown(parts.store, one.id) == shown(whole.store, one.id)
    counted = [event.hits for event in parts.events if isinstance(event, WindowSearched)]
    assert counted == [event.hits for event in whole.events if isinstance(event, WindowSearched)]
    assert counted[-1] == ()
    assert len([event for event in parts.events if isinstance(event, IncidentChanged)]) >= len(whole.store.incidents())


def given_away_in_mid_transaction(store: DynamoStore, mine: Lease) -> None:
    with store.unit() as unit:
        unit.guard(mine)
        unit.cover(("eager", "111122223333", "us-east-1", "/g00"), 1, 2)
        assert store.leases.take(mine.name, "b", store.leases.read().held[mine.name])


def test_a_lease_that_is_given_away_in_mid_transaction_refuses_it(dynamodb: str) -> None:
    store = DynamoStore(table_in(dynamodb), KEPT, lambda: 1_000.0, time.monotonic)
    mine = store.leases.take("00001", "a", None)
    assert mine is not None
    with pytest.raises(Conflict):
        given_away_in_mid_transaction(store, mine)
    assert not store.coverage()


def test_under_a_lost_lease_no_window_counts_as_searched(dynamodb: str) -> None:
    store = DynamoStore(table_in(dynamodb), KEPT, lambda: 1_000.0, time.monotonic)
    house = House(store, storm(1))
    mine = store.leases.take("00001", "a", None)
    assert mine is not None
    house.sweep(500, 600, mine)
    assert {each.spans for each in store.coverage().values()} == {((500, 600),)}
    store.leases.take("00001", "b", store.leases.read().held["00001"])
    with pytest.raises(StoreError, match="given to another replica"):
        house.sweep(600, 720, mine)
    assert {each.spans for each in store.coverage().values()} == {((500, 600),)}
    house.sweep(600, 900, ALONE)
    expected = House(SqliteStore(":memory:"), storm(1))
    expected.sweep(500, 900)
    assert sum(each.count for each in store.incidents()) == sum(each.count for each in expected.store.incidents())
