"""Log groups, streams and events: what there is to search, by time and by what has become visible."""

import re
import threading
from bisect import bisect_left, bisect_right, insort_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter

from sigwatch.local.errors import invalid, not_found, refusal

Clock = Callable[[], float]
"""Epoch seconds."""

DAY_MS = 86_400_000
CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_STREAM_NAME = re.compile(r"[^:*]{1,512}")
_INSERTS_WORTH_A_SORT = 20
_time_of = attrgetter("ts_ms")


@dataclass(frozen=True, slots=True)
class Event:
    """One log line as it is stored."""

    number: int
    """Unique in its store, rising with arrival."""
    group: str
    stream: str
    ts_ms: int
    message: str
    ingested_ms: int
    visible_at: float
    """Epoch seconds from which queries see it."""
    size: int
    """Bytes of the message in UTF-8."""
    owner: str = ""
    """Account of a linked log group; empty for the server's own."""


@dataclass(frozen=True, slots=True)
class Group:
    """A log group as the service describes it."""

    name: str
    created_ms: int
    log_class: str = "STANDARD"
    retention_days: int | None = None
    """None keeps events for ever."""
    owner: str = ""
    """Account of a log group that is only linked to this one, a monitoring account; empty for its own."""

    def oldest_kept_ms(self, now: float) -> int:
        """Event time in epoch milliseconds before which retention has removed everything."""
        if self.retention_days is None:
            return 0
        return int(now * 1000) - self.retention_days * DAY_MS


@dataclass(frozen=True, slots=True)
class Stream:
    """A log stream as the service describes it."""

    name: str
    created_ms: int
    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None


class LogStore:
    """Everything that was ever logged; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._groups: dict[str, Group] = {}
        self._streams: dict[str, dict[str, Stream]] = {}
        self._events: dict[str, list[Event]] = {}
        self._by_number: dict[int, Event] = {}
        self._next_number = 1

    def create_group(
        self, name: str, *, log_class: str = "STANDARD", created_ms: int | None = None, owner: str = ""
    ) -> Group:
        """Add a group; `created_ms` dates it back, for a past that is to be searched, `owner` is a linked account.

        Raises:
            ApiError: the name is not one, or is taken.
        """
        if _GROUP_NAME.fullmatch(name) is None:
            raise invalid(f"Value '{name}' at 'logGroupName' is not a log group name")
        if log_class not in CLASSES:
            raise invalid(f"Value '{log_class}' at 'logGroupClass' is not one of {', '.join(CLASSES)}")
        with self._lock:
            if name in self._groups:
                raise refusal("ResourceAlreadyExistsException", "The specified log group already exists")
            group = Group(name, self._now_ms() if created_ms is None else created_ms, log_class, owner=owner)
            self._groups[name] = group
            self._streams[name] = {}
            self._events[name] = []
            return group

    def delete_group(self, name: str) -> None:
        """Remove a group with all its events.

        Raises:
            ApiError: there is no such group.
        """
        with self._lock:
            self.group(name)
            for event in self._events.pop(name):
                del self._by_number[event.number]
            del self._groups[name], self._streams[name]

    def set_retention(self, name: str, days: int) -> None:
        """Keep events of a group for so many days only.

        Raises:
            ApiError: there is no such group, or the service does not offer that number of days.
        """
        if days not in RETENTION_DAYS:
            raise invalid(f"Value '{days}' at 'retentionInDays' is not one of {sorted(RETENTION_DAYS)}")
        with self._lock:
            self._groups[name] = replace(self.group(name), retention_days=days)

    def group(self, name: str) -> Group:
        """One group.

        Raises:
            ApiError: there is no such group.
        """
        with self._lock:
            found = self._groups.get(name)
        if found is None:
            raise not_found("The specified log group does not exist.")
        return found

    def groups(self) -> tuple[Group, ...]:
        """All groups, by name."""
        with self._lock:
            return tuple(group for _, group in sorted(self._groups.items()))

    def create_stream(self, group: str, name: str) -> None:
        """Add a stream to a group.

        Raises:
            ApiError: there is no such group, or the name is not one, or is taken.
        """
        if _STREAM_NAME.fullmatch(name) is None:
            raise invalid(f"Value '{name}' at 'logStreamName' is not a log stream name")
        with self._lock:
            self.group(group)
            if name in self._streams[group]:
                raise refusal("ResourceAlreadyExistsException", "The specified log stream already exists")
            self._streams[group][name] = Stream(name, self._now_ms())

    def streams(self, group: str) -> Mapping[str, Stream]:
        """The streams of a group, by name.

        Raises:
            ApiError: there is no such group.
        """
        with self._lock:
            self.group(group)
            return dict(sorted(self._streams[group].items()))

    def put(
        self, group: str, stream: str, events: Iterable[tuple[int, str]], *, visible_after_seconds: float = 0.0
    ) -> None:
        """Log events, each an event time in epoch milliseconds and a message, of any age and in any order.

        A late arrival is an event put with an old time. Slow indexing is `visible_after_seconds`: queries see
        the events only once that much time has passed. A stream that is missing is made.

        Raises:
            ApiError: there is no such group.
        """
        now = self._clock()
        with self._lock:
            self.group(group)
            if stream not in self._streams[group]:
                self.create_stream(group, stream)
            added = [self._event(group, stream, ts, text, now, visible_after_seconds) for ts, text in events]
            if not added:
                return
            _merge(self._events[group], added)
            self._by_number.update((event.number, event) for event in added)
            self._streams[group][stream] = _seen(self._streams[group][stream], added)

    def search(self, group: str, first_ms: int, last_ms: int, now: float) -> list[Event]:
        """Events of a group that a query sees at `now` (epoch seconds), by time; both ends are included.

        Raises:
            ApiError: there is no such group.
        """
        with self._lock:
            oldest = max(first_ms, self.group(group).oldest_kept_ms(now))
            events = self._events[group]
            low = bisect_left(events, oldest, key=_time_of)
            high = bisect_right(events, last_ms, key=_time_of)
            return [event for event in events[low:high] if event.visible_at <= now]

    def stored_bytes(self, group: str) -> int:
        """Bytes of all messages of a group.

        Raises:
            ApiError: there is no such group.
        """
        with self._lock:
            self.group(group)
            return sum(event.size for event in self._events[group])

    def event(self, number: int) -> Event | None:
        """One event by its number; None when it is not, or no longer, there."""
        with self._lock:
            return self._by_number.get(number)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _event(self, group: str, stream: str, ts_ms: int, message: str, now: float, lag: float) -> Event:
        # A lone surrogate can arrive in JSON but has no bytes; the service stores text that has.
        data = message.encode("utf-8", "replace")
        number = self._next_number
        self._next_number += 1
        owner = self._groups[group].owner
        return Event(number, group, stream, ts_ms, data.decode(), int(now * 1000), now + lag, len(data), owner)


def _merge(kept: list[Event], added: list[Event]) -> None:
    """Add events to a list that stays in order of time."""
    if len(added) * _INSERTS_WORTH_A_SORT > len(kept):
        kept.extend(added)
        kept.sort(key=_time_of)
        return
    for event in added:
        insort_right(kept, event, key=_time_of)


def _seen(stream: Stream, added: list[Event]) -> Stream:
    times = [event.ts_ms for event in added]
    return replace(
        stream,
        first_ms=min(times) if stream.first_ms is None else min(stream.first_ms, *times),
        last_ms=max(times) if stream.last_ms is None else max(stream.last_ms, *times),
        ingested_ms=added[-1].ingested_ms,
    )
