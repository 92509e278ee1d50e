"""The parts that talk to AWS, or are made of those that do."""

from collections.abc import Callable
from functools import partial

from sigwatch.compose import Composer
from sigwatch.config import Settings
from sigwatch.model.knowledge import Library
from sigwatch.pipeline import Pipeline
from sigwatch.ports import LogSource, Observer, Store, Wait
from sigwatch.search import Reader
from sigwatch.source.clients import logs_client, metrics_client
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.lanes import Lanes
from sigwatch.source.limits import Limiter, Limits
from sigwatch.watch import Watch
from sigwatch.wiring.parts import chance, clock, databases, rules_of, selectors_of


def shared(limits: Limits, share: float) -> Limits:
    """A part of the limits, for one of several replicas that use the same quotas."""
    return Limits(
        limits.start_per_second * share,
        limits.results_per_second * share,
        limits.other_per_second * share,
        max(1, int(limits.concurrent * share)),
    )


def limits_of(settings: Settings) -> Limits:
    """What sigwatch takes of the quotas of an account and region, under this configuration."""
    return Limits(**settings.aws.limits.model_dump())


def log_source(
    settings: Settings, wait: Wait, store: Store, observe: Observer, share: Callable[[], Limits] | None = None
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


def watch_of(settings: Settings, load: Callable[[], Library], source: LogSource, observe: Observer) -> Watch:
    """What is watched, under this configuration."""
    return Watch(
        load,
        source,
        selectors_of(settings),
        settings.aws.ignore_log_groups,
        settings.polling.interval,
        clock,
        observe,
        databases().soon,
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
