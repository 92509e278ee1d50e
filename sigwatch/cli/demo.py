"""`demo`: the main job on the embedded Logs Insights."""

import os
import signal
import threading
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, stdout
from sigwatch.demo.play import Stage, play
from sigwatch.telemetry.logs import quieten_libraries


def demo(keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, until Ctrl-C.")] = False) -> None:
    """Watch a known incident being recognised and told: under a minute, no account needed."""
    quieten_libraries()
    leaving = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: leaving.set())
    stage = Stage(stdout(), wiring.clock, leaving.wait, os.environ)
    fine = play(stage, keep)
    raise typer.Exit(FINE if fine or leaving.is_set() else FINDINGS)
