"""Ctrl-C and SIGTERM in work that keeps what is done."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that is set when the user has had enough; the second time ends the program at once.

    At once means as a kill would: threads that wait for a service are not waited for. What is done is in the state.
    """
    stopping = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            _show_cursor()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stopping.set()

    with _handled_by(stop):
        yield stopping


@contextmanager
def interrupted_by_signal() -> Iterator[None]:
    """Within it a signal raises KeyboardInterrupt, although it is within `stop_on_signal`: a question must not wait on.

    Reading a terminal goes on after a signal whose handler only returns.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


def _show_cursor() -> None:
    """A bar hides it, and nobody would show it again. Not through the stream, which may be in the midst of writing."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), SHOW_CURSOR)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
