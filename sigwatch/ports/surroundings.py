"""Time, waiting and telemetry, as arguments."""

from collections.abc import Callable

from sigwatch.model.event import Event

Clock = Callable[[], float]
"""Epoch seconds."""

Wait = Callable[[float], bool]
"""Waits that many seconds, or less when asked to stop; True means stop."""

Observer = Callable[[Event], None]
"""Is told what happened; must not raise."""
