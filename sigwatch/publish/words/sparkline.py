"""The last hour of an incident as a line of bars. Pure.

Own lines rather than a package: those at hand scale from the least value, so that one event would look like none.
"""

from collections.abc import Sequence

BARS = 20
MINUTES = 3
"""Of one bar: together an hour."""
NONE = "▁"
SOME = "▂▃▄▅▆▇█"


def sparkline(histogram: Sequence[tuple[int, int]]) -> str:
    """`▁▁▂▅█▇  peak 312 in 3 min`, ending with the newest hit; empty below two hits.

    Args:
        histogram: hits by epoch minute, ascending.
    """
    bars = _bars(histogram)
    if sum(bars) < 2:
        return ""
    peak = max(bars)
    return f"{''.join(_bar(hits, peak) for hits in bars)}  peak {peak:,} in {MINUTES} min"


def _bars(histogram: Sequence[tuple[int, int]]) -> list[int]:
    bars = [0] * BARS
    newest = max((minute for minute, _ in histogram), default=0)
    for minute, hits in histogram:
        back = (newest - minute) // MINUTES
        if back < BARS:
            bars[BARS - 1 - back] += hits
    return bars


def _bar(hits: int, peak: int) -> str:
    return SOME[(hits * len(SOME) - 1) // peak] if hits else NONE
