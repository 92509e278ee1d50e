"""`.ci/audit.py` around a pip-audit that says what the test wants: no verdict must not look like a good one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.processes import ROOT

GOOD = {"name": "six", "version": "1.17.0", "vulns": []}
BAD = {"name": "h11", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"]}]}
PASSED_OVER = {"name": "rich", "skip_reason": "Dependency not found on PyPI and could not be audited: rich (15.0.0)"}

Audit = Callable[[Mapping[str, Sequence[Mapping[str, Any]]]], subprocess.CompletedProcess[str]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    def audit(known: Mapping[str, Sequence[Mapping[str, Any]]]) -> subprocess.CompletedProcess[str]:
        """With services that know this; one that is not among them can not be reached."""
        program = tmp_path / "pip-audit"
        program.write_text(f"""#!{sys.executable}
import json, sys
known = json.loads({json.dumps(json.dumps(known))})
service = sys.argv[sys.argv.index("--vulnerability-service") + 1]
if service not in known:
    sys.exit("Traceback:\\nno route to host")
print(json.dumps({{"dependencies": known[service]}}))
sys.exit(any(each.get("vulns") for each in known[service]))
""")
        program.chmod(0o755)
        command = [sys.executable, str(ROOT / ".ci/audit.py"), "requirements.txt"]
        environ = os.environ | {"PIP_AUDIT": str(program)}
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environ)

    return audit


def test_nothing_known_against_any_is_fine(audit: Audit) -> None:
    done = audit({"pypi": [GOOD]})
    assert (done.returncode, done.stdout) == (0, "audit: no known vulnerabilities in 1 dependencies, says pypi\n")


def test_a_vulnerability_fails_and_says_what_mends_it(audit: Audit) -> None:
    done = audit({"pypi": [GOOD, BAD]})
    assert done.returncode == 1
    assert "audit: h11 0.1: PYSEC-1, mended in 0.2\n" in done.stdout


def test_dependencies_that_were_passed_over_are_asked_about_elsewhere(audit: Audit) -> None:
    assert audit({"pypi": [GOOD, PASSED_OVER], "osv": [GOOD]}).returncode == 0
    assert audit({"pypi": [PASSED_OVER], "osv": [BAD]}).returncode == 1


def test_a_vulnerability_counts_although_another_dependency_was_passed_over(audit: Audit) -> None:
    assert audit({"pypi": [PASSED_OVER, BAD]}).returncode == 1


@pytest.mark.parametrize("known", [{}, {"pypi": [GOOD, PASSED_OVER]}, {"osv": [PASSED_OVER]}])
def test_where_nobody_answers_for_all_there_is_no_verdict(audit: Audit, known: Any) -> None:
    done = audit(known)
    assert done.returncode == 3
    assert "audit: NOT AUDITED: whether there are known vulnerabilities is unknown\n" in done.stdout


def test_the_last_word_of_a_service_that_fails_is_told(audit: Audit) -> None:
    done = audit({"pypi": [GOOD, PASSED_OVER]})
    assert done.stdout.splitlines()[:2] == [
        "audit: advisory service pypi: has no answer for 1 of 2 dependencies",
        "audit: advisory service osv: can not be reached: no route to host",
    ]
