r"""What sigwatch relies on of Logs Insights, asked of the embedded server and, on request, of a real account.

`SIGWATCH_AWS_CONTRACT=1 pytest -rP tests/contract/test_insights_semantics.py` uses the default credentials and Region,
creates one log group named /sigwatch-contract/..., waits until its events can be searched, and deletes it at the end.
It costs next to nothing and takes some minutes.

What the service does not document, and sigwatch does not rely on, is asked too: the embedded server must do what is
written here, and what a real account does is only told, where `-rP` shows it.
"""

import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.plan.factor import DEEPEST

REAL = os.environ.get("SIGWATCH_AWS_CONTRACT") == "1"
LINES = {
    "plain": "ERROR one: a/b #7 says \"no\" and 'yes'",
    "lower": "error one in lower case",
    "traceback": 'Traceback one\n  File "x.py"\nValueError: two',
    "return": "carriage one\rreturn",
    "json": '{"level": "ERROR", "code": 503}',
    "nested": '{"outer": {"inner-key": "deep"}, "tries": 7}',
    "unicode": "one é",
    "hidden": "zero\u200bwidth",
    "signs": r"signs a.b [c] (d) {e} +f *g ?h ^i $j |k \l -m",
    "long": f"long text {'x' * 5_000} its end",
}
TWIN = "the same line twice"
COUNT = len(LINES) + 2
pause = threading.Event().wait

Judge = Callable[[object, object], None]
"""Takes what was seen where nothing is documented, and what the embedded server does there."""


def pinned(seen: object, here: object) -> None:
    assert seen == here


def told(seen: object, here: object) -> None:
    sys.stdout.write(f"seen: {seen!r}; the embedded server: {here!r}\n")


class Refused(Exception):
    """A query was not taken, or did not complete."""


class Target:
    """A log group with the lines above, one a second, and how to ask for them."""

    def __init__(self, client: Any, judge: Judge) -> None:
        self.client = client
        self.judge = judge
        self.group = f"/sigwatch-contract/{uuid.uuid4().hex}"
        # Just ahead: the service rejects ranges that end before the log group was created.
        self.start = int(time.time()) + 2  # noqa: TID251 - a real account lives in real time
        client.create_log_group(logGroupName=self.group)
        client.create_log_stream(logGroupName=self.group, logStreamName="s")
        events = [
            {"timestamp": (self.start + n) * 1000 + 250, "message": m} for n, m in enumerate([*LINES.values(), TWIN])
        ]
        client.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=[*events, events[-1]])

    def begin(self, text: str, **changes: object) -> str:
        asked: dict[str, object] = {
            "logGroupName": self.group, "startTime": self.start - 1, "endTime": self.start + 60,
        } | changes  # fmt: skip
        wanted = {name: value for name, value in asked.items() if value is not None}
        try:
            return str(self.client.start_query(queryString=text, **wanted)["queryId"])
        except ClientError as error:
            said = error.response["Error"]
            raise Refused(f"{said['Code']}: {said['Message']}") from error

    def end(self, query: str) -> Any:
        while True:
            answer = self.client.get_query_results(queryId=query)
            if answer["status"] == "Complete":
                return answer
            if answer["status"] not in {"Scheduled", "Running"}:
                raise Refused(answer["status"])
            pause(0.2)

    def rows(self, text: str, **changes: object) -> list[dict[str, str]]:
        answer = self.end(self.begin(text, **changes))
        return [{field["field"]: field["value"] for field in row} for row in answer["results"]]

    def found(self, condition: str) -> set[str]:
        rows = self.rows(f"fields @message | filter {condition} | sort @timestamp asc | limit 100")
        names = {message[:20]: name for name, message in LINES.items()}
        return {names.get(row["@message"][:20], "twins") for row in rows}

    def answer(self, condition: str) -> object:
        try:
            return self.found(condition)
        except Refused as error:
            return str(error).split(":")[0]

    def refusal(self, **changes: object) -> str:
        with pytest.raises(Refused) as caught:
            self.begin("fields @message", **changes)
        return str(caught.value)

    def wait_until_searchable(self) -> None:
        for _ in range(90):
            if len(self.rows("fields @message")) == COUNT:
                return
            pause(2)
        raise AssertionError("the events can not be searched after three minutes")


