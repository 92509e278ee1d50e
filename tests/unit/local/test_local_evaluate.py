import json
from collections.abc import Sequence
from random import Random

import pytest

from sigwatch.local.evaluate import Outcome, evaluate
from sigwatch.local.grammar import parse_query
from sigwatch.local.logs import Event
from sigwatch.local.values import sort_key

T0 = 1_700_000_000_000
T0_TEXT = "2023-11-14 22:13:20"


def events(*messages: str, step_ms: int = 1000) -> list[Event]:
    return [
        Event(at, "/app", f"s{at % 2}", T0 + at * step_ms, text, T0 + 5_000_000, 0.0, len(text.encode()))
        for at, text in enumerate(messages)
    ]


def run(query: str, given: Sequence[Event], limit: int | None = None, seed: int = 0) -> Outcome:
    return evaluate(parse_query(query), given, "123456789012", limit, Random(seed))


def table(query: str, given: Sequence[Event], limit: int | None = None) -> list[dict[str, str]]:
    return [dict(row.cells) for row in run(query, given, limit).rows]


def messages(query: str, *given: str) -> list[str]:
    return [row["@message"] for row in table(f"{query} | sort @timestamp asc", events(*given))]


TEXTS = ("an ERROR here", "an error there", "a/b", "plain")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('@message like "ERROR"', ["an ERROR here"]),
        ('@message like "."', []),
        ("@message like /ERROR|plain/", ["an ERROR here", "plain"]),
        ("@message like /(?i)error/", ["an ERROR here", "an error there"]),
        ("@message =~ /^a/", ["an ERROR here", "an error there", "a/b"]),
        (r"@message like /a\/b/", ["a/b"]),
        ("@message not like /(?i)error/", ["a/b", "plain"]),
        ('@message like "an" and (@message like /there/ or @message like /R h/)', ["an ERROR here", "an error there"]),
        ("not (@message like /a/ and @message like /n/)", ["a/b"]),
        ("@message = 'plain'", ["plain"]),
        ("@message in ['plain', 'a/b', 3]", ["a/b", "plain"]),
        ("@message not in ['plain', 'a/b']", ["an ERROR here", "an error there"]),
        ("strcontains(@message, 'ERROR')", ["an ERROR here"]),
        ("strcontains(@message, 'ERROR') = 0", ["an error there", "a/b", "plain"]),
        ("strlen(@message) < 6", ["a/b", "plain"]),
        (f"toMillis(@timestamp) = {T0}", ["an ERROR here"]),
        (f"toMillis(@timestamp) > {T0 + 1000}", ["a/b", "plain"]),
        (f"@timestamp >= '{T0_TEXT}.000' and @timestamp <= {T0}", ["an ERROR here"]),
        (f"@timestamp != {T0}", ["an error there", "a/b", "plain"]),
        ("@logStream = 's1'", ["an error there", "plain"]),
        ("@log = '123456789012:/app'", list(TEXTS)),
        ("missing = 1 or missing < 1 or missing like /./", []),
        ("missing != 1", list(TEXTS)),
        ("ispresent(missing)", []),
        ("isempty(missing) and isblank(missing)", list(TEXTS)),
        ("toMillis(@message) = 0", []),
    ],
)  # fmt: skip
def test_filter(condition: str, expected: list[str]) -> None:
    assert messages(f"filter {condition}", *TEXTS) == expected


