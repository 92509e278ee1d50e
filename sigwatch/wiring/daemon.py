"""The daemon with its surroundings."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from rich.console import Console

from sigwatch import __version__
from sigwatch.chat.socket import SocketMode
from sigwatch.chronicle import Chronicle
from sigwatch.config import RetentionSettings, Settings
from sigwatch.daemon import Daemon, Parts, Pulse
from sigwatch.errors import ConfigurationError
from sigwatch.knowledge import library
from sigwatch.model.knowledge import Problem
from sigwatch.model.logs import Pass
from sigwatch.pattern import judge, required
from sigwatch.pipeline import Pipeline
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter
from sigwatch.polling.tenure import Tenure
from sigwatch.polling.workers import Workers
from sigwatch.ports import Observer, Store, Wait
from sigwatch.source.limits import Limits
from sigwatch.status import StatusBoard
from sigwatch.telemetry.metrics import Metrics, fan_out
from sigwatch.watch import Watch
from sigwatch.web.app import Answers, create_app
from sigwatch.web.server import WebServer
from sigwatch.wiring import targets
from sigwatch.wiring.aws import limits_of, log_source, pipeline, shared, watch_of
from sigwatch.wiring.parts import chance, clock, pace_of
from sigwatch.wiring.people import commands, composer_of
from sigwatch.wiring.state import open_state, tenure_of


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon with its surroundings. Close the stack when it has ended."""

    daemon: Daemon
    web: WebServer
    socket: SocketMode | None
    """Hears what is pressed in Slack; None where buttons are off."""
    store: Store
    watch: Watch
    closing: ExitStack


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a daemon finds where it runs."""

    environ: Mapping[str, str]
    """Where secrets are found."""
    console: Console
    """What the console target prints on."""
    observers: Sequence[Observer] = ()
    """Are told of every event, beside the metrics."""
    wait: Wait | None = None
    """How searching waits, where not as long as it says; says True when queries are to be stopped."""
    scheduler: BackgroundScheduler | None = None
    """Keeps the daemon's time, where its clock is another than the machine's."""


def build(settings: Settings, folder: Path, around: Surroundings) -> Running:
    """Everything that `sigwatch run` needs, built but not started.

    Args:
        settings: absolute paths, validated.
        folder: documents are named relative to it.
        around: where it runs.

    Raises:
        ConfigurationError: something that only shows now, such as a missing token or a taken port.
        StoreError: the state can not be opened.
    """
    metrics, pulse = Metrics(__version__, settings.polling.passes, settings.every_target), Pulse(clock())
    publishers, stopping = targets.publishers(settings, around.environ, around.console), threading.Event()
    with ExitStack() as stack:
        store = open_state(settings)
        stack.callback(store.close)
        meter = Meter(store, clock)
        stack.callback(meter.record)
        observe = fan_out(metrics, meter, *around.observers)
        tenure = tenure_of(store, observe)
        source = log_source(settings, around.wait or stopping.wait, store, observe, _share(settings, tenure))
        watch = watch_of(settings, _shelf(settings, folder).read, source, observe)
        composer, workers = composer_of(settings), Workers(settings.aws.limits.concurrent)
        patrol = _patrol(settings, watch, pipeline(settings, source, store, composer, observe), workers, meter, tenure)
        web = _web(settings, metrics, StatusBoard(watch, patrol.passes, store, pulse, clock, tenure))
        stack.callback(web.close)
        parts = Parts(
            watch=watch,
            patrol=patrol,
            tenure=tenure,
            store=store,
            deliver=targets.outbox(settings, store.deliveries, publishers, composer, observe).deliver_due,
            delete_doubles=targets.doubles(store.deliveries, publishers, observe).delete,
            take_over=lambda: Chronicle(store, clock).take_over(watch.snapshot.library),
            tidy=lambda searched_to: store.prune(cutoffs(settings.retention, clock(), searched_to)),
            stop_orphans=source.stop_orphans,
            close_workers=workers.close,
            clock=clock,
            observe=observe,
            pulse=pulse,
            stopping=stopping,
            interval=settings.polling.interval,
            reload=settings.knowledge.reload,
        )
        socket = _socket(settings, around.environ, store, observe)
        return Running(Daemon(parts, around.scheduler), web, socket, store, watch, stack.pop_all())


def _share(settings: Settings, tenure: Tenure) -> Callable[[], Limits]:
    """What of the quotas is this replica's now."""
    limits = limits_of(settings)
    return lambda: shared(limits, tenure.share)


def _shelf(settings: Settings, folder: Path) -> library.Shelf:
    return library.Shelf(settings.knowledge.paths, folder, judge=judge, required=required, clock=clock)


def _patrol(
    settings: Settings, watch: Watch, stages: Pipeline, workers: Workers, meter: Meter, tenure: Tenure
) -> Patrol:
    passes = tuple(Pass(name, delay) for name, delay in settings.polling.passes.items())
    places = Places(settings.polling.interval, chance)
    allowance = partial(meter.allowance, settings.polling.budget_dollars_per_day)
    return Patrol(watch, stages, passes, pace_of(settings), workers, places, allowance, tenure)


def _web(settings: Settings, metrics: Metrics, board: StatusBoard) -> WebServer:
    answers = Answers(metrics.render, board.alive, board.ready, board.page)
    return WebServer(create_app(answers), settings.http.host, settings.http.port)


def _socket(settings: Settings, environ: Mapping[str, str], store: Store, observe: Observer) -> SocketMode | None:
    if not settings.slack.buttons or "slack" not in settings.every_target:
        return None
    token = environ.get("SLACK_APP_TOKEN", "").strip()
    if not token:
        cure = "slack.buttons needs the environment variable SLACK_APP_TOKEN, an app-level token that starts with xapp-"
        raise ConfigurationError([Problem("", 0, "SLACK_APP_TOKEN", cure)])
    return SocketMode(token, settings.slack.base_url, commands(settings, store, observe).carry_out, observe)


def cutoffs(kept: RetentionSettings, now: float, searched_to: int) -> dict[str, int]:
    """Epoch milliseconds before which each kind of record is kept no longer; of hits only what no pass can find again.

    Args:
        kept: for how long.
        now: epoch seconds.
        searched_to: epoch second before which every pass has searched everything.
    """
    ages = {
        "notifications": kept.notifications,
        "incidents": kept.incidents,
        # Who was not told, and why, is part of the trail.
        "silences": kept.audit,
        "audit": kept.audit,
        "spending": kept.spending,
    }
    before = {kind: int((now - age) * 1000) for kind, age in ages.items()}
    return before | {"hits": int(min(now - kept.hits, searched_to) * 1000)}