@pytest.fixture(scope="module", params=["embedded", "real"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    if request.param == "embedded":
        at_once = Settings(scheduled_seconds=0, running_seconds=0)
        with LocalServer(clock=time.time, settings=at_once) as server:  # noqa: TID251 - the same
            session = boto3.session.Session("test", "test", region_name="us-east-1")
            yield Target(session.client("logs", endpoint_url=server.url), pinned)
        return
    if not REAL:
        pytest.skip("asks a real account only with SIGWATCH_AWS_CONTRACT=1")
    made = Target(boto3.client("logs"), told)
    try:
        made.wait_until_searchable()
        yield made
    finally:
        made.client.delete_log_group(logGroupName=made.group)


OTHERS = {"json", "nested", "hidden", "signs", "long", "twins"}
"""The lines without the word `one`."""


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("@message like /ERROR one/", {"plain"}),
        ("@message like /rror on/", {"lower"}),
        ("@message like /(?i)error one/", {"plain", "lower"}),
        ("@message like /ERROR one|level/", {"plain", "json"}),
        ("@message like /ERROR (one|two)/", {"plain"}),
        ("@message like /ERROR one/ or @message like /(?i)VALUEERROR/", {"plain", "traceback"}),
        ("@message like /one/ and @message like /case/", {"lower"}),
        ("(@message like /ERROR/ or @message like /error/) and @message like /one/", {"plain", "lower"}),
        ("@message not like /one/", OTHERS),
        ('@message not like "one"', OTHERS),
        ("not (@message like /one/)", OTHERS),
        (r"@message like /a\/b \x237/", {"plain"}),
        ("@message like /says \"no\" and 'yes'/", {"plain"}),
        (r"@message like /code\": [0-9]{3}/", {"json"}),
        (r"@message like /code[^0-9A-Za-z_]{3}[0-9]{2,}\}/", {"json"}),
        (r"@message like /er{1,2}or on[a-f]/", {"lower"}),
        (r"@message like /(ERR(O(R)?)+) o?ne*: +a/", {"plain"}),
        (r"@message like /(l|L)ower( case)?/", {"lower"}),
        (r"@message like /Traceback[\s\S]*two/", {"traceback"}),
        (r"@message like /one[^\n]*ValueError/", set()),
        (r"@message like /carriage one[^\n]*return/", {"return"}),
        (r"@message like /one[\t\n\f\r \x0b]+(File|return)/", {"traceback", "return"}),
        ("@message like /one é/", {"unicode"}),
        (r"@message like /zero\x{200b}width/", {"hidden"}),
        (r"@message like /a\.b \[c\] \(d\) \{e\} \+f \*g \?h \^i \$j \|k \\l/", {"signs"}),
        (r"@message like /[\-\]\\\/]l [\-]m/", {"signs"}),
        (r"@message like /[A-Z]{5} one/", {"plain"}),
        ("@message like /" + "(" * DEEPEST + "level" + ")" * DEEPEST + "/", {"json"}),
        (r"@message like /\w+ one \w+ lower\scase/", {"lower"}),
        (r"@message like /\d{3}\}/", {"json"}),
        (r"@message like /\brror/", set()),
        (r"@message like /\berror\b/", {"lower"}),
        ("@message like /^error/", {"lower"}),
        ("@message like /lower case$/", {"lower"}),
        ('@message like "level"', {"json"}),
        ('@message like "a.b"', {"signs"}),
        ("@message =~ /lower case/", {"lower"}),
        ('@message = "one é"', {"unicode"}),
        ('@logStream in ["s", "t"] and @message like /lower/', {"lower"}),
        ('@logStream in ["t", "u"]', set()),
        ('level = "ERROR"', {"json"}),
        ("code >= 503 and code < 504", {"json"}),
        ("ispresent(tries)", {"nested"}),
    ],
)  # fmt: skip
def test_a_filter_finds(target: Target, condition: str, names: set[str]) -> None:
    assert target.found(condition) == names


MALFORMED = "MalformedQueryException"


