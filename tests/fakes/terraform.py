"""Terraform as a user runs it, with its provider from a folder of this machine and AWS from the emulator."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "deploy/terraform"
NO_CHANGE, CHANGES = 0, 2
"""Exit codes of `plan -detailed-exitcode`."""


def program() -> str:
    """Where it is; skips the test where it is not: it comes from no package index."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("no terraform here: developer.hashicorp.com/terraform/install")
    return found


def plugins() -> Path:
    """A mirror with the AWS provider; skips the test without one, and fails it in continuous integration."""
    named = os.environ.get("TF_PLUGIN_DIR")
    for place in [*([Path(named)] if named else []), ROOT / ".tools/terraform-plugins"]:
        if (place / "registry.terraform.io/hashicorp/aws").is_dir():
            return place
    words = "no AWS provider of Terraform: run .ci/install-terraform, or name a mirror with TF_PLUGIN_DIR"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


class Terraform:
    """A root module in a folder, initialised."""

    def __init__(self, folder: Path, endpoint: str = "") -> None:
        self._program = program()
        self._folder = folder
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_VAR_endpoint": endpoint,
        }
        self("init", "-input=false", "-backend=false", f"-plugin-dir={plugins()}")

    def run(self, verb: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """What came of it."""
        command = [self._program, verb, *(["-no-color"] if verb not in {"fmt", "state"} else []), *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=self._environ, capture_output=True, text=True, check=False, timeout=300
        )

    def __call__(self, verb: str, *arguments: str) -> str:
        """Its output; it must have gone well."""
        done = self.run(verb, *arguments)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        return done.stdout

    def changes(self) -> dict[str, set[str]]:
        """What another apply would change: by address, the attributes; all of them where it is made or destroyed."""
        done = self.run("plan", "-input=false", "-detailed-exitcode", "-out=plan")
        assert done.returncode in {NO_CHANGE, CHANGES}, done.stderr
        plan: dict[str, Any] = json.loads(self("show", "-json", "plan"))
        found = {}
        for resource in plan["resource_changes"]:
            change = resource["change"]
            if change["actions"] not in (["no-op"], ["read"]):
                before, after = change["before"] or {}, change["after"] or {}
                found[resource["address"]] = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert bool(found) == (done.returncode == CHANGES)
        return found
