"""How the embedded service behaves when nothing goes wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Fixed for the life of a server."""

    account: str = "000000000000"
    """Account id."""
    scheduled_seconds: float = 0.05
    """How long a query waits before it runs."""
    running_seconds: float = 0.1
    """How long a query runs whatever it scans."""
    bytes_per_second: float | None = None
    """Adds to the running time by what is scanned; None scans at once."""
    group_age_seconds: float = 0.0
    """How far back CreateLogGroup dates a group, so that a past put into it can be searched."""
    estimate: bool = True
    """Whether the command `estimate` exists, as it does not in every Region."""
    log_classes: bool = True
    """Whether listed log groups tell their class, as not every endpoint makes them do."""
    seed: int = 0
    """Of everything random that is no fault: ids, the order of ties, partial views."""
