"""The verbs, called as a user calls them."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sigwatch import __version__
from sigwatch.cli.app import hoisted
from sigwatch.cli.context import moment
from sigwatch.local.server import LocalServer
from tests.fakes.processes import GROUP, SIGNATURES
from tests.fakes.verbs import ERROR, NOW_MS, call, call_json, run

CONFIGURATION = f"""\
knowledge: {{paths: ["{SIGNATURES}"]}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1}}
targets: [console]
store: sqlite:state.db
http: {{port: 0}}
"""


def test_check_shows_links_with_their_reasons_and_ends_fine(folder: Path) -> None:
    code, out, _ = call("check", str(SIGNATURES))
    assert code == 0
    assert "KO-cm-004" in out
    assert "linked to RIS-2026-02-04-001, 6 steps from “If This Happens Again”" in out
    assert "5 signatures (5 linked), 3 RIS, 1 files ignored, 0 errors, 0 warnings" in out


def test_check_prints_the_documented_object(folder: Path) -> None:
    code, report = call_json("check", str(SIGNATURES))
    assert (code, report["problems"]) == (0, [])
    found = {signature["id"]: signature for signature in report["signatures"]}["KO-cm-004"]
    assert found["status"] == "approved"
    assert found["links"][0]["ris"] == found["remediation"]["ris"] == "RIS-2026-02-04-001"
    assert found["remediation"]["severity"] == "P0"
    assert len(found["remediation"]["steps"]) == 6
    assert {"text", "code"} == set(found["remediation"]["steps"][0])
    assert found["remediation"]["log_groups"] == [GROUP]


def test_check_names_every_problem_with_path_line_and_field_and_goes_on(folder: Path) -> None:
    (folder / "bad.md").write_text("---\nid: KO-bad\nstatus: approved\ntitle: x\ndetection_pattern: '(a'\n---\n# x\n")
    (folder / "good.md").write_text("---\nid: KO-ok\nstatus: approved\ntitle: x\ndetection_pattern: 'abc'\n---\n# x\n")
    code, report = call_json("check", ".")
    assert code == 1
    assert [s["id"] for s in report["signatures"]] == ["KO-ok"]
    [problem] = report["problems"]
    assert (problem["path"], problem["line"], problem["field"]) == ("bad.md", 5, "detection_pattern")
    code, out, _ = call("check", ".", "--format", "github")
    assert out.startswith("::error file=bad.md,line=5::detection_pattern: ")


def test_check_finds_a_watched_signature_without_log_groups(folder: Path) -> None:
    (folder / "ko.md").write_text("---\nid: KO-1\nstatus: approved\ntitle: x\ndetection_pattern: 'abc'\n---\n# x\n")
    (folder / "sigwatch.yaml").write_text("knowledge: {paths: [ko.md]}\n")
    code, report = call_json("check")
    assert code == 1
    assert "no log groups: set log_groups here" in report["problems"][0]["message"]


def test_list_and_show(folder: Path) -> None:
    code, out, _ = call("list", "--knowledge", str(SIGNATURES))
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("KO-")][-1] == "KO-dp-001"
    _, listed = call_json("list", "--knowledge", str(SIGNATURES))
    assert [entry["id"] for entry in listed][3] == "KO-cm-004"
    code, out, _ = call("show", "KO-dp-001", "--knowledge", str(SIGNATURES))
    assert code == 0
    assert "Not yet resolved: RIS-2025-12-12-001 recommends" in out
    assert all(f"\n  {number}. " in out for number in range(1, 5))
    _, shown = call_json("show", "KO-cm-004", "--knowledge", str(SIGNATURES))
    assert shown["remediation"]["mttr"] == "10 minutes"
    code, _, err = call("show", "KO-none", "--knowledge", str(SIGNATURES))
    assert code == 2
    assert "no signature has the id KO-none; known are KO-cm-001" in err


def test_plan_prints_the_queries_and_their_scopes(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.store.put(GROUP, "s", [(NOW_MS - 60_000, "x" * 1000)])
    code, report = call_json("plan")
    assert (code, report["problems"]) == (0, [])
    [query] = report["queries"]
    assert query["log_groups"] == [GROUP]
    assert query["signatures"] == ["KO-cm-001", "KO-cm-002", "KO-cm-003", "KO-cm-004", "KO-dp-001"]
    assert query["query"].startswith("fields @timestamp")
    assert report["bytes_per_day"] > 0
    code, out, _ = call("plan")
    assert code == 0
    assert "1 query a round" in out
    assert "dollars a month" in out


def test_plan_without_aws_says_so(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.stop()
    code, report = call_json("plan")
    assert code == 1
    assert "log groups can not be listed" in report["problems"][0]


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("0.0000000001", "does not pay for one pass"),
        ("0.0000001", "does not pay for all passes"),
    ],
)
def test_plan_warns_of_a_budget_that_is_too_small(folder: Path, server: LocalServer, budget: str, words: str) -> None:
    text = CONFIGURATION + f"polling: {{budget_dollars_per_day: {budget}}}\n"
    (folder / "sigwatch.yaml").write_text(text)
    server.store.put(GROUP, "s", [(NOW_MS - 60_000, "x" * 10_000)])
    code, report = call_json("plan")
    assert code == 1
    assert report["problems"][0].startswith("polling.budget_dollars_per_day: 0.00 " + words)


def test_plan_says_which_strategy_each_scope_gets_and_why(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.store.create_group("/aws/lambda/credmate-rare", log_class="INFREQUENT_ACCESS")
    _, report = call_json("plan")
    assert [(s["log_class"], s["log_groups"], s["strategy"]) for s in report["scopes"]] == [
        ("STANDARD", 1, "exact"),
        ("INFREQUENT_ACCESS", 1, "exact"),
    ]
    assert report["scopes"][0]["reason"] == "all patterns fit into one query"
    _, out, _ = call("plan")
    assert "us-east-1/credentialmate+docprof: 1 log group (standard), 5 signatures\n  exact: all patterns fit" in out


def test_plan_names_what_can_not_work(folder: Path, server: LocalServer) -> None:
    text = CONFIGURATION.replace('"/aws/lambda/credmate-*"', '"/aws/lambda/credmate-*", "/nothing/*"')
    slow = text.replace("aws: {region: us-east-1}", "aws: {region: us-east-1, limits: {start_per_second: 0.05}}")
    (folder / "sigwatch.yaml").write_text(slow)
    _, report = call_json("plan")
    assert "/nothing/* matches no log group; correct the name" in report["problems"][0]
    assert "every 15 s that is 0.085 queries a second over all passes, and 0.05 are granted" in report["problems"][-1]
    assert "set at least 32s" in report["problems"][-1]


def test_passes_that_run_together_are_refused_with_the_cure(folder: Path) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION + "polling: {interval: 15s, passes: {eager: 0s, again: 5s}}\n")
    done = run("plan", cwd=folder)
    assert done.returncode == 2
    assert "sigwatch.yaml:7: polling.passes.again: again reads again 5 s after the first pass" in done.stderr


def test_history_without_a_state_says_so(folder: Path) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    code, _, err = call("history", "coverage")
    assert code == 2
    assert "there is no state yet" in err


def test_history_tells_what_was_searched_and_what_it_cost(folder: Path, server: LocalServer) -> None:
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    server.store.put(GROUP, "s", [(NOW_MS - 5_000, ERROR)])
    assert run("run", "--once", cwd=folder).returncode == 0
    code, report = call_json("history", "coverage", "--since", "1h")
    assert code == 0
    eager = next(each for each in report["coverage"] if each["pass"] == "eager")
    assert (eager["log_group"], eager["gaps"], eager["complete"]) == (GROUP, [], False)
    start, end = eager["from"].rstrip("Z"), eager["searched_to"].rstrip("Z")
    code, report = call_json("history", "coverage", "--since", start, "--until", end)
    assert code == 0
    assert {each["pass"] for each in report["coverage"] if each["complete"]} == {"eager"}
    code, out, _ = call("history", "coverage", "--since", "1h")
    assert f"eager watches 1 of 1 log groups only since {start}Z" in out
    code, _, err = call("history", "coverage", "--since", end, "--until", start)
    assert code == 2
    assert "the range is empty" in err
    with sqlite3.connect(folder / "state.db") as state:
        state.execute('UPDATE coverage SET "end" = "end" - 300 WHERE pass = \'eager\'')
        state.execute(
            'INSERT INTO coverage SELECT pass, account, region, log_group, "end" + 100, "end" + 200'
            " FROM coverage WHERE pass = 'eager'"
        )
    state.close()
    code, out, _ = call("history", "coverage", "--since", "1h")
    assert code == 1
    assert f"not searched: eager {GROUP} " in out
    code, report = call_json("history", "cost")
    assert {(paid["scope"], paid["pass"]) for paid in report["cost"]} >= {("us-east-1/credentialmate+docprof", "eager")}
    code, out, _ = call("history", "cost", "--since", "2d")
    assert code == 0
    assert "dollars since" in out


def test_moments_are_read_as_people_write_them() -> None:
    assert moment("now", 100.5) == 100
    assert moment("2h", 10_000) == 2_800
    assert moment("2026-02-04T06:00", 0) == moment("2026-02-04T07:00+01:00", 0) == 1_770_184_800


def test_global_options_may_stand_anywhere() -> None:
    assert hoisted(["plan", "-c", "x.yaml", "--format", "json", "-v"]) == [
        "-c",
        "x.yaml",
        "-v",
        "plan",
        "--format",
        "json",
    ]
    assert hoisted(["check", "--knowledge=a", "--", "-c"]) == ["--knowledge=a", "check", "--", "-c"]
    assert hoisted(["run", "-c"]) == ["-c", "run"]


def test_what_goes_wrong_ends_with_a_sentence_and_its_code(folder: Path) -> None:
    missing = run("run", cwd=folder)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "sigwatch.yaml: configuration: no such file; copy the example from the README" in missing.stderr
    (folder / "sigwatch.yaml").write_text("polling: {interval: soon}\nstores: x\n")
    invalid = run("plan", cwd=folder)
    assert invalid.returncode == 2
    assert "sigwatch.yaml:1: polling.interval: 'soon' is no duration" in invalid.stderr
    assert "sigwatch.yaml:2: stores: unknown key; did you mean store?" in invalid.stderr
    nothing = run("check", cwd=folder)
    assert nothing.returncode == 2
    unknown = run("frobnicate", cwd=folder)
    assert unknown.returncode == 2
    assert "Traceback" not in missing.stderr + invalid.stderr + nothing.stderr + unknown.stderr


def test_settings_of_aws_that_can_not_work_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (folder / "sigwatch.yaml").write_text(CONFIGURATION.replace("aws: {region: us-east-1}\n", ""))
    without = run("run", "--once", cwd=folder)
    assert without.returncode == 2
    assert "sigwatch: aws: You must specify a region. Set aws.region" in without.stderr
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "nonsense")
    (folder / "sigwatch.yaml").write_text(CONFIGURATION)
    wrong = run("plan", cwd=folder)
    assert wrong.returncode == 2
    assert "Invalid endpoint: nonsense" in wrong.stderr
    assert "Traceback" not in without.stderr + wrong.stderr


def test_a_port_that_local_can_not_have_is_named(folder: Path, server: LocalServer) -> None:
    taken = run("local", "--port", server.url.rpartition(":")[2], cwd=folder)
    assert taken.returncode == 2
    assert "can not be had: Address already in use; choose another --port" in taken.stderr
    assert run("local", "--port", "99999999", cwd=folder).returncode == 2


def test_without_configuration_it_says_what_to_name(folder: Path) -> None:
    nothing = run("list", cwd=folder)
    assert nothing.returncode == 2
    assert "set knowledge.paths in the configuration, or use --knowledge PATH" in nothing.stderr


def test_a_reader_that_goes_away_is_no_error_to_talk_about(folder: Path) -> None:
    command = f"{sys.executable} -m sigwatch check {SIGNATURES} --format json | head -c 1"
    done = subprocess.run(["sh", "-c", command], check=False, cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""


def test_version(folder: Path) -> None:
    assert call("version") == (0, f"sigwatch {__version__}\n", "")


def test_local_says_where_it_is(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sigwatch", "local", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.terminate()
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "aws logs describe-log-groups --endpoint-url" in err
