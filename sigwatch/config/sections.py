"""The sections of the configuration, and the whole that they make up."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from sigwatch.config.routes import RouteSettings
from sigwatch.config.values import (
    DAY,
    Address,
    Addresses,
    Duration,
    Grouping,
    Growth,
    Kept,
    Positive,
    Section,
    Severity,
    Target,
)

_TABLE = re.compile(r"dynamodb://[A-Za-z0-9_.-]{3,255}")


class KnowledgeSettings(Section):
    """Where Knowledge Objects and RIS are."""

    paths: tuple[Path, ...] = ()
    reload: Positive = 60
    """Seconds between looks for changed documents and new log groups."""
    url: str = ""
    """Address under which people read the documents, such as a repository's `.../blob/main/`."""


class RuleSettings(Section):
    """A kind of secret that sigwatch does not know by itself."""

    name: str = Field(min_length=1)
    pattern: str = Field(min_length=1)
    replacement: str = ""
    """Empty: the rule's name in brackets."""


class ProjectSettings(Section):
    """What belongs to the documents of one project."""

    log_groups: tuple[str, ...] = ()
    slack_channel: str = ""
    redact: tuple[RuleSettings, ...] = ()
    """Rules for this project's log text, in addition to the general ones."""


class LimitSettings(Section):
    """What sigwatch takes of an account's quotas in a region; others use them too."""

    start_per_second: float = Field(default=6, gt=0, le=10)
    results_per_second: float = Field(default=8, gt=0, le=10)
    other_per_second: float = Field(default=5, gt=0, le=10)
    concurrent: int = Field(default=30, ge=1, le=100)


class AccountSettings(Section):
    """One account to watch, directly or in a role of it."""

    name: str = Field(min_length=1)
    role_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
    regions: tuple[str, ...] = Field(min_length=1)
    linked: bool = False
    """A monitoring account: log groups of the accounts that are linked to it are watched through it."""


class AwsSettings(Section):
    """Which accounts are watched; credentials and endpoints come from the AWS default chain."""

    region: str | None = None
    accounts: tuple[AccountSettings, ...] = ()
    """None: the account of the default credentials, in `region`."""
    limits: LimitSettings = LimitSettings()
    ignore_log_groups: tuple[str, ...] = ("*sigwatch*",)
    """Never searched: sigwatch must not be set off by its own output."""
    dollars_per_gb: float = Field(default=0.005, ge=0)
    """Price of a scanned GB; us-east-1's where not set."""


class PollingSettings(Section):
    """How often, how late, and how far back."""

    interval: Positive = 15
    passes: dict[str, Duration] = Field(default={"eager": 0, "settled": 300, "late": 3600}, min_length=1)
    first_lookback: Positive = 900
    catch_up_window: Positive = 3600
    """Longest range of one query after a downtime."""
    budget_dollars_per_day: float | None = Field(default=None, gt=0)


class EscalationSettings(Section):
    """When an incident that was told is told again, louder."""

    growth: Growth = 10
    """Factor by which it has grown since it was last told so; 0 for never."""
    unacknowledged: dict[Severity, Positive] = Field(default={"P0": 900, "P1": 3600})
    """By severity, the seconds after which somebody should have acknowledged it; never for those left out."""


class IncidentSettings(Section):
    """When two hits are the same incident, when it is told louder, and when it is over."""

    group_by: tuple[Grouping, ...] = ("log_group",)
    quiet_period: Positive = 900
    escalate: EscalationSettings = EscalationSettings()


