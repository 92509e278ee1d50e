"""What is wrong with a SQLite state."""

from collections.abc import Iterator
from pathlib import Path

from sigwatch.errors import StoreError
from sigwatch.model.incident import Incident
from sigwatch.store.bodies import INCIDENTS
from sigwatch.store.database import Database
from sigwatch.store.invariants import Address, Flaw, flaws, picture
from sigwatch.store.records import Message, Place
from sigwatch.store.sqlite_records import small_records
from sigwatch.store.sqlite_rows import MIGRATION


def check(path: Path) -> list[Flaw]:
    """Everything that should not be so in a file; it may be at work.

    Raises:
        StoreError: it can not be read at all.
    """
    database = Database(path)
    try:
        found = list(_damage(database))
        if found:
            return found
        # In one transaction, so that all is of one moment.
        with database.transaction():
            found = [*flaws(picture(small_records(database), _nowhere)), *_in_columns(database)]
            return [*found, *_unfinished(database)]
    finally:
        database.close()


def _nowhere(_: Message | Incident | Place) -> tuple[Address, ...]:
    return ()


def _damage(database: Database) -> Iterator[Flaw]:
    try:
        said = [str(row[0]) for row in database.rows("PRAGMA integrity_check")]
    except StoreError as error:
        said = [str(error)]
    for words in said:
        if words != "ok":
            yield Flaw(
                "file",
                "integrity_check",
                f"SQLite says: {words}. The file is damaged; stop the daemon, restore a backup, or save what can be"
                " read with `sqlite3 OLD .recover | sqlite3 NEW`",
            )


def _unfinished(database: Database) -> Iterator[Flaw]:
    if database.rows("SELECT 1 FROM facts WHERE name = ?", (MIGRATION,)):
        yield Flaw("unfinished", "the whole state", "a migration into it has not ended: run it again")


def _in_columns(database: Database) -> Iterator[Flaw]:
    """Incidents are found by columns that repeat what they say."""
    for row in database.rows("SELECT id, signature, grouping, occurrence, state, first_seen_ms, body FROM incidents"):
        body = INCIDENTS.validate_json(row["body"])
        said = body.id, body.signature, body.group, body.occurrence, body.state, body.first_seen_ms
        if tuple(row)[:-1] != said:
            yield Flaw(
                "columns",
                f"incident {row['id']}",
                "its columns say something else than it does itself: it may not be found by its next hit, which would"
                " begin another incident. Restore a backup",
            )