@pytest.mark.parametrize(
    ("condition", "here"),
    [
        ("@message like /a\\/b #7/", {"plain"}),
        ("@message like /one .*two/", set()),
        ("@message like /File.*two/", set()),
        ("@message like /carriage one.return/", {"return"}),
        ("@message like /^ValueError/", set()),
        ("@message like /Traceback one$/", set()),
        ("@message like /(?m)^ValueError/", {"traceback"}),
        ("@message like /(?s)File.*two/", {"traceback"}),
        (r"@message like /lower\ case/", MALFORMED),
        (r"@message like /7 says \"no\"/", {"plain"}),
        (r"@message like /\#7|\-m|\&/", {"plain", "signs"}),
        ("@message like /one\n  File/", MALFORMED),
        ("@message like /ERROR(?= one)/", MALFORMED),
        ("@message like /^(?!.*one)/", MALFORMED),
        ("@message like /(?<=ERROR )one/", MALFORMED),
        (r"@message like /(e)r\1/", MALFORMED),
        ("@message like /er++or/", MALFORMED),
        ("@message like /(?>er)ror/", MALFORMED),
        ("@message like /error (?i)ONE/", {"lower"}),
        ("@message like /(?P<what>er+or) one/", {"lower"}),
        ("@message like /ERROR ONE/i", MALFORMED),
        ("@message like /er.*?case/", {"lower"}),
        (r"@message like /^one \w$/", set()),
        (r"@message like /one \p{L}$/", {"unicode"}),
        ("@message like /(?i)ONE É/", {"unicode"}),
        ("@message like /x{1001}/", MALFORMED),
        ("@message like /its end/", {"long"}),
        ("@message like /error/ or @message like /ERROR/ and @message like /level/", {"lower", "json"}),
        ("@message LIKE /level/", {"json"}),
        ('`outer.inner-key` = "deep"', {"nested"}),
        ('outer.`inner-key` = "deep"', MALFORMED),
        (r"@message like 'says \"no\"'", {"plain"}),
    ],
)  # fmt: skip
def test_where_the_service_s_own_filter_is_not_documented(target: Target, condition: str, here: object) -> None:
    target.judge(target.answer(condition), here)


def test_where_is_another_word_for_filter(target: Target) -> None:
    [row] = target.rows("fields @message | where @message like /lower case/")
    assert row["@message"] == LINES["lower"]


def test_a_comment_on_the_last_line_is_ignored_and_kept_with_the_query(target: Target) -> None:
    mark = f"# sigwatch:contract:{uuid.uuid4().hex}"
    assert len(target.rows(f"fields @message | filter @message like /ERROR one/\n{mark}")) == 1
    queries = target.client.describe_queries(logGroupName=target.group, maxResults=100)["queries"]
    [mine] = [query for query in queries if query["queryString"].endswith(mark)]
    assert mine["status"] == "Complete"


def test_a_row_says_where_and_when_it_is_from(target: Target) -> None:
    [row] = target.rows("fields @timestamp, @log, @logStream, @message | filter @message like /ERROR one/")
    assert row["@log"].endswith(f":{target.group}")
    assert row["@log"].split(":")[0].isdecimal()
    assert row["@logStream"] == "s"
    assert len(row["@timestamp"]) == len("2026-02-04 06:00:00.123")
    assert row["@timestamp"].endswith(".250")
    whole = target.client.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert whole["@message"] == row["@message"]


def test_a_row_without_fields_has_the_usual_ones_and_a_line_of_statistics_no_pointer(target: Target) -> None:
    [row] = target.rows("filter @message like /lower case/")
    assert set(row) == {"@timestamp", "@message", "@ptr"}
    assert target.rows("stats count(*) as n") == [{"n": str(COUNT)}]


def test_absent_fields_are_left_out_and_all_others_are_text(target: Target) -> None:
    rows = target.rows("fields code, @ingestionTime | filter @message like /level|lower/ | sort @timestamp asc")
    assert [set(row) for row in rows] == [{"@ingestionTime", "@ptr"}, {"code", "@ingestionTime", "@ptr"}]
    assert rows[1]["code"] == "503"