class SlackSettings(Section):
    """Slack; the token comes from SLACK_BOT_TOKEN and is never written down."""

    channel: str = ""
    base_url: Address | None = None
    mention: dict[str, str] = Field(default_factory=dict)
    timeout: Positive = 10
    """Longest time for one call, whatever the network does."""
    settle: Positive = 60
    """Seconds after which a lost answer's message must have reached the channel's history."""
    buttons: bool = False
    """Acknowledge, silence and judge the steps from the message, over Socket Mode."""
    on_unknown: Literal["hold", "resend"] = "hold"
    """What becomes of a message whose fate is unknown while the channel's history can not be read."""
    messages_per_minute: int = Field(default=10, ge=1)
    """New messages in one channel; what is beyond goes into a digest."""
    digest_from: int = Field(default=5, ge=2)
    """New incidents at once from which on they are told in one message."""


class AlertmanagerSettings(Section):
    """Prometheus Alertmanager."""

    url: Addresses = ()
    """Every member of a cluster is told."""


class PagerdutySettings(Section):
    """PagerDuty, through its Events API v2."""

    base_url: Address = "https://events.pagerduty.com"


class WebhookSettings(Section):
    """Any HTTP endpoint."""

    url: Address = ""


class FallbackSettings(Section):
    """Who is told in addition when a target does not take an alert."""

    target: Target | None = None
    after: Positive = 300
    """Seconds for which the alert has waited."""


class RetentionSettings(Section):
    """For how many seconds what happened is kept."""

    hits: Kept = 30 * DAY
    incidents: Kept = 7 * 365 * DAY
    audit: Positive = 7 * 365 * DAY
    notifications: Kept = 90 * DAY
    spending: Positive = 7 * 365 * DAY


class RedactionSettings(Section):
    """What is taken out of texts before they are kept or sent."""

    off: tuple[str, ...] = ()
    """Names of built-in rules that are not applied."""
    rules: tuple[RuleSettings, ...] = ()


class BackfillSettings(Section):
    """Searches of the past."""

    ask_above_dollars: float = Field(default=1.0, ge=0)
    """Expected price above which somebody has to agree first."""
    keep: Positive = 30 * DAY
    """Seconds for which a finished one is kept, so that the same question costs nothing again."""


class HttpSettings(Section):
    """Where metrics, health and the status page are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class Settings(Section):
    """A whole configuration; paths are absolute."""

    knowledge: KnowledgeSettings = KnowledgeSettings()
    projects: dict[str, ProjectSettings] = Field(default_factory=dict)
    aws: AwsSettings = AwsSettings()
    polling: PollingSettings = PollingSettings()
    incidents: IncidentSettings = IncidentSettings()
    slack: SlackSettings = SlackSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    pagerduty: PagerdutySettings = PagerdutySettings()
    webhook: WebhookSettings = WebhookSettings()
    targets: tuple[Target, ...] = ("console",)
    routes: tuple[RouteSettings, ...] = ()
    fallback: FallbackSettings = FallbackSettings()
    retention: RetentionSettings = RetentionSettings()
    redaction: RedactionSettings = RedactionSettings()
    backfill: BackfillSettings = BackfillSettings()
    store: str = "sqlite:sigwatch.db"
    http: HttpSettings = HttpSettings()

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        is_file = value.startswith("sqlite:") and value != "sqlite:"
        if not is_file and not _TABLE.fullmatch(value):
            raise ValueError(
                f"{value!r} is no store; write sqlite:///var/lib/sigwatch/state.db, sqlite:state.db beside this file,"
                " or dynamodb://TABLE, whose name has 3 to 255 letters, digits, and _ . -"
            )
        return value

    def project(self, name: str) -> ProjectSettings:
        """The project's own entry, else `default`'s, else an empty one."""
        return self.projects.get(name) or self.projects.get("default") or ProjectSettings()

    def channel(self, project: str) -> str:
        """Slack channel for a project's alerts."""
        return self.project(project).slack_channel or self.slack.channel

    @property
    def every_target(self) -> tuple[Target, ...]:
        """All that may be told of something: `targets`, those of the routes, and the one to fall back on."""
        routed = (target for route in self.routes for target in route.targets)
        fallback = (self.fallback.target,) if self.fallback.target else ()
        return tuple(dict.fromkeys((*self.targets, *routed, *fallback)))
