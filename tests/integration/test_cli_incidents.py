"""`incidents` and `silence`, called as a user calls them, on a state as the daemon leaves it."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sigwatch.cli.app import application, hoisted
from sigwatch.cli.records import abbreviated
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, Silence, State
from sigwatch.model.message import Alert
from sigwatch.publish.key import message_key
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telling import card
from tests.fakes.processes import GROUP, SIGNATURES

NOW_MS = int(time.time() * 1000)  # noqa: TID251 - the verbs live in real time
MINUTE = 60_000
CONFIGURATION = f"""\
knowledge: {{paths: ["{SIGNATURES}"]}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1}}
targets: [console]
store: sqlite:state.db
"""
FIRST, SECOND, OLD = "1111aaaa00000000", "1111bbbb00000000", "2222aaaa00000000"


def incident(name: str, **changes: Any) -> Incident:
    made = Incident(
        id=name,
        signature="KO-cm-004",
        project="credentialmate",
        severity="P0",
        group=GROUP,
        account="111122223333",
        region="us-east-1",
        log_groups=(GROUP,),
        state=State.OPEN,
        count=1_234,
        first_seen_ms=NOW_MS - 30 * MINUTE,
        last_seen_ms=NOW_MS - 2 * MINUTE,
        active_ms=NOW_MS - 2 * MINUTE,
        opened_ms=NOW_MS - 30 * MINUTE,
        samples=("ERROR No module named 'src.api'",),
    )
    return replace(made, **changes)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """What the verbs find: two open incidents, the first of them told, and one that is long over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "jane doe")
    (tmp_path / "sigwatch.yaml").write_text(CONFIGURATION)
    made = SqliteStore(tmp_path / "state.db")
    first = incident(FIRST)
    over = incident(
        OLD, signature="KO-dp-001", severity="P2", state=State.RESOLVED, last_seen_ms=NOW_MS - 90 * 1440 * MINUTE
    )
    with made.unit() as unit:
        for each in (first, incident(SECOND, signature="KO-cm-001", severity="P1", group="other"), over):
            unit.put_incident(each)
        alert = Alert(
            message_key(FIRST, "console"), first, "The API is gone", "Nobody works", "Test it", None, "https://l"
        )
        for notice in card(Decision(Reason.OPENED, first), alert, "console", "", NOW_MS):
            unit.enqueue(notice)
    made.close()
    return made


def call(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application(), hoisted(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def call_json(*arguments: str) -> Any:
    code, out, _ = call(*arguments, "--format", "json")
    assert code == 0
    return json.loads(out)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sigwatch", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def listed(*arguments: str) -> list[str]:
    return [each["id"] for each in call_json("incidents", *arguments)["incidents"]]


def test_incidents_that_are_not_over_are_listed_the_newest_first(store: SqliteStore) -> None:
    code, out, err = call("incidents")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["1111bbbb", "P1", "open"], ["1111aaaa", "P0", "open"]]
    assert re.search(r"1,234 +\d+ min ago +KO-cm-004 +/aws/lambda/credmate-", lines[2])


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [SECOND, FIRST]),
        (("--state", "all"), [SECOND, FIRST, OLD]),
        (("--state", "resolved"), [OLD]),
        (("--state", "acknowledged"), []),
        (("--state", "all", "--since", "7d"), [SECOND, FIRST]),
        (("--state", "all", "--signature", "KO-dp-*"), [OLD]),
        (("--signature", "ko-cm-*"), []),
    ],
)
def test_the_listing_can_be_narrowed(store: SqliteStore, arguments: tuple[str, ...], found: list[str]) -> None:
    assert listed(*arguments) == found


def test_an_incident_in_json_has_what_backfill_says_of_it_and_more(store: SqliteStore) -> None:
    told = call_json("incidents", "--state", "open")["incidents"][1]
    assert {"signature", "group", "first_seen", "last_seen", "count"} <= set(told)
    assert (told["id"], told["state"], told["count"], told["silence"]) == (FIRST, "open", 1_234, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["last_seen"])


def test_nothing_to_list_is_said_on_stderr(store: SqliteStore) -> None:
    assert call("incidents", "--signature", "x") == (0, "", "no incidents; --state all shows those that are over\n")
    assert call_json("incidents", "--signature", "x") == {"incidents": []}


def test_an_incident_is_shown_as_it_was_told_with_what_was_done(store: SqliteStore) -> None:
    assert call("incidents", "ack", FIRST)[0] == 0
    code, out, _ = call("incidents", "show", "1111a")
    assert code == 0
    assert "The API is gone" in out
    assert "No module named 'src.api'" in out
    assert re.search(r"UTC  cli:janedoe  acknowledged  ", out)
    told = call_json("incidents", "show", FIRST)
    assert told["samples"] == ["ERROR No module named 'src.api'"]
    assert [(entry["actor"], entry["action"]) for entry in told["audit"]] == [("cli:janedoe", "acknowledged")]


