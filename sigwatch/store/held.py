"""A file that one process holds at a time. The operating system lets go of it, however the process ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sigwatch.errors import StoreError
from sigwatch.store.database import private


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the file for as long as the context lasts; gives False where another process does.

    SQLite's lock on a database is the one of the standard library that works on every system.

    Raises:
        StoreError: the file can not be made.
    """
    try:
        private(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            yield _locked(connection)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} can not be held: {error}") from error


def _locked(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True