JSON = json.dumps(
    {"level": "ERROR", "code": 500, "ratio": 0.5, "ok": True, "req": {"id": "r-1", "tags": ["x", {"k": "v"}]},
     "none": None, "odd name": "o", "big": 10**400, "digits": "12"}
)  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("level", "ERROR"),
        ("code", "500"),
        ("ratio", "0.5"),
        ("ok", "1"),
        ("req.id", "r-1"),
        ("req.tags.0", "x"),
        ("req.tags.1.k", "v"),
        ("`odd name`", "o"),
        ("big", str(10**400)),
        ("none", None),
        ("toupper(level)", "ERROR"),
        ("tolower(level)", "error"),
        ("strlen(level)", "5"),
        ("concat(level, ':', code, missing)", "ERROR:500"),
        ("coalesce(missing, code)", "500"),
        ("trim('  a ')", "a"),
        ("ltrim(' a ')", "a "),
        ("rtrim(' a ')", " a"),
        ("toMillis(@ingestionTime)", str(T0 + 5_000_000)),
        ("fromMillis(code)", "1970-01-01 00:00:00.500"),
        ("fromMillis(level)", None),
        ("fromMillis(99999999999999999999)", None),
        ("bin(1m)", "2023-11-14 22:13:00.000"),
        ("@timestamp", f"{T0_TEXT}.000"),
        ("toMillis('no time')", None),
        ("strcontains(@timestamp, '2023')", "1"),
        ("@entity.name", None),
    ],
)
def test_fields_and_functions(expression: str, expected: str | None) -> None:
    rows = table(f"fields {expression} as value", events(JSON))
    assert rows == [{} if expected is None else {"value": expected}]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("code = 500", True),
        ("code >= 499.5", True),
        ("code = '500'", True),
        ("digits > 9", True),
        ("level > 9", False),
        ("level != 9", True),
        ("ok = 1", True),
        ("'5' < level", True),
        ("fromMillis(code) < 501", True),
        ("501 > fromMillis(code)", True),
        ("'1971' > fromMillis(code)", True),
        ("'1969' < fromMillis(code)", True),
        ("big > 5", True),
        ("code in [404, 500]", True),
    ],
)
def test_numbers_compare_as_numbers(condition: str, found: bool) -> None:
    assert bool(table(f"filter {condition}", events(JSON))) is found


@pytest.mark.parametrize(
    "message", ["{not json", '["a"]', "[" * 100_000, '{"a":' * 100_000, '{"n": ' + "9" * 5000 + "}"]
)
def test_hostile_json_has_no_fields_and_does_no_harm(message: str) -> None:
    assert table("fields a, n", events(message)) == [{}]


@pytest.mark.parametrize("value", ["1e999", "-1e999", "NaN"])
def test_numbers_without_a_value_are_still_printed(value: str) -> None:
    given = events(f'{{"a": {value}}}')
    (row,) = table("fields a | sort a", given)
    assert row["a"].strip("-") in ("inf", "nan")
    assert table("stats sum(a) as s", given)[0]["s"].strip("-") in ("inf", "nan")


def test_no_more_than_two_hundred_fields_are_discovered() -> None:
    given = events(json.dumps({f"f{n}": n for n in range(300)}))
    assert table("fields f199, f200", given) == [{"f199": "199"}]


def test_without_fields_a_row_has_time_and_message_and_leads_to_its_event() -> None:
    (row,) = run("filter @message like /a/", events("a")).rows
    assert row.cells == (("@timestamp", f"{T0_TEXT}.000"), ("@message", "a"))
    assert row.event == 0


def test_fields_add_up_and_display_replaces() -> None:
    given = events("a")
    assert list(table("fields @message | fields @logStream, @message", given)[0]) == ["@message", "@logStream"]
    assert list(table("fields @message | display @logStream", given)[0]) == ["@logStream"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('parse @message "user=*, took *ms" as user, took | display user, took', {"user": "ann", "took": "12"}),
        ('parse @message "took *" as rest | display rest', {"rest": "12ms"}),
        (r"parse @message /user=(?<who>\w+)/ | display who", {"who": "ann"}),
        ('parse "absent=*" as absent | display absent', {}),
        ('parse missing "a*" as absent | display absent', {}),
        ("parse @message /(?<n>\\d+)ms/ | filter n > 5 | display n", {"n": "12"}),
    ],
)
def test_parse(query: str, expected: dict[str, str]) -> None:
    assert table(query, events("user=ann, took 12ms")) == [expected]


def test_parsed_fields_join_the_default_columns() -> None:
    assert list(table('parse @message "u=*" as u', events("u=x"))[0]) == ["@timestamp", "@message", "u"]


def test_newest_come_first_unless_sorted() -> None:
    given = events("1", "2", "3")
    assert [row["@message"] for row in table("fields @message", given)] == ["3", "2", "1"]
    assert [row["@message"] for row in table("fields @message | sort @timestamp asc", given)] == ["1", "2", "3"]


