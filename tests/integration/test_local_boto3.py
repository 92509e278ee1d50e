"""The embedded service seen through the real SDK: what it cannot parse or map would be a fault of the double."""

import json
import socket
import threading
import time
import warnings
from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from mypy_boto3_logs import CloudWatchLogsClient
from mypy_boto3_logs.type_defs import GetQueryResultsResponseTypeDef, InputLogEventTypeDef

from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer, listen
from sigwatch.local.settings import Settings

NOW = 1_700_000_000
NOW_MS = NOW * 1000
GROUP = "/aws/lambda/app"


class HandClock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def client_for(server: LocalServer, region: str = "eu-central-1") -> CloudWatchLogsClient:
    session = boto3.Session(aws_access_key_id="AKIATEST", aws_secret_access_key="secret", region_name=region)
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=10)
    return session.client("logs", endpoint_url=server.url, config=config)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(clock: HandClock) -> Iterator[LocalServer]:
    with LocalServer(clock=clock, settings=Settings(scheduled_seconds=1, running_seconds=2)) as running:
        running.store.create_group(GROUP, created_ms=NOW_MS - 86_400_000)
        yield running


@pytest.fixture
def logs(server: LocalServer) -> Iterator[CloudWatchLogsClient]:
    client = client_for(server)
    yield client
    client.close()


def start(logs: CloudWatchLogsClient, text: str = "fields @message | sort @timestamp asc", limit: int = 10_000) -> str:
    return logs.start_query(logGroupName=GROUP, startTime=NOW - 60, endTime=NOW + 60, queryString=text, limit=limit)[
        "queryId"
    ]


def complete(logs: CloudWatchLogsClient, clock: HandClock, query_id: str) -> GetQueryResultsResponseTypeDef:
    clock.now += 3
    results = logs.get_query_results(queryId=query_id)
    assert results["status"] == "Complete"
    return results


