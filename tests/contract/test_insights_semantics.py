"""What sigwatch relies on of Logs Insights, asked of the embedded server and, on request, of a real account.

`SIGWATCH_AWS_CONTRACT=1 pytest tests/contract/test_insights_semantics.py` uses the default credentials and Region,
creates one log group named /sigwatch-contract/..., waits until its events can be searched, and deletes it at the end.
It costs next to nothing.
"""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sigwatch.local.server import LocalServer

REAL = os.environ.get("SIGWATCH_AWS_CONTRACT") == "1"
LINES = {
    "plain": "ERROR one: a/b #7 says \"no\" and 'yes'",
    "lower": "error one in lower case",
    "traceback": 'Traceback one\n  File "x.py"\nValueError: two',
    "return": "carriage one\rreturn",
    "json": '{"level": "ERROR", "code": 503}',
    "unicode": "one é",
}
pause = threading.Event().wait


class Target:
    """A log group with the lines above, one a second, and how to ask for them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.group = f"/sigwatch-contract/{uuid.uuid4().hex}"
        # Just ahead: the service rejects ranges that end before the log group was created.
        self.start = int(time.time()) + 2  # noqa: TID251 - a real account lives in real time
        client.create_log_group(logGroupName=self.group)
        client.create_log_stream(logGroupName=self.group, logStreamName="s")
        events = [{"timestamp": (self.start + n) * 1000 + 250, "message": m} for n, m in enumerate(LINES.values())]
        client.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=events)

    def rows(self, text: str, **changes: int) -> list[dict[str, str]]:
        asked = {"startTime": self.start - 1, "endTime": self.start + 30} | changes
        query = self.client.start_query(logGroupName=self.group, queryString=text, **asked)["queryId"]
        while True:
            answer = self.client.get_query_results(queryId=query)
            if answer["status"] not in {"Scheduled", "Running"}:
                break
            pause(0.2)
        assert answer["status"] == "Complete"
        return [{field["field"]: field["value"] for field in row} for row in answer["results"]]

    def found(self, condition: str) -> set[str]:
        rows = self.rows(f"fields @message | filter {condition} | sort @timestamp asc | limit 100")
        names = {message: name for name, message in LINES.items()}
        return {names[row["@message"]] for row in rows}

    def wait_until_searchable(self) -> None:
        for _ in range(90):
            if len(self.rows("fields @message")) == len(LINES):
                return
            pause(2)
        raise AssertionError("the events can not be searched after three minutes")


@pytest.fixture(scope="module", params=["embedded", "real"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    if request.param == "embedded":
        with LocalServer(clock=time.time) as server:  # noqa: TID251 - the same
            session = boto3.session.Session("test", "test", region_name="us-east-1")
            yield Target(session.client("logs", endpoint_url=server.url))
        return
    if not REAL:
        pytest.skip("asks a real account only with SIGWATCH_AWS_CONTRACT=1")
    made = Target(boto3.client("logs"))
    try:
        made.wait_until_searchable()
        yield made
    finally:
        made.client.delete_log_group(logGroupName=made.group)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("@message like /ERROR one/", {"plain"}),
        ("@message like /(?i)error one/", {"plain", "lower"}),
        ("@message like /ERROR one|level/", {"plain", "json"}),
        ("@message like /ERROR (one|two)/", {"plain"}),
        ("@message like /ERROR one/ or @message like /(?i)VALUEERROR/", {"plain", "traceback"}),
        (r"@message like /a\/b \x237/", {"plain"}),
        ("@message like /says \"no\" and 'yes'/", {"plain"}),
        (r"@message like /code\": [0-9]{3}/", {"json"}),
        (r"@message like /Traceback[\s\S]*two/", {"traceback"}),
        (r"@message like /one[^\n]*ValueError/", set()),
        (r"@message like /carriage one[^\n]*return/", {"return"}),
        ("@message like /one é/", {"unicode"}),
        (r"@message like /[A-Z]{5} one/", {"plain"}),
        ('@message like "level"', {"json"}),
        ("@message =~ /lower case/", {"lower"}),
    ],
)
def test_a_filter_finds(target: Target, condition: str, names: set[str]) -> None:
    assert target.found(condition) == names


def test_a_comment_on_the_last_line_is_ignored_and_kept_with_the_query(target: Target) -> None:
    mark = f"# sigwatch:contract:{uuid.uuid4().hex}"
    assert len(target.rows(f"fields @message | filter @message like /ERROR one/\n{mark}")) == 1
    queries = target.client.describe_queries(logGroupName=target.group, maxResults=100)["queries"]
    assert any(query["queryString"].endswith(mark) for query in queries)


def test_a_row_says_where_and_when_it_is_from(target: Target) -> None:
    [row] = target.rows("fields @timestamp, @log, @logStream, @message | filter @message like /ERROR one/")
    assert row["@log"].endswith(f":{target.group}")
    assert row["@log"].split(":")[0].isdecimal()
    assert row["@logStream"] == "s"
    assert len(row["@timestamp"]) == len("2026-02-04 06:00:00.123")
    assert row["@timestamp"].endswith(".250")
    whole = target.client.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert whole["@message"] == row["@message"]


def test_a_second_asked_for_with_both_its_ends_is_read_whole(target: Target) -> None:
    rows = target.rows("fields @message", startTime=target.start, endTime=target.start + 1)
    assert LINES["plain"] in {row["@message"] for row in rows}


def test_the_longest_text_is_taken_and_a_longer_one_is_not(target: Target) -> None:
    head, tail = "fields @message | filter @message like /", "/"
    assert target.rows(head + "x" * (10_000 - len(head) - len(tail)) + tail) == []
    with pytest.raises(ClientError):
        target.rows(head + "x" * (10_001 - len(head) - len(tail)) + tail)


def test_a_range_before_the_log_group_s_life_is_told_from_a_syntax_error(target: Target) -> None:
    with pytest.raises(ClientError) as early:
        target.rows("fields @message", startTime=1_500_000_000, endTime=1_500_000_060)
    with pytest.raises(ClientError) as wrong:
        target.rows("fields @message | frobnicate")
    codes = {early.value.response["Error"]["Code"], wrong.value.response["Error"]["Code"]}
    assert codes == {"MalformedQueryException"}
    assert "end date and time" in early.value.response["Error"]["Message"]
    assert "end date and time" not in wrong.value.response["Error"]["Message"]


def test_a_missing_log_group_is_named(target: Target) -> None:
    with pytest.raises(ClientError) as caught:
        target.client.start_query(
            logGroupName="/sigwatch-contract/missing", startTime=0, endTime=1, queryString="fields @message"
        )
    assert "/sigwatch-contract/missing" in caught.value.response["Error"]["Message"]
