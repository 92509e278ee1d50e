from random import Random

import pytest

from sigwatch.local.errors import ApiError
from sigwatch.local.faults import Faults, Injector, Status
from sigwatch.local.logs import DAY_MS, LogStore
from sigwatch.local.pointers import Ids, number_in, page_token, place_in, pointer
from sigwatch.local.queries import Queries, Search, View, cells, statistics
from sigwatch.local.settings import Settings

NOW = 1_700_000_000.0
NOW_MS = 1_700_000_000_000


class Bench:
    """Queries over one group of ten events, and a clock moved by hand."""

    def __init__(self, settings: Settings | None = None, faults: Faults | None = None) -> None:
        self.now = NOW
        self.store = LogStore(self.clock)
        self.store.create_group("/app", created_ms=NOW_MS - DAY_MS)
        self.store.put("/app", "s", [(NOW_MS + at, f"event {at}") for at in range(10)])
        self.injector = Injector(faults or Faults())
        settings = settings or Settings(scheduled_seconds=1, running_seconds=10)
        self.queries = Queries(self.store, self.clock, settings, self.injector, Ids(Random(2)), Random(3))

    def clock(self) -> float:
        return self.now

    def start(self, text: str = "sort @timestamp asc", **changes: object) -> str:
        values: dict[str, object] = {
            "text": text, "groups": ("/app",), "first_ms": NOW_MS - 1000, "last_ms": NOW_MS + 1000, "limit": None,
        } | changes  # fmt: skip
        return self.queries.start(Search(**values))  # type: ignore[arg-type]  # a mapping with the right members

    def after(self, seconds: float, query_id: str) -> View:
        self.now += seconds
        return self.queries.view(query_id)

    def refusal(self, **changes: object) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.start(**changes)  # type: ignore[arg-type]  # the same
        return caught.value


def test_a_query_is_scheduled_then_runs_with_a_partial_view_then_is_complete() -> None:
    bench = Bench()
    query_id = bench.start()
    scheduled = bench.after(0.5, query_id)
    assert (scheduled.status, scheduled.rows, statistics(scheduled)["bytesScanned"]) == ("Scheduled", (), 0.0)
    running = bench.after(5.5, query_id)
    complete = bench.after(5.0, query_id)
    assert running.status == "Running"
    assert 0 < len(running.rows) < len(complete.rows) == 10
    assert set(running.rows) < set(complete.rows)
    assert statistics(running)["bytesScanned"] == 35.0
    assert (complete.status, [row.event for row in complete.rows]) == ("Complete", list(range(1, 11)))
    assert statistics(complete) == {
        "recordsMatched": 10.0, "recordsScanned": 10.0, "estimatedRecordsSkipped": 0.0, "bytesScanned": 70.0,
        "estimatedBytesSkipped": 0.0, "logGroupsScanned": 1.0, "resultCount": 10.0,
    }  # fmt: skip


def test_bytes_count_whatever_was_in_range_and_visible_matched_or_not() -> None:
    bench = Bench()
    bench.store.put("/app", "s", [(NOW_MS, "é unseen")], visible_after_seconds=5)
    bench.store.put("/app", "s", [(NOW_MS + 5000, "out of range")])
    bench.store.put("/app", "s", [(NOW_MS, "é")])
    numbers = statistics(bench.after(11, bench.start("filter @message = 'event 3'")))
    assert (numbers["bytesScanned"], numbers["recordsScanned"], numbers["recordsMatched"]) == (72.0, 11.0, 1.0)


def test_what_becomes_visible_or_arrives_after_the_start_is_not_in_the_result() -> None:
    bench = Bench()
    bench.store.put("/app", "s", [(NOW_MS, "slow")], visible_after_seconds=5)
    first = bench.start()
    bench.store.put("/app", "s", [(NOW_MS, "late")])
    assert len(bench.after(11, first).rows) == 10
    assert len(bench.after(11, bench.start()).rows) == 12


def test_a_partial_view_of_statistics_is_wrong() -> None:
    bench = Bench()
    query_id = bench.start("stats count(*) as n")
    (part,) = bench.after(10.9, query_id).rows
    (whole,) = bench.after(0.1, query_id).rows
    assert (part.cells, whole.cells) == ((("n", "5"),), (("n", "10"),))


