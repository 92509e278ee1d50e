"""Transactions that are begun again while somebody else is faster."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sigwatch.errors import Conflict
from sigwatch.ports import Unit

TRIES = 60
"""Each time that one loses another one wins, so even a crowd comes to an end."""

Result = TypeVar("Result")


class _Begins(Protocol):
    def unit(self) -> AbstractContextManager[Unit]: ...


def settled(attempt: Callable[[], Result]) -> Result:
    """What an attempt gives, made again while somebody else is faster.

    Raises:
        Conflict: somebody else was faster every time.
    """
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()


def transacted(store: _Begins, work: Callable[[Unit], Result]) -> Result:
    """Do work in a transaction and return what it gives; all of it once more where another transaction got ahead.

    Raises:
        TooMuch: nothing was written; the work has to be parted.
        StoreError: nothing was written.
    """

    def attempt() -> Result:
        with store.unit() as unit:
            return work(unit)

    return settled(attempt)
