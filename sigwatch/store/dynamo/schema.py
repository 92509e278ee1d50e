"""The table: how it has to be, and how it is made where sigwatch may make it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.errors import StoreError
from sigwatch.store.dynamo.table import INDEX

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = {"pk": "HASH", "sk": "RANGE"}
INDEX_KEYS = {"wait": "HASH", "wait_order": "RANGE"}
EXPIRES = "expires"
"""Attribute after whose time, in epoch seconds, the service may drop an item."""


def create_table(client: "DynamoDBClient", name: str) -> None:
    """Make the table, on demand, and wait until it can be used.

    Raises:
        StoreError: it can not be made.
    """
    names = [*KEYS, *INDEX_KEYS]
    index: Any = {"IndexName": INDEX, "KeySchema": _schema(INDEX_KEYS), "Projection": {"ProjectionType": "ALL"}}
    keys: Any = _schema(KEYS)
    try:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
            KeySchema=keys,
            GlobalSecondaryIndexes=[index],
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"the table {name} can not be made: {error}") from error
    turn_on_expiry(client, name)


def described(client: "DynamoDBClient", name: str) -> Mapping[str, Any] | None:
    """What the service says of a table; None where there is none.

    Raises:
        StoreError: it says nothing.
    """
    try:
        return client.describe_table(TableName=name)["Table"]
    except (BotoCoreError, ClientError) as error:
        if _code(error) == "ResourceNotFoundException":
            return None
        raise StoreError(f"nobody says whether there is a table {name}: {error}") from error


def expires(client: "DynamoDBClient", name: str) -> bool:
    """Whether items of the table vanish after their time.

    Raises:
        StoreError: the service does not say.
    """
    try:
        found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"nobody says whether items of {name} expire: {error}") from error
    on = found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return on and found.get("AttributeName") == EXPIRES


def turn_on_expiry(client: "DynamoDBClient", name: str) -> None:
    """Have items vanish after their time.

    Raises:
        StoreError: it can not be turned on.
    """
    try:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES})
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"expiry of the table {name} can not be turned on: {error}") from error


def backed_up(client: "DynamoDBClient", name: str) -> bool | None:
    """Whether the table can be restored to any second of the last weeks; None where nobody says."""
    try:
        found: Any = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    except (BotoCoreError, ClientError):
        return None
    return bool(found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED")


def turn_on_backups(client: "DynamoDBClient", name: str) -> str:
    """Have the table kept so; returns why that can not be, empty where it is now."""
    wanted: Any = {"PointInTimeRecoveryEnabled": True}
    try:
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)
    except (BotoCoreError, ClientError) as error:
        return _code(error) or str(error)
    return ""


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _schema(keys: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()]


def faults(described: Mapping[str, Any]) -> list[str]:
    """What of a table, as DescribeTable tells of it, is not as it has to be; each with its cure."""
    found = []
    if _keys(described) != KEYS:
        found.append("its keys are not pk (partition) and sk (sort), both strings: make it anew")
    indexes = {index["IndexName"]: index for index in described.get("GlobalSecondaryIndexes", ())}
    if INDEX not in indexes or _keys(indexes[INDEX]) != INDEX_KEYS:
        found.append(f"it has no index {INDEX} over wait (partition) and wait_order (sort) that projects everything")
    return found


def _keys(described: Mapping[str, Any]) -> dict[str, str]:
    return {key["AttributeName"]: key["KeyType"] for key in described.get("KeySchema", ())}
