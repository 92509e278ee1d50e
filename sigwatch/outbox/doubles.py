"""Looking for messages that a target shows twice, and deleting the newer ones.

A worker that is suspended between its last look at its claim and its post, for longer than the claim, is the one way
to such a message that is known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sigwatch.errors import PublishError
from sigwatch.model.event import DoublesDeleted, RunSkipped, SkipReason
from sigwatch.ports import Deliveries, Observer

DeleteDoubles = Callable[[str, int], Sequence[tuple[str, str]]]
"""Deletes what a destination shows twice since an epoch millisecond, and returns the target's names for each deleted
message and the one that stays; a PublishError means not now."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """Goes through the destinations that were written to lately."""

    store: Deliveries
    targets: Mapping[str, DeleteDoubles]
    observe: Observer

    def delete(self, since_ms: int) -> int:
        """Delete what is shown twice since then, and return how many messages that were.

        Raises:
            StoreError: the destinations can not be read.
        """
        deleted = 0
        for target, delete in self.targets.items():
            for destination in self.store.destinations(target, since_ms):
                try:
                    found = delete(destination, since_ms)
                except PublishError as error:
                    self.observe(RunSkipped("doubles", SkipReason.FAILED, str(error)))
                    continue
                for gone, kept in found:
                    self.store.rename(target, gone, kept)
                deleted += len(found)
        if deleted:
            self.observe(DoublesDeleted(deleted))
        return deleted
