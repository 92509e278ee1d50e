"""The one deployment that both templates are asked for in tests, and what AWS has of it afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fakes.aws_emulator import ACCOUNT, REGION, aws

LOG_GROUPS = ("arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/shop-*:*",)
READERS = ("arn:aws:iam::444455556666:role/sigwatch-reader",)
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/sigwatch:1.0.0"
REPOSITORY = "arn:aws:ecr:us-east-1:111122223333:repository/sigwatch"
SECRETS = {
    "PAGERDUTY_ROUTING_KEY": "arn:aws:ssm:us-east-1:111122223333:parameter/sigwatch/pagerduty",
    "SLACK_BOT_TOKEN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:slack-AbCdEf",
}
KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
BUCKET = "shop-knowledge"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:oncall"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sigwatch"
OWN_LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/sigwatch/sigwatch:*"

PARAMETERS = {
    "Image": IMAGE,
    "EcrRepositoryArn": REPOSITORY,
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "LogGroupArns": ",".join(LOG_GROUPS),
    "ReaderRoleArns": ",".join(READERS),
    "SlackBotTokenArn": SECRETS["SLACK_BOT_TOKEN"],
    "PagerdutyRoutingKeyArn": SECRETS["PAGERDUTY_ROUTING_KEY"],
    "SecretsKmsKeyArn": KEY,
    "KnowledgeBucket": BUCKET,
    "AlarmTopicArn": TOPIC,
    "PrometheusSecurityGroupId": "sg-1",
    "DeletionProtection": "false",
}
"""The same for CloudFormation."""

ATTRIBUTES = {
    "Cluster": "sigwatch",
    "LogGroup": "/sigwatch/sigwatch",
    "LogGroup.Arn": OWN_LOG,
    "Table": "sigwatch",
    "Table.Arn": TABLE,
    "ExecutionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/sigwatch-execution",
    "TaskRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/sigwatch-task",
    "SecurityGroup.GroupId": "sg-2",
    "TaskDefinition": "sigwatch:1",
    "Service.Name": "sigwatch",
    "Discovery.Arn": "discovery",
}
"""What CloudFormation would know of the resources that it has made."""

Statement = tuple[str, frozenset[str], frozenset[str], str]
"""What a statement of a policy comes to: effect, actions, resources, conditions."""


@dataclass(frozen=True, slots=True)
class Role:
    """Who may take a role on, and what it may do."""

    trust: frozenset[Statement]
    allows: frozenset[Statement]

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(action for _, actions, _, _ in self.allows for action in actions)


def statements(policy: Mapping[str, Any]) -> frozenset[Statement]:
    """A policy document, however it is written."""
    found = set()
    for each in policy["Statement"]:
        conditions = {
            (test, key, frozenset(_many(values)))
            for test, held in each.get("Condition", {}).items()
            for key, values in held.items()
        }
        where = repr(sorted((test, key, sorted(values)) for test, key, values in conditions))
        resources = frozenset(_many(each.get("Resource", ())))
        found.add((str(each["Effect"]), frozenset(_many(each["Action"])), resources, where))
    return frozenset(found)


def role_there(endpoint: str, name: str) -> Role:
    """A role as the account has it."""
    iam = aws(endpoint, "iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return Role(statements(trust), statements(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]))


def role_of(properties: Mapping[str, Any]) -> Role:
    """A role as a template describes it."""
    [policy] = properties["Policies"]
    return Role(statements(properties["AssumeRolePolicyDocument"]), statements(policy["PolicyDocument"]))


def containers(described: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Containers by name, without what is empty or says nothing: order is kept where it means something."""
    found = {}
    for container in described:
        kept: dict[str, Any] = {key: value for key, value in container.items() if isinstance(value, bool) or value}
        for name in ("environment", "secrets", "mountPoints"):
            if name in kept:
                kept[name] = sorted(kept[name], key=repr)
        found[str(container["name"])] = {key: _without_empty(value) for key, value in kept.items()}
    return found


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(each) for key, each in sorted(value.items()) if each != []}
    if isinstance(value, list):
        return [_without_empty(each) for each in value]
    return value


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
