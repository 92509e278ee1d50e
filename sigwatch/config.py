"""The settings: one YAML file, validated as a whole, every fault named at once with its line."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem

DEFAULT_FILE = "sigwatch.yaml"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: object) -> object:
    """Turn a duration such as `15s`, `5m`, `1h` or `2d` into whole seconds; numbers are seconds already."""
    if isinstance(text, str):
        found = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", text)
        if not found:
            raise ValueError(f"{text!r} is no duration; write it as 15s, 5m, 1h or 2d")
        return int(found[1]) * _UNITS[found[2]]
    return text


Duration = Annotated[int, BeforeValidator(seconds), Field(ge=0)]
Positive = Annotated[int, BeforeValidator(seconds), Field(ge=1)]


class Section(BaseModel):
    """Settings that can not change once read, and that know every key they allow."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KnowledgeSettings(Section):
    """Where Knowledge Objects and RIS are."""

    paths: tuple[Path, ...] = ()
    reload: Positive = 60
    """Seconds between looks for changed documents and new log groups."""
    url: str = ""
    """Address under which people read the documents, such as a repository's `.../blob/main/`."""


class ProjectSettings(Section):
    """What belongs to the documents of one project."""

    log_groups: tuple[str, ...] = ()
    slack_channel: str = ""


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


class IncidentSettings(Section):
    """When two hits are the same incident, and when it is over."""

    group_by: tuple[Literal["log_group", "log_stream", "account", "region"], ...] = ("log_group",)
    quiet_period: Positive = 900


class SlackSettings(Section):
    """Slack; the token comes from SLACK_BOT_TOKEN and is never written down."""

    channel: str = ""
    base_url: str | None = None
    mention: dict[str, str] = Field(default_factory=dict)
    timeout: Positive = 10
    """Longest time for one call, whatever the network does."""
    settle: Positive = 60
    """Seconds after which a lost answer's message must have reached the channel's history."""


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
    targets: tuple[Literal["slack", "console"], ...] = ("console",)
    store: str = "sqlite:sigwatch.db"
    http: HttpSettings = HttpSettings()

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        if not value.startswith("sqlite:") or value == "sqlite:":
            raise ValueError(
                f"{value!r} is no store; write sqlite:///var/lib/sigwatch/state.db or sqlite:state.db beside this file"
            )
        return value

    def project(self, name: str) -> ProjectSettings:
        """The project's own entry, else `default`'s, else an empty one."""
        return self.projects.get(name) or self.projects.get("default") or ProjectSettings()

    def channel(self, project: str) -> str:
        """Slack channel for a project's alerts."""
        return self.project(project).slack_channel or self.slack.channel


def load(path: Path) -> Settings:
    """Read and validate a configuration file.

    Raises:
        ConfigurationError: with every fault, each at its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        cure = "no such file; copy the example from the README, or name yours with --config"
        raise ConfigurationError([Problem(str(path), 0, "configuration", cure)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem(str(path), 0, "configuration", f"can not be read: {error}")]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Validate configuration text; relative paths in it start at the folder of `path`.

    Raises:
        ConfigurationError: with every fault, each at its line.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark else 0
        raise ConfigurationError([Problem(str(path), line, "yaml", f"{words}; mend the syntax")]) from None
    if not isinstance(data, dict | None):
        raise ConfigurationError([Problem(str(path), 1, "yaml", "the file must be a mapping, such as `store: ...`")])
    try:
        settings = Settings.model_validate(data or {})
    except ValidationError as error:
        problems = [
            Problem(str(path), _line(node, detail["loc"]), ".".join(map(str, detail["loc"])), _sentence(detail))
            for detail in error.errors()
        ]
        raise ConfigurationError(problems) from None
    problems = _contradictions(settings, path, node)
    if problems:
        raise ConfigurationError(problems)
    return _absolute(settings, path.resolve().parent)


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Line of the innermost key or item of `location` that the file holds."""
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _sentence(detail: Mapping[str, Any]) -> str:
    """Pydantic's finding, in words that say what to do."""
    if detail["type"] == "extra_forbidden":
        section = _section(detail["loc"][:-1])
        known = sorted(section.model_fields) if section else []
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; allowed are {', '.join(known)}"
    return (
        str(detail["msg"])
        .removeprefix("Value error, ")
        .replace("valid tuple", "list")
        .replace("valid dictionary", "mapping")
    )


def _section(location: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that describes the mapping at `location`."""
    model: type[BaseModel] = Settings
    for step in location:
        if model is Settings and step == "projects":
            model = ProjectSettings
        elif model is AwsSettings and step == "accounts":
            model = AccountSettings
        elif str(step) in model.model_fields:
            annotation = model.model_fields[str(step)].annotation
            if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
                return None
            model = annotation
    return model


def _contradictions(settings: Settings, path: Path, node: yaml.Node | None) -> list[Problem]:
    """Settings that are each valid but can not work together."""
    found = []
    some_without = "default" not in settings.projects or not all(p.slack_channel for p in settings.projects.values())
    if "slack" in settings.targets and not settings.slack.channel and some_without:
        cure = "the target slack needs a channel id: set slack.channel, or slack_channel of every project and `default`"
        found.append(Problem(str(path), _line(node, ["targets"]), "slack.channel", cure))
    found += [
        Problem(str(path), _line(node, ["polling", "passes", name]), f"polling.passes.{name}", _too_soon(name, delay))
        for name, delay in settings.polling.passes.items()
        if 0 < delay < settings.polling.interval
    ]
    names = [account.name for account in settings.aws.accounts]
    if len(set(names)) < len(names):
        cure = "two accounts have the same name; metrics and messages tell them apart by it"
        found.append(Problem(str(path), _line(node, ["aws", "accounts"]), "aws.accounts", cure))
    if names and settings.aws.region:
        cure = "goes with one account only; with aws.accounts each names its regions, so remove it here"
        found.append(Problem(str(path), _line(node, ["aws", "region"]), "aws.region", cure))
    if settings.incidents.quiet_period < settings.polling.interval:
        cure = "is shorter than polling.interval, so each poll would resolve and reopen; make it a few intervals"
        found.append(Problem(str(path), _line(node, ["incidents", "quiet_period"]), "incidents.quiet_period", cure))
    return found


def _too_soon(name: str, delay: int) -> str:
    return (
        f"{name} reads again {delay} s after the first pass, which is sooner than polling.interval lets either run: "
        "it pays for the same bytes and finds nothing more; make it several intervals, or remove it"
    )


def _absolute(settings: Settings, folder: Path) -> Settings:
    knowledge = settings.knowledge.model_copy(
        update={"paths": tuple(folder / path for path in settings.knowledge.paths)}
    )
    return settings.model_copy(
        update={"knowledge": knowledge, "store": f"sqlite://{folder / store_path(settings.store)}"}
    )


def store_path(url: str) -> Path:
    """File of a `sqlite:` address: absolute after two slashes, else relative."""
    return Path(url.removeprefix("sqlite:").removeprefix("//"))
