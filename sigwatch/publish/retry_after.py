"""For how long a target wants to be left alone. Pure."""

import math

LONGEST = 3_600.0
DEFAULT = 10.0
"""Seconds, where a target limits the rate without saying for how long."""


def seconds(header: str | None) -> float:
    """A Retry-After header in seconds; what can not be read as such, a date included, becomes the default."""
    try:
        wanted = float(header or "")
    except ValueError:
        return DEFAULT
    return min(wanted, LONGEST) if math.isfinite(wanted) and wanted >= 0 else DEFAULT
