"""Where state is kept, as the configuration says: a SQLite file, or a DynamoDB table that replicas share."""

import os
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path

from sigwatch.config import Settings, store_path, store_table
from sigwatch.polling.tenure import Alone, SharedTenure, Tenure
from sigwatch.ports import Observer
from sigwatch.store.sqlite import SqliteStore
from sigwatch.wiring.parts import clock, monotonic

FRESH_SECONDS = 0.2
"""For which the list of what waits to be delivered is used again: less than a round of the outbox takes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sigwatch.store.dynamo.store import DynamoStore

    State = SqliteStore | DynamoStore


def open_state(settings: Settings) -> "State":
    """The state of the daemon; a file is made where there is none.

    Raises:
        StoreError: it can not be opened.
    """
    table = store_table(settings.store)
    return _dynamo(settings, table) if table else SqliteStore(store_path(settings.store))


def open_existing(settings: Settings) -> "State | None":
    """The daemon's state, to be read; None where there is none yet.

    Raises:
        StoreError: it can not be opened.
    """
    table = store_table(settings.store)
    if table:
        return _dynamo(settings, table)
    path = store_path(settings.store)
    return SqliteStore(path) if path.exists() else None


def _dynamo(settings: Settings, name: str) -> "DynamoStore":
    # Only who keeps state there waits for boto3 to load.
    from sigwatch.store.dynamo.store import DynamoStore  # noqa: PLC0415 - loads boto3
    from sigwatch.store.dynamo.table import Table, dynamo_client  # noqa: PLC0415 - likewise

    client = dynamo_client(settings.aws.region)
    return DynamoStore(Table(client, name), kept_seconds(settings), clock, monotonic, FRESH_SECONDS)


def kept_seconds(settings: Settings) -> Mapping[str, int]:
    """How long a table keeps what vanishes from it by itself."""
    kept = settings.retention
    return {"hits": kept.hits, "audit": kept.audit, "spending": kept.spending}


def tenure_of(state: "State", observe: Observer) -> Tenure:
    """What of the work is done here: all of it, or a share that is agreed upon with the other replicas."""
    if isinstance(state, SqliteStore):
        return Alone()
    return SharedTenure(state.leases, _replica(), state.shard_names, monotonic, observe)


def _replica() -> str:
    """A name that people find in their logs, and that no other process has ever had."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def runs_folder(settings: Settings) -> Path:
    """Where backfills are kept: beside the state's file, or with what the user's programs keep."""
    table = store_table(settings.store)
    if not table:
        return store_path(settings.store)
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return home / "sigwatch" / table
