"""Programs that a plain machine lacks, and ports for them."""

import os
import shutil
import socket
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest


def program(*names: str, package: str) -> str:
    """The first of these that is installed; skips the test without one, and fails it in continuous integration."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sentence = f"no {names[0]} here: install the Debian package {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server of ours says that it is well."""
    try:
        with urlopen(url) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
        return False
    except (URLError, ConnectionError):
        return False
