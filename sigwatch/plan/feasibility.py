"""What can not work, said before the daemon runs: each fault a sentence with its cure. Pure arithmetic."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sigwatch.model.logs import Scope, Volume
from sigwatch.plan.scopes import GROUPS_PER_QUERY
from sigwatch.plan.strategy import QueryPlan
from sigwatch.plan.windows import DAY, window_seconds

MOST_GROUPS = 10_000
"""Log groups that one search of an account may span."""

LOOKS_PER_QUERY = 1.4
"""Three of four queries are done at the first look, so ten take about fourteen."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A scope, and how it would be searched."""

    scope: Scope
    plan: QueryPlan
    volume: Volume
    """Of a day."""

    @property
    def batches(self) -> int:
        """Queries can name so many log groups only."""
        return -(-len(self.scope.groups) // GROUPS_PER_QUERY)

    @property
    def queries(self) -> int:
        """Sent by each pass for each of its windows."""
        return self.batches * len(self.plan.queries)

    @property
    def bytes_per_pass(self) -> float:
        """Paid for by each pass a day."""
        return self.volume.bytes_logged * self.plan.multiple


@dataclass(frozen=True, slots=True)
class Means:
    """What the configuration grants."""

    interval: int
    """Seconds."""
    passes: Mapping[str, int]
    """Delay of each in seconds."""
    starts_per_second: float
    looks_per_second: float
    """Both in each account and region."""
    budget: float | None
    """Dollars a day."""


def obstacles(planned: Sequence[Planned], means: Means, one_pass: float) -> list[str]:
    """Every reason why this can not work; `one_pass` is the price of one pass in dollars a day."""
    return [
        *_unaffordable(means, one_pass),
        *_too_many_groups(planned),
        *_too_many_queries(planned, means),
        *_too_late(planned, means),
    ]


def _unaffordable(means: Means, one_pass: float) -> Iterator[str]:
    budget, every_pass = means.budget, one_pass * len(means.passes)
    if budget is None or every_pass <= budget:
        return
    if one_pass > budget:
        words = f"does not pay for one pass, which costs about {one_pass:.2f} dollars a day, so part of each would"
        cure = f"stay unread until the next; set at least {every_pass:.2f}, or watch fewer log groups"
    else:
        words = f"does not pay for all passes, which cost about {every_pass:.2f} dollars a day, so late ones would"
        cure = "be skipped; raise it, or remove a pass"
    yield f"polling.budget_dollars_per_day: {budget:.2f} {words} {cure}"


def _too_many_groups(planned: Sequence[Planned]) -> Iterator[str]:
    groups = sum(len(each.scope.groups) for each in planned)
    if groups > MOST_GROUPS:
        words = f"{groups:,} log groups are watched, more than the {MOST_GROUPS:,} that one account's searches may span"
        yield f"log_groups: {words}; narrow the globs, or run one sigwatch for each part"


def _too_many_queries(planned: Sequence[Planned], means: Means) -> Iterator[str]:
    queries = sum(each.queries for each in planned)
    lanes = len({each.scope.groups[0].lane for each in planned}) or 1
    rate = min(means.starts_per_second, means.looks_per_second / LOOKS_PER_QUERY) * lanes

    def wanted(interval: int) -> float:
        """Queries a second: each pass sends them once an interval, or in longer windows where its delay is long."""
        return queries * sum(1 / window_seconds(delay, interval) for delay in means.passes.values())

    if wanted(means.interval) > rate:
        fitting = bisect_left(range(DAY), -rate, lo=means.interval, key=lambda interval: -wanted(interval))
        words = f"{wanted(means.interval):,.2g} queries a second over all passes, and {rate:.2g} are granted"
        cure = f"set at least {fitting}s, raise aws.limits, or watch fewer log groups"
        yield f"polling.interval: every {means.interval} s that is {words}; {cure}"


def _too_late(planned: Sequence[Planned], means: Means) -> Iterator[str]:
    for name, delay in means.passes.items():
        short = sorted(
            {
                group.name
                for each in planned
                for group in each.scope.groups
                if group.retention_days is not None and group.retention_days * DAY <= delay
            }
        )
        if short:
            who = f"{short[0]} and {len(short) - 1:,} more have" if len(short) > 1 else f"{short[0]} has"
            words = f"{name} reads {delay / DAY:g} days after the event, when {who} deleted it"
            yield f"polling.passes.{name}: {words}; shorten the delay, or lengthen the retention"
