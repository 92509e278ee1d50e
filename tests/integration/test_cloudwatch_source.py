"""CloudWatchSource over boto3 and HTTP, against the embedded server."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sigwatch.errors import (
    GroupsUnavailable,
    OutsideRetention,
    QueryRejected,
    SourceError,
    SourceUnavailable,
    Stopped,
)
from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.model.event import QueryStatus
from sigwatch.model.logs import LogGroup, Measure, Search, Volume, Window
from sigwatch.plan.insights import pack
from sigwatch.source.cloudwatch import Account, CloudWatchSource, first_look
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import row, signature
from tests.fakes.metrics import FakeMetrics

NOW = time.time()  # noqa: TID251 - the embedded server lives in real time
BASE = int(NOW) - 600
FAST = Settings(account="111122223333", scheduled_seconds=0.0, running_seconds=0.0, group_age_seconds=86_400.0)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer(clock=time.time, settings=FAST) as made:  # noqa: TID251 - the same
        for name in ("/aws/lambda/api", "/aws/lambda/mail", "/ecs/shop"):
            made.store.create_group(name, created_ms=(BASE - 86_400) * 1000)
        yield made


@pytest.fixture
def source(server: LocalServer) -> Iterator[CloudWatchSource]:
    with connected(server.url) as made:
        yield made


class connected:  # noqa: N801 - reads as a statement
    def __init__(self, url: str, wait: threading.Event | None = None, *, linked: bool = False) -> None:
        self.limits = Limits(1e6, 1e6, 1e6, 30)
        self.linked = linked
        self.queries = SqliteStore(":memory:")
        self.metrics: Any = None
        self.client = boto3.client(
            "logs",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=20),
        )
        self.stop = wait or threading.Event()

    def __enter__(self) -> CloudWatchSource:
        def wait(seconds: float) -> bool:
            return self.stop.wait(min(seconds, 0.02))

        clock = time.time  # noqa: TID251 - the same
        account = Account("", linked=self.linked, installation="i1234567")
        limiter = Limiter(lambda: self.limits, clock, wait)
        return CloudWatchSource(
            self.client, account, limiter, self.queries, clock, wait, lambda: 0.5, lambda: self.metrics
        )

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.queries.close()


def search(source: CloudWatchSource, *names: str, text: str = "", start: int = BASE, limit: int = 10_000) -> Search:
    groups = tuple(g for name in names or ("/aws/lambda/api",) for g in source.log_groups(name)) or (
        LogGroup("111122223333", "us-east-1", names[0]),
    )
    signatures = (signature(pattern="ERROR"),)
    return Search("s", "eager", groups, signatures, text or pack(signatures)[0][0], Window(start, start + 60), limit)


def started(server: LocalServer) -> int:
    by_status = server.stats()["queries"]
    assert isinstance(by_status, dict)
    return sum(by_status.values())


def test_log_groups_are_described_with_account_and_class(source: CloudWatchSource) -> None:
    found = source.log_groups("/aws/lambda/")
    assert [(g.account, g.region, g.name, g.log_class) for g in found] == [
        ("111122223333", "us-east-1", "/aws/lambda/api", "STANDARD"),
        ("111122223333", "us-east-1", "/aws/lambda/mail", "STANDARD"),
    ]
    assert len(source.log_groups("")) == 3


def test_a_page_of_log_groups_that_is_refused_for_a_moment_is_asked_for_again(
    server: LocalServer, source: CloudWatchSource
) -> None:
    for number in range(200):
        server.store.create_group(f"/many/{number:03d}")
    server.inject(Faults(seed=1, throttle_probability=0.2, unavailable_probability=0.2))
    assert len(source.log_groups("/many/")) == 200


def test_a_search_returns_whole_rows_of_all_groups(server: LocalServer, source: CloudWatchSource) -> None:
    text = "ERROR é\nTraceback\n  'quoted' \"twice\""
    server.store.put("/aws/lambda/api", "s1", [(BASE * 1000 + 7, text), (BASE * 1000 + 8, "INFO")])
    server.store.put("/aws/lambda/mail", "s2", [(BASE * 1000 + 1, "ERROR mail")])
    result = source.search(search(source, "/aws/lambda/"))
    assert [(r.log_group, r.stream, r.ts_ms, r.message) for r in result.rows] == [
        ("/aws/lambda/mail", "s2", BASE * 1000 + 1, "ERROR mail"),
        ("/aws/lambda/api", "s1", BASE * 1000 + 7, text),
    ]
    assert {(r.account, r.region) for r in result.rows} == {("111122223333", "us-east-1")}
    assert all(r.ingested_ms >= BASE * 1000 for r in result.rows)
    assert result.bytes_scanned == len(text.encode()) + len("INFO") + len("ERROR mail")


def test_all_pages_are_read(server: LocalServer, source: CloudWatchSource) -> None:
    events = [(BASE * 1000 + n % 60_000, f"ERROR {n}") for n in range(12_000)]
    server.store.put("/aws/lambda/api", "s", events)
    text = pack((signature(pattern="ERROR"),))[0][0].replace("limit 10000", "limit 20000")
    result = source.search(search(source, text=text, limit=20_000))
    assert result.count == 12_000


@pytest.mark.parametrize(
    ("faults", "error", "status"),
    [
        (Faults(start_query=("ThrottlingException",) * 6), SourceUnavailable, QueryStatus.THROTTLED),
        (Faults(max_concurrent=0), SourceUnavailable, QueryStatus.THROTTLED),
        (Faults(start_query=("ServiceUnavailableException",)), SourceUnavailable, QueryStatus.UNAVAILABLE),
        (Faults(outcomes=("Failed",)), SourceUnavailable, QueryStatus.FAILED),
        (Faults(outcomes=("Timeout",)), SourceUnavailable, QueryStatus.TIMEOUT),
        (Faults(outcomes=("Cancelled",)), SourceUnavailable, QueryStatus.CANCELLED),
        (Faults(outcomes=("Unknown",)), SourceUnavailable, QueryStatus.UNKNOWN),
        (Faults(missing_groups=("/aws/lambda/api",)), GroupsUnavailable, QueryStatus.REJECTED),
        (Faults(forbidden_groups=("/aws/lambda/api",)), GroupsUnavailable, QueryStatus.REJECTED),
    ],
)
def test_every_refusal_of_the_service_has_an_error_of_our_own(
    server: LocalServer, source: CloudWatchSource, faults: Faults, error: type[SourceError], status: QueryStatus
) -> None:
    wanted = search(source)
    server.inject(faults)
    with pytest.raises(error) as caught:
        source.search(wanted)
    assert caught.value.status is status
    if isinstance(caught.value, GroupsUnavailable):
        assert caught.value.names == ("/aws/lambda/api",)


def test_a_poll_that_fails_is_only_a_poll(server: LocalServer, source: CloudWatchSource) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR")])
    wanted = search(source)
    server.inject(Faults(get_query_results=("ThrottlingException", "ServiceUnavailableException")))
    assert source.search(wanted).count == 1


def test_a_rejected_query_is_told_from_a_window_outside_of_the_groups_life(source: CloudWatchSource) -> None:
    with pytest.raises(QueryRejected):
        source.search(search(source, text="fields @message | frobnicate"))
    with pytest.raises(OutsideRetention):
        source.search(search(source, start=BASE - 10 * 86_400))


def test_a_query_that_speaks_of_retention_is_not_taken_for_one_outside_of_it(source: CloudWatchSource) -> None:
    with pytest.raises(QueryRejected):
        source.search(search(source, text="filter @message like /x/ | retention creation time"))


def test_a_service_that_stops_answering_is_given_up(server: LocalServer, source: CloudWatchSource) -> None:
    wanted = search(source)
    server.inject(Faults(get_query_results=("ServiceUnavailableException",) * 6))
    with pytest.raises(SourceUnavailable, match="does not answer"):
        source.search(wanted)


def test_a_group_that_does_not_exist_is_named(source: CloudWatchSource) -> None:
    with pytest.raises(GroupsUnavailable) as caught:
        source.search(search(source, "/gone"))
    assert caught.value.names == ("/gone",)


def test_a_running_query_is_stopped_when_sigwatch_stops() -> None:
    slow = Settings(scheduled_seconds=0.0, running_seconds=60.0, group_age_seconds=86_400.0)
    with LocalServer(clock=time.time, settings=slow) as server:  # noqa: TID251 - the same
        server.store.create_group("/aws/lambda/api", created_ms=(BASE - 86_400) * 1000)
        stop = threading.Event()
        with connected(server.url, stop) as source:
            wanted = search(source)
            stop.set()
            with pytest.raises(Stopped):
                source.search(wanted)
        assert server.stats()["running"] == 0


def test_an_unreachable_service_is_unavailable() -> None:
    with connected("http://127.0.0.1:1") as source:
        with pytest.raises(SourceUnavailable, match="log groups can not be listed"):
            source.log_groups("")
        with pytest.raises(SourceUnavailable):
            source.search(
                Search("s", "eager", (LogGroup("1", "us-east-1", "/a"),), (), "fields @message", Window(0, 1), 10)
            )


def test_a_query_whose_start_was_never_answered_is_found_by_its_mark(
    server: LocalServer, source: CloudWatchSource
) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR")])
    wanted = search(source)
    server.inject(Faults(start_query=("LostReply",)))
    assert source.search(wanted).count == 1
    assert started(server) == 1


def test_a_lost_query_that_could_not_be_found_at_once_is_looked_for_before_another_is_started(
    server: LocalServer, source: CloudWatchSource
) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR x")])
    asked = search(source)
    server.inject(Faults(start_query=("LostReply",), unavailable_probability=1.0))
    with pytest.raises(SourceUnavailable):
        source.search(asked)
    server.inject(Faults())
    assert source.search(asked).count == 1
    assert started(server) == 1


def test_a_refused_start_is_tried_again_in_place(server: LocalServer, source: CloudWatchSource) -> None:
    wanted = search(source)
    server.inject(Faults(start_query=("ThrottlingException", "LimitExceededException", "ok")))
    assert source.search(wanted).count == 0


def test_a_query_that_was_started_before_is_asked_for_and_not_paid_for_again(server: LocalServer) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR")])
    house = connected(server.url)
    with house as source:
        wanted = search(source)
        assert source.search(wanted).count == 1
        assert source.search(wanted).count == 1
        assert started(server) == 1
        house.queries.forget(wanted.marker)
        source.search(wanted)
        assert started(server) == 2


def test_a_query_that_the_service_has_forgotten_is_started_anew(server: LocalServer) -> None:
    house = connected(server.url)
    with house as source:
        wanted = search(source)
        house.queries.remember(wanted, "00000000-0000-0000-0000-000000000000")
        assert source.search(wanted).count == 0
        assert house.queries.recall(wanted.marker) != "00000000-0000-0000-0000-000000000000"


def test_a_query_that_ended_badly_is_forgotten(server: LocalServer) -> None:
    house = connected(server.url)
    with house as source:
        wanted = search(source)
        server.inject(Faults(outcomes=("Failed",)))
        with pytest.raises(SourceUnavailable):
            source.search(wanted)
        assert house.queries.recall(wanted.marker) is None


def test_only_queries_of_this_installation_that_nobody_waits_for_are_stopped() -> None:
    slow = Settings(scheduled_seconds=0.0, running_seconds=60.0, group_age_seconds=86_400.0)
    with LocalServer(clock=time.time, settings=slow) as server:  # noqa: TID251 - the same
        server.store.create_group("/aws/lambda/api", created_ms=(BASE - 86_400) * 1000)
        house = connected(server.url)
        with house as source:
            for mark in ("i1234567:orphan", "i1234567:known", "other123:orphan"):
                house.client.start_query(
                    logGroupNames=["/aws/lambda/api"],
                    startTime=BASE,
                    endTime=BASE + 1,
                    queryString=f"fields @message\n# sigwatch:{mark}",
                )
            assert source.stop_orphans({"known"}) == 1
            assert server.stats()["running"] == 2


def test_a_message_that_was_cut_off_is_fetched_whole(server: LocalServer, source: CloudWatchSource) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR " + "x" * 2_000)])
    server.inject(Faults(truncate_message=1_000))
    [row] = source.search(search(source)).rows
    assert len(row.message) == 1_000
    assert source.whole_message(row, "") == "ERROR " + "x" * 2_000
    assert source.whole_message(replace(row, pointer="bm90aGluZw=="), "") is None


def test_a_message_that_can_not_be_fetched_now_is_asked_for_again_by_its_window() -> None:
    with connected("http://127.0.0.1:9") as source, pytest.raises(SourceUnavailable, match="can not be fetched"):
        source.whole_message(row("x", pointer="p"), "")


def test_batches_are_searched_by_arn(source: CloudWatchSource) -> None:
    [group] = source.log_groups("/ecs/")
    assert group.arn == "arn:aws:logs:us-east-1:111122223333:log-group:/ecs/shop"


def test_what_a_query_would_scan_is_estimated_for_nothing(server: LocalServer, source: CloudWatchSource) -> None:
    server.store.put("/aws/lambda/api", "s", [(BASE * 1000, "ERROR"), (BASE * 1000 + 1, "INFO")])
    groups = source.log_groups("/aws/lambda/")
    assert source.volume(groups, Window(BASE - 10, BASE + 10)) == Volume(9, Measure.ESTIMATE)
    assert server.stats()["bytes_scanned"] == 0


def test_where_estimates_are_not_to_be_had_the_metric_of_what_came_in_is_asked_for() -> None:
    older = Settings(estimate=False, group_age_seconds=86_400.0)
    with LocalServer(clock=time.time, settings=older) as server, FakeMetrics({"/a": 700, "/b": 300}) as metrics:  # noqa: TID251 - the same
        for name in ("/a", "/b"):
            server.store.create_group(name, created_ms=(BASE - 86_400) * 1000)
        house = connected(server.url)
        with house as source:
            house.metrics = metrics.client()
            groups = source.log_groups("")
            window = Window(BASE - 3_600, BASE)
            assert source.volume(groups, window) == Volume(1_000, Measure.INCOMING_BYTES)
            metrics.down = True
            assert source.volume(groups, window) is None


def test_a_monitoring_account_searches_the_log_groups_that_are_linked_to_it(server: LocalServer) -> None:
    server.store.create_group("/linked/app", created_ms=(BASE - 86_400) * 1000, owner="999988887777")
    server.store.put("/linked/app", "s", [(BASE * 1000, "ERROR")])
    house = connected(server.url)
    with house as alone:
        assert alone.log_groups("/linked/") == []
    house = connected(server.url, linked=True)
    with house as source:
        [group] = source.log_groups("/linked/")
        assert group.arn == "arn:aws:logs:us-east-1:999988887777:log-group:/linked/app"
        [row] = source.search(search(source, "/linked/app")).rows
        assert (row.account, row.log_group) == ("999988887777", "/linked/app")


def test_three_of_four_queries_are_looked_at_once() -> None:
    rng = Random(1)
    wait, once = 0.2, 0
    for number in range(4_000):
        took = rng.gauss(2.0, 0.4)
        once += number >= 1_000 and took <= wait
        wait = first_look(wait, in_time=took <= wait)
    assert 0.68 < once / 3_000 < 0.78
    assert 1.8 < wait < 3.0
    for _ in range(100):
        wait = first_look(wait, in_time=False)
    assert wait == 5.0
