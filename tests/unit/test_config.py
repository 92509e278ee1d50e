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
  group_by: [9lives]
store: mysql://x
http: {port: 99999}
projects:
  shop: {log_group: [/a]}
"""
    found = faults(text)
    assert (1, "pollling", "unknown key; did you mean polling?") in found
    assert (3, "polling.interval", "'fast' is no duration; write it as 15s, 5m, 1h, 2d, 4w or 7y") in found
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
    assert [(line, field) for line, field, _ in found] == [(1, "targets"), (2, "incidents.quiet_period")]


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
    assert faults("targets: [slack]\nprojects: {a: {slack_channel: C1}}\n")[0][1] == "targets"
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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("15s", 15), (" 5 m ", 300), ("1h", 3600), ("2d", 172_800), ("4w", 28 * 86_400), ("7y", 7 * 365 * 86_400), (9, 9)],
)
def test_durations(text: object, wanted: int) -> None:
    assert config.seconds(text) == wanted


EVERYTHING = """\
projects:
  default: {slack_channel: C0ALL, redact: [{name: customer, pattern: "cust-[0-9]+"}]}
incidents:
  group_by: [log_group, "@requestId", user.id, tenant]
  escalate: {growth: 0, unacknowledged: {P0: 5m, unrated: 1d}}
