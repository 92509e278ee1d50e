"""The CloudFormation template: as a linter reads it, as it comes out for some parameters, and made in an emulator.

The emulator forgets most of a task definition, and how the table is kept: those are looked at in what the template
comes to, and are held to the Terraform module, which the emulator takes whole.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sigwatch.store.dynamo.schema import EXPIRES, faults
from sigwatch.wiring import targets
from tests.fakes.aws_emulator import aws, emulator
from tests.fakes.deployment import ATTRIBUTES, LOG_GROUPS, PARAMETERS, role_of, role_there
from tests.fakes.processes import eventually
from tests.fakes.template import TEMPLATE, load, render
from tests.fakes.terraform import MODULE

LEAST = {name: PARAMETERS[name] for name in ("Image", "VpcId", "SubnetIds", "LogGroupArns")}
"""The parameters without a default."""

FARGATE_STOPS_AFTER = 120


def lint(*files: Path) -> tuple[int, str]:
    program = Path(sys.executable).with_name("cfn-lint")
    if not program.exists():
        words = "no cfn-lint here: run .ci/install-operate"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_linter_has_nothing_to_say() -> None:
    assert lint(TEMPLATE) == (0, "")


def test_the_linter_reads_the_template(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEMPLATE.read_text().replace("DeploymentCircuitBreaker", "DeploymentCircuitBraker"))
    code, said = lint(broken)
    assert code != 0
    assert "DeploymentCircuitBraker" in said


def container(made: dict[str, Any], name: str = "sigwatch") -> dict[str, Any]:
    [found] = [each for each in made["TaskDefinition"]["ContainerDefinitions"] if each["Name"] == name]
    return dict(found)


def test_every_container_has_time_to_stop_and_no_more_than_fargate_gives() -> None:
    made = render(PARAMETERS, ATTRIBUTES)
    times = [each["StopTimeout"] for each in made["TaskDefinition"]["ContainerDefinitions"]]
    assert len(times) == 2
    assert all(0 < seconds <= FARGATE_STOPS_AFTER for seconds in times)
    assert container(made)["StopTimeout"] == 60


def test_the_container_is_shut_in_and_looked_after() -> None:
    made = container(render(LEAST, ATTRIBUTES))
    assert made["HealthCheck"] == {
        "Command": ["CMD", "sigwatch", "healthcheck"],
        "Interval": 30,
        "Timeout": 10,
        "Retries": 3,
        "StartPeriod": 60,
    }
    assert made["ReadonlyRootFilesystem"] is True
    assert made["User"] == "10001:10001"
    assert made["LinuxParameters"] == {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}}
    assert made["MountPoints"] == [{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": False}]  # noqa: S108 - the task's own volume
    assert made["LogConfiguration"]["Options"]["mode"] == "non-blocking"


def test_a_deployment_leaves_no_gap_and_is_taken_back_when_it_fails() -> None:
    assert render(LEAST, ATTRIBUTES)["Service"]["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }


def test_the_table_is_one_that_the_state_takes() -> None:
    table = render(LEAST, ATTRIBUTES)["Table"]
    assert faults(table) == []
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRES, "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert (table["BillingMode"], table["DeletionProtectionEnabled"]) == ("PAY_PER_REQUEST", "true")
    assert {each["AttributeType"] for each in table["AttributeDefinitions"]} == {"S"}


def test_nothing_is_made_or_allowed_that_was_not_asked_for() -> None:
    made = render(LEAST, ATTRIBUTES)
    assert set(made) == {
        "Cluster",
        "LogGroup",
        "Table",
        "ExecutionRole",
        "TaskRole",
        "SecurityGroup",
        "TaskDefinition",
        "Service",
    }
    assert role_of(made["ExecutionRole"]).actions == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert {action.split(":")[0] for action in role_of(made["TaskRole"]).actions} == {"cloudwatch", "dynamodb", "logs"}
    assert made["SecurityGroup"]["SecurityGroupIngress"] == []
    assert container(made)["Secrets"] == []
    assert [each["Name"] for each in made["TaskDefinition"]["ContainerDefinitions"]] == ["sigwatch"]


def test_what_is_given_away_is_named_one_by_one() -> None:
    made = render(PARAMETERS, ATTRIBUTES)
    every = role_of(made["TaskRole"]).allows | role_of(made["ExecutionRole"]).allows
    assert not [action for _, actions, _, _ in every for action in actions if "*" in action]
    for_all = {action for _, actions, resources, _ in every for action in actions if "*" in resources}
    assert for_all == {
        "cloudwatch:GetMetricData",
        "ecr:GetAuthorizationToken",
        "logs:DescribeLogGroups",
        "logs:DescribeQueries",
        "logs:StopQuery",
    }
    reading = {"logs:GetLogRecord", "logs:GetQueryResults", "logs:StartQuery"}
    assert ("Allow", frozenset(reading), frozenset(LOG_GROUPS), "[]") in every


@pytest.mark.parametrize("role", ["TaskRole", "ExecutionRole"])
def test_only_tasks_of_this_account_and_region_take_a_role_on(role: str) -> None:
    [(effect, actions, _, where)] = role_of(render(LEAST, ATTRIBUTES)[role]).trust
    assert (effect, actions) == ("Allow", frozenset({"sts:AssumeRole"}))
    assert where == repr(
        [
            ("ArnLike", "aws:SourceArn", ["arn:aws:ecs:us-east-1:000000000000:*"]),
            ("StringEquals", "aws:SourceAccount", ["000000000000"]),
        ]
    )


def test_every_secret_that_the_program_reads_can_be_given() -> None:
    parameters = {name: f"arn:aws:ssm:us-east-1:1:parameter/{name}" for name in load()["Parameters"] if _secret(name)}
    given = {each["Name"] for each in container(render(LEAST | parameters, ATTRIBUTES))["Secrets"]}
    assert given == {name for name, _ in targets.SECRETS.values()} | {"SLACK_APP_TOKEN"}


def _secret(name: str) -> bool:
    return bool(re.fullmatch(r"(Slack|Pagerduty|Webhook|Apprise)\w+Arn", name))


def test_both_templates_ask_for_the_same() -> None:
    """Parameter by parameter; CloudFormation knows no maps, no empty lists, and waits for a deployment anyway."""
    variables = re.findall(r'^variable "(\w+)"', (MODULE / "variables.tf").read_text(), re.MULTILINE)
    names = {_snake(name) for name in load()["Parameters"] if not _secret(name)}
    renamed = {
        "alarm_topic_arn": "alarm_topic_arns",
        "prometheus_security_group_id": "prometheus_security_group_ids",
        "service_discovery_namespace_id": "service_discovery",
    }
    assert {renamed.get(name, name) for name in names} == set(variables) - {"secrets", "wait_for_steady_state", "tags"}


def test_both_templates_have_the_same_defaults() -> None:
    written = re.findall(
        r'^variable "(\w+)" \{[^}]*?^  default     = "?([^"\n\[{]*)"?$',
        (MODULE / "variables.tf").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    there = {_snake(name): str(each["Default"]) for name, each in load()["Parameters"].items() if "Default" in each}
    here = {name: value for name, value in written if name in there}
    there["assign_public_ip"] = {"DISABLED": "false", "ENABLED": "true"}[there["assign_public_ip"]]
    assert len(here) > 10
    assert {name: there[name] for name in here} == here


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[str]:
    """An account in which the stack was made."""
    with emulator(tmp_path) as url:
        ec2, formation = aws(url, "ec2"), aws(url, "cloudformation")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="prometheus", Description="-", VpcId=vpc)["GroupId"]
        given = PARAMETERS | {"VpcId": vpc, "SubnetIds": subnet, "PrometheusSecurityGroupId": group}
        formation.create_stack(
            StackName="sigwatch",
            # The emulator hands numbers on as texts, and then calculates with this one.
            TemplateBody=TEMPLATE.read_text().replace("!Ref DesiredCount", "2"),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        formation.get_waiter("stack_create_complete").wait(
            StackName="sigwatch", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        yield url


def test_the_stack_can_be_made_and_when_it_is_deleted_the_table_stays(made: str) -> None:
    [stack] = aws(made, "cloudformation").describe_stacks(StackName="sigwatch")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs["Store"] == "dynamodb://sigwatch"
    rendered = render(PARAMETERS, ATTRIBUTES)
    assert role_there(made, "sigwatch-task") == role_of(rendered["TaskRole"])
    assert role_there(made, "sigwatch-execution") == role_of(rendered["ExecutionRole"])
    assert faults(aws(made, "dynamodb").describe_table(TableName="sigwatch")["Table"]) == []
    [service] = aws(made, "ecs").describe_services(cluster="sigwatch", services=["sigwatch"])["services"]
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    alarms = aws(made, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert {each["AlarmName"] for each in alarms} == {"sigwatch-absent", "sigwatch-silent", "sigwatch-throttled"}
    formation = aws(made, "cloudformation")
    formation.delete_stack(StackName="sigwatch")
    formation.get_waiter("stack_delete_complete").wait(
        StackName="sigwatch", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert aws(made, "dynamodb").list_tables()["TableNames"] == ["sigwatch"]
    assert aws(made, "iam").list_roles()["Roles"] == []


def test_the_template_is_no_larger_than_a_command_may_carry() -> None:
    assert len(TEMPLATE.read_bytes()) < 51_200


def test_the_image_is_what_the_task_counts_on() -> None:
    image = (TEMPLATE.parents[2] / "Dockerfile").read_text()
    made = container(render(PARAMETERS, ATTRIBUTES))
    lines = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in image.splitlines() if re.match(r"[A-Z]+ ", line)}
    assert lines["ENTRYPOINT"] == '["sigwatch"]'
    assert lines["USER"] == made["User"]
    assert lines["EXPOSE"] == str(made["PortMappings"][0]["ContainerPort"])
    # `sigwatch healthcheck` finds the configuration in the folder that it is started in.
    assert f"{lines['WORKDIR']}/sigwatch.yaml" == made["Command"][-1]


@pytest.mark.parametrize("works", [True, False])
def test_knowledge_counts_as_fetched_when_it_was_and_fetching_ends_when_told(tmp_path: Path, works: bool) -> None:
    made = container(render(PARAMETERS, ATTRIBUTES), "knowledge")
    program, done = tmp_path / "aws", tmp_path / "fetched"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit {0 if works else 1}\n')
    program.chmod(0o755)
    [script] = made["Command"]
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SOURCE": "s3://shop-knowledge/sigwatch"}
    with subprocess.Popen(
        [*made["EntryPoint"], script.replace("/tmp/fetched", str(done))],  # noqa: S108 - as the container has it
        env=environ,
        start_new_session=True,
    ) as running:
        assert eventually((tmp_path / "asked").exists)
        assert not works or eventually(done.exists)
        running.terminate()
        assert running.wait(20) == 0
        # What it slept with is of its group; in a container it would end with it.
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    assert done.exists() == works
    asked = "s3 sync s3://shop-knowledge/sigwatch /knowledge --delete --exact-timestamps --only-show-errors"
    assert (tmp_path / "asked").read_text().splitlines() == [asked]
    assert made["HealthCheck"]["Command"] == ["CMD", "test", "-f", "/tmp/fetched"]  # noqa: S108 - the same
