"""One DynamoDB table: items read consistently, written on condition. Vendor errors stop here.

Amazon DynamoDB Developer Guide, "Amazon DynamoDB transactions" and "Constraints": at most 100 items and 4 MB in one
transaction, 400 KB in one item, 100 keys in one BatchGetItem.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.errors import Conflict, StoreError, TooMuch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ITEMS = 100
MOST_BYTES = 3_500_000
"""Of one transaction, with room for the conditions."""
INDEX = "waiting"
"""Of the items that are waited for, by what waits for them."""
MOST_KEYS = 100
CONFLICT_TRIES = 8

_LOST = {"ConditionalCheckFailed", "TransactionConflict", "DuplicateItem"}
_TOO_LARGE = ("size", "too many", "length less than or equal to")

Key = tuple[str, str]
"""Partition and place in it."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is kept under one key."""

    key: Key
    body: Any = None
    """Whatever JSON can hold."""
    blob: bytes = b""
    wait: str = ""
    """What waits for it, which is how it is found in the index; nothing in most items."""
    wait_order: str = ""
    expires: int = 0
    """Epoch second after which it may vanish at any time; 0 for never."""
    by: str = field(default="", compare=False)
    """Nonce of the commit that wrote it: no two writes have the same, so it is the item's version too."""


@dataclass(frozen=True, slots=True)
class Write:
    """A change of one item: a new value, or None to delete it; or, `only_check` set, nothing but its condition."""

    key: Key
    item: Item | None
    expected: str | None
    """The nonce of the commit that must have written it last, empty where there must be none; None for whatever."""
    only_check: bool = False


