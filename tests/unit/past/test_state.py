"""What a search of the past keeps beside its coverage."""

import pytest

from sigwatch.model.coverage import Spending
from sigwatch.model.past import Gap
from sigwatch.past.state import GAPS, PROBLEMS, REJECTED, gap_note, kept_gaps, kept_rejections, problem_note
from sigwatch.past.values import Progress, so_far
from sigwatch.store.sqlite import SqliteStore

GAP = Gap("us-east-1/shop", ("/a", "/b"), 1_000, 2_000, "too much")


def test_what_could_not_be_seen_is_kept_once() -> None:
    store = SqliteStore(":memory:")
    for _ in range(2):
        with store.unit() as unit:
            for name, value in (gap_note(GAP), problem_note("it ran out of time"), (f"{REJECTED}KO-1", "unexpected")):
                unit.note(name, value)
    assert kept_gaps(store) == [GAP]
    assert list(store.facts(PROBLEMS).values()) == ["it ran out of time"]
    assert kept_rejections(store) == {"KO-1": "unexpected"}
    assert list(store.facts(GAPS)) == [gap_note(GAP)[0]]
    store.close()


def test_what_was_spent_is_added_up_over_days_and_belongs_to_its_transaction() -> None:
    store = SqliteStore(":memory:")
    spendings = [Spending(day, "s", "backfill", 100, 0.5, 1) for day in ("2026-02-04", "2026-02-04", "2026-02-05")]

    def fail() -> None:
        with store.unit() as unit:
            unit.spend(spendings)
            unit.note("never", str(1 // 0))

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.spent_in_all() == []
    with store.unit() as unit:
        unit.spend(spendings)
    assert [(each.day, each.bytes_scanned) for each in store.spent_in_all()] == [
        ("2026-02-04", 200),
        ("2026-02-05", 100),
    ]
    assert so_far(store) == Progress(bytes_scanned=300, dollars=1.5, queries=3)
    store.close()