def column(results: GetQueryResultsResponseTypeDef, name: str = "@message") -> list[str]:
    return [cell["value"] for row in results["results"] for cell in row if cell["field"] == name]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_the_life_of_a_query(server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock) -> None:
    logs.create_log_group(logGroupName="/new", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_stream(logGroupName="/new", logStreamName="s")
    lines = ["start", "an ERROR happened", "another error", "end"]
    events: list[InputLogEventTypeDef] = [{"timestamp": NOW_MS + at, "message": line} for at, line in enumerate(lines)]
    put = logs.put_log_events(logGroupName="/new", logStreamName="s", logEvents=events)
    assert put.get("rejectedLogEventsInfo") is None
    query_id = logs.start_query(
        logGroupIdentifiers=["arn:aws:logs:eu-central-1:000000000000:log-group:/new"],
        startTime=NOW,
        endTime=NOW + 1,
        queryString="fields @timestamp, @log, @logStream, @message\n"
        "| filter @message like /(?i)error/ # any case\n"
        "| sort @timestamp asc",
    )["queryId"]
    assert logs.get_query_results(queryId=query_id)["status"] == "Scheduled"
    clock.now += 2
    running = logs.get_query_results(queryId=query_id)
    assert running["status"] == "Running"
    clock.now += 2
    done = logs.get_query_results(queryId=query_id)
    assert (done["status"], done["queryLanguage"]) == ("Complete", "CWLI")
    first = {cell["field"]: cell["value"] for cell in done["results"][0]}
    pointer = first.pop("@ptr")
    assert first == {
        "@timestamp": "2023-11-14 22:13:20.001",
        "@log": "000000000000:/new",
        "@logStream": "s",
        "@message": "an ERROR happened",
    }
    assert done["statistics"]["bytesScanned"] == sum(map(len, lines))
    assert (done["statistics"]["recordsMatched"], done["statistics"]["recordsScanned"]) == (2.0, 4.0)
    assert logs.get_log_record(logRecordPointer=pointer)["logRecord"]["@message"] == "an ERROR happened"
    assert [query["queryId"] for query in logs.describe_queries(status="Complete")["queries"]] == [query_id]
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/new")["logGroups"]
    assert group["arn"] == "arn:aws:logs:eu-central-1:000000000000:log-group:/new:*"
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"


def test_all_rows_come_over_all_pages(server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock) -> None:
    server.store.put(GROUP, "s", [(NOW_MS, str(at)) for at in range(25_000)])
    query_id = start(logs, limit=100_000)
    page = complete(logs, clock, query_id)
    found = column(page)
    while "nextToken" in page:
        page = logs.get_query_results(queryId=query_id, nextToken=page["nextToken"])
        assert len(page["results"]) <= 10_000
        found += column(page)
    assert sorted(map(int, found)) == list(range(25_000))


def test_rows_over_the_limit_are_dropped_without_a_word(
    server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock
) -> None:
    server.store.put(GROUP, "s", [(NOW_MS + at, str(at)) for at in range(20)])
    results = complete(logs, clock, start(logs, limit=5))
    assert column(results) == ["0", "1", "2", "3", "4"]
    assert (results["statistics"]["recordsMatched"], results["statistics"]["resultCount"]) == (20.0, 5.0)


def test_an_end_second_covers_its_first_millisecond_only(
    server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock
) -> None:
    server.store.put(GROUP, "s", [(NOW_MS + at, str(at)) for at in (-1, 0, 1000, 1001)])
    query_id = logs.start_query(logGroupName=GROUP, startTime=NOW, endTime=NOW + 1, queryString="fields @message")
    assert sorted(column(complete(logs, clock, query_id["queryId"]))) == ["0", "1000"]


def test_late_and_slow_events(server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock) -> None:
    server.store.put(GROUP, "s", [(NOW_MS, "slow")], visible_after_seconds=4)
    first = start(logs)
    assert column(complete(logs, clock, first)) == []
    server.store.put(GROUP, "s", [(NOW_MS - 50_000, "late")])
    assert column(complete(logs, clock, start(logs))) == ["late"]
    assert column(complete(logs, clock, start(logs))) == ["late", "slow"]


def test_malformed_queries_carry_the_place(logs: CloudWatchLogsClient) -> None:
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        start(logs, "fields @message | filter @message like /(?=x)/")
    detail = caught.value.response["queryCompileError"]  # type: ignore[typeddict-item]  # a member of this error only
    assert detail["location"] == {"startCharOffset": 39, "endCharOffset": 45}
    assert detail["message"] == caught.value.response["Error"]["Message"]


def test_errors_become_the_exceptions_of_the_sdk(server: LocalServer, logs: CloudWatchLogsClient) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="Log group '/nope' does not exist for account"):
        logs.start_query(logGroupName="/nope", startTime=NOW, endTime=NOW, queryString="fields @message")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.start_query(logGroupName=GROUP, startTime=NOW, endTime=NOW - 1, queryString="fields @message")
    with pytest.raises(logs.exceptions.MalformedQueryException, match="end date and time is either before"):
        logs.start_query(logGroupName=GROUP, startTime=0, endTime=1, queryString="fields @message")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=GROUP)
    with pytest.raises(ClientError) as unknown:
        logs.describe_destinations()
    assert code(unknown) == "UnknownOperationException"


def test_stop(logs: CloudWatchLogsClient, clock: HandClock) -> None:
    query_id = start(logs)
    assert logs.stop_query(queryId=query_id)["success"]
    assert logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.stop_query(queryId=query_id)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("ThrottlingException", 400), ("LimitExceededException", 400), ("ServiceUnavailableException", 503)],
)
def test_faults_on_request(server: LocalServer, logs: CloudWatchLogsClient, fault: str, status: int) -> None:
    server.inject(Faults(start_query=(fault,), get_query_results=(fault,)))
    with pytest.raises(ClientError) as starting:
        start(logs)
    query_id = start(logs)
    with pytest.raises(ClientError) as reading:
        logs.get_query_results(queryId=query_id)
    assert code(starting) == code(reading) == fault
    assert starting.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert logs.get_query_results(queryId=query_id)["status"] == "Scheduled"


def test_a_lost_reply_leaves_a_query_that_nobody_knows_of(server: LocalServer, logs: CloudWatchLogsClient) -> None:
    server.inject(Faults(start_query=("LostReply", "EmptyReply")))
    with pytest.raises(ConnectionClosedError):
        start(logs, "fields @message # mine")
    with pytest.raises(ClientError) as empty:
        start(logs, "fields @message # mine as well")
    assert empty.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    texts = [query["queryString"] for query in logs.describe_queries()["queries"]]
    assert texts == ["fields @message # mine as well", "fields @message # mine"]


