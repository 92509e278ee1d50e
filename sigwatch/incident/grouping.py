"""What hits of one incident share. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

from sigwatch.model.logs import Row

OF_THE_ROW: Mapping[str, Callable[[Row], str]] = {
    "log_group": attrgetter("log_group"),
    "log_stream": attrgetter("stream"),
    "account": attrgetter("account"),
    "region": attrgetter("region"),
}
NOTHING = "-"
"""Stands for a value that an event does not have."""
LENGTH = 80
"""Characters of a value that count: longer ones would make every event its own incident."""

Captured = Callable[[Row], Mapping[str, str]]
"""The named groups of the pattern in an event, looked for only when somebody asks."""


def grouping_key(row: Row, group_by: Sequence[str], captured: Captured, mask: Callable[[str], str]) -> str:
    """The key as people read it, masked; empty when a signature has one incident at a time.

    A name is a property of the row, else a named group of the pattern, else a field of the JSON in the event.
    """
    named = [name for name in group_by if name not in OF_THE_ROW]
    values = dict(captured(row)) if named else {}
    missing = [name for name in named if not values.get(name)]
    if missing:
        fields = _json_fields(row.message)
        values.update({name: _lookup(fields, name) for name in missing})
    parts = [OF_THE_ROW[n](row) if n in OF_THE_ROW else f"{n}={_short(values[n], mask)}" for n in group_by]
    return " ".join(parts)


def _short(value: str, mask: Callable[[str], str]) -> str:
    return " ".join(mask(value[: 2 * LENGTH]).split())[:LENGTH] or NOTHING


def _json_fields(message: str) -> object:
    """The first object in the event: log libraries put a time or a level before it."""
    start = message.find("{")
    if start < 0:
        return {}
    try:
        return json.JSONDecoder().raw_decode(message, start)[0]
    except (ValueError, RecursionError):
        return {}


def _lookup(fields: object, path: str) -> str:
    """A value by its name, or by a path of names; a name may hold dots itself."""
    if not isinstance(fields, Mapping):
        return ""
    if path in fields:
        value = fields[path]
        return "" if isinstance(value, dict | list) or value is None else str(value)
    first, _, rest = path.partition(".")
    return _lookup(fields.get(first), rest) if rest else ""
