"""The Terraform module: as it is written, and as an account looks after it was applied.

The account is an emulator. What it lacks is left out here and not in the module: Cloud Map, whose services it takes in
another form than Terraform sends. Three alarms it has, but tells Terraform otherwise; boto3 reads them as made.
Whether AWS itself takes the module can not be known from here.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.aws_emulator import REGION, aws, emulator
from tests.fakes.deployment import (
    ATTRIBUTES,
    BUCKET,
    IMAGE,
    KEY,
    LOG_GROUPS,
    PARAMETERS,
    READERS,
    REPOSITORY,
    SECRETS,
    TOPIC,
    containers,
    role_of,
    role_there,
)
from tests.fakes.template import camel, render
from tests.fakes.terraform import MODULE, Terraform

ROOT_MODULE = f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

variable "endpoint" {{ type = string }}

provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {{
    cloudwatch = var.endpoint
    dynamodb   = var.endpoint
    ec2        = var.endpoint
    ecs        = var.endpoint
    iam        = var.endpoint
    logs       = var.endpoint
    sns        = var.endpoint
    sts        = var.endpoint
  }}
}}

resource "aws_vpc" "this" {{ cidr_block = "10.0.0.0/16" }}

resource "aws_subnet" "this" {{
  count      = 2
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.0.${{count.index}}.0/24"
}}

resource "aws_security_group" "prometheus" {{
  name   = "prometheus"
  vpc_id = aws_vpc.this.id
}}

resource "aws_sns_topic" "oncall" {{ name = "oncall" }}

module "sigwatch" {{
  source                        = "{MODULE}"
  image                         = "{IMAGE}"
  ecr_repository_arn            = "{REPOSITORY}"
  vpc_id                        = aws_vpc.this.id
  subnet_ids                    = aws_subnet.this[*].id
  log_group_arns                = ["{LOG_GROUPS[0]}"]
  reader_role_arns              = ["{READERS[0]}"]
  secrets                       = {{ {", ".join(f'{name} = "{arn}"' for name, arn in SECRETS.items())} }}
  secrets_kms_key_arn           = "{KEY}"
  knowledge_bucket              = "{BUCKET}"
  alarm_topic_arns              = [aws_sns_topic.oncall.arn]
  prometheus_security_group_ids = [aws_security_group.prometheus.id]
  deletion_protection           = false
}}
"""

FORGOTTEN = {
    ("module.sigwatch.aws_ecs_service.this", "availability_zone_rebalancing"),
    ("module.sigwatch.aws_vpc_security_group_egress_rule.all", "description"),
}
"""What the emulator does not keep: these a second apply would write again."""


@dataclass(frozen=True, slots=True)
class Applied:
    terraform: Terraform
    url: str

    def task(self) -> dict[str, Any]:
        found: dict[str, Any] = aws(self.url, "ecs").describe_task_definition(taskDefinition="sigwatch")[
            "taskDefinition"
        ]
        return found


@pytest.fixture
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    folder = tmp_path_factory.mktemp("terraform")
    (folder / "main.tf").write_text(ROOT_MODULE)
    with emulator(tmp_path_factory.mktemp("emulator")) as url:
        terraform = Terraform(folder, url)
        terraform("apply", "-auto-approve", "-input=false")
        yield Applied(terraform, url)


def copied(folder: Path) -> Path:
    """Terraform writes beside what it reads."""
    return Path(shutil.copytree(MODULE, folder / "module", ignore=shutil.ignore_patterns(".terraform*")))


def test_the_module_and_its_example_are_formatted_and_valid(tmp_path: Path) -> None:
    module = copied(tmp_path)
    terraform = Terraform(module / "examples/complete")
    terraform("validate")
    Terraform(module)("fmt", "-check", "-recursive")


