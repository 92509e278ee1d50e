import re
from dataclasses import fields
from pathlib import Path

import pytest

from sigwatch.local.errors import ApiError
from sigwatch.local.faults import Faults, Injector, Status, faults_from
from sigwatch.local.logs import Event


def verdicts(injector: Injector, operation: str, times: list[float]) -> list[str]:
    found = []
    for now in times:
        try:
            found.append(injector.admit(operation, now))
        except ApiError as error:
            found.append(error.reply.code)
    return found


def test_every_fault_is_documented() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "local.md").read_text()
    rows = re.findall(r"^\| (`.*?`) \|", text.split("## Faults")[1], re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert told | {"seed"} == {field.name for field in fields(Faults)}


def test_nothing_goes_wrong_by_default() -> None:
    calm = Injector(Faults())
    for operation in ("StartQuery", "GetQueryResults", "GetLogRecord", "DescribeLogGroups"):
        assert set(verdicts(calm, operation, [0.0] * 500)) == {"ok"}
    assert {calm.outcome() for _ in range(500)} == {Status.COMPLETE}
    assert {calm.slowness() for _ in range(500)} == {1.0}
    assert {calm.lag() for _ in range(500)} == {0.0}
    assert not any(calm.missing(["/a"]) or calm.forbidden(["/a"]) for _ in range(500))


def test_a_script_is_played_once_and_only_for_its_operation() -> None:
    script = ("ThrottlingException", "ok", "LimitExceededException", "ServiceUnavailableException", "LostReply",
              "AccessDeniedException", "InternalFailure", "EmptyReply", "ExpiredTokenException")  # fmt: skip
    scripted = Injector(Faults(start_query=script, get_log_record=("ThrottlingException",)))
    assert verdicts(scripted, "GetQueryResults", [0.0]) == ["ok"]
    assert verdicts(scripted, "PutLogEvents", [0.0]) == ["ok"]
    assert verdicts(scripted, "StartQuery", [0.0] * 10) == [*script, "ok"]
    assert verdicts(scripted, "GetLogRecord", [0.0] * 2) == ["ThrottlingException", "ok"]


def test_scripted_ends_come_first() -> None:
    scripted = Injector(Faults(outcomes=("Failed", "Complete", "Unknown")))
    assert [scripted.outcome() for _ in range(4)] == ["Failed", "Complete", "Unknown", "Complete"]


LOST = {"LostReply", "EmptyReply"}
REFUSED = {"ThrottlingException", "ServiceUnavailableException"}
FULL = {"LimitExceededException"}
TIMES = [0.0] * 500


@pytest.mark.parametrize(
    ("fault", "operation", "expected"),
    [
        ("throttle_probability", "StartQuery", {"ThrottlingException"}),
        ("throttle_probability", "GetLogRecord", {"ThrottlingException"}),
        ("throttle_probability", "DescribeLogGroups", {"ThrottlingException"}),
        ("throttle_probability", "PutLogEvents", set()),
        ("unavailable_probability", "GetQueryResults", {"ServiceUnavailableException"}),
        ("unavailable_probability", "StopQuery", {"ServiceUnavailableException"}),
        ("unavailable_probability", "CreateLogGroup", set()),
        ("pool_full_probability", "StartQuery", FULL),
        ("pool_full_probability", "GetQueryResults", set()),
        ("lost_reply_probability", "StartQuery", LOST),
        ("lost_reply_probability", "GetQueryResults", set()),
        ("lost_results_probability", "GetQueryResults", LOST),
        ("lost_results_probability", "StartQuery", set()),
    ],
)
def test_a_probability_is_of_its_own_operations(fault: str, operation: str, expected: set[str]) -> None:
    drawn = verdicts(Injector(faults_from({fault: 0.1})), operation, TIMES)
    assert set(drawn) == {"ok", *expected}
    if expected:
        assert 25 < len(TIMES) - drawn.count("ok") < 75


def draws(injector: Injector) -> list[object]:
    groups = [f"/{n}" for n in range(9)]
    ends = [injector.outcome() for _ in TIMES]
    lags = [(injector.slowness(), injector.lag()) for _ in TIMES]
    struck = [(injector.missing(groups), injector.forbidden(groups)) for _ in TIMES]
    return [verdicts(injector, "StartQuery", TIMES), verdicts(injector, "GetQueryResults", TIMES), ends, lags, struck]


def test_draws_follow_from_the_seed() -> None:
    everything = {
        "throttle_probability": 0.1, "unavailable_probability": 0.1, "pool_full_probability": 0.1,
        "lost_reply_probability": 0.1, "lost_results_probability": 0.1, "failure_probability": 0.1,
        "slow_probability": 0.1, "missing_probability": 0.1, "forbidden_probability": 0.1,
        "ingestion_lag_seconds": 1, "ingestion_spread_seconds": 5,
    }  # fmt: skip
    one, same, other = (Injector(faults_from(everything | {"seed": seed})) for seed in (7, 7, 8))
    first = draws(one)
    assert first == draws(same)
    assert all(mine != theirs for mine, theirs in zip(first, draws(other), strict=True))
    one.load(one.faults)
    assert draws(one) == first


def test_all_bad_ends_are_drawn_and_no_others() -> None:
    failing = Injector(Faults(failure_probability=1))
    assert {failing.outcome() for _ in TIMES} == set(Status) - {Status.SCHEDULED, Status.RUNNING, Status.COMPLETE}


def test_some_queries_are_slow_and_some_batches_late() -> None:
    slow = Injector(Faults(slow_probability=0.2, slow_factor=30, ingestion_lag_seconds=1, ingestion_spread_seconds=5))
    factors = [slow.slowness() for _ in TIMES]
    assert 60 < factors.count(30) < 140
    assert factors.count(30) + factors.count(1) == len(TIMES)
    lags = [slow.lag() for _ in TIMES]
    assert 1 <= min(lags) < 1.5
    assert 5.5 < max(lags) <= 6


def test_log_groups_are_struck_by_name_or_by_chance_one_at_a_time() -> None:
    groups = ["/a", "/b", "/c"]
    named = Injector(Faults(missing_groups=("/a", "/x"), forbidden_groups=("/b",)))
    assert sorted(named.missing(groups)) == ["/a"]
    assert sorted(named.forbidden(groups)) == ["/b"]
    for struck in (
        Injector(Faults(missing_probability=0.1)).missing,
        Injector(Faults(forbidden_probability=0.1)).forbidden,
    ):
        drawn = [struck(groups) for _ in TIMES]
        assert set(drawn) == {frozenset(), frozenset({"/a"}), frozenset({"/b"}), frozenset({"/c"})}
        assert 25 < sum(map(len, drawn)) < 75


def test_masked_text_reads_as_asterisks_of_its_length() -> None:
    event = Event(1, "/a", "s", 5, "é card 4111 and 4222, not 42", 6, 7.0, 29)
    [shown] = Injector(Faults(masked=r"\b\d{4}\b")).shown([event])
    assert shown.message == "é card **** and ****, not 42"
    assert (shown.number, shown.size) == (1, 29)
    assert Injector(Faults()).shown([event]) == [event]


def test_tokens_run_out_and_come_back() -> None:
    limited = Injector(Faults(requests_per_second=2))
    assert verdicts(limited, "StartQuery", [0, 0, 0, 0.5, 0.5, 9, 9, 9]) == [
        "ok", "ok", "ThrottlingException", "ok", "ThrottlingException", "ok", "ok", "ThrottlingException",
    ]  # fmt: skip
    assert verdicts(limited, "GetQueryResults", [9.0]) == ["ok"]


def test_other_faults_replace_all_of_the_old() -> None:
    scripted = Injector(Faults(start_query=("ThrottlingException",), outcomes=("Failed",)))
    scripted.load(Faults())
    assert verdicts(scripted, "StartQuery", [0.0]) == ["ok"]
    assert scripted.outcome() is Status.COMPLETE


def test_faults_from_json() -> None:
    document = {"outcomes": ["Failed"], "throttle_probability": 1, "truncate_message": 9, "requests_per_second": None}
    assert faults_from(document) == Faults(outcomes=("Failed",), throttle_probability=1.0, truncate_message=9)


@pytest.mark.parametrize(
    "document",
    [
        {"frobnicate": 1},
        {"start_query": "ThrottlingException"},
        {"start_query": [1]},
        {"throttle_probability": True},
        {"max_concurrent": "9"},
        {"truncate_message": 1.5},
        {"outcomes": ["Exploded"]},
        {"masked": "("},
        {"slow_probability": 5},
        {"missing_probability": -0.1},
    ],
)
def test_json_that_is_no_fault(document: object) -> None:
    with pytest.raises(ValueError, match=r"no such fault|can not be|not a valid|missing \)"):
        faults_from(document)


def test_faults_are_an_object() -> None:
    with pytest.raises(TypeError):
        faults_from([])
