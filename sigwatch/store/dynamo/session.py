"""A transaction by optimistic concurrency: what is read is remembered with its version, what is written waits.

The commit goes through only where every item that it changes is still as it was read. Kung and Robinson, "On
Optimistic Methods for Concurrency Control", 1981.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sigwatch.store.dynamo.table import Item, Key, Table, Write


class Session:
    """One transaction that was begun. Not to be used from several threads."""

    def __init__(self, table: Table) -> None:
        """Read from a table; nothing is written before `writes` are committed."""
        self._table = table
        self._read: dict[Key, Item | None] = {}
        self._written: dict[Key, Write] = {}
        self._whole: set[str] = set()

    def get(self, key: Key) -> Item | None:
        """The item under a key, with what this transaction has made of it."""
        return self.get_all([key]).get(key)

    def get_all(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Those of the items that are there, likewise."""
        # Of a partition that was read whole the rest is not there: to look again would be to see a later moment.
        self._read |= {key: None for key in keys if key[0] in self._whole and key not in self._read}
        made = {key: write.item for key, write in self._written.items() if not write.only_check}
        missing = [key for key in keys if key not in self._read and key not in made]
        if missing:
            found = self._table.get(missing)
            self._read |= {key: found.get(key) for key in missing}
        seen = {key: made[key] if key in made else self._read[key] for key in keys}
        return {key: item for key, item in seen.items() if item is not None}

    def partition(self, pk: str) -> list[Item]:
        """Every item of a partition, likewise, in the order of their places."""
        if pk not in self._whole:
            self._whole.add(pk)
            for item in self._table.query(pk):
                self._read.setdefault(item.key, item)
        keys = [key for key in {*self._read, *self._written} if key[0] == pk]
        return sorted(self.get_all(keys).values(), key=lambda item: item.key)

    def put(self, key: Key, body: Any = None, **attributes: Any) -> None:
        """Write an item in place of the one that is there, which must still be the one that was read."""
        self.get(key)
        self._written[key] = Write(key, Item(key, body, **attributes), self._version(key))

    def put_blindly(self, key: Key, body: Any = None, **attributes: Any) -> None:
        """Write an item whatever is there: nobody else writes it, or it does not matter who was last."""
        self._written[key] = Write(key, Item(key, body, **attributes), None)

    def delete(self, key: Key) -> None:
        """Remove an item, which must still be the one that was read."""
        self.get(key)
        self._written[key] = Write(key, None, self._version(key))

    def delete_blindly(self, key: Key) -> None:
        """Remove an item whatever is there."""
        self._written[key] = Write(key, None, None)

    def require(self, key: Key, by: str) -> None:
        """Have the commit fail unless an item is still as the commit of that nonce left it."""
        self._written.setdefault(key, Write(key, None, by, only_check=True))

    def _version(self, key: Key) -> str:
        read = self._read.get(key)
        return read.by if read else ""

    @property
    def writes(self) -> list[Write]:
        """What is to be committed: what was made and unmade here is not there at all."""
        gone = [w for w in self._written.values() if w.item is None and w.expected == "" and not w.only_check]
        return [write for write in self._written.values() if write not in gone and not self._same(write)]

    def _same(self, write: Write) -> bool:
        """Whether an item is to be written as it is anyway."""
        read = self._read.get(write.key)
        return write.item is not None and read is not None and write.expected is not None and read == write.item


@contextmanager
def session(table: Table, nonce: Callable[[], str]) -> Iterator[Session]:
    """A transaction that is committed on leaving, and forgotten on an exception.

    Raises:
        Conflict: somebody else was faster; nothing was written.
        StoreError: nothing was written.
    """
    begun = Session(table)
    yield begun
    writes = begun.writes
    if any(not write.only_check for write in writes):
        table.commit(writes, nonce())
