import json

import pytest

from sigwatch.incident.grouping import LENGTH, grouping_key
from sigwatch.match.engine import captured
from tests.fakes.made import API, row

EVENT = '2026-02-04T06:00:00Z ERROR {"user": {"id": 7}, "a.b": "dotted", "none": null, "list": [1]} tail'


def key(message: str, *names: str, pattern: str = "") -> str:
    event = row(message, stream="s1", region="eu-west-1")
    return grouping_key(
        event, names, lambda row: captured(pattern, row.message), lambda text: text.replace("hunter2", "[x]")
    )


def test_properties_of_the_row_stand_by_themselves() -> None:
    assert key("m", "log_group") == API
    assert key("m", "region", "log_stream", "account") == "eu-west-1 s1 111122223333"
    assert key("m") == ""


def test_nothing_is_looked_for_that_nobody_asks_for() -> None:
    def never(_: object) -> dict[str, str]:
        raise AssertionError

    assert grouping_key(row(), ["log_group"], never, str) == API


@pytest.mark.parametrize(
    ("name", "value"),
    [("user.id", "7"), ("a.b", "dotted"), ("none", "-"), ("list", "-"), ("user", "-"), ("user.id.x", "-"), ("no", "-")],
)
def test_a_name_is_a_field_of_the_json_in_the_event(name: str, value: str) -> None:
    assert key(EVENT, name) == f"{name}={value}"


def test_a_named_group_of_the_pattern_goes_before_a_field() -> None:
    assert key('host db1 {"host": "db2"}', "host", pattern=r"host (?P<host>\w+)") == "host=db1"
    assert key('host db1 {"host": "db2"}', "host", pattern=r"host (?P<host>x)?") == "host=db2"


@pytest.mark.parametrize("message", ["no json", "{", '{"a": ', "[1, 2]", "{" * 100_000, '{"host": 1' + "0" * 5_000])
def test_an_event_without_the_value_is_grouped_with_its_like(message: str) -> None:
    assert key(message, "host") == "host=-"


def test_a_value_from_the_log_is_masked_short_and_on_one_line() -> None:
    told = json.dumps({"who": "hunter2\n" + "x" * 500})
    found = key(told, "who")
    assert found.startswith("who=[x] xxx")
    assert len(found) == len("who=") + LENGTH


def test_groups_of_a_pattern_outside_of_the_linear_dialect_are_not_known() -> None:
    assert captured(r"(?P<a>x)(?=y)", "xy") == {}
    assert captured(r"(?P<a>ä+)", "bäää") == {"a": "äää"}
