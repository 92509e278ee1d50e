"""Puts the parts together; the only module that names the adapters."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from sigwatch import __version__
from sigwatch.compose import Composer
from sigwatch.config import Settings, store_path
from sigwatch.daemon import Daemon, Parts, Pulse
from sigwatch.errors import ConfigurationError
from sigwatch.incident import lifecycle
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Rules
from sigwatch.knowledge import library
from sigwatch.model.knowledge import Library, Problem, Signature
from sigwatch.model.logs import Pass, Row
from sigwatch.pattern import judge, required
from sigwatch.pipeline import Pipeline
from sigwatch.plan.scopes import selectors
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.polling.workers import Workers
from sigwatch.ports import Clock, LogSource, Observer, Publisher, Store, Wait
from sigwatch.publish.console import ConsolePublisher
from sigwatch.publish.delivery import OutboxPolicy
from sigwatch.publish.outbox import Outbox
from sigwatch.publish.slack import SlackPublisher, slack_client
from sigwatch.redact.standard import mask
from sigwatch.search import Reader
from sigwatch.source.clients import logs_client, metrics_client
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.lanes import Lanes
from sigwatch.source.limits import Limiter, Limits
from sigwatch.status import StatusBoard
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telemetry.metrics import Metrics, fan_out
from sigwatch.watch import Watch
from sigwatch.web.app import Answers, create_app
from sigwatch.web.server import WebServer

_chance = random.Random().random  # noqa: S311 - spreads retries
clock: Clock = time.time  # noqa: TID251 - the one place where the real clock enters


def load_knowledge(paths: Sequence[Path], relative_to: Path | None = None) -> Library:
    """Read knowledge with patterns judged as the daemon uses them."""
    return library.load(paths, relative_to=relative_to, judge=judge, required=required)


def log_source(settings: Settings, wait: Wait, store: SqliteStore, observe: Observer) -> Lanes:
    """Logs Insights of every account and region that is watched.

    Raises:
        ConfigurationError: a region, profile or endpoint can not be used.
    """
    aws, limits = settings.aws, Limits(**settings.aws.limits.model_dump())
    wanted: list[tuple[str, str | None, str | None, bool]] = [
        (a.name, a.role_arn, region, a.linked) for a in aws.accounts for region in a.regions
    ]
    lanes = {}
    for name, role, region, linked in wanted or [("", None, aws.region, False)]:
        lane = f"{name}/{region}" if name else ""
        client = logs_client(region, limits.concurrent + 4, role)
        account = Account(lane, linked, store.installation)
        limiter, metrics = Limiter(limits, clock, wait), partial(metrics_client, region, role)
        lanes[lane] = CloudWatchSource(client, account, limiter, store, clock, wait, _chance, metrics)
    return Lanes(lanes, observe)


def selectors_of(settings: Settings) -> Callable[[Signature], Sequence[str]]:
    """Where each signature is searched, under this configuration."""
    return lambda signature: selectors(signature, settings.project(signature.project).log_groups)


def watch_of(settings: Settings, load: Callable[[], Library], source: LogSource, observe: Observer) -> Watch:
    """What is watched, under this configuration."""
    return Watch(
        load, source, selectors_of(settings), settings.aws.ignore_log_groups, settings.polling.interval, clock, observe
    )


def pipeline(
    settings: Settings, source: LogSource, store: Store, compose: Composer | None, observe: Observer
) -> Pipeline:
    """The stages; without a composer nobody is told of incidents."""
    return Pipeline(
        reader=Reader(source, observe, settings.aws.dollars_per_gb),
        store=store,
        rules=Rules(settings.incidents.quiet_period * 1000, mask),
        group_by=settings.incidents.group_by,
        compose=compose or (lambda _incident, _signature: ()),
        clock=clock,
        observe=observe,
    )


def pace_of(settings: Settings) -> Pace:
    """How passes move, under this configuration."""
    polling = settings.polling
    return Pace(polling.interval, polling.first_lookback, polling.catch_up_window)


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon with its surroundings. Close the stack when it has ended."""

    daemon: Daemon
    web: WebServer
    store: SqliteStore
    watch: Watch
    closing: ExitStack


