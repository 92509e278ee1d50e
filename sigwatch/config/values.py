"""What single values of the configuration may be, and how they are written."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sigwatch.model.knowledge import GROUPING_NAME, SEVERITIES

DAY = 86_400

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}

_LATE_DAYS = 15


class Section(BaseModel):
    """Settings that can not change once read, and that know every key they allow."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def seconds(text: object) -> object:
    """Turn a duration such as `15s`, `5m`, `1h`, `2d`, `4w` or `7y` into whole seconds; numbers are seconds already.

    A year has 365 days.
    """
    if isinstance(text, str):
        found = re.fullmatch(r"\s*(\d+)\s*([smhdwy])\s*", text)
        if not found:
            raise ValueError(f"{text!r} is no duration; write it as 15s, 5m, 1h, 2d, 4w or 7y")
        return int(found[1]) * _UNITS[found[2]]
    return text


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _groupable(name: str) -> str:
    if not re.fullmatch(GROUPING_NAME, name):
        cure = "write log_group, log_stream, account, region, a named group of the patterns or a field such as user.id"
        raise ValueError(f"{name!r} is nothing to group by; {cure}")
    return name


def _severity(name: str) -> str:
    if name not in SEVERITIES:
        raise ValueError(f"{name!r} is no severity; write one of {', '.join(SEVERITIES)}")
    return name


def _address(text: str) -> str:
    """The text, if it is an address that may be written down."""
    # The text stays out of the sentences: it may be a secret.
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is no address; write one such as https://example.com:9093")
    if parts.username or parts.password:
        raise ValueError("holds a login; secrets come from the environment, so write the address without it")
    return text


def _growth(factor: int) -> int:
    if factor == 1:
        raise ValueError("1 would escalate with every hit; write 2 or more, or 0 for never")
    return factor


def _beyond_late_events(kept: int) -> int:
    if kept < _LATE_DAYS * DAY:
        raise ValueError(
            f"must be at least {_LATE_DAYS}d: CloudWatch takes events that are up to 14 days old, "
            "and what was told of them before would be told again"
        )
    return kept


Duration = Annotated[int, BeforeValidator(seconds), Field(ge=0)]
Positive = Annotated[int, BeforeValidator(seconds), Field(ge=1)]
Kept = Annotated[Positive, AfterValidator(_beyond_late_events)]
"""Seconds for which something is kept that late events are compared with."""
Growth = Annotated[int, Field(ge=0), AfterValidator(_growth)]
Several = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
"""One text or a list of them."""
Grouping = Annotated[str, AfterValidator(_groupable)]
Severity = Annotated[str, AfterValidator(_severity)]
Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_one_or_many)]

Target = Literal["slack", "console", "slack-webhook", "alertmanager", "pagerduty", "webhook", "apprise"]
"""Where messages can go."""
