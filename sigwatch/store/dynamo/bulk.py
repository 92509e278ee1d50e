"""A whole table: read once from one end to the other, written in large parts. Not for a state at work.

Amazon DynamoDB API Reference, BatchWriteItem: at most 25 items in one request, and what was not processed is to be sent
again after a while; Scan: the size of an item is that of its names and values.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.errors import StoreError
from sigwatch.ports import Wait
from sigwatch.store.dynamo.table import Item, Key, attributes_of, item_of, key_attributes, words_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AT_ONCE = 25
TRIES = 12
LONGEST_WAIT = 5.0


@dataclass(slots=True)
class Paid:
    """What reading has taken so far."""

    items: int = 0
    size: int = 0
    """Bytes."""


class Bulk:
    """All items of a table."""

    def __init__(self, client: "DynamoDBClient", name: str, wait: Wait) -> None:
        """`wait` lets a throttled table come to itself."""
        self._client = client
        self._name = name
        self._wait = wait

    def scan(self, prefixes: Sequence[str] = (), paid: Paid | None = None) -> Iterator[Item]:
        """Every item as it is when its turn comes, or those of partitions that begin so; all are paid for.

        Raises:
            StoreError: they can not be read.
        """
        asked: dict[str, Any] = {"TableName": self._name, "ConsistentRead": True}
        if prefixes:
            marks = {f":p{number}": {"S": prefix} for number, prefix in enumerate(prefixes)}
            asked |= {
                "FilterExpression": " OR ".join(f"begins_with(pk, {mark})" for mark in marks),
                "ExpressionAttributeValues": marks,
            }
        while True:
            try:
                answer = self._client.scan(**asked)
            except (BotoCoreError, ClientError) as error:
                raise StoreError(f"the state {self._name} can not be read: {words_of(error)}") from error
            for found in answer["Items"]:
                if paid:
                    paid.items += 1
                    paid.size += _size(found)
                yield item_of(found)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, items: Iterable[Item], nonce: str) -> Iterator[int]:
        """Write items whatever is there, each key once; gives how many each time that some are written.

        Raises:
            StoreError: they can not be written.
        """
        yield from self._write({"PutRequest": {"Item": attributes_of(item, nonce)}} for item in items)

    def delete(self, keys: Iterable[Key]) -> Iterator[int]:
        """Remove items, likewise.

        Raises:
            StoreError: likewise.
        """
        yield from self._write({"DeleteRequest": {"Key": key_attributes(key)}} for key in keys)

    def _write(self, requests: Iterator[dict[str, Any]]) -> Iterator[int]:
        while batch := list(islice(requests, AT_ONCE)):
            self._settle(batch)
            yield len(batch)

    def _settle(self, left: list[Any]) -> None:
        for number in range(TRIES):
            try:
                answer: Any = self._client.batch_write_item(RequestItems={self._name: left})
            except (BotoCoreError, ClientError) as error:
                raise StoreError(f"the state {self._name} can not be written: {words_of(error)}") from error
            left = list(answer.get("UnprocessedItems", {}).get(self._name, ()))
            if not left:
                return
            if self._wait(min(LONGEST_WAIT, 0.05 * 2**number)):
                break
        raise StoreError(f"the state {self._name} takes no more at the moment; run the same command again later")


def _size(found: Any) -> int:
    return sum(len(name) + len(next(iter(value.values()))) for name, value in found.items())