def test_an_incident_that_nobody_was_told_of_is_shown_by_its_facts(store: SqliteStore) -> None:
    code, out, _ = call("incidents", "show", SECOND)
    assert code == 0
    assert re.search(r"^signature +KO-cm-001 *$", out, re.MULTILINE)
    assert re.search(r"^log groups +/aws/lambda/credmate", out, re.MULTILINE)


def test_several_are_acknowledged_and_an_unknown_one_keeps_nobody_waiting(store: SqliteStore) -> None:
    code, out, err = call("incidents", "ack", "1111a", "nothing", "1111b")
    assert code == 1
    assert out.splitlines() == [
        f"{FIRST} P0 KO-cm-004: acknowledged",
        f"{SECOND} P1 KO-cm-001: acknowledged",
    ]
    assert err == "sigwatch: there is no incident 'nothing'; `sigwatch incidents --state all` lists all\n"
    code, out, _ = call("incidents", "ack", FIRST)
    assert (code, out) == (0, f"{FIRST} P0 KO-cm-004: was acknowledged already by cli:janedoe\n")
    assert listed("--state", "acknowledged") == [SECOND, FIRST]


def test_what_somebody_resolves_is_over(store: SqliteStore) -> None:
    assert call("incidents", "resolve", FIRST) == (0, f"{FIRST} P0 KO-cm-004: resolved\n", "")
    told = call_json("incidents", "show", FIRST)
    assert (told["state"], told["resolution"], told["closed_by"]) == ("resolved", "closed", "cli:janedoe")
    assert call("incidents", "resolve", FIRST)[1] == f"{FIRST} P0 KO-cm-004: was resolved already by cli:janedoe\n"


def test_the_beginning_of_several_ids_is_not_guessed(store: SqliteStore) -> None:
    code, out, err = call("incidents", "ack", "1111")
    assert (code, out) == (1, "")
    assert err == f"sigwatch: '1111' begins 2 ids ({FIRST}, {SECOND}); write more of the one you mean\n"
    assert call("incidents", "ack", "")[0] == 1


def test_without_a_state_or_a_configuration_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: SqliteStore
) -> None:
    (tmp_path / "state.db").unlink()
    code, out, err = call("incidents")
    assert (code, out) == (2, "")
    assert "there is no state yet: `sigwatch run` creates it" in err
    (tmp_path / "sigwatch.yaml").unlink()
    missing = run("silence", "list")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no such file" in missing.stderr
    assert "Traceback" not in missing.stderr


def silence(*arguments: str) -> tuple[int, str, str]:
    return call("silence", "add", "--reason", "deploy of 5.2", *arguments)


def test_a_silence_says_what_it_covers_before_it_holds(store: SqliteStore) -> None:
    code, out, err = silence("--signature", "KO-cm-*", "--severity", "P0", "--for", "2h", "--yes")
    assert code == 0
    assert err.splitlines()[0] == "A silence of 2 h for signature KO-cm-*, severity P0."
    assert "EVERY LOG GROUP" in err
    assert f"It covers 1 incident that is open: KO-cm-004 in {GROUP}." in err
    assert re.fullmatch(r"[0-9a-f]{12} silenced until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", out)
    [told] = call_json("silence", "list")["silences"]
    assert (told["state"], told["author"], told["source"], told["covers"]) == ("active", "janedoe", "cli", 1)
    assert told["reason"] == "deploy of 5.2"
    assert told["matchers"] == {"signature": "KO-cm-*", "project": "*", "severity": "P0", "log_group": "*"}
    again = silence("--signature", "KO-cm-*", "--severity", "P0", "--for", "2h", "--yes", "--author", "Joe")
    assert again[0] == 0
    assert again[1].startswith(f"{told['id']} silenced already until ")


def test_without_a_terminal_it_asks_for_yes_and_does_nothing(store: SqliteStore) -> None:
    code, out, err = silence("--signature", "KO-cm-004", "--for", "2h")
    assert (code, out) == (2, "")
    assert "It covers 1 incident" in err
    assert err.splitlines()[-1] == "sigwatch: nothing was silenced: without a terminal to ask on, --yes is needed"
    assert call_json("silence", "list") == {"silences": []}