def test_sort_by_several_keys() -> None:
    given = events('{"a": 1, "b": 1}', '{"a": 2, "b": 1}', '{"a": 1, "b": 2}')
    rows = table("fields a, b | sort a desc, b asc", given)
    assert [(row["a"], row["b"]) for row in rows] == [("2", "1"), ("1", "1"), ("1", "2")]


def test_natural_order() -> None:
    values = ["item10", "item9", "10", "9", "beta", None, "item", "1" * 5000]
    assert sorted(values, key=sort_key) == [None, "beta", "item", "item9", "item10", "9", "10", "1" * 5000]


@pytest.mark.parametrize("order", ["", "| sort @timestamp asc", "| sort @timestamp desc"])
def test_ties_have_no_order_to_rely_on(order: str) -> None:
    given = events(*map(str, range(30)), step_ms=0)
    first, second = (run(f"fields @message {order}", given, seed=seed).rows for seed in (1, 2))
    assert first != second
    assert sorted(row.cells for row in first) == sorted(row.cells for row in second)
    assert first == run(f"fields @message {order}", given, seed=1).rows


@pytest.mark.parametrize(
    ("query", "parameter", "expected"),
    [
        ("fields @message", None, 10_000),
        ("fields @message", 7, 7),
        ("fields @message | limit 5", None, 5),
        ("fields @message | limit 5", 7, 5),
        ("fields @message | limit 7", 5, 5),
        ("fields @message | limit 10005", None, 10_005),
        ("fields @message", 100_000, 10_010),
    ],
)
def test_the_smaller_limit_counts_and_rows_beyond_it_are_dropped_in_silence(
    query: str, parameter: int | None, expected: int
) -> None:
    outcome = run(query, events(*["x"] * 10_010), parameter)
    assert (len(outcome.rows), outcome.matched) == (expected, 10_010)


def test_matched_counts_what_passed_the_filters() -> None:
    given = events("a", "a", "b")
    for query in ("filter @message = 'a' | limit 1", "filter @message = 'a' | stats count(*)",
                  "filter @message = 'a' | dedup @message", "sort @timestamp asc | filter @message = 'a'"):  # fmt: skip
        assert run(query, given).matched == 2


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("count(*)", "4"),
        ("count()", "4"),
        ("count(n)", "3"),
        ("count_distinct(n)", "2"),
        ("sum(n)", "22"),
        ("avg(n)", "7.333333333333333"),
        ("min(n)", "2"),
        ("max(n)", "10"),
        ("earliest(n)", "10"),
        ("latest(n)", "2"),
        ("earliest(@timestamp)", str(T0)),
        ("max(@timestamp)", str(T0 + 3000)),
        ("avg(none)", None),
        ("min(none)", None),
        ("latest(none)", None),
    ],
)
def test_statistics(aggregate: str, expected: str | None) -> None:
    given = events('{"n": 10}', '{"n": 10}', '{"n": 2}', "{}")
    outcome = run(f"stats {aggregate} as value", given)
    assert [dict(row.cells).get("value") for row in outcome.rows] == [expected]
    assert [row.event for row in outcome.rows] == [None]


def test_statistics_by_group_and_time() -> None:
    given = events("a", "b", "a", step_ms=40_000)
    rows = table("stats count(*) as n by @message, bin(1m) as t | sort t asc, @message asc", given)
    assert [(row["@message"], row["t"][11:19], row["n"]) for row in rows] == [
        ("a", "22:13:00", "1"), ("a", "22:14:00", "1"), ("b", "22:14:00", "1"),
    ]  # fmt: skip


def test_statistics_of_statistics() -> None:
    given = events("a", "a", "b")
    assert table("stats count(*) as n by @message | stats max(n) as top | filter top > 1", given) == [{"top": "2"}]


def test_nothing_matched_gives_no_line_of_statistics() -> None:
    assert table("filter @message = 'z' | stats count(*)", events("a")) == []


def test_dedup_keeps_the_first_and_whatever_lacks_the_field() -> None:
    given = events('{"k": 1, "v": "old"}', '{"k": 1, "v": "new"}', "{}", "{}", '{"k": 2}')
    rows = table("fields k, v | sort @timestamp asc | dedup k | limit 9", given)
    assert rows == [{"k": "1", "v": "old"}, {}, {}, {"k": "2"}]
    assert len(table("dedup k", given)) == 4