def test_times_can_be_compared_in_milliseconds(target: Target) -> None:
    edge = (target.start + 1) * 1000 + 250
    for text in (f"filter toMillis(@timestamp) < {edge}", f"fields toMillis(@timestamp) as at | filter at < {edge}"):
        [row] = target.rows(f"{text} | fields @message")
        assert row["@message"] == LINES["plain"]
    assert len(target.rows(f"fields @message | filter toMillis(@ingestionTime) < {edge - 86_400_000}")) == 0


def test_a_name_can_be_given_once_only(target: Target) -> None:
    with pytest.raises(Refused, match=MALFORMED):
        target.rows("fields @message as copy | fields @logStream as copy")


def test_rows_come_in_the_order_that_is_asked_for(target: Target) -> None:
    rows = target.rows("fields @timestamp | sort @timestamp asc | limit 100", limit=100)
    times = [row["@timestamp"] for row in rows]
    assert times == sorted(times)
    assert len(times) == COUNT
    newest = [row["@timestamp"] for row in target.rows("fields @timestamp")]
    target.judge(newest == times[::-1], True)


def test_identical_lines_are_rows_of_their_own(target: Target) -> None:
    text = f'fields @message | filter @message = "{TWIN}"'
    first, again = (target.rows(text), target.rows(text))
    assert len({row["@ptr"] for row in first}) == 2
    target.judge({row["@ptr"] for row in first} == {row["@ptr"] for row in again}, False)


@pytest.mark.parametrize(("command", "parameter"), [(3, 3), (2, 5), (5, 2)])
def test_rows_over_the_limit_are_dropped_and_never_told(target: Target, command: int, parameter: int) -> None:
    answer = target.end(target.begin(f"fields @message | sort @timestamp asc | limit {command}", limit=parameter))
    assert "nextToken" not in answer
    assert answer["statistics"]["recordsMatched"] == COUNT
    if command == parameter:
        assert len(answer["results"]) == command
    target.judge(len(answer["results"]), min(command, parameter))


def test_all_rows_come_over_all_pages(target: Target) -> None:
    query = target.begin("fields @message | sort @timestamp asc | limit 100", limit=100)
    whole = target.end(query)["results"]
    page = target.client.get_query_results(queryId=query, maxItems=5)
    found = page["results"]
    while "nextToken" in page:
        page = target.client.get_query_results(queryId=query, maxItems=5, nextToken=page["nextToken"])
        found += page["results"]
    messages = [[cell["value"] for cell in row if cell["field"] == "@message"] for row in found]
    assert messages == [[cell["value"] for cell in row if cell["field"] == "@message"] for row in whole]


def test_a_long_message_can_be_fetched_whole(target: Target) -> None:
    [row] = target.rows("fields @message | filter @message like /^long text/")
    assert LINES["long"].startswith(row["@message"])
    target.judge(len(row["@message"]), len(LINES["long"]))
    whole = target.client.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert whole["@message"] == LINES["long"]


def test_a_result_says_what_it_cost(target: Target) -> None:
    numbers = target.end(target.begin("fields @message | filter @message like /lower case/"))["statistics"]
    assert numbers["recordsMatched"] == 1
    assert numbers["bytesScanned"] > 0
    target.judge(numbers["recordsScanned"], COUNT)
    target.judge(numbers["bytesScanned"], sum(len(line.encode()) for line in (*LINES.values(), TWIN, TWIN)))
    target.judge(numbers.get("logGroupsScanned"), 1.0)
    target.judge(numbers.get("resultCount"), 1.0)


def test_an_estimate_costs_nothing(target: Target) -> None:
    try:
        answer = target.end(target.begin("fields @message | filter @message like /one/ | estimate"))
    except Refused as error:
        target.judge(str(error), "an estimate")
        return
    [row] = answer["results"]
    assert any(cell["value"].replace(".", "").isdecimal() for cell in row)
    target.judge([cell["field"] for cell in row], ["estimatedBytes"])
    target.judge(answer["statistics"]["bytesScanned"], 0)


def test_a_second_asked_for_with_both_its_ends_is_read_whole(target: Target) -> None:
    rows = target.rows("fields @message", startTime=target.start, endTime=target.start + 1)
    assert LINES["plain"] in {row["@message"] for row in rows}