@pytest.mark.parametrize(("typed", "code", "count"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_on_a_terminal_it_asks(store: SqliteStore, typed: str, code: int, count: int) -> None:
    ours, its = pty.openpty()
    os.write(ours, typed.encode())
    command = [sys.executable, "-m", "sigwatch", "silence", "add", "--signature", "KO-cm-004", "--for", "2h"]
    done = subprocess.run(
        [*command, "--reason", "deploy"],
        check=False,
        stdin=its,
        capture_output=True,
        text=True,
    )
    os.close(ours)
    os.close(its)
    assert done.returncode == code, done.stderr
    assert "Silence this? [y/N]" in done.stderr
    assert len(call_json("silence", "list")["silences"]) == count


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--for", "2h"), "name what it is for, such as --signature, or say --everything"),
        (("--signature", "x"), "say either --for, such as 2h, or --until"),
        (("--signature", "x", "--for", "2h", "--until", "2999-01-01"), "say either --for"),
        (("--signature", "x", "--for", "soon"), "is no duration"),
        (("--signature", "x", "--until", "2020-01-01"), "it would never hold"),
        (("--signature", "x", "--for", "31d"), "longer than 30 days"),
        (("--signature", "x", "--for", "2h", "--reason", " "), "needs a reason"),
    ],
)
def test_a_silence_that_can_not_be_meant_is_refused(store: SqliteStore, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = silence(*arguments, "--yes")
    assert (code, out) == (2, "")
    assert words in " ".join(err.replace("│", " ").split())
    assert call_json("silence", "list", "--all") == {"silences": []}


def test_everything_is_silenced_only_when_that_is_said(store: SqliteStore) -> None:
    code, _, err = silence("--everything", "--for", "10m", "--yes")
    assert code == 0
    assert err.startswith("A silence of 10 min for everything.\nIt covers EVERY SIGNATURE")
    assert call_json("silence", "list")["silences"][0]["covers"] == 2


def test_silences_are_listed_by_what_they_are_now(store: SqliteStore, tmp_path: Path) -> None:
    def made(name: str, start: int, end: int, **changes: Any) -> Silence:
        author = f"author of {name}"
        return replace(Silence(name, Matchers(), f"why {name}", author, start, end, "silences.yaml:3"), **changes)

    state = SqliteStore(tmp_path / "state.db")
    with state.unit() as unit:
        unit.put_silence(made("1active000000", NOW_MS - MINUTE, NOW_MS + 60 * MINUTE))
        unit.put_silence(made("2coming000000", NOW_MS + 60 * MINUTE, NOW_MS + 90 * MINUTE))
        unit.put_silence(made("3ended0000000", NOW_MS - 90 * MINUTE, NOW_MS - MINUTE))
        cancelled = {"cancelled_ms": NOW_MS - 1, "cancelled_by": "cli:joe"}
        unit.put_silence(made("4cancelled000", NOW_MS - MINUTE, NOW_MS + 60 * MINUTE, **cancelled))
    state.close()
    assert [(s["id"][0], s["state"]) for s in call_json("silence", "list")["silences"]] == [
        ("1", "active"),
        ("2", "coming"),
    ]
    code, out, _ = call("silence", "list", "--all")
    assert code == 0
    rows = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert {name: row.split()[1] for name, row in rows.items()} == {
        "1active0": "active",
        "2coming0": "coming",
        "3ended00": "ended",
        "4cancell": "ended",
    }
    assert "author of 1active000000 (silences.yaml:3)" in rows["1active0"]


def test_a_silence_ends_by_its_beginning_and_an_unknown_one_is_named(store: SqliteStore) -> None:
    silence("--signature", "KO-cm-004", "--for", "2h", "--yes")
    [told] = call_json("silence", "list")["silences"]
    code, out, err = call("silence", "expire", told["id"][:5], "nothing")
    assert (code, out) == (1, f"{told['id']}: ended\n")
    assert err == "sigwatch: there is no silence 'nothing'; `sigwatch silence list --all` lists all\n"
    assert call("silence", "expire", told["id"])[1] == f"{told['id']}: had ended\n"
    assert call("silence", "list") == (0, "", "no silences; --all shows those that have ended\n")
    [ended] = call_json("silence", "list", "--all")["silences"]
    assert (ended["state"], ended["cancelled_by"]) == ("ended", "cli:janedoe")


def test_a_secret_in_a_reason_is_not_kept(store: SqliteStore, tmp_path: Path) -> None:
    assert silence("--signature", "x", "--for", "1h", "--yes", "--reason", "password=hunter2hunter2")[0] == 0
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))


def test_a_pipe_gets_whole_lines_and_no_colour(store: SqliteStore) -> None:
    done = run("incidents")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["where", "other", GROUP]


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        (["a" * 16], ["aaaaaaaa"]),
        (["abcdefgh11", "abcdefgh12", "abcd"], ["abcdefgh11", "abcdefgh12", "abcd"]),
        ([], []),
    ],
)
def test_ids_are_shown_as_short_as_they_can_be_told_apart(ids: list[str], shown: list[str]) -> None:
    assert [abbreviated(ids)[each] for each in ids] == shown


def on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """What a terminal of that width shows, without its colours."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "sigwatch", *arguments]
    ours_alone = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    subprocess.run(command, check=True, stdout=its, env={**ours_alone, "TERM": "xterm"})
    os.close(its)
    shown = b""
    with suppress(OSError):  # the other end is closed once all is read
        while read := os.read(ours, 65_536):
            shown += read
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", shown.decode()).replace("\r", "").splitlines()


def test_a_terminal_gets_a_table_and_a_narrow_one_a_paragraph_each(store: SqliteStore) -> None:
    wide = on_a_terminal(140, "incidents")
    assert wide[0].split() == ["id", "severity", "state", "events", "seen", "signature", "where"]
    assert wide[2].endswith(GROUP)
    narrow = on_a_terminal(50, "incidents")
    assert narrow[7:11] == ["1111aaaa", "  severity: P0", "  state: open", "  events: 1,234"]
    assert re.fullmatch(r"  seen: \d+ min ago", narrow[11])
    assert narrow[13] == f"  where: {GROUP}"
