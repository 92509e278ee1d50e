import pytest

from sigwatch.errors import GroupsUnavailable, OutsideRetention, QueryRejected, SourceError, SourceUnavailable
from sigwatch.model.event import Event, QueryEnded, QueryStatus
from sigwatch.model.logs import LogGroup, Pass, Scope, Search, Window
from sigwatch.plan.insights import MOST_ROWS, pack
from sigwatch.plan.scopes import Batch
from sigwatch.search import Reader, Reading
from tests.fakes.made import API, group, row, signature
from tests.fakes.source import FakeSource


def batch(window: Window, *groups: LogGroup, patterns: tuple[str, ...] = ("ERROR",)) -> Batch:
    made = groups or (group(),)
    signatures = tuple(signature(f"KO-{n}", pattern) for n, pattern in enumerate(patterns))
    return Batch(Scope("us-east-1/shop", made, signatures), Pass("eager", 0), window, made)


def read(source: FakeSource, wanted: Batch, events: list[Event] | None = None) -> Reading:
    told: list[Event] = [] if events is None else events
    reader = Reader(source, told.append, dollars_per_gb=0.005)
    return reader.read(wanted, pack(wanted.scope.signatures))


def test_rows_at_the_end_belong_to_the_next_window() -> None:
    source = FakeSource(rows=[row("ERROR", ts) for ts in (9_999, 10_000, 11_999, 12_000)])
    assert [found.ts_ms for found in read(source, batch(Window(10, 12))).rows] == [10_000, 11_999]


def test_every_query_is_told_with_its_price() -> None:
    events: list[Event] = []
    read(FakeSource(rows=[row("ERROR", 10_000)]), batch(Window(10, 12)), events)
    [event] = events
    assert isinstance(event, QueryEnded)
    assert (event.status, event.rows, event.bytes_scanned, event.pass_name) == (QueryStatus.COMPLETE, 1, 5, "eager")


def test_of_a_window_with_a_result_at_the_limit_only_the_beginning_is_read_now() -> None:
    rows = [row("ERROR", 10_000 + n) for n in range(0, 4_000, 1)] * 4
    source = FakeSource(rows=rows)
    reading = read(source, batch(Window(10, 14)))
    assert reading.window == Window(10, 12)
    assert len(reading.rows) == 8_000
    assert [s.window.seconds for s in source.searches] == [4, 2]


def test_a_storm_in_a_long_window_is_not_approached_by_halves() -> None:
    calm = [row("ERROR", 1_000 * second) for second in range(10, 1_034, 100)]
    source = FakeSource(rows=[*calm, *(row("ERROR", 500_000 + n) for n in range(9_000) for _ in range(3))])
    reading = read(source, batch(Window(10, 1_034)))
    assert [s.window for s in source.searches] == [Window(10, 1_034), Window(10, 501)]
    assert reading.window == Window(10, 501)


def test_before_a_storm_at_the_end_of_a_window_more_than_its_half_is_read() -> None:
    source = FakeSource(rows=[row("ERROR", 900_000 + n % 500) for n in range(12_000)])
    assert read(source, batch(Window(10, 1_010))).window == Window(10, 10 + 875)
    source = FakeSource(rows=[row("ERROR", 700_000 + n % 500) for n in range(12_000)])
    assert read(source, batch(Window(10, 1_010))).window == Window(10, 700)


def test_whoever_has_the_memory_asks_for_more_rows_at_once() -> None:
    source = FakeSource(rows=[row("ERROR", 10_000 + n % 4_000) for n in range(30_000)])
    reading = Reader(source, lambda _: None, 0.005, limit=MOST_ROWS).read(
        batch(Window(10, 14), patterns=("ERROR", "b" * 9_000)), pack([signature("KO-0", "ERROR")])
    )
    assert (reading.window, len(reading.rows)) == (Window(10, 14), 30_000)
    [search] = source.searches
    assert search.limit == MOST_ROWS
    assert search.text.endswith("\n| sort @timestamp asc\n| limit 100000")


def test_every_query_of_a_batch_counts_only_as_far_as_the_shortest() -> None:
    rows = [row("ERROR", 10_000 + n % 4_000) for n in range(12_000)] + [row("a" * 6_000, ts) for ts in (11_000, 13_000)]
    source = FakeSource(rows=rows)
    reading = read(source, batch(Window(10, 14), patterns=("a" * 6_000, "ERROR|" + "b" * 6_000)))
    assert reading.window == Window(10, 12)
    assert max(found.ts_ms for found in reading.rows) == 11_999
    assert [found.ts_ms for found in reading.rows if found.message[0] == "a"] == [11_000]


def test_what_was_searched_is_named_for_the_log_of_queries() -> None:
    source = FakeSource()
    assert read(source, batch(Window(10, 12))).markers == [search.marker for search in source.searches]


