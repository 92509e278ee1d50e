"""`sigwatch backfill`, called as a user calls it."""

import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sigwatch import config
from sigwatch.errors import RangeError
from sigwatch.local.faults import Faults
from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from sigwatch.wiring import past
from tests.fakes.metrics import FakeMetrics
from tests.fakes.processes import GROUP, SIGNATURES
from tests.fakes.slack_server import TOKEN, FakeSlack, readable
from tests.fakes.verbs import ERROR, NOW_MS, call, call_json, run

CONFIGURATION = """\
knowledge: {{paths: ["{knowledge}"]}}
projects: {{default: {{log_groups: ["/aws/lambda/credmate-*"]}}}}
aws: {{region: us-east-1}}
polling: {{interval: 1s, passes: {{eager: 0s, settled: 3s}}}}
targets: [console]
store: sqlite:state.db
http: {{port: 0}}
"""


def configure(folder: Path, more: str = "", knowledge: Path = SIGNATURES) -> None:
    base = CONFIGURATION.format(knowledge=knowledge)
    kept = [
        line
        for line in base.splitlines()
        if line.split(":")[0] not in {each.split(":")[0] for each in more.splitlines()}
    ]
    (folder / "sigwatch.yaml").write_text("\n".join([*kept, more, ""]))


def ago(seconds: int) -> str:
    """A time that is the same however often it is asked for."""
    return datetime.fromtimestamp(NOW_MS // 1000 - seconds, UTC).isoformat()


def scanned(server: LocalServer) -> int:
    """Bytes that were paid for."""
    return int(str(server.stats()["bytes_scanned"]))


def draft_beside(folder: Path) -> Path:
    """A copy of the library in which one signature is a draft."""
    copy = folder / "library"
    shutil.copytree(SIGNATURES, copy)
    [path] = [path for path in (copy / "knowledge").rglob("*.md") if "KO-cm-004" in path.read_text()]
    path.write_text(path.read_text().replace('"status": "approved"', '"status": "draft"'))
    return copy


def test_backfill_finds_the_past_and_tells_nobody(folder: Path, server: LocalServer) -> None:
    configure(folder)
    old = NOW_MS - 5 * 3_600_000
    server.store.put(GROUP, "s", [(old, ERROR), (old + 1_000, ERROR + " again"), (old + 2 * 3_600_000, ERROR)])
    code, report = call_json("backfill", "--since", "6h")
    assert code == 0
    assert report["hits"] == {"KO-cm-001": 0, "KO-cm-002": 0, "KO-cm-003": 0, "KO-cm-004": 3, "KO-dp-001": 0}
    assert [(i["signature"], i["group"], i["count"]) for i in report["incidents"]] == [
        ("KO-cm-004", GROUP, 2),
        ("KO-cm-004", GROUP, 1),
    ]
    assert report["incidents"][0]["first_seen"].endswith("Z")
    assert report["bytes_scanned"] == 3 * len(ERROR) + len(" again")
    assert (report["gaps"], report["problems"]) == ([], [])
    assert not (folder / "state.db").exists()
    code, out, _ = call("backfill", "--since", "6h")
    assert "3 hits, 2 incidents" in out
    assert "never seen: KO-cm-001, KO-cm-002, KO-cm-003, KO-dp-001" in out


def test_backfill_finds_events_that_are_older_than_their_log_group(folder: Path, server: LocalServer) -> None:
    configure(folder)
    young = "/aws/lambda/credmate-young"
    server.store.create_group(young, created_ms=NOW_MS - 1_000)
    server.store.put(young, "s", [(NOW_MS - 3 * 3_600_000, ERROR), (NOW_MS - 60_000, ERROR)])
    code, report = call_json("backfill", "--since", "4h")
    assert code == 0
    assert report["hits"]["KO-cm-004"] == 2


def test_backfill_that_could_search_nothing_does_not_say_never_seen(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.stop()
    code, report = call_json("backfill", "--since", "1h")
    assert (code, report["queries"], report["gaps"][0]["reason"]) == (1, 0, "log groups can not be listed")
    _, out, _ = call("backfill", "--since", "1h")
    assert "never seen" not in out
    assert "not seen in what could be searched: KO-cm-001" in out


def test_backfill_names_what_it_could_not_read(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.inject(Faults(forbidden_groups=(GROUP,)))
    code, report = call_json("backfill", "--since", "1h")
    assert code == 1
    assert {group for gap in report["gaps"] for group in gap["log_groups"]} == {GROUP}


@pytest.mark.parametrize("since", ["1h --until 2h", "2999-01-01", "tomorrow", "999999999d"])
def test_a_range_that_makes_no_sense_is_refused_before_any_query(folder: Path, server: LocalServer, since: str) -> None:
    configure(folder)
    ended = run("backfill", "--since", *since.split(), cwd=folder)
    assert ended.returncode == 2
    assert any(
        words in ended.stderr
        for words in ("must lie before", "is no time; write 24h", "is in the future", "before 1970")
    )
    assert "Traceback" not in ended.stderr
    assert server.stats()["requests"] == {}


def test_a_range_past_the_retention_is_refused_before_any_query(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.store.set_retention(GROUP, 3)
    ended = run("backfill", "--since", "6d", "--until", "5d", cwd=folder)
    assert ended.returncode == 2
    assert "the retention of the log groups has deleted" in ended.stderr
    assert "choose a later range" in ended.stderr
    assert "StartQuery" not in str(server.stats()["requests"])


def test_the_plan_comes_first_and_a_dry_run_stops_there(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    code, out, _ = call("backfill", "--since", "2h", "--dry-run")
    assert code == 0
    assert re.search(r"credentialmate\S*: 1 log group, 1 slice, \d+ bytes\n", out)
    assert f"about {len(ERROR)} bytes, 0.0000 dollars, under a minute (from the service's own estimate)" in out
    code, plan = call_json("backfill", "--since", "2h", "--dry-run")
    assert code == 0
    assert (plan["bytes"], plan["slices"], plan["scopes"][0]["log_groups"]) == (len(ERROR), 1, [GROUP])
    assert scanned(server) == 0
    assert not (folder / "backfills").exists()


def test_a_plan_without_the_estimate_of_the_service_is_made_of_what_came_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder)
    clock = time.time  # noqa: TID251 - the same
    incoming = FakeMetrics({GROUP: 4 * 1024**3})
    with incoming, LocalServer(clock=clock, settings=Settings(estimate=False)) as made:
        made.store.create_group(GROUP, created_ms=NOW_MS - 10 * 86_400_000)
        made.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", made.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", incoming.client().meta.endpoint_url)
        _, out, _ = call("backfill", "--since", "2h", "--dry-run")
        assert "about 4.0 GB, 0.0200 dollars, under a minute (from the metric IncomingBytes)" in out
        incoming.down = True
        _, out, _ = call("backfill", "--since", "2h", "--dry-run")
        assert "(from what the log groups store)" in out


def test_a_dear_backfill_is_refused_where_nobody_can_be_asked(folder: Path, server: LocalServer) -> None:
    configure(folder, "backfill: {ask_above_dollars: 0}")
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    code, out, said = call("backfill", "--since", "2h")
    assert (code, out) == (2, "")
    assert "more than backfill.ask_above_dollars (0.00); nothing was searched. Say --yes to pay it" in said
    assert scanned(server) == 0
    with pytest.raises(RangeError, match="was left unfinished"):
        call("backfill", "--resume")
    assert call_json("backfill", "--since", "2h", "--yes")[1]["hits"]["KO-cm-004"] == 1


def test_what_was_searched_once_costs_nothing_again(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    asked = ("backfill", "--since", ago(7_200), "--until", ago(60))
    first = call_json(*asked)
    paid = scanned(server)
    code, out, said = call(*asked, "--format", "json")
    assert paid == len(ERROR)
    assert (code, json.loads(out)) == first
    assert "nothing is left to search: all of it was searched before, and costs nothing now" in said
    assert scanned(server) == paid
    [kept] = (folder / "backfills").glob("*.db")
    assert call_json("backfill", "--resume", kept.stem) == first


def test_a_backfill_does_not_go_on_with_other_patterns(folder: Path, server: LocalServer) -> None:
    knowledge = folder / "library"
    shutil.copytree(SIGNATURES, knowledge)
    configure(folder, knowledge=knowledge)
    assert call("backfill", "--since", "2h")[0] == 0
    [kept] = (folder / "backfills").glob("*.db")
    [path] = [path for path in (knowledge / "knowledge").rglob("*.md") if "KO-cm-004" in path.read_text()]
    path.write_text(path.read_text().replace('"detection_pattern": "', '"detection_pattern": "another '))
    with pytest.raises(RangeError, match=r"KO-cm-004 changed since it began.*begin a new backfill"):
        call("backfill", "--resume", kept.stem)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume"], "was left unfinished; begin one with --since"),
        (["--resume", "abc"], "there is no backfill abc"),
        (["--resume", "--since", "3d"], "leave --since out"),
        (["abc"], "say how far back, such as --since 30d"),
        (["--since", "1h", "--signature", "KO-none"], "no signature has the id KO-none; known are KO-cm-001"),
        (["--since", "1h", "--log-group", "/nope/*"], "no log group matches /nope/*: check its name and the region"),
    ],
)
def test_bad_input_is_a_sentence_with_the_cure(
    folder: Path, server: LocalServer, arguments: list[str], words: str
) -> None:
    configure(folder)
    ended = run("backfill", *arguments, cwd=folder)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in " ".join(ended.stderr.split())
    assert "StartQuery" not in str(server.stats()["requests"])
    assert not list(folder.glob("backfills/*"))


def test_one_question_is_answered_by_one_process_at_a_time(folder: Path, server: LocalServer) -> None:
    configure(folder)
    asked = ("backfill", "--since", ago(7_200), "--until", ago(60))
    assert call(*asked)[0] == 0
    [kept] = (folder / "backfills").glob("*.db")
    with past.runs_of(config.load(folder / "sigwatch.yaml")).alone(kept.stem):
        ended = run(*asked, cwd=folder)
    assert ended.returncode == 2
    assert f"backfill {kept.stem} is at work in another process" in ended.stderr


def test_a_draft_is_searched_for_where_that_is_asked(folder: Path, server: LocalServer) -> None:
    configure(folder, knowledge=draft_beside(folder))
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    assert "KO-cm-004" not in call_json("backfill", "--since", "2h")[1]["hits"]
    assert call_json("backfill", "--since", "2h", "--include-drafts")[1]["hits"]["KO-cm-004"] == 1
    assert call_json("backfill", "--since", "2h", "--signature", "KO-cm-004")[1]["hits"] == {"KO-cm-004": 1}


def test_no_configuration_is_needed(folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    elsewhere = "/somewhere/else"
    server.store.create_group(elsewhere, created_ms=NOW_MS - 10 * 86_400_000)
    for name in (GROUP, elsewhere):
        server.store.put(name, "s", [(NOW_MS - 3_600_000, ERROR)])
    code, report = call_json("backfill", "--since", "2h", "--knowledge", str(SIGNATURES), "--log-group", "/some*")
    assert code == 0
    assert [each["group"] for each in report["incidents"]] == [elsewhere]


def test_the_report_shows_incidents_with_a_histogram_masked_samples_and_steps(
    folder: Path, server: LocalServer
) -> None:
    configure(folder)
    old = NOW_MS - 5 * 3_600_000
    server.store.put(GROUP, "s", [(old + n * 1_000, f"{ERROR} password=hunter2secret") for n in range(4)])
    _, out, _ = call("backfill", "--since", "6h")
    assert "peak 4/min" in out or "peak 3/min" in out or "peak 2/min" in out
    assert "█" in out
    assert "│ [ERROR] ModuleNotFoundError" in out
    assert "Fixed last time by RIS-2026-02-04-001" in out
    assert "1. Confirm the error" in " ".join(out.split())
    assert "hunter2secret" not in out


def test_the_page_is_one_file_with_a_picture(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, f"{ERROR} password=hunter2secret")])
    code, page, _ = call("backfill", "--since", "2h", "--format", "html")
    assert code == 0
    assert "<svg" in page
    assert not re.search(r"<(?:script|img|link)[^>]*(?:src|href)=.(?!data:)", page)
    assert "KO-cm-004" in page
    assert "hunter2secret" not in page
    _, table, _ = call("backfill", "--since", "2h", "--format", "csv")
    assert re.search(r"(?m)^KO-cm-004,", table) or "KO-cm-004" in table.splitlines()[1]


def test_alert_tells_once_and_only_where_it_is_asked(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    server.store.put(GROUP, "s", [(NOW_MS - 5 * 3_600_000, ERROR)])
    with FakeSlack(channels=("C0ONCALL",)) as slack:
        configure(folder, f'targets: [slack]\nslack: {{channel: C0ONCALL, base_url: "{slack.base_url}"}}')
        asked = ("backfill", "--since", "6h")
        call(*asked)
        assert slack.messages("C0ONCALL") == []
        assert not (folder / "state.db").exists()
        assert "told 1 incident\n" in call(*asked, "--alert")[2]
        [message] = slack.messages("C0ONCALL")
        assert "KO-cm-004" in readable(message)
        assert "told 0 incidents; 1 incident known before" in call(*asked, "--alert")[2]
        assert len(slack.messages("C0ONCALL")) == 1


def test_alert_on_the_console_is_talk(folder: Path, server: LocalServer) -> None:
    configure(folder)
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    code, out, said = call("backfill", "--since", "2h", "--alert", "--format", "json")
    assert (code, json.loads(out)["hits"]["KO-cm-004"]) == (0, 1)
    assert "KO-cm-004" in said


def test_alert_without_a_token_fails_before_anything_is_paid(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    configure(folder, "targets: [slack]\nslack: {channel: C0ONCALL}")
    ended = run("backfill", "--since", "2h", "--alert", cwd=folder)
    assert ended.returncode == 2
    assert "the target slack needs the environment variable SLACK_BOT_TOKEN" in ended.stderr
    assert server.stats()["requests"] == {}


def test_fail_on_hit_waits_for_what_comes_late_and_ends_with_1(folder: Path, server: LocalServer) -> None:
    configure(folder, "polling: {interval: 1s, passes: {eager: 0s, settled: 4s}}")
    now_ms = int(time.time() * 1000)  # noqa: TID251 - the same
    server.store.put(GROUP, "s", [(now_ms - 2_000, ERROR)], visible_after_seconds=3.0)
    code, report = call_json("backfill", "--since", "10m", "--log-group", GROUP, "--fail-on-hit")
    assert (code, report["hits"]["KO-cm-004"]) == (1, 1)


def test_fail_on_hit_is_fine_where_nothing_was_found_and_hits_alone_are_no_failure(
    folder: Path, server: LocalServer
) -> None:
    configure(folder)
    server.store.put(GROUP, "s", [(NOW_MS - 3_600_000, ERROR)])
    assert call("backfill", "--since", "10m", "--log-group", GROUP, "--fail-on-hit")[0] == 0
    assert call("backfill", "--since", "2h", "--log-group", GROUP)[0] == 0
    assert call("backfill", "--since", "2h", "--log-group", GROUP, "--fail-on-hit")[0] == 1
