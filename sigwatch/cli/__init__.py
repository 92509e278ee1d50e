"""The verbs; the only place that prints or exits."""

import os
import signal
from types import FrameType


def heed_termination() -> None:
    """Have SIGTERM end this process even where it is the first of a container.

    To process 1 the kernel delivers only signals that it has a handler for (pid_namespaces(7)): without one it would
    be deaf to SIGTERM until its verb installs its own, and be killed when the platform's patience is over.
    """
    if os.getpid() == 1 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)


# Here, since whatever else is loaded takes a third of a second.
heed_termination()
