"""The verbs of the program, called as a user calls them."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted

NOW_MS = int(time.time() * 1000)  # noqa: TID251 - the embedded server lives in real time
ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"


def call(*arguments: str) -> tuple[int, str, str]:
    """In this process: exit code, standard output, standard error."""
    result = CliRunner().invoke(application(), hoisted(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def call_json(*arguments: str) -> tuple[int, Any]:
    code, out, _ = call(*arguments, "--format", "json")
    return code, json.loads(out)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """As a process of its own."""
    command = [sys.executable, "-m", "sigwatch", *arguments]
    return subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True)
