"""Several accounts: roles are assumed with the default credentials, and one that is denied holds up no other."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigwatch import config, wiring
from sigwatch.errors import ConfigurationError
from sigwatch.local.server import LocalServer
from sigwatch.model.event import Event, RunSkipped
from sigwatch.model.logs import Search, Window
from sigwatch.plan.insights import pack
from tests.fakes.made import signature
from tests.fakes.sts import FakeSts

READER = "arn:aws:iam::111122223333:role/sigwatch-reader"
DENIED = "arn:aws:iam::444455556666:role/sigwatch-reader"
ACCOUNTS = f"""
aws:
  accounts:
    - {{name: prod, role_arn: "{READER}", regions: [us-east-1, eu-west-1]}}
    - {{name: locked, role_arn: "{DENIED}", regions: [us-east-1]}}
    - {{name: own, regions: [us-west-2]}}
"""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with FakeSts({READER: "ASIAPROD"}) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", made.url)
        yield made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    with LocalServer(clock=time.time) as made:  # noqa: TID251 - the embedded server lives in real time
        made.store.create_group("/app/api", created_ms=1_700_000_000_000)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", made.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIADEFAULT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made


def parse(text: str, folder: Path) -> config.Settings:
    return config.parse(text, folder / "sigwatch.yaml")


def test_every_account_and_region_is_a_lane_and_a_denied_role_holds_up_no_other(
    server: LocalServer, sts: FakeSts, tmp_path: Path
) -> None:
    events: list[Event] = []
    store = wiring.memory_store()
    source = wiring.log_source(parse(ACCOUNTS, tmp_path), lambda _: False, store, events.append)
    found = source.log_groups("/app/")
    assert [group.lane for group in found] == ["prod/us-east-1", "prod/eu-west-1", "own/us-west-2"]
    assert {group.region for group in found} == {"us-east-1", "eu-west-1", "us-west-2"}
    [skipped] = [event for event in events if isinstance(event, RunSkipped)]
    assert skipped.job == "log groups of locked/us-east-1"
    assert "not authorized to perform: sts:AssumeRole" in skipped.detail
    assert DENIED in skipped.detail
    assert set(sts.asked) == {"sigwatch"}
    [(text, signatures)] = pack([signature(pattern="ERROR")])
    now = int(time.time())  # noqa: TID251 - the same
    server.store.put("/app/api", "s", [((now - 5) * 1000, "ERROR")])
    search = Search("s", "eager", (found[0],), signatures, text, Window(now - 60, now), 10_000)
    assert source.search(search).count == 1
    store.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aws: {region: us-east-1, accounts: [{name: a, regions: [us-east-1]}]}", "aws.region: goes with one account"),
        ("aws: {accounts: [{name: a, regions: [x]}, {name: a, regions: [y]}]}", "two accounts have the same name"),
        ("aws: {accounts: [{name: a, regions: []}]}", "aws.accounts.0.regions"),
        ("aws: {accounts: [{name: a, regions: [x], role_arn: sigwatch}]}", "aws.accounts.0.role_arn"),
        ("aws: {accounts: [{name: a, regions: [x], rol_arn: sigwatch}]}", "did you mean role_arn"),
        ("aws: {limits: {start_per_second: 20}}", "aws.limits.start_per_second"),
    ],
)
def test_accounts_and_limits_that_can_not_work_are_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, tmp_path)
    assert words in str(caught.value)