def build(
    settings: Settings, folder: Path, environ: Mapping[str, str], console: Console, observers: Sequence[Observer]
) -> Running:
    """Everything that `sigwatch run` needs, built but not started.

    Args:
        settings: absolute paths, validated.
        folder: documents are named relative to it.
        environ: where secrets are found.
        console: what the console target prints on.
        observers: are told of every event, beside the metrics.

    Raises:
        ConfigurationError: something that only shows now, such as a missing token or a taken port.
        StoreError: the state can not be opened.
    """
    metrics = Metrics(__version__, settings.polling.passes, settings.targets)
    pulse = Pulse(clock())
    publishers = _publishers(settings, environ, console)
    stopping = threading.Event()
    with ExitStack() as stack:
        store = SqliteStore(store_path(settings.store))
        stack.callback(store.close)
        meter = Meter(store, clock)
        stack.callback(meter.record)
        observe = fan_out(metrics, meter, *observers)
        source = log_source(settings, stopping.wait, store, observe)
        watch = watch_of(settings, _shelf(settings, folder).read, source, observe)
        stages = pipeline(settings, source, store, Composer(settings), observe)
        workers = Workers(settings.aws.limits.concurrent)
        patrol = _patrol(settings, watch, stages, workers, meter)
        answers = _answers(metrics, StatusBoard(watch, patrol.passes, store, pulse, clock))
        web = WebServer(create_app(answers), settings.http.host, settings.http.port)
        stack.callback(web.close)
        parts = Parts(
            watch=watch,
            patrol=patrol,
            store=store,
            deliver=_outbox(settings, store, publishers, observe).deliver_due,
            forget_hits=store.forget_hits,
            stop_orphans=source.stop_orphans,
            close_workers=workers.close,
            clock=clock,
            observe=observe,
            pulse=pulse,
            stopping=stopping,
            interval=settings.polling.interval,
            reload=settings.knowledge.reload,
        )
        return Running(Daemon(parts), web, store, watch, stack.pop_all())


def _shelf(settings: Settings, folder: Path) -> library.Shelf:
    return library.Shelf(settings.knowledge.paths, folder, judge=judge, required=required, clock=clock)


def _patrol(settings: Settings, watch: Watch, stages: Pipeline, workers: Workers, meter: Meter) -> Patrol:
    passes = tuple(Pass(name, delay) for name, delay in settings.polling.passes.items())
    places = Places(settings.polling.interval, _chance)
    allowance = partial(meter.allowance, settings.polling.budget_dollars_per_day)
    return Patrol(watch, stages, passes, pace_of(settings), workers, places, allowance)


def _outbox(settings: Settings, store: Store, publishers: Mapping[str, Publisher], observe: Observer) -> Outbox:
    call_ms = settings.slack.timeout * 1000 + 500
    policy = OutboxPolicy(call_ms=call_ms, claim_ms=3 * call_ms, settle_ms=settings.slack.settle * 1000)
    return Outbox(store, publishers, clock, lambda: uuid.uuid4().hex, observe, _chance, policy)


def _answers(metrics: Metrics, board: StatusBoard) -> Answers:
    return Answers(metrics.render, board.alive, board.ready, board.page)


def _publishers(settings: Settings, environ: Mapping[str, str], console: Console) -> dict[str, Publisher]:
    built: dict[str, Publisher] = {}
    if "console" in settings.targets:
        built["console"] = ConsolePublisher(console)
    if "slack" in settings.targets:
        token = environ.get("SLACK_BOT_TOKEN", "")
        if not token:
            cure = "the target slack needs the environment variable SLACK_BOT_TOKEN, a bot token that starts with xoxb-"
            raise ConfigurationError([Problem("", 0, "SLACK_BOT_TOKEN", cure)])
        built["slack"] = SlackPublisher(slack_client(token, settings.slack.base_url), settings.slack.timeout)
    return built


def preview(signature: Signature, settings: Settings, console: Console) -> None:
    """Print the alert of a made-up incident of a signature, as the console target shows it."""
    groups = selectors_of(settings)(signature) or ("/log/group",)
    example = (signature.ko.must_match or (signature.ris.error_signatures if signature.ris else ()) or ("",))[0]
    now_ms = int(clock() * 1000)
    row = Row("000000000000", settings.aws.region or "us-east-1", groups[0], "example", now_ms, example)
    rules = Rules(settings.incidents.quiet_period * 1000, mask)
    [decision] = lifecycle.apply(None, groups[0], signature, [hit(signature.id, row)], now_ms, rules)
    ConsolePublisher(console).post("", Composer(settings).alert(decision.incident, signature, "console"))


def open_existing(settings: Settings) -> SqliteStore | None:
    """The daemon's state, to be read; None where there is none yet."""
    path = store_path(settings.store)
    return SqliteStore(path) if path.exists() else None


def memory_store() -> SqliteStore:
    """State that is forgotten with the process: a backfill's."""
    return SqliteStore(":memory:")
