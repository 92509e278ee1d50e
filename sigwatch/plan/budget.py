"""What a daily budget still allows: pure arithmetic, answered with a named reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sigwatch.model.logs import Pass

STRETCH = 4
"""How many times longer the interval becomes when not even the first pass would last the day."""

_SHORTEST_SHARE = 1 / 96
"""A quarter of an hour: less says nothing of a day's volume."""

_WEIGHT_OF_YESTERDAY = 1 / 8
"""Yesterday counts like three hours of today: at midnight it is all that is known, and by noon it hardly matters."""


class Saving(StrEnum):
    """How far the daemon has gone to keep within its budget; the label of `budget_saving`."""

    NONE = "none"
    SKIP_PASSES = "skip_late_passes"
    STRETCH_INTERVAL = "longer_interval"
    LEAVE_UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be searched now."""

    saving: Saving
    passes: tuple[Pass, ...]
    """Those that still run."""
    stretch: int = 1
    """Factor on the polling interval."""
    spent: float = 0.0
    """Dollars of this day (UTC)."""
    budget: float | None = None


def heading_for(today: float, yesterday: float, share_of_day: float) -> float:
    """What a pass will have cost by midnight, in dollars.

    Args:
        today: what it has cost so far.
        yesterday: what it cost the day before; 0 when that is not known.
        share_of_day: how much of the day is over, 0 to 1.
    """
    if yesterday:
        a_day = (today + _WEIGHT_OF_YESTERDAY * yesterday) / (share_of_day + _WEIGHT_OF_YESTERDAY)
    else:
        a_day = today / max(share_of_day, _SHORTEST_SHARE)
    return today + (1 - share_of_day) * a_day


def allow(
    spent: Mapping[str, float],
    budget: float | None,
    passes: Sequence[Pass],
    share_of_day: float,
    yesterday: float = 0.0,
) -> Allowance:
    """What the rest of the day's budget pays for.

    Every pass reads each byte once, so each needs by the end of the day what the first one is heading for. The pass
    with the longest delay is given up first. The first pass goes on, in longer steps, until nothing is left.

    Args:
        spent: dollars of this day (UTC) by pass.
        budget: dollars a day; None for no limit.
        passes: those that are configured, shortest delay first.
        share_of_day: how much of the day is over, 0 to 1.
        yesterday: dollars that the first pass cost the day before; 0 when that is not known. Without it, what late
            passes have to catch up on at midnight would leave nothing for the first one.
    """
    everything = tuple(passes)
    total = sum(spent.values())
    if budget is None:
        return Allowance(Saving.NONE, everything, 1, total)
    left = budget - total
    if left <= 0:
        return Allowance(Saving.LEAVE_UNREAD, (), 1, total, budget)
    whole_day = heading_for(spent.get(passes[0].name, 0.0), yesterday, share_of_day)
    needed = 0.0
    lasting = []
    for step in passes:
        needed += max(0.0, whole_day - spent.get(step.name, 0.0))
        if needed <= left:
            lasting.append(step)
    if not lasting:
        return Allowance(Saving.STRETCH_INTERVAL, everything[:1], STRETCH, total, budget)
    saving = Saving.NONE if len(lasting) == len(everything) else Saving.SKIP_PASSES
    return Allowance(saving, tuple(lasting), 1, total, budget)