def test_a_lost_answer_can_be_asked_for_again(
    server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock
) -> None:
    server.inject(Faults(get_query_results=("LostReply", "EmptyReply")))
    query_id = start(logs)
    with pytest.raises(ConnectionClosedError):
        logs.get_query_results(queryId=query_id)
    with pytest.raises(ClientError) as empty:
        logs.get_query_results(queryId=query_id)
    assert code(empty) == "502"
    complete(logs, clock, query_id)


def test_the_pool_of_queries_is_limited(server: LocalServer, logs: CloudWatchLogsClient, clock: HandClock) -> None:
    server.inject(Faults(max_concurrent=1))
    query_id = start(logs)
    with pytest.raises(logs.exceptions.LimitExceededException):
        start(logs)
    complete(logs, clock, query_id)
    start(logs)


def test_a_forbidden_group(server: LocalServer, logs: CloudWatchLogsClient) -> None:
    server.inject(Faults(forbidden_groups=(GROUP,)))
    with pytest.raises(ClientError) as caught:
        start(logs)
    assert code(caught) == "AccessDeniedException"
    assert f"arn:aws:logs:eu-central-1:000000000000:log-group:{GROUP}" in str(caught.value)


def test_the_control_routes(server: LocalServer, logs: CloudWatchLogsClient) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as control:
        accepted = control.post("/_local/faults", json={"outcomes": ["Failed"], "max_concurrent": 9})
        assert (accepted.status_code, accepted.json()["max_concurrent"]) == (200, 9)
        start(logs)
        assert control.get("/_local/stats").json() == server.stats() == {
            "bytes_scanned": 0,
            "queries": {"Scheduled": 1},
            "requests": {"StartQuery": {"ok": 1}},
            "running": 1,
        }  # fmt: skip
        for wrong in ('{"frobnicate": 1}', "[]", "{"):
            assert control.post("/_local/faults", content=wrong).status_code == 400


def test_errors_look_right_on_the_wire(server: LocalServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as wire:
        reply = wire.post("/", headers={"X-Amz-Target": "Logs_20140328.GetQueryResults"}, content='{"queryId": "x"}')
    assert reply.status_code == 400
    assert reply.headers["x-amzn-errortype"] == "ResourceNotFoundException"
    assert len(reply.headers["x-amzn-requestid"]) == 36
    assert json.loads(reply.content) == {"__type": "ResourceNotFoundException", "message": "Query x does not exist."}


def test_connections_send_at_once() -> None:
    with listen(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_two_servers_live_side_by_side_and_end_cleanly(clock: HandClock) -> None:
    before = threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with LocalServer(clock=clock) as one, LocalServer(clock=clock) as other:
            one.store.create_group("/one")
            assert one.url != other.url
            assert client_for(other).describe_log_groups()["logGroups"] == []
    one.stop()
    assert threading.active_count() <= before + 1


def test_a_client_that_dies_in_the_middle_of_a_request_is_no_error(
    clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalServer(clock=clock) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as dying:
            dying.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf of")
        # Answered after the other connection was read from, whose end is then noticed before the server stops.
        assert client_for(server).describe_log_groups()["logGroups"] == []
    assert not caplog.records


def test_a_server_comes_back_with_all_it_knew(server: LocalServer, logs: CloudWatchLogsClient) -> None:
    query_id = start(logs)
    server.stop()
    with pytest.raises(EndpointConnectionError):
        logs.get_query_results(queryId=query_id)
    server.start()
    assert logs.get_query_results(queryId=query_id)["status"] == "Scheduled"


def test_a_port_that_is_taken_is_an_error_at_once(clock: HandClock) -> None:
    with LocalServer(clock=clock) as one, pytest.raises(OSError, match="in use"):
        LocalServer(clock=clock, port=int(one.url.rsplit(":", 1)[1])).start()


def test_a_real_clock_takes_a_query_to_its_end() -> None:
    with LocalServer(clock=time.monotonic, settings=Settings(scheduled_seconds=0.02, running_seconds=0.02)) as server:
        server.store.create_group(GROUP, created_ms=0)
        logs = client_for(server)
        query_id = logs.start_query(logGroupName=GROUP, startTime=0, endTime=10, queryString="fields @message")[
            "queryId"
        ]
        deadline = time.monotonic() + 10
        while logs.get_query_results(queryId=query_id)["status"] != "Complete":
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
