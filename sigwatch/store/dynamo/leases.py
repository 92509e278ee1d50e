"""Leases in the table. Each is an item; the stamp of its last write is what its holder has to show."""

from collections.abc import Callable

from sigwatch.errors import Conflict
from sigwatch.model.lease import Held, Lease, Ledger
from sigwatch.store.dynamo.session import session
from sigwatch.store.dynamo.table import Item, Table, Write

LEASES = "LEASE"
REPLICAS = "REPLICA"


class DynamoLeases:
    """See `ports.Leases`."""

    def __init__(self, table: Table, nonce: Callable[[], str]) -> None:
        """Keep leases in the table of the whole state."""
        self._table = table
        self._nonce = nonce

    def read(self) -> Ledger:
        """See `ports.Leases.read`."""
        held = {item.key[1]: _held(item) for item in self._table.query(LEASES)}
        return Ledger(held, {item.key[1]: item.by for item in self._table.query(REPLICAS)})

    def beat(self, replica: str) -> None:
        """See `ports.Leases.beat`."""
        with session(self._table, self._nonce) as begun:
            begun.put_blindly((REPLICAS, replica), 1)

    def take(self, name: str, replica: str, seen: Held | None) -> Lease | None:
        """See `ports.Leases.take`."""
        key, fence, stamp = (LEASES, name), (seen.lease.fence if seen else 0) + 1, self._nonce()
        expected = seen.lease.stamp if seen else ""
        try:
            self._table.commit([Write(key, Item(key, [replica, fence]), expected)], stamp)
        except Conflict:
            return None
        return Lease(name, fence, stamp)

    def give_back(self, lease: Lease) -> None:
        """See `ports.Leases.give_back`."""
        key = LEASES, lease.name
        try:
            self._table.commit([Write(key, Item(key, ["", lease.fence]), lease.stamp)], self._nonce())
        except Conflict:
            return

    def bow_out(self, replica: str) -> None:
        """See `ports.Leases.bow_out`."""
        with session(self._table, self._nonce) as begun:
            begun.delete_blindly((REPLICAS, replica))


def _held(item: Item) -> Held:
    owner, fence = item.body
    return Held(Lease(item.key[1], fence, item.by), owner)
