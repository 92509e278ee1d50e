"""A wall-clock deadline around a call to a target, and silence about what it holds."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TypeVar

from sigwatch.errors import Ambiguous, PublishError

T = TypeVar("T")

_CALLING = ContextVar("calling", default=False)
"""True during a call, in its thread and in those to which a library hands the context on."""


def within(seconds: float, call: Callable[[], T], explain: Callable[[Exception], PublishError]) -> T:
    """What `call` returns, if it does so within that many seconds.

    The time-outs of HTTP clients start anew with each byte received, so only another thread can hold a call to a total.
    A call given up runs on; whatever it does late is as uncertain as the error says.

    Args:
        seconds: the deadline, from the beginning of the call.
        call: talks to a target.
        explain: the meaning of what it raised; a PublishError needs none.

    Raises:
        Ambiguous: the deadline has passed.
        PublishError: the call failed.
    """
    future: Future[T] = Future()
    threading.Thread(target=_run, args=(future, call), name="publish-call", daemon=True).start()
    try:
        failure = future.exception(seconds)
    except TimeoutError:
        failure = Ambiguous(f"no answer within {seconds:g} seconds")
    if failure is None:
        return future.result()
    # Nothing is chained: a cause could quote the request, and with it a secret.
    raise explain(failure) if isinstance(failure, Exception) and not isinstance(failure, PublishError) else failure


def hush(*loggers: str) -> None:
    """Drop what these loggers hear during calls within a deadline: libraries log addresses, and some are secrets.

    What the same libraries log for others, such as boto3, is still heard.
    """
    for name in loggers:
        logging.getLogger(name).addFilter(_elsewhere)


def _elsewhere(record: logging.LogRecord) -> bool:  # noqa: ARG001 - a filter's signature
    return not _CALLING.get()


def _run(future: "Future[T]", call: Callable[[], T]) -> None:
    _CALLING.set(True)
    try:
        future.set_result(call())
    except Exception as failure:  # noqa: BLE001 - handed to the caller, who explains it
        future.set_exception(failure)
