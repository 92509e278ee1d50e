"""The parts that a daemon, a backfill and the verbs about incidents are made of."""

import gc
import random
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from sigwatch.commands import Commands
from sigwatch.compose import Composer
from sigwatch.config import RuleSettings, Settings, store_path
from sigwatch.incident.lifecycle import Rules
from sigwatch.knowledge import library
from sigwatch.model.knowledge import Library, Signature
from sigwatch.pattern import judge, required
from sigwatch.pipeline import Pipeline
from sigwatch.plan.scopes import selectors
from sigwatch.plan.windows import Pace
from sigwatch.ports import Clock, LogSource, Observer, Store, Wait
from sigwatch.redact.projects import CustomRule, Redaction
from sigwatch.search import Reader
from sigwatch.source.clients import logs_client, metrics_client
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.lanes import Lanes
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Watch

chance = random.Random().random  # noqa: S311 - spreads retries
clock: Clock = time.time  # noqa: TID251 - the one place where the real clock enters


def calm_collector() -> None:
    """Have cycles looked for less often: a full window brings tens of thousands of values at once, none in a cycle."""
    gc.set_threshold(100_000, 20, 20)


def load_knowledge(paths: Sequence[Path], relative_to: Path | None = None) -> Library:
    """Read knowledge with patterns judged as the daemon uses them."""
    return library.load(paths, relative_to=relative_to, judge=judge, required=required, clock=clock)


def limits_of(settings: Settings) -> Limits:
    """What sigwatch takes of the quotas of an account and region, under this configuration."""
    return Limits(**settings.aws.limits.model_dump())


def log_source(
    settings: Settings, wait: Wait, store: SqliteStore, observe: Observer, share: Callable[[], Limits] | None = None
) -> Lanes:
    """Logs Insights of every account and region that is watched.

    Args:
        settings: validated.
        wait: says True when queries are to be stopped.
        store: remembers started queries.
        observe: is told of lanes that can not be asked.
        share: what may be used of the quotas now, of each account and region; those of the configuration by default.

    Raises:
        ConfigurationError: a region, profile or endpoint can not be used.
    """
    aws, limits = settings.aws, limits_of(settings)
    wanted: list[tuple[str, str | None, str | None, bool]] = [
        (a.name, a.role_arn, region, a.linked) for a in aws.accounts for region in a.regions
    ]
    lanes = {}
    for name, role, region, linked in wanted or [("", None, aws.region, False)]:
        lane = f"{name}/{region}" if name else ""
        client = logs_client(region, limits.concurrent + 4, role)
        account = Account(lane, linked, store.installation)
        limiter, metrics = Limiter(share or (lambda: limits), clock, wait), partial(metrics_client, region, role)
        lanes[lane] = CloudWatchSource(client, account, limiter, store, clock, wait, chance, metrics)
    return Lanes(lanes, observe)


def selectors_of(settings: Settings) -> Callable[[Signature], Sequence[str]]:
    """Where each signature is searched, under this configuration."""
    return lambda signature: selectors(signature, settings.project(signature.project).log_groups)


def watch_of(settings: Settings, load: Callable[[], Library], source: LogSource, observe: Observer) -> Watch:
    """What is watched, under this configuration."""
    return Watch(
        load, source, selectors_of(settings), settings.aws.ignore_log_groups, settings.polling.interval, clock, observe
    )


def redaction_of(settings: Settings) -> Redaction:
    """What is taken out of texts, under this configuration."""

    def custom(rules: Sequence[RuleSettings]) -> list[CustomRule]:
        return [CustomRule(rule.name, rule.pattern, rule.replacement) for rule in rules]

    by_project = {name: custom(project.redact) for name, project in settings.projects.items()}
    return Redaction(settings.redaction.off, custom(settings.redaction.rules), by_project)


def composer_of(settings: Settings) -> Composer:
    """What targets are to show, under this configuration."""
    redaction = redaction_of(settings)

    # Each change of an incident shows the same documents.
    @cache
    def mask(project: str, text: str) -> str:
        return redaction.of(project).mask_document(text)

    return Composer(settings, mask)


def rules_of(settings: Settings) -> Rules:
    """What makes hits one incident, and when people are called again, under this configuration."""
    redaction, incidents = redaction_of(settings), settings.incidents
    patience = {severity: seconds * 1000 for severity, seconds in incidents.escalate.unacknowledged.items()}
    return Rules(
        incidents.quiet_period * 1000,
        lambda project, text: redaction.of(project).mask(text),
        incidents.escalate.growth,
        patience,
    )


def pipeline(
    settings: Settings, source: LogSource, store: Store, composer: Composer | None, observe: Observer
) -> Pipeline:
    """The stages; without a composer nobody is told of incidents."""
    return Pipeline(
        reader=Reader(source, observe, settings.aws.dollars_per_gb),
        store=store,
        rules=rules_of(settings),
        group_by=settings.incidents.group_by,
        compose=composer or (lambda _decision, _signature, _cards, _at_ms: ()),
        warn=composer.ending if composer else (lambda _silence, _hidden, _at_ms: ()),
        clock=clock,
        observe=observe,
    )


def pace_of(settings: Settings) -> Pace:
    """How passes move, under this configuration."""
    polling = settings.polling
    return Pace(polling.interval, polling.first_lookback, polling.catch_up_window)


def commands(settings: Settings, store: Store, observe: Observer) -> Commands:
    """What people may do to incidents."""
    redaction = redaction_of(settings)
    return Commands(store, clock, observe, lambda project, text: redaction.of(project).mask(text))


def open_existing(settings: Settings) -> SqliteStore | None:
    """The daemon's state, to be read; None where there is none yet."""
    path = store_path(settings.store)
    return SqliteStore(path) if path.exists() else None


def memory_store() -> SqliteStore:
    """State that is forgotten with the process, and leaves memory for the disk where it grows."""
    return SqliteStore("")