@pytest.mark.parametrize(("unit", "length", "here"), [(1, 0, 0), (1000, 249, 0), (1000, 250, 1)])
def test_where_a_range_ends_exactly(target: Target, unit: int, length: int, here: int) -> None:
    begin = target.start * unit
    try:
        seen: object = len(target.rows("fields @message", startTime=begin, endTime=begin + length))
    except Refused as error:
        seen = str(error)
    target.judge(seen, here)


def test_the_longest_text_is_taken_and_a_longer_one_is_not(target: Target) -> None:
    head, tail = "fields @message | filter @message like /", "/"
    letters = 10_000 - len(head) - len(tail)
    assert target.rows(head + "z" * letters + tail) == []
    with pytest.raises(Refused):
        target.rows(head + "z" * (letters + 1) + tail)


def test_a_range_before_the_log_group_s_life_is_told_from_a_syntax_error(target: Target) -> None:
    early = target.refusal(startTime=1_500_000_000, endTime=1_500_000_060)
    with pytest.raises(Refused) as wrong:
        target.begin("fields @message | frobnicate")
    assert early.startswith(MALFORMED)
    assert "end date and time" in early
    assert str(wrong.value).startswith(MALFORMED)
    assert "end date and time" not in str(wrong.value)
    assert isinstance(wrong.value.__cause__, ClientError)
    response: Any = wrong.value.__cause__.response
    location = response.get("queryCompileError", {}).get("location")
    target.judge(location, {"startCharOffset": 18, "endCharOffset": 27})


@pytest.mark.parametrize("text", [r"fields @message \ ", "filter", '"x"', "sort @timestamp | | limit 5"])
def test_a_text_that_is_no_query_is_malformed(target: Target, text: str) -> None:
    with pytest.raises(Refused, match=MALFORMED):
        target.begin(text)


def test_a_missing_log_group_is_named(target: Target) -> None:
    missing = "/sigwatch-contract/missing"
    assert f"ResourceNotFoundException: Log group '{missing}' does not exist" in target.refusal(logGroupName=missing)
    both = target.refusal(logGroupName=None, logGroupNames=[target.group, missing])
    assert f"'{missing}'" in both


def test_log_groups_may_be_named_by_arn(target: Target) -> None:
    [described] = target.client.describe_log_groups(logGroupNamePrefix=target.group)["logGroups"]
    arn = described["arn"].removesuffix(":*")
    for identifier in (arn, target.group):
        assert len(target.rows("fields @message", logGroupName=None, logGroupIdentifiers=[identifier])) == COUNT
    target.judge(target.refusal(logGroupName=None, logGroupIdentifiers=[f"{arn}:*"]).split(":")[0], INVALID)


INVALID = "InvalidParameterException"


@pytest.mark.parametrize(
    "changes",
    [
        {"logGroupName": None},
        {"logGroupNames": ["/sigwatch-contract/other"]},
        {"logGroupName": None, "logGroupNames": [f"/sigwatch-contract/{n}" for n in range(51)]},
        {"logGroupName": None, "logGroupIdentifiers": ["arn:aws:s3:::bucket"]},
        {"startTime": 4_000_000_000, "endTime": 3_900_000_000},
        {"limit": 100_001},
    ],
)
def test_parameters_that_are_not_taken(target: Target, changes: dict[str, object]) -> None:
    target.judge(target.refusal(**changes).split(":")[0], INVALID)


def test_the_language_may_be_named(target: Target) -> None:
    assert len(target.rows("fields @message", queryLanguage="CWLI", limit=100_000)) == COUNT


def test_a_query_that_has_ended_can_not_be_stopped(target: Target) -> None:
    query = target.begin("fields @message")
    target.end(query)
    with pytest.raises(ClientError) as caught:
        target.client.stop_query(queryId=query)
    target.judge(caught.value.response["Error"]["Code"], INVALID)
    assert target.end(query)["status"] == "Complete"


def test_a_query_that_never_was_is_not_known(target: Target) -> None:
    unknown = str(uuid.UUID(int=0, version=4))
    for call in (target.client.get_query_results, target.client.stop_query):
        with pytest.raises(ClientError) as caught:
            call(queryId=unknown)
        assert caught.value.response["Error"]["Code"] in {"ResourceNotFoundException", INVALID}
