"""Copying a whole state into another store, so that it can be interrupted at any moment and done again.

The target says that it is unfinished until it has been compared with its source; nothing else opens it before. What an
interrupted session left there is removed first: the source may have changed since.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.ports import CursorKey
from sigwatch.store.records import Record, Total, totals
from sigwatch.store.unfinished import Marker, refuse_unfinished


class Archive(Protocol):
    """A state as one end of a migration."""

    def records(self) -> Iterator[Record]:
        """Everything that is kept, the records of one kind one after the other.

        Raises:
            StoreError: it can not be read.
        """

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `ports.Store.coverage`."""

    def marker(self) -> Marker | None:
        """What an unfinished target says of itself; None in any other state."""

    def is_empty(self) -> bool:
        """Whether nothing is kept, names and markers aside."""

    def begin(self, marker: Marker, before: Marker | None) -> None:
        """Mark the state as unfinished, and remove whatever is there.

        Raises:
            StoreError: the marker that is there is not the one given as `before`.
        """

    def restore(self, found: Iterable[Record]) -> Iterator[int]:
        """Write all records; gives how many there were each time that some are written.

        Raises:
            StoreError: they can not be written.
        """

    def finish(self, marker: Marker) -> None:
        """Take the marker away.

        Raises:
            StoreError: it is another one.
        """

    def close(self) -> None:
        """Let go of the state."""


def migrate(
    source: Archive, target: Archive, marker: Marker, name: str, tell: Callable[[str, int], None]
) -> Mapping[str, Total]:
    """Copy everything, and return what was copied, by kind.

    Args:
        source: what is copied; nobody may write to it meanwhile.
        target: empty, or what an interrupted migration from the same source has left.
        marker: of this session.
        name: of the target, as people call it.
        tell: is told what is being done and how many records that were so far.

    Raises:
        StoreError: the target holds something else, an end can not be reached, or they differ in the end.
    """
    target.begin(marker, _usable(target, marker, name))
    done = 0
    for count in target.restore(source.records()):
        done += count
        tell("copied", done)
    there, here = (
        totals(_counted(target.records(), "read back", tell)),
        totals(_counted(source.records(), "compared", tell)),
    )
    if there != here:
        kinds = ", ".join(sorted(kind for kind in {*there, *here} if there.get(kind) != here.get(kind)))
        raise StoreError(
            f"source and target differ ({kinds}): something has written to one of them meanwhile. Stop the daemon, and"
            " run the same command again; the target stays marked as unfinished until then"
        )
    target.finish(marker)
    return here


def _usable(target: Archive, marker: Marker, name: str) -> Marker | None:
    """The marker of the session that was interrupted, if one was."""
    before = target.marker()
    if before is None and not target.is_empty():
        raise StoreError(f"the state {name} is not empty: a migration only goes into a new one")
    if before is not None and before.source != marker.source:
        refuse_unfinished(name, before.source)
    return before


def _counted(found: Iterator[Record], what: str, tell: Callable[[str, int], None]) -> Iterator[Record]:
    for number, record in enumerate(found, 1):
        if number % 5_000 == 0:
            tell(what, number)
        yield record