@pytest.mark.parametrize("end", ["Failed", "Timeout", "Cancelled", "Unknown"])
def test_a_query_that_ends_badly_shows_part_of_its_rows_and_is_paid_for(end: str) -> None:
    bench = Bench(faults=Faults(outcomes=(end,)))
    view = bench.after(11, bench.start())
    assert (view.status, len(view.rows), statistics(view)["bytesScanned"]) == (end, 5, 70.0)


def test_scanning_takes_time() -> None:
    bench = Bench(Settings(scheduled_seconds=0, running_seconds=1, bytes_per_second=7))
    query_id = bench.start()
    assert bench.after(10.9, query_id).status == "Running"
    assert bench.after(0.1, query_id).status == "Complete"


def test_a_slow_query_runs_so_many_times_longer() -> None:
    bench = Bench(faults=Faults(slow_probability=1, slow_factor=5))
    query_id = bench.start()
    assert bench.after(50.9, query_id).status == "Running"
    assert bench.after(0.1, query_id).status == "Complete"


def test_a_query_that_is_slow_enough_times_out() -> None:
    bench = Bench(faults=Faults(slow_probability=1, slow_factor=361))
    query_id = bench.start()
    assert bench.after(3600, query_id).status == "Running"
    assert bench.after(1, query_id).status == "Timeout"


def test_results_are_kept_for_a_week() -> None:
    bench = Bench()
    query_id = bench.start()
    assert bench.after(11 + 7 * 86_400, query_id).status == "Complete"
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        bench.after(1, query_id)


def test_an_hour_is_the_longest_a_query_runs() -> None:
    bench = Bench(Settings(bytes_per_second=0.01))
    query_id = bench.start()
    assert bench.after(3599, query_id).status == "Running"
    assert bench.after(2, query_id).status == "Timeout"


def test_without_any_delay_a_query_is_complete_at_once() -> None:
    bench = Bench(Settings(scheduled_seconds=0, running_seconds=0))
    assert bench.after(0, bench.start()).status == "Complete"


def test_stop() -> None:
    bench = Bench()
    query_id = bench.start()
    bench.now += 6
    bench.queries.stop(query_id)
    view = bench.after(100, query_id)
    assert (view.status, statistics(view)["bytesScanned"]) == ("Cancelled", 35.0)
    with pytest.raises(ApiError, match="InvalidParameterException"):
        bench.queries.stop(query_id)
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        bench.queries.stop("unheard-of")


def test_stop_before_the_run_costs_nothing() -> None:
    bench = Bench(Settings(scheduled_seconds=5, running_seconds=0))
    query_id = bench.start()
    bench.queries.stop(query_id)
    assert statistics(bench.after(100, query_id))["bytesScanned"] == 0.0


def test_the_pool_fills_and_empties() -> None:
    bench = Bench(faults=Faults(max_concurrent=2))
    first = bench.start()
    bench.start()
    assert bench.refusal().reply.code == "LimitExceededException"
    bench.queries.stop(first)
    bench.start()
    assert bench.queries.running() == 2
    bench.now += 11
    assert bench.queries.running() == 0
    assert bench.queries.counts() == {"Cancelled": 1, "Complete": 2}


def test_a_missing_group_fails_the_whole_query_and_is_named() -> None:
    bench = Bench()
    reply = bench.refusal(groups=("/app", "/nope")).reply
    assert reply.code == "ResourceNotFoundException"
    assert reply.message.startswith("Log group '/nope' does not exist for account ID '000000000000' (Service: AWSLogs;")
    bench.injector.load(Faults(missing_groups=("/app",)))
    assert "'/app'" in bench.refusal().reply.message
    bench.injector.load(Faults(missing_probability=1, missing_code="InvalidParameterException"))
    older = bench.refusal().reply
    assert (older.code, older.message[:55]) == (
        "InvalidParameterException",
        reply.message.replace("/nope", "/app")[:55],
    )


def test_only_one_query_in_many_misses_a_log_group() -> None:
    bench = Bench(faults=Faults(missing_probability=0.5))
    codes = set()
    for _ in range(50):
        try:
            bench.start()
        except ApiError as error:
            codes.add(error.reply.code)
        else:
            codes.add("ok")
    assert codes == {"ok", "ResourceNotFoundException"}


