import json
from typing import Any

import pytest

from sigwatch.local.faults import Faults
from sigwatch.local.logs import DAY_MS
from sigwatch.local.protocol import Tally, answer, stats
from sigwatch.local.service import build_service
from sigwatch.local.settings import Settings

NOW = 1_700_000_000
NOW_MS = NOW * 1000
ARN = "arn:aws:logs:eu-central-1:000000000000:log-group:"
AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=AKIA/20231114/eu-central-1/logs/aws4_request, SignedHeaders=host"


class Bench:
    """The protocol without its HTTP."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.now = float(NOW)
        settings = settings or Settings(scheduled_seconds=0, running_seconds=0)
        self.service = build_service(lambda: self.now, settings, Faults())
        self.tally = Tally()

    def raw(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"x-amz-target": f"Logs_20140328.{operation}", "authorization": AUTHORIZATION}
        reply = answer(self.service, self.tally, headers, body)
        return reply.status, json.loads(json.dumps(reply.body))

    def ok(self, operation: str, **parameters: object) -> dict[str, Any]:
        status, body = self.raw(operation, json.dumps(parameters).encode())
        assert status == 200, body
        return body

    def error(self, operation: str, **parameters: object) -> tuple[str, str]:
        status, body = self.raw(operation, json.dumps(parameters).encode())
        assert status in (400, 503)
        return body["__type"], body["message"]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    for name in ("/aws/Lambda/a", "/aws/lambda/b", "/ecs/c"):
        bench.ok("CreateLogGroup", logGroupName=name)
    bench.ok("CreateLogStream", logGroupName="/ecs/c", logStreamName="s")
    return bench


def put(bench: Bench, *events: tuple[int, str], stream: str = "s") -> dict[str, Any]:
    listed = [{"timestamp": ts, "message": text} for ts, text in events]
    return bench.ok("PutLogEvents", logGroupName="/ecs/c", logStreamName=stream, logEvents=listed)


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("DescribeLogGroups", {}, ["/aws/Lambda/a", "/aws/lambda/b", "/ecs/c"]),
        ("DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda"}, ["/aws/lambda/b"]),
        ("DescribeLogGroups", {"logGroupNamePattern": "LAMBDA"}, ["/aws/Lambda/a", "/aws/lambda/b"]),
        ("DescribeLogGroups", {"logGroupIdentifiers": ["/ecs/c", f"{ARN}/aws/lambda/b"]}, ["/aws/lambda/b", "/ecs/c"]),
        ("DescribeLogGroups", {"logGroupClass": "INFREQUENT_ACCESS"}, []),
        ("DescribeLogGroups", {"accountIdentifiers": ["111111111111"]}, []),
        ("ListLogGroups", {}, ["/aws/Lambda/a", "/aws/lambda/b", "/ecs/c"]),
        ("ListLogGroups", {"logGroupNamePattern": "lambda|^/ecs"}, ["/aws/lambda/b", "/ecs/c"]),
    ],
)
def test_groups_are_found(bench: Bench, operation: str, parameters: dict[str, object], expected: list[str]) -> None:
    assert [group["logGroupName"] for group in bench.ok(operation, **parameters)["logGroups"]] == expected


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "ListLogGroups"])
def test_groups_come_in_pages(bench: Bench, operation: str) -> None:
    first = bench.ok(operation, limit=2)
    second = bench.ok(operation, limit=2, nextToken=first["nextToken"])
    assert [len(first["logGroups"]), len(second["logGroups"])] == [2, 1]
    assert "nextToken" not in second
    assert bench.error(operation, nextToken="made up")[0] == "InvalidParameterException"


def test_a_group_describes_itself(bench: Bench) -> None:
    put(bench, (NOW_MS, "12345"))
    bench.ok("PutRetentionPolicy", logGroupName="/ecs/c", retentionInDays=7)
    (group,) = bench.ok("DescribeLogGroups", logGroupNamePrefix="/ecs")["logGroups"]
    assert group == {
        "logGroupName": "/ecs/c", "creationTime": NOW_MS, "retentionInDays": 7, "metricFilterCount": 0,
        "arn": f"{ARN}/ecs/c:*", "logGroupArn": f"{ARN}/ecs/c", "logGroupClass": "STANDARD", "storedBytes": 5,
    }  # fmt: skip


def test_a_group_may_not_tell_its_class() -> None:
    bench = Bench(Settings(log_classes=False))
    bench.ok("CreateLogGroup", logGroupName="/ecs/c")
    for operation in ("DescribeLogGroups", "ListLogGroups"):
        [group] = bench.ok(operation)["logGroups"]
        assert "logGroupClass" not in group
        assert group["logGroupArn"] == f"{ARN}/ecs/c"


def test_a_deleted_group_is_gone(bench: Bench) -> None:
    bench.ok("DeleteLogGroup", logGroupName="/ecs/c")
    assert bench.error("DeleteLogGroup", logGroupName="/ecs/c")[0] == "ResourceNotFoundException"


def test_streams(bench: Bench) -> None:
    bench.ok("CreateLogStream", logGroupName="/ecs/c", logStreamName="t")
    put(bench, (NOW_MS + 5, "x"), stream="t")
    put(bench, (NOW_MS + 6, "x"))
    described = bench.ok("DescribeLogStreams", logGroupName="/ecs/c")["logStreams"]
    assert described[0] == {
        "logStreamName": "s", "creationTime": NOW_MS, "arn": f"{ARN}/ecs/c:log-stream:s", "storedBytes": 0,
        "firstEventTimestamp": NOW_MS + 6, "lastEventTimestamp": NOW_MS + 6, "lastIngestionTime": NOW_MS,
    }  # fmt: skip

    def names(**parameters: object) -> list[str]:
        listed = bench.ok("DescribeLogStreams", logGroupIdentifier=f"{ARN}/ecs/c", **parameters)["logStreams"]
        return [each["logStreamName"] for each in listed]

    assert names() == ["s", "t"]
    assert names(descending=True) == ["t", "s"]
    assert names(orderBy="LastEventTime") == ["t", "s"]
    assert names(orderBy="LastEventTime", descending=True) == ["s", "t"]
    assert names(logStreamNamePrefix="t") == ["t"]


def test_events_too_old_or_too_new_are_rejected_and_the_rest_is_stored(bench: Bench) -> None:
    past = put(bench, (NOW_MS - 14 * DAY_MS - 1, "too old"), (NOW_MS - 14 * DAY_MS, "old"))
    future = put(bench, (NOW_MS + 7_200_000, "soon"), (NOW_MS + 7_200_001, "too new"))
    assert past == {"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 1}}
    assert future == {"rejectedLogEventsInfo": {"tooNewLogEventStartIndex": 1}}
    bench.ok("PutRetentionPolicy", logGroupName="/ecs/c", retentionInDays=1)
    expired = put(bench, (NOW_MS - DAY_MS - 1, "expired"), (NOW_MS - DAY_MS, "kept"))
    assert expired == {"rejectedLogEventsInfo": {"expiredLogEventEndIndex": 1}}
    found = bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"]
    assert [event["message"] for event in found] == ["kept", "soon"]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([(NOW_MS, "b"), (NOW_MS - 1, "a")], "chronological order"),
        ([(NOW_MS - DAY_MS - 1, "a"), (NOW_MS, "b")], "24 hours"),
        ([], "between 1 and 10000"),
        ([(NOW_MS, "x")] * 10_001, "between 1 and 10000"),
        ([(NOW_MS, "x" * 600_000)] * 2, "Upload too large: 1200052 bytes"),
        ([(NOW_MS, "")], "must not be empty"),
    ],
)
def test_a_bad_batch_is_refused_as_a_whole(bench: Bench, events: list[tuple[int, str]], message: str) -> None:
    listed = [{"timestamp": ts, "message": text} for ts, text in events]
    code, found = bench.error("PutLogEvents", logGroupName="/ecs/c", logStreamName="s", logEvents=listed)
    assert code == "InvalidParameterException"
    assert message in found
    assert bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"] == []


def test_nothing_is_created_on_the_way(bench: Bench) -> None:
    event = {"timestamp": NOW_MS, "message": "x"}
    for group, stream in (("/nope", "s"), ("/ecs/c", "nope")):
        code, _ = bench.error("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=[event])
        assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["an ERROR (1)", "no error", 'say "hi"']),
        ({"filterPattern": "ERROR"}, ["an ERROR (1)"]),
        ({"filterPattern": '"R (1"'}, ["an ERROR (1)"]),
        ({"filterPattern": '"an" ERROR'}, ["an ERROR (1)"]),
        ({"filterPattern": r'"y \"hi\""'}, ['say "hi"']),
        ({"startTime": NOW_MS + 1, "endTime": NOW_MS + 1}, ["no error"]),
        ({"logStreamNames": ["other"]}, []),
        ({"logStreamNamePrefix": "s"}, ["an ERROR (1)", "no error", 'say "hi"']),
    ],
)  # fmt: skip
def test_filter_log_events(bench: Bench, parameters: dict[str, object], expected: list[str]) -> None:
    put(bench, (NOW_MS, "an ERROR (1)"), (NOW_MS + 1, "no error"), (NOW_MS + 2, 'say "hi"'))
    found = bench.ok("FilterLogEvents", logGroupName="/ecs/c", **parameters)
    assert [event["message"] for event in found["events"]] == expected


def test_masked_text_is_masked_to_whoever_reads_it(bench: Bench) -> None:
    put(bench, (NOW_MS, '{"user": "jo@example.com", "level": "ERROR"}'))
    bench.service.injector.load(Faults(masked=r"\w+@[\w.]+"))
    whole = '{"user": "**************", "level": "ERROR"}'
    assert [event["message"] for event in bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"]] == [whole]
    assert bench.ok("FilterLogEvents", logGroupName="/ecs/c", filterPattern='"example.com"')["events"] == []
    query_id = bench.ok("StartQuery", **start(queryString="fields @message, user"))["queryId"]
    [row] = bench.ok("GetQueryResults", queryId=query_id)["results"]
    assert [each["value"] for each in row[:2]] == [whole, "*" * 14]
    record = bench.ok("GetLogRecord", logRecordPointer=row[-1]["value"])["logRecord"]
    assert (record["@message"], record["user"]) == (whole, "*" * 14)


@pytest.mark.parametrize("pattern", ["?a ?b", "-a", "%a%", "{ $.a = 1 }", "[a, b]", '"open', 'a"b"', "a*"])
def test_a_filter_pattern_that_is_not_imitated_is_refused(bench: Bench, pattern: str) -> None:
    assert (
        bench.error("FilterLogEvents", logGroupName="/ecs/c", filterPattern=pattern)[0] == "InvalidParameterException"
    )


def test_filtered_events_come_in_pages(bench: Bench) -> None:
    put(bench, *[(NOW_MS + at, str(at)) for at in range(3)])
    first = bench.ok("FilterLogEvents", logGroupName="/ecs/c", limit=2)
    second = bench.ok("FilterLogEvents", logGroupName="/ecs/c", limit=2, nextToken=first["nextToken"])
    assert [event["message"] for event in first["events"] + second["events"]] == ["0", "1", "2"]
    assert "nextToken" not in second
    assert bench.error("FilterLogEvents", logGroupName="/ecs/c", nextToken="x")[0] == "InvalidParameterException"


def start(**changes: object) -> dict[str, object]:
    values = {"logGroupName": "/ecs/c", "startTime": NOW, "endTime": NOW, "queryString": "fields @message"}
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


INVALID = "InvalidParameterException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"logGroupName": None}, INVALID),
        ({"logGroupNames": ["/ecs/c"]}, INVALID),
        ({"logGroupName": None, "logGroupNames": []}, INVALID),
        ({"logGroupName": None, "logGroupNames": ["/ecs/c"] * 51}, INVALID),
        ({"logGroupName": None, "logGroupIdentifiers": [f"{ARN}/ecs/c:*"]}, INVALID),
        ({"logGroupName": None, "logGroupIdentifiers": ["arn:aws:s3:::bucket"]}, INVALID),
        ({"logGroupName": None, "logGroupIdentifiers": [ARN.replace("000", "111") + "/ecs/c"]},
         "ResourceNotFoundException"),
        ({"logGroupName": "/nope"}, "ResourceNotFoundException"),
        ({"startTime": NOW + 1}, INVALID),
        ({"startTime": None}, INVALID),
        ({"startTime": -1}, INVALID),
        ({"startTime": "soon"}, "SerializationException"),
        ({"limit": 0}, INVALID),
        ({"limit": 100_001}, INVALID),
        ({"limit": True}, "SerializationException"),
        ({"queryLanguage": "SQL"}, INVALID),
        ({"queryString": None}, INVALID),
        ({"queryString": ""}, "MalformedQueryException"),
        ({"queryString": "fields a " + " " * 9_992}, INVALID),
        ({"queryString": 5}, "SerializationException"),
        ({"startTime": 0, "endTime": NOW - 1}, "MalformedQueryException"),
    ],
)  # fmt: skip
def test_a_query_that_can_not_start(bench: Bench, changes: dict[str, object], code: str) -> None:
    assert bench.error("StartQuery", **start(**changes))[0] == code


@pytest.mark.parametrize(
    "changes",
    [
        {"logGroupName": None, "logGroupNames": ["/ecs/c", "/aws/lambda/b"]},
        {"logGroupName": None, "logGroupIdentifiers": [f"{ARN}/ecs/c"]},
        {"logGroupName": None, "logGroupIdentifiers": ["/ecs/c"]},
        {"queryString": "fields a " + " " * 9_991},
        {"queryLanguage": "CWLI"},
        {"limit": 100_000},
    ],
)
def test_a_query_that_can_start(bench: Bench, changes: dict[str, object]) -> None:
    assert bench.ok("StartQuery", **start(**changes))["queryId"]


@pytest.mark.parametrize("unit", [1, 1000])
def test_an_end_second_covers_its_first_millisecond_only(bench: Bench, unit: int) -> None:
    edges = [NOW_MS - 1, NOW_MS, NOW_MS + 1, NOW_MS + 1000, NOW_MS + 1001, NOW_MS + 1999]
    put(bench, *[(ts, str(ts - NOW_MS)) for ts in edges])
    times = {
        "startTime": NOW * unit,
        "endTime": (NOW + 1) * unit,
        "queryString": "fields @message | sort @timestamp asc",
    }
    query_id = bench.ok("StartQuery", **start(**times))["queryId"]
    results = bench.ok("GetQueryResults", queryId=query_id)["results"]
    assert [row[0]["value"] for row in results] == ["0", "1", "1000"]


def test_forbidden_groups_are_named_by_arn(bench: Bench) -> None:
    bench.service.injector.load(Faults(forbidden_groups=("/ecs/c",)))
    code, message = bench.error("StartQuery", **start())
    assert code == "AccessDeniedException"
    assert f"not authorized to perform: logs:StartQuery on resource: {ARN}/ecs/c" in message


def test_any_listed_group_may_be_forbidden_for_one_query(bench: Bench) -> None:
    bench.service.injector.load(Faults(forbidden_probability=0.5))
    two = {"logGroupName": None, "logGroupNames": ["/ecs/c", "/aws/lambda/b"]}
    statuses = [bench.raw("StartQuery", json.dumps(start(**two)).encode()) for _ in range(50)]
    denied = [body["message"] for status, body in statuses if status == 400]
    assert 10 < len(denied) < 40
    assert {message.split(ARN)[1].split(":")[0] for message in denied} == {"/ecs/c", "/aws/lambda/b"}


def test_results_come_in_pages(bench: Bench) -> None:
    put(bench, *[(NOW_MS, str(at)) for at in range(5)])
    query_id = bench.ok("StartQuery", **start())["queryId"]
    first = bench.ok("GetQueryResults", queryId=query_id, maxItems=3)
    second = bench.ok("GetQueryResults", queryId=query_id, maxItems=3, nextToken=first["nextToken"])
    assert [len(first["results"]), len(second["results"])] == [3, 2]
    assert first["statistics"]["resultCount"] == second["statistics"]["resultCount"] == 5.0
    assert "nextToken" not in second
    other = bench.ok("StartQuery", **start())["queryId"]
    assert bench.error("GetQueryResults", queryId=other, nextToken=first["nextToken"])[0] == INVALID
    bench.now += 3601
    assert bench.error("GetQueryResults", queryId=query_id, nextToken=first["nextToken"])[0] == INVALID
    assert bench.error("GetQueryResults", queryId=query_id, maxItems=10_001)[0] == INVALID


def test_a_page_holds_ten_thousand_rows_at_most(bench: Bench) -> None:
    bench.service.store.put("/ecs/c", "s", [(NOW_MS, str(at)) for at in range(10_001)])
    query_id = bench.ok("StartQuery", **start(limit=100_000))["queryId"]
    page = bench.ok("GetQueryResults", queryId=query_id)
    assert (len(page["results"]), page["statistics"]["resultCount"]) == (10_000, 10_001.0)
    assert len(bench.ok("GetQueryResults", queryId=query_id, nextToken=page["nextToken"])["results"]) == 1


@pytest.mark.parametrize("operation", ["GetQueryResults", "StopQuery"])
def test_an_unknown_query(bench: Bench, operation: str) -> None:
    assert bench.error(operation, queryId="unheard-of")[0] == "ResourceNotFoundException"


def test_queries_are_described(bench: Bench) -> None:
    put(bench, (NOW_MS, "12345"))
    ids = [bench.ok("StartQuery", **start())["queryId"] for _ in range(3)]
    listed = bench.ok("DescribeQueries", maxResults=2)
    assert [query["queryId"] for query in listed["queries"]] == ids[:0:-1]
    assert listed["queries"][0] == {
        "queryId": ids[2], "queryString": "fields @message", "queryLanguage": "CWLI", "status": "Complete",
        "createTime": NOW_MS, "logGroupName": "/ecs/c", "queryDuration": 0, "bytesScanned": 5.0,
    }  # fmt: skip
    rest = bench.ok("DescribeQueries", maxResults=2, nextToken=listed["nextToken"])
    assert [query["queryId"] for query in rest["queries"]] == ids[:1]
    assert bench.ok("DescribeQueries", status="Running")["queries"] == []
    assert bench.ok("DescribeQueries", logGroupName="/aws/lambda/b")["queries"] == []
    assert bench.error("DescribeQueries", status="Sleeping")[0] == INVALID


def test_a_record_is_whole_and_has_its_discovered_fields(bench: Bench) -> None:
    message = json.dumps({"level": "ERROR", "text": "x" * 50})
    put(bench, (NOW_MS, message))
    bench.service.injector.load(Faults(truncate_message=10))
    results = bench.ok("GetQueryResults", queryId=bench.ok("StartQuery", **start())["queryId"])["results"]
    assert results[0][0]["value"] == message[:10]
    pointer = results[0][-1]["value"]
    assert bench.ok("GetLogRecord", logRecordPointer=pointer)["logRecord"] == {
        "@ingestionTime": str(NOW_MS), "@log": "000000000000:/ecs/c", "@logStream": "s", "@message": message,
        "@ptr": pointer, "@timestamp": str(NOW_MS), "level": "ERROR", "text": "x" * 50,
    }  # fmt: skip
    assert bench.error("GetLogRecord", logRecordPointer="x")[0] == INVALID


def test_put_events_can_lag(bench: Bench) -> None:
    bench.service.injector.load(Faults(ingestion_lag_seconds=30))
    put(bench, (NOW_MS, "slow"))
    assert bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"] == []
    bench.now += 30
    assert len(bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"]) == 1


def test_what_is_put_later_may_be_seen_earlier(bench: Bench) -> None:
    bench.service.injector.load(Faults(ingestion_lag_seconds=1, ingestion_spread_seconds=20))
    for number in range(20):
        put(bench, (NOW_MS, str(number)))
    seen: list[int] = []
    for _ in range(22):
        found = bench.ok("FilterLogEvents", logGroupName="/ecs/c")["events"]
        seen += sorted({int(event["message"]) for event in found} - set(seen))
        bench.now += 1
    assert sorted(seen) == list(range(20)) != seen


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateLogGroup", {}),
        ("CreateLogGroup", {"logGroupName": ""}),
        ("DescribeLogGroups", {"limit": 51}),
        ("DescribeLogGroups", {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}),
        ("ListLogGroups", {"logGroupNamePattern": ".*"}),
        ("DescribeLogStreams", {}),
        ("DescribeLogStreams", {"logGroupName": "/ecs/c", "orderBy": "Size"}),
        ("DescribeLogStreams", {"logGroupName": "/ecs/c", "orderBy": "LastEventTime", "logStreamNamePrefix": "a"}),
        ("FilterLogEvents", {"logGroupName": "/ecs/c", "logStreamNames": ["a"], "logStreamNamePrefix": "a"}),
        ("PutRetentionPolicy", {"logGroupName": "/ecs/c", "retentionInDays": 2}),
        ("PutLogEvents", {"logGroupName": "/ecs/c", "logStreamName": "s"}),
    ],
)
def test_parameters_that_do_not_fit(bench: Bench, operation: str, parameters: dict[str, object]) -> None:
    assert bench.error(operation, **parameters)[0] == INVALID


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("StartLiveTail", b"{}", "UnknownOperationException"),
        ("DescribeLogGroups", b"{", "SerializationException"),
        ("DescribeLogGroups", b"[" * 100_000, "SerializationException"),
        ("DescribeLogGroups", b"[]", "SerializationException"),
        ("DescribeLogStreams", b'{"logGroupName": "/ecs/c", "descending": 1}', "SerializationException"),
        ("CreateLogGroup", b'{"logGroupName": 5}', "SerializationException"),
        ("DescribeLogGroups", b'{"logGroupIdentifiers": [5]}', "SerializationException"),
        ("PutLogEvents", b'{"logGroupName": "/ecs/c", "logStreamName": "s", "logEvents": [5]}',
         "SerializationException"),
    ],
)  # fmt: skip
def test_requests_that_are_none(bench: Bench, operation: str, body: bytes, code: str) -> None:
    status, reply = bench.raw(operation, body)
    assert (status, reply["__type"]) == (400, code)


def test_everything_is_counted(bench: Bench) -> None:
    put(bench, (NOW_MS, "12345"))
    bench.service.injector.load(
        Faults(start_query=("ThrottlingException", "ServiceUnavailableException", "LostReply", "EmptyReply"))
    )
    assert bench.error("StartQuery", **start()) == ("ThrottlingException", "Rate exceeded")
    assert bench.error("StartQuery", **start())[0] == "ServiceUnavailableException"
    for _ in range(3):
        bench.ok("StartQuery", **start())
    counted = stats(bench.service, bench.tally)
    assert counted["bytes_scanned"] == 15
    assert counted["running"] == 0
    assert counted["queries"] == {"Complete": 3}
    assert counted["requests"] == {
        "CreateLogGroup": {"ok": 3},
        "CreateLogStream": {"ok": 1},
        "PutLogEvents": {"ok": 1},
        "StartQuery": {
            "EmptyReply": 1,
            "LostReply": 1,
            "ServiceUnavailableException": 1,
            "ThrottlingException": 1,
            "ok": 1,
        },
    }
