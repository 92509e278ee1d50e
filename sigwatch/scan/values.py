"""What a file is to a scan: a place, in a format, read page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where the events of a file come from."""

    path: str
    """As the user named it; `-` for standard input."""
    log_group: str
    stream: str


@dataclass(frozen=True, slots=True)
class Event:
    """One log event of a file."""

    ts_ms: int | None
    """Event time, epoch milliseconds; None where neither it nor any event before it on its page has one."""
    message: str
    """As CloudWatch would hold it: decoded, bytes that are no UTF-8 replaced, without the line end."""
    log_group: str
    stream: str
    line: int
    """Lines of its page that lie before it; 0 where they are not counted."""


class Page(Protocol):
    """A part of a file that is cut between events."""

    text: bytes
    """What is to be searched: the messages of all of its events, in their order."""

    @property
    def lines(self) -> int:
        """Lines of the file on it. Counting them takes as long as searching it."""

    def events(self, ends: Sequence[int], *, numbered: bool = True) -> Iterator[Event]:
        """The events in which matches end, each once, in their order.

        Args:
            ends: ascending offsets in `text`, each one past the last byte of what may be a match.
            numbered: whether their lines are counted.
        """

    def span(self) -> tuple[int, int] | None:
        """Times of its first and of its last dated event, in the file's order; None without any."""


class Format(Protocol):
    """How the events of a file are written."""

    name: str
    """For people, such as `plain text` or `JSON lines of aws logs filter-log-events`."""

    def cut(self, data: bytes) -> int:
        """How many bytes from the beginning are whole events whatever follows; 0 where that is not known of any."""

    def page(self, data: bytes, place: Place) -> Page:
        """Whole events as a page; what belongs to no event is kept as one."""
