"""Which incidents go where: the list `routes`, with hours, days and time zones as people write them."""

import re
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from sigwatch.config.values import Section, Several, Target
from sigwatch.model.knowledge import SEVERITIES

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = 24 * 60
_HOURS = re.compile(r"\s*(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)\s*")
_DAYS = re.compile(rf"\s*({'|'.join(WEEK)})(?:\s*-\s*({'|'.join(WEEK)}))?\s*", re.IGNORECASE)


class Hours(NamedTuple):
    """A part of the day in minutes after midnight on the clock of its zone; it crosses midnight where `end` is less."""

    start: int
    end: int
    """The first minute that does not belong to it."""


def _hours(text: object) -> object:
    if text is None:
        return None
    found = _HOURS.fullmatch(str(text))
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if not found or start >= _MIDNIGHT or end > _MIDNIGHT:
        raise ValueError(f"{text!r} are no hours; write them as 22:00-06:00")
    if start == end:
        raise ValueError(f"{text!r} begins and ends at the same time; leave hours out for the whole day")
    return Hours(start, end)


def _days(value: object) -> object:
    """Days of the week as numbers; Monday is 0."""
    texts = value if isinstance(value, list) else [value]
    return frozenset(day for text in texts for day in _span(text))


def _span(text: object) -> list[int]:
    found = _DAYS.fullmatch(str(text))
    if not found:
        raise ValueError(f"{text!r} is no day; write days as [mon-fri, sun]")
    first, last = (WEEK.index((found[group] or found[1]).lower()) for group in (1, 2))
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _zone(name: str) -> str:
    try:
        _ = name == "UTC" or ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"{name!r} is no time zone known here; write one such as Europe/Berlin") from None
    return name


def _severities(globs: tuple[str, ...]) -> tuple[str, ...]:
    for glob in globs:
        if not any(fnmatchcase(severity, glob) for severity in SEVERITIES):
            raise ValueError(f"{glob!r} matches no severity; there are {', '.join(SEVERITIES)}")
    return globs


class MatchSettings(Section):
    """What an incident must be to take a route; each key that is set must match. Globs where texts are compared."""

    project: Several = Field(default=(), min_length=1)
    severity: Annotated[Several, AfterValidator(_severities)] = Field(default=(), min_length=1)
    tag: Several = Field(default=(), min_length=1)
    """Any tag of the Knowledge Object or its RIS will do."""
    hours: Annotated[Hours | None, BeforeValidator(_hours)] = None
    days: Annotated[frozenset[int], BeforeValidator(_days)] = Field(default=frozenset(), min_length=1)
    """Days on which `hours` begin."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"


class RouteSettings(Section):
    """Where the incidents go that match, and no earlier route takes."""

    match: MatchSettings = MatchSettings()
    targets: tuple[Target, ...] = Field(default=(), min_length=1)
    """Empty: those of the whole configuration."""
    channel: str = ""
    """Slack channel; empty for the project's own."""

    @property
    def takes_all(self) -> bool:
        """Whether nothing gets past it."""
        return self.match.model_copy(update={"zone": "UTC"}) == MatchSettings()
