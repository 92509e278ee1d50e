"""Who may search what: leases, which keep replicas from doing the same work twice."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """A right to search some log groups, or to do the chores, for as long as nobody else has been given it.

    It saves money, not correctness: whatever is written under it is refused once it has been given to somebody else.
    """

    name: str
    fence: int = 0
    """Grows each time that the lease changes hands."""
    stamp: str = ""
    """Of the write that gave it; no other has the same."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease and who has it."""

    lease: Lease
    owner: str
    """Name of a replica; empty for nobody."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All leases and replicas at one moment."""

    held: Mapping[str, Held]
    """By the name of the lease."""
    beats: Mapping[str, str]
    """By replica, what changes with each sign of life."""


ALONE = Lease("")
"""What a program holds whose state nobody shares."""

CHORES = "chores"
"""Name of the lease on what one replica does for all: the audit trail of the knowledge, ends of incidents, cleaning."""