slack: {buttons: true, on_unknown: resend, messages_per_minute: 3, digest_from: 2}
targets: [slack, console, slack-webhook, alertmanager, pagerduty, webhook, apprise]
alertmanager: {url: [http://a:9093, http://b:9093/prefix]}
pagerduty: {base_url: http://127.0.0.1:1}
webhook: {url: https://hooks.example/x}
routes:
  - match:
      project: shop-*
      severity: [P0, "P[12]"]
      tag: payment
      hours: 22:00-06:00
      days: [Mon-Wed, sun]
      zone: Europe/Berlin
    targets: [console]
  - {channel: C0REST}
fallback: {target: pagerduty, after: 10m}
retention: {hits: 15d, incidents: 100y, audit: 100y, notifications: 4w, spending: 1w}
redaction: {off: [jwt], rules: [{name: badge, pattern: "badge [0-9]+", replacement: "[badge]"}]}
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = parse(EVERYTHING, tmp_path)
    escalate, slack, kept = settings.incidents.escalate, settings.slack, settings.retention
    assert settings.incidents.group_by == ("log_group", "@requestId", "user.id", "tenant")
    assert (escalate.growth, escalate.unacknowledged) == (0, {"P0": 300, "unrated": 86_400})
    assert (slack.buttons, slack.on_unknown, slack.messages_per_minute, slack.digest_from) == (True, "resend", 3, 2)
    assert settings.alertmanager.url == ("http://a:9093", "http://b:9093/prefix")
    assert (settings.fallback.target, settings.fallback.after) == ("pagerduty", 600)
    assert (kept.hits, kept.audit, kept.notifications) == (15 * 86_400, 36_500 * 86_400, 28 * 86_400)
    assert [rule.replacement for rule in settings.redaction.rules] == ["[badge]"]
    assert settings.project("x").redact[0].pattern == "cust-[0-9]+"
    first, second = settings.routes
    assert (first.match.project, first.match.severity, first.match.tag) == (("shop-*",), ("P0", "P[12]"), ("payment",))
    assert (first.match.hours, sorted(first.match.days)) == ((22 * 60, 6 * 60), [0, 1, 2, 6])
    assert (first.targets, second.targets, second.channel) == (("console",), (), "C0REST")


def test_one_address_needs_no_list(tmp_path: Path) -> None:
    assert parse("alertmanager: {url: http://a:9093}", tmp_path).alertmanager.url == ("http://a:9093",)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("incidents: {group_by: [user id]}", "incidents.group_by.0", "'user id' is nothing to group by; write log_gr"),
        ("incidents: {escalate: {growth: 1}}", "incidents.escalate.growth", "or 0 for never"),
        ("incidents: {escalate: {unacknowledged: {p0: 5m}}}", "incidents.escalate.unacknowledged.p0", "one of P0, P1"),
        ("retention: {hits: 14d}", "retention.hits", "at least 15d: CloudWatch takes events that are up to 14 days"),
        ("retention: {incidents: 1d}", "retention.incidents", "at least 15d"),
        ("retention: {audits: 1d}", "retention.audits", "did you mean audit?"),
        ("slack: {on_unknown: guess}", "slack.on_unknown", "'hold' or 'resend'"),
        ("targets: [slck]", "targets.0", "'slack', 'console', 'slack-webhook'"),
        (
            "routes: [{match: {hours: night}}]",
            "routes.0.match.hours",
            "'night' are no hours; write them as 22:00-06:00",
        ),
        ("routes: [{match: {hours: 24:00-06:00}}]", "routes.0.match.hours", "are no hours"),
        ("routes: [{match: {hours: 06:00-06:00}}]", "routes.0.match.hours", "leave hours out for the whole day"),
        ("routes: [{match: {hours: 8}}]", "routes.0.match.hours", "are no hours"),
        ("routes: [{match: {days: [mon, someday]}}]", "routes.0.match.days", "'someday' is no day"),
        ("routes: [{match: {zone: Mars/Base}}]", "routes.0.match.zone", "'Mars/Base' is no time zone known here"),
        ("routes: [{match: {zone: ../x}}]", "routes.0.match.zone", "no time zone"),
        ("routes: [{match: {severity: p0}}]", "routes.0.match.severity", "'p0' matches no severity; there are P0"),
        ("routes: [{match: {tags: x}}]", "routes.0.match.tags", "did you mean tag?"),
        ("routes: [{targets: []}]", "routes.0.targets", "at least 1 item"),
        ("routes: [{match: {tag: []}}]", "routes.0.match.tag", "at least 1 item"),
        ("redaction: {rules: [{name: x}]}", "redaction.rules.0.pattern", "Field required"),
        ("redaction: {rules: [{name: x, pattern: y, replace: z}]}", "redaction.rules.0.replace", "mean replacement?"),
        ("polling: {passes: {eager: {x: 1}}}", "polling.passes.eager", "valid integer"),
        ("aws: {accounts: [{name: a, regions: [x], role: b}]}", "aws.accounts.0.role", "did you mean role_arn?"),
        ("routes: [{match: {days: 3}}]", "routes.0.match.days", "write days as [mon-fri, sun]"),
        ("webhook: {url: ftp://x}", "webhook.url", "is no address; write one such as https://"),
        ("webhook: {url: 'http://x:port'}", "webhook.url", "is no address"),
        ("alertmanager: {url: ['http://a', b]}", "alertmanager.url.1", "is no address"),
    ],
)
def test_a_fault_is_named_with_its_place_and_cure(text: str, place: str, words: str) -> None:
    [(line, where, message)] = faults(text)
    assert (line, where) == (1, place)
    assert words in message


@pytest.mark.parametrize("text", ["https://me:hunter2@host/x", "hunter2"])
def test_an_address_that_may_hold_a_secret_is_refused_without_being_repeated(text: str) -> None:
    [(_, _, message)] = faults(f"webhook: {{url: '{text}'}}")
    assert "hunter2" not in message


def test_routes_are_faulted_at_their_own_lines() -> None:
    text = "routes:\n- match: {project: a}\n- match:\n    zone: Nowhere\n    days: [x]\n- chanel: C1\n"
    assert {(line, where) for line, where, _ in faults(text)} == {
        (4, "routes.1.match.zone"),
        (5, "routes.1.match.days"),
        (6, "routes.2.chanel"),
    }


@pytest.mark.parametrize(
    ("text", "line", "place", "words"),
    [
        ("store: sqlite:x\ntargets: [webhook]", 2, "targets", "write `webhook: {url:"),
        ("targets: [alertmanager]", 1, "targets", "write `alertmanager: {url:"),
        ("routes:\n- {match: {tag: x},\n   targets: [webhook]}", 3, "routes.0.targets", "needs its address"),
        ("fallback:\n  target: alertmanager", 2, "fallback.target", "needs its address"),
        ("fallback:\n  target: console", 2, "fallback.target", "told of everything already"),
        ("fallback: {target: slack}", 1, "fallback.target", "needs a channel id"),
        ("routes:\n- match: {tag: x}\n  targets: [slack]", 2, "routes.0", "or channel of this route"),
        ("routes:\n- match: {tag: x}\n  channel: C1", 3, "routes.0.channel", "slack is not among the route's targets"),
        ("polling:\n  passes: {eager: 0s, soon: 10s}", 2, "polling.passes.soon", "sooner than polling.interval"),
        (
            "aws:\n  accounts:\n  - {name: a, regions: [x]}\n  - {name: a, regions: [y]}",
            2,
            "aws.accounts",
            "two accounts have the same name",
        ),
        ("aws:\n  accounts: [{name: a, regions: [x]}]\n  region: y", 3, "aws.region", "goes with one account only"),
        ("redaction:\n  off: [jwt, jwtt]", 2, "redaction.off.1", "no standard rule"),
        ("redaction:\n  rules:\n  - {name: x, pattern: '('}", 3, "redaction.rules.0.pattern", "RE2 can not read it"),
        (
            "projects:\n  a.b:\n    redact:\n    - name: My Rule\n      pattern: cust-[0-9]+",
            4,
            "projects.a.b.redact.0.name",
            "no name",
        ),
        (
            "routes:\n- {match: {zone: Europe/Berlin}}\n- {match: {tag: x}}",
            3,
            "routes.1",
            "never reached, because route 1 takes everything",
        ),
    ],
)
def test_what_can_not_work_together_is_named(text: str, line: int, place: str, words: str) -> None:
    [(at, where, message)] = faults(text)
    assert (at, where) == (line, place)
    assert words in message


@pytest.mark.parametrize(
    "text",
    [
        "routes: [{match: {tag: x}, targets: [slack], channel: C1}]",
        "targets: [slack]\nslack: {channel: C1}\nroutes: [{match: {tag: x}, channel: C2}]",
        "fallback: {target: console}\nroutes: [{match: {tag: x}, targets: [pagerduty]}]",
    ],
)
def test_what_works_together_is_taken(text: str, tmp_path: Path) -> None:
    parse(text, tmp_path)


def test_every_target_that_may_be_told_is_known(tmp_path: Path) -> None:
    text = (
        "fallback: {target: pagerduty}\nroutes: [{match: {tag: x}, targets: [apprise, console]}, {targets: [apprise]}]"
    )
    assert parse(text, tmp_path).every_target == ("console", "apprise", "pagerduty")


def test_keys_are_texts_whatever_yaml_takes_them_for(tmp_path: Path) -> None:
    settings = parse("projects: {on: {slack_channel: C1}, 7: {slack_channel: C2}}\nredaction: {off: [jwt]}", tmp_path)
    assert (settings.channel("on"), settings.channel("7"), settings.redaction.off) == ("C1", "C2", ("jwt",))
    shared = "projects:\n  a: &a {slack_channel: C1}\n  b: {<<: *a, log_groups: [/x]}\n"
    assert parse(shared, tmp_path).channel("b") == "C1"


def test_hours_of_nothing_are_the_whole_day(tmp_path: Path) -> None:
    assert parse("routes: [{match: {tag: x, hours: }}]", tmp_path).routes[0].match.hours is None