class Table:
    """A table whose items are read and written as values. Safe to use from several threads."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        """Use the table of that name."""
        self._client = client
        self._name = name

    @property
    def name(self) -> str:
        """Of the table."""
        return self._name

    def get(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that are there, as they are now.

        Raises:
            StoreError: they can not be read.
        """
        found: dict[Key, Item] = {}
        wanted = list(dict.fromkeys(keys))
        while wanted:
            asked, wanted = wanted[:MOST_KEYS], wanted[MOST_KEYS:]
            request: Any = {self._name: {"Keys": [key_attributes(key) for key in asked], "ConsistentRead": True}}
            try:
                answer = self._client.batch_get_item(RequestItems=request)
            except (BotoCoreError, ClientError) as error:
                raise StoreError(f"the state {self._name} can not be read: {words_of(error)}") from error
            items = [item_of(each) for each in answer["Responses"].get(self._name, ())]
            found |= {item.key: item for item in items}
            unread: Any = answer.get("UnprocessedKeys", {})
            wanted += [(key["pk"]["S"], key["sk"]["S"]) for key in unread.get(self._name, {}).get("Keys", ())]
        return found

    def query(self, pk: str, since: str = "", until: str = "") -> Iterator[Item]:
        """The items of a partition as they are now, in the order of their places, which are in [since, until).

        Raises:
            StoreError: they can not be read.
        """
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if since or until:
            condition += " AND sk BETWEEN :since AND :until"
            values |= {":since": {"S": since or " "}, ":until": {"S": until or "\U0010ffff"}}
        found = self._pages(
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        return (item for item in found if not until or item.key[1] < until)

    def waiting(self, wait: str) -> list[Item]:
        """The items that something waits for, in its order, as they were a moment ago: an index lags behind a little.

        Raises:
            StoreError: they can not be read.
        """
        values = {":w": {"S": wait}}
        return list(
            self._pages(
                IndexName=INDEX,
                KeyConditionExpression="#w = :w",
                ExpressionAttributeNames={"#w": "wait"},
                ExpressionAttributeValues=values,
            )
        )

    def _pages(self, **asked: Any) -> Iterator[Item]:
        start: Mapping[str, Any] = {}
        while True:
            try:
                answer = self._client.query(TableName=self._name, **asked, **start)
            except (BotoCoreError, ClientError) as error:
                raise StoreError(f"the state {self._name} can not be read: {words_of(error)}") from error
            yield from map(item_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def commit(self, writes: Sequence[Write], nonce: str) -> None:
        """Make all of the changes or none.

        Args:
            writes: one for each key at most.
            nonce: of this commit alone: by it a commit whose answer was lost is known for one's own.

        Raises:
            Conflict: an item is not what it was expected to be; nothing was written.
            TooMuch: more than one transaction takes; nothing was written.
            StoreError: nothing was written, as far as can be told.
        """
        if not writes:
            return
        if len(writes) > MOST_ITEMS or sum(map(_size, writes)) > MOST_BYTES:
            raise TooMuch(f"{len(writes)} changes are more than one transaction of DynamoDB takes")
        try:
            if len(writes) == 1 and not writes[0].only_check:
                self._write_one(writes[0], nonce)
            else:
                self._write_all(writes, nonce)
        except (BotoCoreError, ClientError) as error:
            self._explain(error, writes, nonce)

    def _write_one(self, write: Write, nonce: str) -> None:
        asked: dict[str, Any] = {"TableName": self._name, **_condition(write)}
        if write.expected is not None:
            asked["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if write.item is None:
            self._client.delete_item(Key=key_attributes(write.key), **asked)
            return
        try:
            self._client.put_item(Item=attributes_of(write.item, nonce), **asked)
        except ClientError as error:
            # Where the answer to the first try was lost, the second finds the first one's work.
            old: Any = error.response.get("Item", {})
            if old.get("by", {}).get("S") != nonce:
                raise

    def _write_all(self, writes: Sequence[Write], nonce: str) -> None:
        actions: list[Any] = [self._action(write, nonce) for write in writes]
        for left in range(CONFLICT_TRIES, 0, -1):
            try:
                self._client.transact_write_items(TransactItems=actions, ClientRequestToken=nonce)
            except ClientError as error:
                # Two at the same moment: neither needs to be wrong. Each try is a round trip, which is wait enough.
                if left == 1 or _reasons(error) - {"None"} != {"TransactionConflict"}:
                    raise
            else:
                return

    def _action(self, write: Write, nonce: str) -> dict[str, Any]:
        common = {"TableName": self._name, **_condition(write)}
        if write.only_check:
            return {"ConditionCheck": {"Key": key_attributes(write.key), **common}}
        if write.item is None:
            return {"Delete": {"Key": key_attributes(write.key), **common}}
        return {"Put": {"Item": attributes_of(write.item, nonce), **common}}

    def _explain(self, error: Exception, writes: Sequence[Write], nonce: str) -> None:
        """Return where the commit was made all the same, raise what it came to otherwise."""
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code == "ConditionalCheckFailedException" or _reasons(error) & _LOST:
            raise Conflict("somebody else was faster; nothing was written") from error
        words = words_of(error)
        if code == "ValidationException" and any(mark in words.lower() for mark in _TOO_LARGE):
            raise TooMuch(f"the state takes no such change at once: {words}") from error
        if code in {"", "InternalServerError", "RequestTimeout", "ServiceUnavailable"} and self._made(writes, nonce):
            return
        raise StoreError(f"the state {self._name} can not be written: {words}") from error

    def _made(self, writes: Iterable[Write], nonce: str) -> bool:
        """Whether the commit of that nonce was made, of which no answer came."""
        put = next((write.key for write in writes if write.item is not None and not write.only_check), None)
        if put is None:
            return False
        now = self.get([put]).get(put)
        return now is not None and now.by == nonce

    def describe(self) -> Mapping[str, Any]:
        """What the service says of the table.

        Raises:
            StoreError: it can not be reached, or there is no such table.
        """
        try:
            return self._client.describe_table(TableName=self._name)["Table"]
        except (BotoCoreError, ClientError) as error:
            cure = "; `sigwatch store create` makes it, or correct `store` or the region" if _is_missing(error) else ""
            raise StoreError(f"the state {self._name} can not be opened: {words_of(error)}{cure}") from error


def dynamo_client(region: str | None, threads: int = 32) -> "DynamoDBClient":
    """boto3's client, which tries again by itself: every write here may be made twice without harm."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=3,
        read_timeout=5,
        max_pool_connections=threads,
    )
    return boto3.client("dynamodb", region_name=region, config=config)


def key_attributes(key: Key) -> dict[str, Any]:
    """A key as the service takes it."""
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def attributes_of(item: Item, nonce: str) -> dict[str, Any]:
    """An item as the service takes it, written by the commit of that nonce."""
    made: dict[str, Any] = {**key_attributes(item.key), "by": {"S": nonce}}
    if item.body is not None:
        made["body"] = {"S": json.dumps(item.body, separators=(",", ":"), ensure_ascii=False)}
    if item.blob:
        made["blob"] = {"B": item.blob}
    if item.wait:
        made |= {"wait": {"S": item.wait}, "wait_order": {"S": item.wait_order}}
    if item.expires:
        made["expires"] = {"N": str(item.expires)}
    return made


def item_of(found: Mapping[str, Any]) -> Item:
    """An item as the service gave it."""
    return Item(
        key=(found["pk"]["S"], found["sk"]["S"]),
        body=json.loads(found["body"]["S"]) if "body" in found else None,
        blob=bytes(found["blob"]["B"]) if "blob" in found else b"",
        wait=found.get("wait", {}).get("S", ""),
        wait_order=found.get("wait_order", {}).get("S", ""),
        expires=int(found.get("expires", {}).get("N", 0)),
        by=found["by"]["S"],
    )


def _condition(write: Write) -> dict[str, Any]:
    if write.expected is None:
        return {}
    if not write.expected:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#by = :by",
        "ExpressionAttributeNames": {"#by": "by"},
        "ExpressionAttributeValues": {":by": {"S": write.expected}},
    }


def _size(write: Write) -> int:
    if write.item is None:
        return 200
    body = len(json.dumps(write.item.body)) if write.item.body is not None else 0
    return 200 + body + len(write.item.blob)


def _reasons(error: Exception) -> set[str]:
    """Why a transaction was cancelled, one reason for each of its actions."""
    found: Any = error.response if isinstance(error, ClientError) else {}
    return {str(reason.get("Code")) for reason in found.get("CancellationReasons", ())}


def words_of(error: Exception) -> str:
    """What the service said, without what was written: that may hold log lines."""
    if isinstance(error, ClientError):
        told = error.response["Error"]
        return f"{told['Code']}: {str(told.get('Message', ''))[:200]}"
    return str(error)[:200]


def _is_missing(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException"
