"""The demo, as a stranger starts it."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_demo_tells_one_incident_in_one_message_and_ends_fine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sigwatch", "demo"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout
    for number in range(1, 7):
        assert re.search(rf"^ *{number}\. ", text, re.MULTILINE)
    for wanted in (
        "KO-cm-004 → RIS-2026-02-04-001 (3 reasons)",
        "🔴 P0",
        "credentialmate",
        "Fixed last time by RIS-2026-02-04-001 in 10 minutes",
        "Authorization: [secret] user=[email]",
        "#logsV2:logs-insights",
        "✎ same message, edited: P0 KO-cm-004",
        "✅ resolved after",
        "30 of 30",
    ):
        assert wanted in text, wanted
    assert re.search(r"messages +1 opened, \d+ edits of its count, 1 resolved: one message in all", text)
    assert re.search(r"incidents +1 opened, 1 resolved", text)
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())
