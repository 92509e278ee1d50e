"""Runs the demo: the embedded server, the daemon as `sigwatch run` builds it, and the story between them."""

import tempfile
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sigwatch import config, wiring
from sigwatch.demo.presenter import Presenter
from sigwatch.demo.scenario import (
    ARRIVING_LATE,
    CONFIGURATION,
    FAILURES,
    INCIDENT_SECONDS,
    INCIDENT_STARTS,
    INDEXED_LATE,
    Story,
    tell,
)
from sigwatch.demo.traffic import GROUPS
from sigwatch.local.server import LocalServer
from sigwatch.model.event import Outcome
from sigwatch.model.incident import Reason
from sigwatch.ports import Clock

SEED = 20260204
CURTAIN_SECONDS = 50.0
"""The demo ends by then, whatever happens."""

STREAM = "2026/02/04/[$LATEST]5f0c2d9b"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo needs from the outside."""

    console: Console
    clock: Clock
    wait: Callable[[float], bool]
    """Waits that many seconds; True means that the audience wants to leave."""
    environ: MutableMapping[str, str]
    """Where boto3 looks for its endpoint and credentials."""


def play(stage: Stage, keep: bool) -> bool:
    """Play the story; True when the daemon told of it exactly as it should."""
    started = stage.clock()
    with tempfile.TemporaryDirectory(prefix="sigwatch-demo-") as folder, LocalServer(clock=stage.clock) as server:
        stage.environ.update(
            AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=server.url,
            AWS_ACCESS_KEY_ID="demo",
            AWS_SECRET_ACCESS_KEY="demo",  # noqa: S106 - the embedded server takes any
        )
        stage.environ.pop("AWS_PROFILE", None)
        presenter = Presenter(stage.console, lambda: stage.clock() - started)
        presenter.say("logs", f"CloudWatch Logs Insights, embedded, at {server.url}")
        for group in GROUPS:
            server.store.create_group(group)
            server.store.create_stream(group, STREAM)
        path = Path(folder) / config.DEFAULT_FILE
        path.write_text(CONFIGURATION.format(signatures=files("sigwatch").joinpath("signatures")), encoding="utf-8")
        around = wiring.Surroundings(stage.environ, stage.console, [presenter])
        running = wiring.build(config.load(path), Path(folder), around)
        daemon = threading.Thread(target=running.daemon.run, name="daemon")
        with running.closing:
            running.web.start()
            presenter.say("status", f"http://127.0.0.1:{running.web.port}/ and /metrics", "")
            daemon.start()
            try:
                story = tell(int(stage.clock() * 1000), SEED)
                written = _perform(stage, server, story, presenter, started)
                if stage.wait(0):
                    presenter.say("", "interrupted before the story was over")
                    return False
                fine = _summary(stage.console, presenter, written, story)
                if keep:
                    stage.console.print("\nstays up until Ctrl-C")
                    while not stage.wait(3600):
                        pass
            finally:
                running.daemon.stop()
                daemon.join()
    return fine


def _perform(stage: Stage, server: LocalServer, story: Story, presenter: Presenter, started: float) -> int:
    """Hand the events over as their time comes, until the incident is over; returns how many were handed over."""
    written = 0
    said = False
    while not stage.wait(0.05) and stage.clock() - started < CURTAIN_SECONDS:
        now_ms = int(stage.clock() * 1000)
        while written < len(story.events) and story.events[written].at_ms <= now_ms:
            event = story.events[written]
            server.store.put(
                event.group,
                STREAM,
                [(event.ts_ms, event.message)],
                visible_after_seconds=event.indexed_after,
            )
            written += 1
        if not said and stage.clock() - started > INCIDENT_STARTS:
            said = True
            presenter.say("incident", f"requests begin to fail: {FAILURES} errors in {INCIDENT_SECONDS:.0f} s", "red")
        if presenter.tally.outcomes[Outcome.RESOLVED] and sum(presenter.tally.hits.values()) >= FAILURES:
            break
    return written


def _summary(console: Console, presenter: Presenter, written: int, story: Story) -> bool:
    tally = presenter.tally
    ingested = sum(len(event.message.encode()) for event in story.events[:written])
    found = sum(tally.hits.values())
    by_pass = ", ".join(f"{count} by {name}" for name, count in tally.hits.items() if count)
    posted, edits, resolved = (tally.outcomes[o] for o in (Outcome.POSTED, Outcome.UPDATED, Outcome.RESOLVED))
    rows = (
        ("events", f"{written:,} written, {ingested / 1000:,.1f} kB"),
        ("incident", f"{FAILURES} errors, {ARRIVING_LATE} arriving late, {INDEXED_LATE} indexed late"),
        ("found", f"{found} of {FAILURES}: {by_pass}"),
        ("incidents", f"{tally.incidents[Reason.OPENED]} opened, {tally.incidents[Reason.RESOLVED]} resolved"),
        ("messages", f"{posted} opened, {edits} edits of its count, {resolved} resolved: one message in all"),
        ("latency", f"{tally.latency or 0:.1f} s from the first error to the alert"),
        ("queries", f"{tally.queries}, {tally.failed} failed"),
        ("scanned", f"{tally.bytes_scanned / 1000:,.1f} kB in three passes, each byte once a pass"),
        ("cost", f"{tally.dollars:.8f} dollars"),
    )
    table = Table(title="what happened", title_justify="left", title_style="bold", box=None, show_header=False)
    for name, value in rows:
        table.add_row(name, value)
    console.print()
    console.print(table)
    return (
        found == FAILURES
        and tally.incidents[Reason.OPENED] == tally.incidents[Reason.RESOLVED] == 1
        and posted == resolved == 1
    )
