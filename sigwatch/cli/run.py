"""`run`: the daemon."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, options, stderr, stdout
from sigwatch.daemon import Daemon
from sigwatch.errors import StoreError
from sigwatch.telemetry.logs import LogObserver, logger, quieten_libraries

DRAIN_SECONDS = 5.0
"""After this the process ends even if an answer is still awaited: what matters is durable already.

Half of what is promised, for on a busy machine all else takes its time too.
"""


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Make every pass once, deliver, and exit.")] = False,
) -> None:
    """Watch for the approved signatures until told to stop."""
    chosen = options(context)
    settings = chosen.settings()
    quieten_libraries()
    log = logger(sys.stderr, chosen.verbose)
    running = wiring.build(settings, chosen.folder, wiring.Surroundings(os.environ, stdout(), [LogObserver(log)]))
    handle_signals(running.daemon)
    with running.closing:
        if once:
            raise typer.Exit(FINE if running.daemon.once() else FINDINGS)
        running.web.start()
        if running.socket:
            running.closing.callback(running.socket.close)
            running.socket.start()
        log.info("watching", http=f"http://{settings.http.host}:{running.web.port}/", store=settings.store)
        running.daemon.run()
        try:
            running.closing.close()
        except StoreError as error:
            log.warning("closed without the state", detail=str(error))
    log.info("stopped")


def handle_signals(daemon: Daemon) -> None:
    """SIGTERM and Ctrl-C drain the daemon; SIGHUP reloads its knowledge."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        daemon.stop()
        deadline = threading.Timer(DRAIN_SECONDS, _give_up)
        deadline.daemon = True
        deadline.start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, lambda _number, _frame: daemon.reload())


def _give_up() -> None:
    stderr().print("sigwatch: stopped while waiting for an answer; the next start goes on from there")
    os._exit(FINE)
