"""The settings: one YAML file, validated as a whole, every fault named at once with its line."""

from sigwatch.config.file import DEFAULT_FILE, load, parse, store_path, store_table
from sigwatch.config.routes import MatchSettings, RouteSettings
from sigwatch.config.sections import (
    AccountSettings,
    AwsSettings,
    EscalationSettings,
    HttpSettings,
    IncidentSettings,
    KnowledgeSettings,
    LimitSettings,
    PollingSettings,
    ProjectSettings,
    RedactionSettings,
    RetentionSettings,
    RuleSettings,
    Settings,
    SlackSettings,
)
from sigwatch.config.values import Target, seconds

__all__ = [
    "DEFAULT_FILE",
    "AccountSettings",
    "AwsSettings",
    "EscalationSettings",
    "HttpSettings",
    "IncidentSettings",
    "KnowledgeSettings",
    "LimitSettings",
    "MatchSettings",
    "PollingSettings",
    "ProjectSettings",
    "RedactionSettings",
    "RetentionSettings",
    "RouteSettings",
    "RuleSettings",
    "Settings",
    "SlackSettings",
    "Target",
    "load",
    "parse",
    "seconds",
    "store_path",
    "store_table",
]
