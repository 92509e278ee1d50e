from random import Random

import pytest

from sigwatch.local.errors import ApiError
from sigwatch.local.faults import Faults, Injector, Status, faults_from


def verdicts(injector: Injector, operation: str, times: list[float]) -> list[str]:
    found = []
    for now in times:
        try:
            found.append(injector.admit(operation, now))
        except ApiError as error:
            found.append(error.reply.code)
    return found


def injector(faults: Faults) -> Injector:
    return Injector(faults, Random(7))


def test_nothing_goes_wrong_by_default() -> None:
    calm = injector(Faults())
    assert set(verdicts(calm, "StartQuery", [0.0] * 500)) == {"ok"}
    assert {calm.outcome() for _ in range(500)} == {Status.COMPLETE}


def test_a_script_is_played_once_and_only_for_its_operation() -> None:
    script = ("ThrottlingException", "ok", "LimitExceededException", "ServiceUnavailableException", "LostReply",
              "AccessDeniedException", "InternalFailure")  # fmt: skip
    scripted = injector(Faults(start_query=script))
    assert verdicts(scripted, "GetQueryResults", [0.0]) == ["ok"]
    assert verdicts(scripted, "PutLogEvents", [0.0]) == ["ok"]
    assert verdicts(scripted, "StartQuery", [0.0] * 8) == [*script, "ok"]


def test_scripted_ends_come_first() -> None:
    scripted = injector(Faults(outcomes=("Failed", "Complete", "Unknown")))
    assert [scripted.outcome() for _ in range(4)] == ["Failed", "Complete", "Unknown", "Complete"]


def test_probabilities_are_seeded() -> None:
    faults = Faults(
        throttle_probability=0.2, unavailable_probability=0.2, lost_reply_probability=0.2, failure_probability=0.5
    )
    one, other = injector(faults), injector(faults)
    first = verdicts(one, "StartQuery", [0.0] * 200)
    assert set(first) == {"ok", "LostReply", "ThrottlingException", "ServiceUnavailableException"}
    assert first == verdicts(other, "StartQuery", [0.0] * 200)
    assert "LostReply" not in verdicts(one, "GetQueryResults", [0.0] * 200)
    assert {one.outcome() for _ in range(100)} == set(Status) - {Status.SCHEDULED, Status.RUNNING}


def test_tokens_run_out_and_come_back() -> None:
    limited = injector(Faults(requests_per_second=2))
    assert verdicts(limited, "StartQuery", [0, 0, 0, 0.5, 0.5, 9, 9, 9]) == [
        "ok", "ok", "ThrottlingException", "ok", "ThrottlingException", "ok", "ok", "ThrottlingException",
    ]  # fmt: skip
    assert verdicts(limited, "GetQueryResults", [9.0]) == ["ok"]


def test_other_faults_replace_all_of_the_old() -> None:
    scripted = injector(Faults(start_query=("ThrottlingException",), outcomes=("Failed",)))
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
    ],
)
def test_json_that_is_no_fault(document: object) -> None:
    with pytest.raises(ValueError, match=r"no such fault|can not be|not a valid"):
        faults_from(document)


def test_faults_are_an_object() -> None:
    with pytest.raises(TypeError):
        faults_from([])