def test_a_misspelt_argument_is_not_valid(tmp_path: Path) -> None:
    module = copied(tmp_path)
    main = module / "main.tf"
    main.write_text(main.read_text().replace("deletion_protection_enabled", "deletion_protektion"))
    assert Terraform(module).run("validate").returncode == 1


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('log_group_arns = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/shop"]', "ending in :*"),
        ('name = "Sigwatch"', "small letters"),
        ('secrets = { SLACK_BOT_TOKEN = "xoxb-1" }', "an ARN of Secrets Manager or SSM"),
        ('cpu_architecture = "arm"', "ARM64 or X86_64"),
    ],
)
def test_what_can_not_work_is_refused_before_anything_is_made(tmp_path: Path, setting: str, words: str) -> None:
    name, value = setting.split(" = ", maxsplit=1)
    given = {
        "image": '"x"',
        "vpc_id": '"vpc-1"',
        "subnet_ids": '["subnet-1"]',
        "log_group_arns": f'["{LOG_GROUPS[0]}"]',
        name: value,
    }
    lines = "\n".join(f"  {key} = {each}" for key, each in given.items())
    (tmp_path / "main.tf").write_text(f'module "sigwatch" {{\n  source = "{MODULE}"\n{lines}\n}}\n')
    (tmp_path / "provider.tf").write_text(f'provider "aws" {{\n  region = "{REGION}"\n}}\n')
    refused = Terraform(tmp_path).run("validate")
    assert refused.returncode == 1
    assert words in " ".join(refused.stderr.replace("│", " ").split())


