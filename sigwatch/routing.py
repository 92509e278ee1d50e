"""Which targets and which channel an incident goes to: the first route of the configuration that matches decides."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from sigwatch.config import MatchSettings, RouteSettings, Target


@dataclass(frozen=True, slots=True)
class Route:
    """Where one incident goes."""

    name: str
    """Which route of the configuration decided, for the audit trail: `route 1` is the first."""
    targets: tuple[Target, ...]
    """Empty for the configuration's own."""
    channel: str
    """Slack channel; empty for the project's own."""


def route(
    routes: Sequence[RouteSettings], project: str, severity: str, tags: Collection[str], at: float
) -> Route | None:
    """The first route that matches at `at` (epoch seconds); None when none does."""
    for number, each in enumerate(routes, 1):
        if _matches(each.match, project, severity, tags, at):
            return Route(f"route {number}", each.targets, each.channel)
    return None


def _matches(match: MatchSettings, project: str, severity: str, tags: Collection[str], at: float) -> bool:
    return (
        _any_of(match.project, [project])
        and _any_of(match.severity, [severity])
        and _any_of(match.tag, tags)
        and _on_duty(match, at)
    )


def _any_of(globs: Sequence[str], values: Collection[str]) -> bool:
    """Whether any value matches any glob, or nothing is asked for."""
    return not globs or any(fnmatchcase(value, glob) for glob in globs for value in values)


def _on_duty(match: MatchSettings, at: float) -> bool:
    """Whether it is within the hours of one of the days, by the clocks in the zone.

    Clocks decide where they are put forward or back: an hour that they skip does not come, one that they repeat counts
    twice.
    """
    local = datetime.fromtimestamp(at, UTC if match.zone == "UTC" else ZoneInfo(match.zone))
    day = local.weekday()
    if match.hours:
        minute = local.hour * 60 + local.minute
        start, end = match.hours
        if start < end:
            within = start <= minute < end
        else:
            within = minute >= start or minute < end
            # Hours that cross midnight belong to the day on which they began.
            day = day if minute >= start else (day - 1) % 7
        if not within:
            return False
    return not match.days or day in match.days
