"""The task role allows what the program calls and nothing else: held to what a daemon and a backfill sent over HTTP."""

import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from sigwatch.local.faults import LOST_REPLY, Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.fakes.deployment import ATTRIBUTES, PARAMETERS, role_of
from tests.fakes.dynamo import new_table, running_server
from tests.fakes.metrics import FakeMetrics
from tests.fakes.processes import GROUP, ROOT, SIGNATURES, Daemon, Process, eventually
from tests.fakes.recorder import Recorder, actions
from tests.fakes.sts import FakeSts
from tests.fakes.template import render
from tests.fakes.verbs import ERROR

clock = time.time  # noqa: TID251 - the program under test lives in real time

READER = "arn:aws:iam::111122223333:role/sigwatch-reader"
CONFIGURATION = f"""\
knowledge: {{{{paths: ["{SIGNATURES}"]}}}}
projects: {{{{default: {{{{log_groups: ["/aws/lambda/credmate-*"]}}}}}}}}
aws: {{{{accounts: [{{{{name: prod, role_arn: "{READER}", regions: [us-east-1]}}}}]}}}}
polling: {{{{interval: 1s, passes: {{{{eager: 0s}}}}, first_lookback: 10m}}}}
incidents: {{{{quiet_period: 2s}}}}
targets: [console]
store: dynamodb://{{table}}
http: {{{{port: 0}}}}
"""

OF_THE_FETCHING_CONTAINER = {
    "s3:GetObject": "the container beside sigwatch fetches the knowledge with it",
    "s3:ListBucket": "the same container compares the folder with what it has",
}
"""Allowed and never called by the program, each with its reason."""

OF_AN_OPERATOR = ("schema.py", "bulk.py")
"""What makes a table, and what reads and writes a whole one, are commands of people, who come with their own role."""


@pytest.fixture
def needed(tmp_path: Path) -> Iterator[Counter[str]]:
    """How often each permission was needed, by a program that went through everything that it does with AWS."""
    folder, counted = tmp_path, Counter[str]()
    with ExitStack() as stack:
        logs = stack.enter_context(LocalServer(clock=clock, settings=Settings(estimate=False)))
        logs.store.create_group(GROUP, created_ms=int((clock() - 86_400) * 1000))
        state = stack.enter_context(running_server())
        _, table = new_table(state)
        (folder / "sigwatch.yaml").write_text(CONFIGURATION.format(table=table))
        roles, sizes = FakeSts({READER: "ASIAPROD"}), FakeMetrics({GROUP: 1000.0})
        fronts = {
            "CLOUDWATCH_LOGS": logs.url,
            "DYNAMODB": state,
            "STS": stack.enter_context(roles).url,
            "CLOUDWATCH": stack.enter_context(sizes).client().meta.endpoint_url,
        }
        environ = {
            f"AWS_ENDPOINT_URL_{name}": stack.enter_context(Recorder(url, counted)).url for name, url in fronts.items()
        }
        environ["AWS_DEFAULT_REGION"] = "us-east-1"
        watch_an_incident(folder, environ, logs, counted)
        look_back(folder, environ)
        slow = stack.enter_context(LocalServer(clock=clock, settings=Settings(running_seconds=600)))
        slow.store.create_group(GROUP, created_ms=int((clock() - 86_400) * 1000))
        environ["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = stack.enter_context(Recorder(slow.url, counted)).url
        stop_in_the_middle_of_a_query(folder, environ, counted)
        yield counted


def watch_an_incident(folder: Path, environ: dict[str, str], logs: LocalServer, counted: Counter[str]) -> None:
    """A start whose answer was lost, an event that results cut off, an incident that begins and ends."""
    logs.inject(Faults(start_query=(LOST_REPLY,), truncate_message=1_000))
    at = int(clock() * 1000) - 5_000
    logs.store.put(GROUP, "s", [(at, "x" * 2_000 + ERROR), (at + 1, ERROR)])
    with Daemon(["run"], folder / "daemon.log", environ) as daemon:
        assert eventually(lambda: '"reason": "resolved"' in daemon.log.read_text() or not daemon.running, 60)
        assert eventually(lambda: counted["logs:GetLogRecord"] > 0 or not daemon.running), daemon.log.read_text()
        assert daemon.end(signal.SIGTERM) == 0, daemon.log.read_text()


def stop_in_the_middle_of_a_query(folder: Path, environ: dict[str, str], counted: Counter[str]) -> None:
    """A daemon that is told to end while the service still searches."""
    before = counted["logs:GetQueryResults"]
    with Daemon(["run"], folder / "stopped.log", environ) as daemon:
        assert eventually(lambda: counted["logs:GetQueryResults"] > before or not daemon.running, 60)
        assert daemon.end(signal.SIGTERM) == 0, daemon.log.read_text()


def look_back(folder: Path, environ: dict[str, str]) -> None:
    """A backfill that tells of what it found."""
    with Process(["backfill", "--since", "1h", "--yes"], folder / "backfill.log", environ) as backfill:
        assert backfill.wait(60) == 0, backfill.log.read_text()


def allowed() -> frozenset[str]:
    return role_of(render(PARAMETERS, ATTRIBUTES)["TaskRole"]).actions


def test_what_the_program_calls_is_allowed_and_what_is_allowed_is_called(needed: Counter[str]) -> None:
    assert set(needed) - allowed() == set()
    assert allowed() - set(needed) == set(OF_THE_FETCHING_CONTAINER)


def test_no_line_of_the_program_calls_what_is_not_allowed() -> None:
    """Paths that the run above did not take."""
    called = set()
    for service, room in (("logs", "source"), ("dynamodb", "store/dynamo")):
        names = {xform_name(each): each for each in Session().get_service_model(service).operation_names}
        for module in (ROOT / "sigwatch" / room).glob("*.py"):
            found = [] if module.name in OF_AN_OPERATOR else re.findall(r"client\.(\w+)\b", module.read_text())
            called |= {f"{service}:{names[name]}" for name in found if name in names}
    assert {"logs:StartQuery", "dynamodb:TransactWriteItems"} <= called
    assert called - allowed() == {"dynamodb:TransactWriteItems"}


def test_a_transaction_needs_what_is_in_it_and_anything_else_what_it_is_called() -> None:
    body = b'{"TransactItems": [{"Put": {}}, {"ConditionCheck": {}}, {"Delete": {}}, {"Update": {}}]}'
    assert actions("DynamoDB_20120810.TransactWriteItems", body) == [
        "dynamodb:PutItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:UpdateItem",
    ]
    assert actions("Logs_20140328.StartQuery", b"{}") == ["logs:StartQuery"]
    assert actions("GraniteServiceVersion20100801.GetMetricData", b"{}") == ["cloudwatch:GetMetricData"]
    assert actions("", b"Action=AssumeRole&Version=2011-06-15") == ["sts:AssumeRole"]