def test_a_full_second_is_split_by_groups_then_by_signatures_then_asked_for_whole() -> None:
    rows = [row("ERROR", 10_000)] * 10_001 + [row("FATAL", 10_000)] * 5 + [row("ERROR", 10_500, log_group="/b")]
    source = FakeSource(rows=rows)
    reading = read(source, batch(Window(10, 11), group(), group("/b"), patterns=("ERROR", "FATAL")))
    assert len(reading.rows) == 10_007
    assert not reading.overflowing
    assert source.searches[-1].limit == MOST_ROWS
    assert all(search.text.endswith(f"\n| limit {search.limit}") for search in source.searches)


def test_what_can_not_be_read_whole_is_said() -> None:
    source = FakeSource(rows=[row("ERROR", 10_000)] * 100_001 + [row("FATAL", 10_000)])
    reading = read(source, batch(Window(10, 11), group(), group("/b"), patterns=("ERROR", "FATAL")))
    assert len(reading.rows) == 100_001
    [overflow] = reading.overflowing
    assert [g.name for g in overflow.groups] == [API]
    assert [s.id for s in overflow.signatures] == ["KO-0"]


def test_a_rejected_query_is_split_until_the_one_bad_signature_is_left() -> None:
    def refuse(search: Search) -> SourceError | None:
        return QueryRejected("unexpected symbol") if "BAD" in search.text else None

    source = FakeSource(rows=[row("ERROR", 10_000), row("FATAL", 10_000)], refuse=refuse)
    reading = read(source, batch(Window(10, 11), patterns=("ERROR", "BAD", "FATAL", "PANIC")))
    assert reading.rejected == {"KO-1": "unexpected symbol"}
    assert sorted(found.message for found in reading.rows) == ["ERROR", "FATAL"]


def test_a_missing_group_that_is_named_is_taken_out_at_once() -> None:
    def refuse(search: Search) -> SourceError | None:
        gone = any(g.name == "/gone" for g in search.groups)
        return GroupsUnavailable("Log group '/gone' does not exist", ("/gone",)) if gone else None

    source = FakeSource(rows=[row("ERROR", 10_000)], refuse=refuse)
    reading = read(source, batch(Window(10, 11), group(), group("/gone"), patterns=("ERROR",)))
    assert [g.name for g in reading.lost_groups] == ["/gone"]
    assert len(reading.rows) == 1
    assert len(source.searches) == 2


def test_a_forbidden_group_that_is_not_named_is_found_by_halves() -> None:
    def refuse(search: Search) -> SourceError | None:
        return GroupsUnavailable("not authorized") if any(g.name == "/g5" for g in search.groups) else None

    groups = [group(f"/g{n}") for n in range(8)]
    rows = [row("ERROR", 10_000, log_group=g.name) for g in groups]
    reading = read(FakeSource(rows=rows, refuse=refuse), batch(Window(10, 11), *groups))
    assert [g.name for g in reading.lost_groups] == ["/g5"]
    assert {found.log_group for found in reading.rows} == {g.name for g in groups} - {"/g5"}


def test_a_group_lost_in_one_query_is_left_out_of_the_next() -> None:
    def refuse(search: Search) -> SourceError | None:
        gone = any(g.name == "/gone" for g in search.groups)
        return GroupsUnavailable("gone", ("/gone",)) if gone else None

    source = FakeSource(refuse=refuse)
    read(source, batch(Window(10, 11), group(), group("/gone"), patterns=("a" * 6_000, "b" * 6_000)))
    assert [len(search.groups) for search in source.searches] == [2, 1, 1]


def test_a_window_outside_of_a_groups_life_is_empty_there_and_read_elsewhere() -> None:
    def refuse(search: Search) -> SourceError | None:
        young = any(g.name == "/young" for g in search.groups)
        return OutsideRetention("end date and time is before creation time") if young else None

    source = FakeSource(rows=[row("ERROR", 10_000)], refuse=refuse)
    reading = read(source, batch(Window(10, 11), group(), group("/young")))
    assert len(reading.rows) == 1
    assert not reading.lost_groups


def test_a_window_over_a_young_groups_birth_is_not_cut_where_the_service_would_reject_it() -> None:
    young = group(created_ms=13_500)

    def refuse(search: Search) -> SourceError | None:
        return OutsideRetention("before creation time") if search.window.end * 1000 <= young.created_ms else None

    rows = [row("ERROR", 10_000 + n % 2_000) for n in range(12_000)]
    reading = read(FakeSource(rows=rows, refuse=refuse), batch(Window(10, 14), young))
    assert reading.window == Window(10, 14)
    assert len(reading.rows) == 12_000


def test_an_unavailable_source_gives_nothing_and_its_bytes_are_counted() -> None:
    events: list[Event] = []
    source = FakeSource(refuse=lambda _: SourceUnavailable("ended as Failed", QueryStatus.FAILED, 700))
    with pytest.raises(SourceUnavailable):
        read(source, batch(Window(10, 11)), events)
    [event] = events
    assert isinstance(event, QueryEnded)
    assert (event.status, event.bytes_scanned, event.detail) == (QueryStatus.FAILED, 700, "ended as Failed")
