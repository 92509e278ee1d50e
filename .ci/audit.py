#!/usr/bin/env python3
"""Which of the given dependencies have known vulnerabilities?

    .ci/audit.py REQUIREMENTS [OPTION OF pip-audit...]

Exit codes: 0 none has, 1 some have, 3 no advisory service could answer for all of them, which is no verdict.

pip-audit alone can not be relied on for the last: where an index does not serve advisories, it passes over every
package, says that there are no known vulnerabilities, and exits 0.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SERVICES = ("pypi", "osv")
"""Asked in this order, the next only where one does not answer for all."""

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3


def report(service: str, requirements: str, options: Sequence[str]) -> tuple[Sequence[Mapping[str, Any]], str]:
    """What one service knows of each dependency, and what pip-audit has to say; nothing where it does not answer."""
    program = os.environ.get("PIP_AUDIT") or str(Path(sys.executable).with_name("pip-audit"))
    fixed = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [program, *fixed, "--vulnerability-service", service, "--requirement", requirements, *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    try:
        return json.loads(done.stdout)["dependencies"], done.stderr
    except (ValueError, KeyError):
        return [], done.stderr


def found(dependencies: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each vulnerability."""
    return [
        f"{dependency['name']} {dependency['version']}: {vulnerability['id']}, "
        f"mended in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for dependency in dependencies
        for vulnerability in dependency.get("vulns", ())
    ]


def verdict(requirements: str, options: Sequence[str]) -> tuple[int, list[str]]:
    """The exit code, and the lines that explain it."""
    lines: list[str] = []
    for service in SERVICES:
        dependencies, said = report(service, requirements, options)
        bad = found(dependencies)
        unanswered = [str(dependency["name"]) for dependency in dependencies if "skip_reason" in dependency]
        if bad:
            return VULNERABLE, [*bad, f"{len(bad)} known vulnerabilities, says {service}"]
        if dependencies and not unanswered:
            return CLEAN, [f"no known vulnerabilities in {len(dependencies)} dependencies, says {service}"]
        last = (said.strip().splitlines() or ["it said nothing"])[-1]
        missing = f"has no answer for {len(unanswered)} of {len(dependencies)} dependencies"
        lines.append(f"advisory service {service}: {missing if unanswered else f'can not be reached: {last}'}")
    return UNKNOWN, [*lines, "NOT AUDITED: whether there are known vulnerabilities is unknown"]


if __name__ == "__main__":
    code, explained = verdict(sys.argv[1], sys.argv[2:])
    sys.stdout.write("".join(f"audit: {line}\n" for line in explained))
    sys.exit(code)