def test_identical_lines_of_one_millisecond_are_events_of_their_own() -> None:
    bench = Bench()
    bench.store.put("/app", "s", [(NOW_MS, "twin"), (NOW_MS, "twin")])
    view = bench.after(11, bench.start("fields @message | filter @message = 'twin'"))
    assert len({cells(view, row, None)[-1]["value"] for row in view.rows}) == 2


def test_queries_find_masked_text_masked() -> None:
    bench = Bench(faults=Faults(masked=r"event \d"))
    assert bench.after(11, bench.start("filter @message like /event/")).rows == ()
    view = bench.after(11, bench.start("filter @message = '*******' | sort @timestamp asc"))
    assert len(view.rows) == 10
    assert bench.queries.record(cells(view, view.rows[0], None)[-1]["value"]).message == "*******"
    assert statistics(view)["bytesScanned"] == 70.0


@pytest.mark.parametrize("last_ms", [NOW_MS - DAY_MS - 1, 0])
def test_a_range_before_the_group_is_malformed_with_the_place_of_the_whole_text(last_ms: int) -> None:
    reply = Bench().refusal(first_ms=0, last_ms=last_ms, text="limit 5").reply
    assert reply.code == "MalformedQueryException"
    assert reply.message == (
        "Query's end date and time is either before the log groups creation time"
        " or exceeds the log groups log retention settings ([0,6])"
    )


def test_a_range_beyond_retention_is_malformed_and_one_that_reaches_into_it_is_not() -> None:
    bench = Bench()
    bench.store.create_group("/short", created_ms=0)
    bench.store.set_retention("/short", 1)
    edge = NOW_MS - DAY_MS
    assert bench.refusal(groups=("/short",), first_ms=0, last_ms=edge - 1).reply.code == "MalformedQueryException"
    bench.start(groups=("/short",), first_ms=0, last_ms=edge)


def test_a_delivery_group_can_not_be_queried() -> None:
    bench = Bench()
    bench.store.create_group("/delivery", log_class="DELIVERY")
    assert bench.refusal(groups=("/delivery",)).reply.code == "InvalidParameterException"


def test_a_text_that_is_not_understood_is_malformed_with_its_place() -> None:
    reply = Bench().refusal(text="fields @message | frobnicate").reply
    assert reply.code == "MalformedQueryException"
    assert reply.members["queryCompileError"] == {
        "location": {"startCharOffset": 18, "endCharOffset": 27},
        "message": "unexpected symbol found frobnicate at line 1 and position 18",
    }


def test_pointers_differ_from_event_to_event_and_from_query_to_query_and_all_resolve() -> None:
    bench = Bench()
    views = [bench.after(11, bench.start()) for _ in range(2)]
    pointers = [[cells(view, row, None)[-1] for row in view.rows] for view in views]
    values = {each["value"] for column in pointers for each in column}
    assert {each["field"] for column in pointers for each in column} == {"@ptr"}
    assert len(values) == 20
    for one, other in zip(*pointers, strict=True):
        assert bench.queries.record(one["value"]) == bench.queries.record(other["value"])


def test_a_pointer_to_nothing() -> None:
    bench = Bench()
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        bench.queries.record(pointer(b"12345678", 999))
    for text in ("", "é", "AAAA", pointer(b"12345678", 1)[:-4] + "AAAA"):
        assert number_in(text) is None
        with pytest.raises(ApiError, match="InvalidParameterException"):
            bench.queries.record(text)


def test_messages_are_cut_only_in_results() -> None:
    bench = Bench()
    view = bench.after(11, bench.start("fields @message, @logStream | sort @timestamp asc"))
    printed = {each["field"]: each["value"] for each in cells(view, view.rows[3], 3)}
    assert (printed["@message"], printed["@logStream"]) == ("eve", "s")
    assert bench.queries.record(printed["@ptr"]).message == "event 3"


def test_a_page_token_belongs_to_one_listing() -> None:
    token = page_token("query-1", "500")
    assert place_in(token, "query-1") == "500"
    assert place_in(token, "query-2") is None
    assert place_in("!", "query-1") is None


def test_views_are_newest_first() -> None:
    bench = Bench()
    ids = [bench.start(), bench.start()]
    assert [view.job.id for view in bench.queries.views()] == ids[::-1]
    assert bench.queries.view(ids[0]).status is Status.SCHEDULED