def the_table_is_what_the_state_needs(applied: Applied) -> None:
    dynamodb = aws(applied.url, "dynamodb")
    table = dynamodb.describe_table(TableName="sigwatch")["Table"]
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]} == {
        "pk": "S",
        "sk": "S",
        "wait": "S",
        "wait_order": "S",
    }
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "waiting"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["wait", "wait_order"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["Status"] == "ENABLED"
    lives = dynamodb.describe_time_to_live(TableName="sigwatch")["TimeToLiveDescription"]
    assert (lives["TimeToLiveStatus"], lives["AttributeName"]) == ("ENABLED", "expires")
    backups = dynamodb.describe_continuous_backups(TableName="sigwatch")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def the_service_rolls_without_a_gap_and_back_by_itself(applied: Applied) -> None:
    [service] = aws(applied.url, "ecs").describe_services(cluster="sigwatch", services=["sigwatch"])["services"]
    assert (service["desiredCount"], service["launchType"]) == (2, "FARGATE")
    deployment = service["deploymentConfiguration"]
    assert (deployment["minimumHealthyPercent"], deployment["maximumPercent"]) == (100, 200)
    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def a_task_is_shut_in_and_has_time_to_drain(applied: Applied) -> None:
    task = applied.task()
    sigwatch = containers(task["containerDefinitions"])["sigwatch"]
    assert sigwatch["stopTimeout"] == 60
    assert sigwatch["healthCheck"]["command"] == ["CMD", "sigwatch", "healthcheck"]
    assert sigwatch["healthCheck"]["startPeriod"] == 60
    assert sigwatch["readonlyRootFilesystem"]
    assert sigwatch["user"] == "10001:10001"
    assert sigwatch["linuxParameters"] == {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}}
    assert sigwatch["logConfiguration"]["options"]["mode"] == "non-blocking"
    assert {(mount["containerPath"], mount["readOnly"]) for mount in sigwatch["mountPoints"]} == {
        ("/tmp", False),  # noqa: S108 - the task's own volume
        ("/etc/sigwatch", True),
    }
    assert {each["name"]: each["valueFrom"] for each in sigwatch["secrets"]} == SECRETS
    assert task["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert {volume["name"] for volume in task["volumes"]} == {"tmp", "knowledge", "knowledge-tmp"}


def only_prometheus_comes_in(applied: Applied) -> None:
    ec2 = aws(applied.url, "ec2")
    groups = {each["GroupName"]: each for each in ec2.describe_security_groups()["SecurityGroups"]}
    [rule] = groups["sigwatch"]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (9464, 9464, "tcp")
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [groups["prometheus"]["GroupId"]]
    assert not rule.get("IpRanges")


def absence_is_alarmed_about(applied: Applied) -> None:
    alarms = aws(applied.url, "cloudwatch").describe_alarms()["MetricAlarms"]
    kept = {each["MetricName"]: (each["TreatMissingData"], each["AlarmActions"]) for each in alarms}
    assert kept == {
        "CPUUtilization": ("breaching", [TOPIC]),
        "ConsumedWriteCapacityUnits": ("breaching", [TOPIC]),
        "WriteThrottleEvents": ("notBreaching", [TOPIC]),
    }


def the_log_group_is_one_that_sigwatch_does_not_search_and_forgets(applied: Applied) -> None:
    [group] = aws(applied.url, "logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/sigwatch/sigwatch", 30)


def both_templates_make_the_same_roles(applied: Applied) -> None:
    made = render(PARAMETERS, ATTRIBUTES)
    assert role_there(applied.url, "sigwatch-task") == role_of(made["TaskRole"])
    assert role_there(applied.url, "sigwatch-execution") == role_of(made["ExecutionRole"])


def both_templates_run_the_same_containers(applied: Applied) -> None:
    made = render(PARAMETERS, ATTRIBUTES)["TaskDefinition"]
    task = applied.task()
    assert containers(task["containerDefinitions"]) == containers(camel(made["ContainerDefinitions"]))
    for name in ("cpu", "memory", "family", "networkMode", "runtimePlatform", "requiresCompatibilities"):
        assert task[name] == camel(made)[name]


def both_templates_make_the_same_table_and_alarms(applied: Applied) -> None:
    made = render(PARAMETERS, ATTRIBUTES)
    table = aws(applied.url, "dynamodb").describe_table(TableName="sigwatch")["Table"]
    assert table["KeySchema"] == made["Table"]["KeySchema"]
    [index], [described] = table["GlobalSecondaryIndexes"], made["Table"]["GlobalSecondaryIndexes"]
    assert {name: index[name] for name in described} == described
    alarms = {each["AlarmName"]: each for each in aws(applied.url, "cloudwatch").describe_alarms()["MetricAlarms"]}
    for name in ("Absent", "Silent", "Throttled"):
        wanted = made[f"{name}Alarm"]
        there = alarms[wanted["AlarmName"]]
        assert sorted(there.pop("Dimensions"), key=repr) == sorted(wanted.pop("Dimensions"), key=repr)
        assert {key: there[key] for key in wanted} == wanted


def test_what_was_applied_is_there_would_not_be_changed_and_is_gone_when_destroyed(applied: Applied) -> None:
    """One test, because an apply takes half a minute and every process of the test runner would make its own."""
    the_table_is_what_the_state_needs(applied)
    the_service_rolls_without_a_gap_and_back_by_itself(applied)
    a_task_is_shut_in_and_has_time_to_drain(applied)
    only_prometheus_comes_in(applied)
    absence_is_alarmed_about(applied)
    the_log_group_is_one_that_sigwatch_does_not_search_and_forgets(applied)
    both_templates_make_the_same_roles(applied)
    both_templates_run_the_same_containers(applied)
    both_templates_make_the_same_table_and_alarms(applied)
    another_apply_changes_nothing(applied)
    destroying_leaves_nothing(applied)


def another_apply_changes_nothing(applied: Applied) -> None:
    found = applied.terraform.changes()
    told_otherwise = {
        address for address in found if address.startswith("module.sigwatch.aws_cloudwatch_metric_alarm.")
    }
    left = {address: changed for address, changed in found.items() if address not in told_otherwise}
    assert len(told_otherwise) in {0, 3}
    assert {(address, name) for address, changed in left.items() for name in changed} <= FORGOTTEN


def destroying_leaves_nothing(applied: Applied) -> None:
    applied.terraform("destroy", "-auto-approve", "-input=false")
    assert applied.terraform("state", "list") == ""
    assert aws(applied.url, "dynamodb").list_tables()["TableNames"] == []
    assert aws(applied.url, "iam").list_roles()["Roles"] == []
    assert aws(applied.url, "logs").describe_log_groups()["logGroups"] == []
    assert aws(applied.url, "cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws(applied.url, "ecs").list_clusters()["clusterArns"] == []
