"""The state by itself: made, copied, checked."""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigwatch.config import Settings, store_path, store_table
from sigwatch.errors import ConfigurationError, StoreError
from sigwatch.model.knowledge import Problem
from sigwatch.past.quota import FRESH_SECONDS, Signs
from sigwatch.store import migration, sqlite_checking
from sigwatch.store.invariants import Flaw
from sigwatch.store.migration import Archive
from sigwatch.store.records import Total
from sigwatch.store.sqlite import SqliteStore
from sigwatch.store.sqlite_archive import SqliteArchive
from sigwatch.store.unfinished import Marker
from sigwatch.wiring.parts import clock
from sigwatch.wiring.state import kept_seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from sigwatch.store.dynamo.bulk import Bulk
    from sigwatch.store.dynamo.table import Table

_wait = threading.Event().wait


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a state."""

    flaws: tuple[Flaw, ...]
    items: int = 0
    """Of a table, that were read."""
    size: int = 0
    """Of these in bytes."""


def create(settings: Settings, address: str) -> Iterator[str]:
    """Make the state of that address unless it is there, and give a sentence for each thing done or found.

    Raises:
        StoreError: it can not be made, or something else is in its place.
    """
    table = store_table(address)
    return _create_table(settings, table) if table else _create_file(address)


def _create_file(address: str) -> Iterator[str]:
    path = store_path(address)
    there = path.exists()
    SqliteStore(path).close()
    yield f"the file {path} {'is there already, and right' if there else 'is made'}"


def _create_table(settings: Settings, name: str) -> Iterator[str]:
    from sigwatch.store.dynamo import schema  # noqa: PLC0415 - loads boto3

    client = _client(settings)
    found = schema.described(client, name)
    if found is None:
        schema.create_table(client, name)
        yield f"the table {name} is made; it is paid on demand, and its items expire"
    elif wrong := schema.faults(found):
        raise StoreError(f"there is a table {name}, and it is not as it has to be: {'; '.join(wrong)}")
    else:
        yield f"the table {name} is there already, and its keys and index are right"
        if not schema.expires(client, name):
            schema.turn_on_expiry(client, name)
            yield f"its items expire now, by the attribute {schema.EXPIRES}"
    if schema.backed_up(client, name):
        yield "it can be restored to any second of the last weeks"
    elif failed := schema.turn_on_backups(client, name):
        yield (
            f"point-in-time recovery is not on ({failed}): have it turned on with `aws dynamodb"
            f" update-continuous-backups --table-name {name} --point-in-time-recovery-specification"
            " PointInTimeRecoveryEnabled=true`"
        )
    else:
        yield "from now on it can be restored to any second of the last weeks"


def migrate(
    settings: Settings, source: str, target: str, tell: Callable[[str, int], None], *, force: bool
) -> Mapping[str, Total]:
    """Copy a state into an empty one, and return how many records of each kind there were.

    Args:
        settings: how long things are kept, and the region of tables.
        source: address; its daemon has been stopped.
        target: address.
        tell: is told what is being done, and how many records that were so far.
        force: go on although a daemon seems to be at work on the source.

    Raises:
        ConfigurationError: there is no source.
        StoreError: it can not be copied; the sentence says what to do.
    """
    if not store_table(source) and not store_path(source).exists():
        cure = f"there is no file {store_path(source)}; write the address of the state as the configuration has it"
        raise ConfigurationError([Problem("", 0, "SOURCE", cure)])
    now = clock()
    with closing(_archive(settings, source, now)) as old:
        if unfinished := old.marker():
            raise StoreError(f"{source} is itself the unfinished target of a migration from {unfinished.source}")
        signs = Signs(settings.polling.interval, settings.polling.passes)
        if not force and signs.at_work(old.coverage(), now):
            raise StoreError(
                f"a daemon is at work on {source}, or was until a moment ago: stop it first, and run this again after"
                f" {FRESH_SECONDS} seconds. --force copies at once, and fails in the end where anything has changed"
            )
        with closing(_archive(settings, target, now)) as new:
            return migration.migrate(old, new, Marker(source, uuid.uuid4().hex), target, tell)


def check(settings: Settings) -> Checked | None:
    """Everything that should not be so in the daemon's state; None where there is none. It may be at work.

    Raises:
        StoreError: it can not be read at all.
    """
    name = store_table(settings.store)
    if name:
        return _check_table(settings, name)
    path = store_path(settings.store)
    return Checked(tuple(sqlite_checking.check(path))) if path.exists() else None


def _check_table(settings: Settings, name: str) -> Checked:
    from sigwatch.store.dynamo import checking, schema  # noqa: PLC0415 - loads boto3

    client = _client(settings)
    found = schema.described(client, name)
    if found is None:
        raise StoreError(f"there is no table {name}: `sigwatch store create` makes it; or correct `store`")
    if wrong := schema.faults(found):
        return Checked(tuple(Flaw("schema", name, words) for words in wrong))
    checked = checking.check(*_table(settings, name), clock())
    flaws = (*_settings_of_table(client, name), *checked.flaws)
    return Checked(flaws, checked.paid.items, checked.paid.size)


def _settings_of_table(client: "DynamoDBClient", name: str) -> Iterator[Flaw]:
    from sigwatch.store.dynamo import schema  # noqa: PLC0415 - loads boto3

    if not schema.expires(client, name):
        words = "its items do not expire: it grows without end. `sigwatch store create` turns it on"
        yield Flaw("expiry", name, words)
    backed_up = schema.backed_up(client, name)
    if not backed_up:
        how = "is off" if backed_up is False else "is not known to be on"
        words = f"point-in-time recovery {how}: what is lost by mistake is lost. `sigwatch store create` turns it on"
        yield Flaw("backups", name, words, warning=True)


def _archive(settings: Settings, address: str, now: float) -> Archive:
    name = store_table(address)
    if not name:
        return SqliteArchive(store_path(address))
    from sigwatch.store.dynamo import schema  # noqa: PLC0415 - loads boto3
    from sigwatch.store.dynamo.archive import DynamoArchive  # noqa: PLC0415 - likewise

    if schema.described(_client(settings), name) is None:
        raise StoreError(f"there is no table {name}: make it with `sigwatch store create {address}`")
    return DynamoArchive(*_table(settings, name), kept_seconds(settings), now)


def _table(settings: Settings, name: str) -> "tuple[Table, Bulk]":
    from sigwatch.store.dynamo.bulk import Bulk  # noqa: PLC0415 - loads boto3
    from sigwatch.store.dynamo.table import Table  # noqa: PLC0415 - likewise

    client = _client(settings)
    return Table(client, name), Bulk(client, name, _wait)


def _client(settings: Settings) -> "DynamoDBClient":
    from sigwatch.store.dynamo.table import dynamo_client  # noqa: PLC0415 - loads boto3

    return dynamo_client(settings.aws.region)
