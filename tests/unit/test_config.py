from pathlib import Path

import pytest

from sigwatch import config
from sigwatch.config import Settings
from sigwatch.errors import ConfigurationError

FULL = """\
knowledge: {paths: [knowledge/, governance/ris/], reload: 60s}
projects:
  credentialmate:
    log_groups: ["/aws/lambda/credmate-*"]
    slack_channel: C0ONCALL
aws: {region: us-east-1}
polling: {interval: 15s, passes: {eager: 0s, settled: 5m, late: 1h}, first_lookback: 15m, budget_dollars_per_day: 20}
incidents: {group_by: [log_group], quiet_period: 15m}
slack: {channel: C0ALL, base_url: null, mention: {P0: "<!subteam^S0ONCALL>"}}
targets: [slack, console]
store: sqlite:///var/lib/sigwatch/state.db
http: {host: 127.0.0.1, port: 9464}
"""


def parse(text: str, tmp_path: Path) -> Settings:
    return config.parse(text, tmp_path / "sigwatch.yaml")


def faults(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        config.parse(text, Path("sigwatch.yaml"))
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems]


def test_the_documented_configuration_is_read(tmp_path: Path) -> None:
    settings = parse(FULL, tmp_path)
    assert settings.polling.passes == {"eager": 0, "settled": 300, "late": 3600}
    assert settings.knowledge.paths == (tmp_path / "knowledge", tmp_path / "governance/ris")
    assert settings.store == "sqlite:///var/lib/sigwatch/state.db"
    assert config.store_path(settings.store) == Path("/var/lib/sigwatch/state.db")
    assert settings.channel("credentialmate") == "C0ONCALL"
    assert settings.channel("other") == "C0ALL"


def test_an_empty_file_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = parse("", tmp_path)
    assert (settings.polling.interval, settings.incidents.quiet_period, settings.http.port) == (15, 900, 9464)
    assert config.store_path(settings.store) == tmp_path / "sigwatch.db"


def test_the_default_project_serves_the_rest(tmp_path: Path) -> None:
    settings = parse("projects: {default: {log_groups: [/a]}, shop: {log_groups: [/b]}}", tmp_path)
    assert settings.project("shop").log_groups == ("/b",)
    assert settings.project("mail").log_groups == ("/a",)


def test_every_fault_is_named_at_once_with_its_line_and_cure() -> None:
    text = """\
pollling: {interval: 15s}
polling:
  interval: fast
  passes: {}
incidents:
  group_by: [colour]
store: mysql://x
http: {port: 99999}
projects:
  shop: {log_group: [/a]}
"""
    found = faults(text)
    assert (1, "pollling", "unknown key; did you mean polling?") in found
    assert (3, "polling.interval", "'fast' is no duration; write it as 15s, 5m, 1h or 2d") in found
    assert (10, "projects.shop.log_group", "unknown key; did you mean log_groups?") in found
    assert {(line, field) for line, field, _ in found} >= {
        (4, "polling.passes"),
        (6, "incidents.group_by.0"),
        (7, "store"),
        (8, "http.port"),
    }
    assert len(found) == 7


def test_settings_that_contradict_each_other_are_named() -> None:
    found = faults("targets: [slack]\nincidents: {quiet_period: 5s}\n")
    assert [(line, field) for line, field, _ in found] == [(1, "slack.channel"), (2, "incidents.quiet_period")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [("a: [1", 1, "mend the syntax"), ("- a\n", 1, "must be a mapping"), ('store: "sqlite:"', 1, "is no store")],
)
def test_a_file_that_is_no_configuration_is_named(text: str, line: int, words: str) -> None:
    [(where, _, message)] = faults(text)
    assert where >= line
    assert words in message


@pytest.mark.parametrize("text", ["a: \x00", "http: {port: 2026-13-45}"])
def test_text_that_no_parser_takes_is_a_fault_and_no_traceback(text: str) -> None:
    [(_, _, message)] = faults(text)
    assert message


def test_a_project_that_would_have_no_channel_is_named() -> None:
    assert faults("targets: [slack]\nprojects: {a: {slack_channel: C1}}\n")[0][1] == "slack.channel"
    config.parse("targets: [slack]\nprojects: {default: {slack_channel: C1}}\n", Path("sigwatch.yaml"))


def test_an_unknown_key_without_a_near_name_lists_what_is_allowed() -> None:
    [(_, _, message)] = faults("http: {colour: red}")
    assert message == "unknown key; allowed are host, port"


def test_a_missing_or_unreadable_file_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="copy the example from the README"):
        config.load(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="can not be read"):
        config.load(tmp_path)


def test_a_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "sigwatch.yaml").write_text(FULL)
    assert config.load(tmp_path / "sigwatch.yaml").aws.region == "us-east-1"
