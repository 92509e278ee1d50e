"""Whether a range makes sense: known before any query."""

from collections.abc import Sequence

from sigwatch.errors import RangeError
from sigwatch.model.logs import LogGroup, Window
from sigwatch.past.slices import searchable_part
from sigwatch.plan.windows import oldest_kept, searchable_from
from sigwatch.publish.words.wording import rfc3339


def in_order(start: int, end: int, now: float) -> Window:
    """The range, as far as there can be any events in it.

    Raises:
        RangeError: a sentence with the cure.
    """
    if start >= now:
        raise RangeError(f"the range begins at {_moment(start)}, which is in the future: choose an earlier --since")
    if start >= end:
        raise RangeError(
            f"the range begins at {_moment(start)} and ends at {_moment(end)}: --since must lie before --until"
        )
    return Window(start, min(end, max(start + 1, int(now))))


def kept_part(window: Window, groups: Sequence[LogGroup], now: float) -> tuple[str, ...]:
    """Notes on what of the range can not be there.

    Raises:
        RangeError: nothing of it can; a sentence with the cure.
    """
    parts = {group: part for group in groups if (part := searchable_part(window, group, now))}
    if groups and not parts:
        raise RangeError(_nothing(window, groups, now))
    notes = []
    first = min((part.start for part in parts.values()), default=window.start)
    if first > window.start:
        notes.append(f"nothing is kept from before {_moment(first)}: the search begins there")
    later = [group for group, part in parts.items() if part.start > first]
    if later:
        last = max(parts[group].start for group in later)
        notes.append(
            f"{len(later)} of {len(groups)} log groups keep events for less long, some only since {_moment(last)}"
        )
    young = [group for group in groups if group not in parts and searchable_from(group) > window.end]
    if young:
        notes.append(
            f"{len(young)} of {len(groups)} log groups were created after the range and can not be searched in it"
        )
    gone = len(groups) - len(parts) - len(young)
    if gone:
        notes.append(f"{gone} of {len(groups)} log groups keep nothing of the range any more")
    return tuple(notes)


def _nothing(window: Window, groups: Sequence[LogGroup], now: float) -> str:
    kept = min(oldest_kept(group, now) for group in groups)
    if kept >= window.end:
        return (
            f"nothing is kept of the range up to {_moment(window.end)}: the retention of the log groups has deleted"
            f" what is older than {_moment(kept)}; choose a later range"
        )
    born = min(searchable_from(group) for group in groups)
    return (
        f"no log group was there in the range up to {_moment(window.end)}: the oldest was created at {_moment(born)},"
        " and the service searches nothing from before; choose a later --until"
    )


def _moment(second: int) -> str:
    return rfc3339(second * 1000)
