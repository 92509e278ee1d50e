"""A real server that speaks DynamoDB, as a process of its own."""

import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from sigwatch.store.dynamo.schema import create_table
from sigwatch.store.dynamo.table import Table
from tests.fakes.programs import free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".tools/node_modules/@dynoxide/linux-x64/dynoxide"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}

_pause = threading.Event().wait


def program() -> str:
    """Where the server is; skips the test where there is none, which is a failure in continuous integration."""
    found = str(PROGRAM) if PROGRAM.exists() else shutil.which("dynoxide")
    if found:
        return found
    words = "no DynamoDB server: run .ci/install-dynamodb, which takes one from npm"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def client(endpoint: str, retries: int = 4) -> "DynamoDBClient":
    """boto3's client for a server here."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": retries}, max_pool_connections=32),
    )


@contextmanager
def running_server(*arguments: str) -> Iterator[str]:
    """A server in memory, or as the arguments say; gives its address."""
    port = free_port()
    with running_process(port, *arguments):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_process(port: int, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The same on that port, as a process that can be paused and killed."""
    with subprocess.Popen(
        [program(), "--port", str(port), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _await(port)
            yield process
        finally:
            process.kill()


def _await(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            _pause(0.05)
        else:
            return
    raise AssertionError("the DynamoDB server did not start")


def new_table(endpoint: str) -> tuple[Any, str]:
    """A client and the name of a new table."""
    made, name = client(endpoint), f"t-{uuid.uuid4().hex[:12]}"
    create_table(made, name)
    return made, name


def table_in(endpoint: str) -> Table:
    """A new table."""
    return Table(*new_table(endpoint))
