"""An emulator of AWS as a process of its own: what templates make is made there, and read back through boto3."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest

from tests.fakes.programs import free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".tools/ministack/bin/ministack"
REGION = "us-east-1"
ACCOUNT = "000000000000"

_pause = threading.Event().wait


def program() -> str:
    """Where the emulator is; skips the test where there is none, which is a failure in continuous integration."""
    found = str(PROGRAM) if PROGRAM.exists() else shutil.which("ministack")
    if found:
        return found
    words = "no emulator of AWS: run .ci/install-aws, which takes one from the package index"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """An empty account; gives its address. It starts no container, even where it could."""
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "DOCKER_HOST": f"unix://{folder / 'none'}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    log = folder / "emulator.log"
    with (
        log.open("w") as stream,
        subprocess.Popen([program()], cwd=folder, env=environ, stdout=stream, stderr=stream) as process,
    ):
        try:
            if not _answers(f"http://127.0.0.1:{port}/_ministack/health"):
                pytest.fail(f"the emulator did not start: {log.read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def aws(endpoint: str, service: str) -> Any:
    """boto3's client of a service there."""
    client: Any = boto3.client  # its stubs name every service, and want the name to be a literal
    return client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _answers(url: str) -> bool:
    for _ in range(600):
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - our own address
                return True
        except (URLError, OSError):
            _pause(0.1)
    return False
