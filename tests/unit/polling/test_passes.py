from dataclasses import replace

import pytest

from sigwatch.errors import SourceUnavailable
from sigwatch.model.event import (
    BudgetMeasured,
    CoverageMeasured,
    QueryEnded,
    QueryStatus,
)
from sigwatch.model.logs import Window
from tests.bench.corpus import signatures as corpus
from tests.fakes.made import API, row
from tests.unit.polling.house import EAGER, LATE, House


def test_passes_are_run_by_their_delay(house: House) -> None:
    assert [step.name for step in house.patrol.passes] == ["eager", "late"]


def test_a_pass_reads_from_its_look_back_in_windows_oldest_first(house: House) -> None:
    house.watch.reload()
    assert house.run(EAGER)
    assert [(s.window.start, s.window.end) for s in house.source.searches] == [
        (9_700, 9_800),
        (9_800, 9_900),
        (9_900, 10_000),
    ]
    assert (house.cursor(EAGER), house.cursor(LATE)) == (10_000, 9_700)
    assert house.run(EAGER)
    assert len(house.source.searches) == 3


def test_a_slower_pass_reads_the_same_time_once_more(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("ERROR arrived late", 9_750_000))
    house.run(LATE)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(LATE) == 9_900


@pytest.mark.parametrize("more", [0, 249])
def test_each_byte_is_paid_for_once_a_pass_however_often_it_runs(house: House, more: int) -> None:
    house.signatures += [replace(s, ko=replace(s.ko, log_groups=(API,))) for s in corpus(more)]
    house.watch.reload()
    house.rows += [row("ERROR x" if n % 50 == 0 else "INFO", 9_710_050 + n * 100) for n in range(5_800)]
    stored = sum(len(each.message) for each in house.rows)
    for _ in range(60):
        house.now += 10
        house.run(EAGER)
        house.run(LATE)
    paid = dict.fromkeys(("eager", "late"), 0)
    for event in house.events:
        if isinstance(event, QueryEnded):
            paid[event.pass_name] += event.bytes_scanned
    assert paid == {"eager": stored, "late": stored}
    assert house.store.hit_counts() == {"KO-1": 116}


def test_after_a_downtime_the_reading_goes_on_where_it_stopped(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.rows.append(row("ERROR while away", 10_500_000))
    house.now += 1_000
    house.run(EAGER)
    assert house.store.hit_counts() == {"KO-1": 1}
    assert house.cursor(EAGER) == 11_000


def test_coverage_lag_is_measured_even_when_nothing_works(house: House) -> None:
    house.source.refuse = lambda _: SourceUnavailable("down")
    house.watch.reload()
    house.run(EAGER)
    measured = house.last(CoverageMeasured)
    assert (measured.scope, measured.pass_name, measured.lag_seconds) == ("us-east-1/shop", "eager", 300.0)


def test_it_knows_up_to_where_every_pass_has_searched(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    assert house.patrol.searched_to() == 9_700
    house.run(LATE)
    assert house.patrol.searched_to() == 9_900


def test_nothing_new_is_begun_after_a_stop(house: House) -> None:
    house.watch.reload()
    house.patrol.stop()
    assert house.patrol.run(EAGER) == []
    assert not house.source.searches


def test_a_pass_asked_for_once_reads_up_to_now(house: House) -> None:
    house.watch.reload()
    house.run(EAGER)
    house.now += 3
    house.run(EAGER)
    assert house.cursor(EAGER) == 10_000
    house.patrol.run_now(EAGER)
    assert house.cursor(EAGER) == 10_003


def test_events_of_clocks_that_are_wrong_are_found_once_when_their_time_has_come(house: House) -> None:
    house.watch.reload()
    house.rows += [row("ERROR of a clock ahead", 10_040_000), row("ERROR of a clock behind", 9_790_000)]
    found = []
    for _ in range(5):
        house.run(EAGER)
        house.run(LATE)
        found.append(house.store.hit_counts().get("KO-1", 0))
        house.now += 15
    assert found == [1, 1, 1, 2, 2]
    assert [(i.count, i.first_seen_ms) for i in house.store.incidents()] == [(1, 9_790_000), (1, 10_040_000)]


def test_a_budget_gives_up_the_late_pass_and_then_says_that_nothing_is_read(house: House) -> None:
    house.now = 86_400 * 20_000 + 43_200
    house.budget = 1.0
    house.watch.reload()

    def spend(dollars: float) -> None:
        house.meter(QueryEnded("s", "eager", QueryStatus.COMPLETE, Window(0, 1), 1, 1, 0, 0, dollars))

    spend(0.3)
    house.run(LATE)
    assert house.source.searches == []
    house.run(EAGER)
    assert {s.pass_name for s in house.source.searches} == {"eager"}
    assert house.last(BudgetMeasured) == BudgetMeasured("skip_late_passes", 0.3, 1.0)
    spend(0.8)
    house.source.searches.clear()
    house.now += 60
    house.run(EAGER)
    house.run(EAGER)
    assert house.source.searches == []
    assert house.last(BudgetMeasured).saving == "unread"
    [told] = house.store.unresolved()
    assert (told.signature, told.count) == ("sigwatch-budget", 1)
    [sample] = told.samples
    assert sample.startswith("1.10 of 1.00 dollars are spent; nothing is searched until midnight UTC; ")
    assert sample.endswith("log groups unread since 2024-10-04 12:00:00 UTC: 1")
    house.now += 43_200
    house.run(EAGER)
    assert house.spans(EAGER)[-1][1] == int(house.now)
