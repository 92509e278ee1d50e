"""What the verbs on the state share: opening it, who calls, ids and their beginnings, listings."""

import getpass
import re
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from typing import overload

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.context import USAGE, options, say, stderr, stdout
from sigwatch.commands import Commands
from sigwatch.errors import SigwatchError
from sigwatch.model.audit import Entry
from sigwatch.ports import Store
from sigwatch.publish.words.wording import date_time

NARROW = 80
"""Columns of a terminal below which a table is hard to read."""
UNFOLDED = 10_000
"""Columns of a listing in a pipe: each incident is one line, however long."""
SHORTEST = 8
"""Characters of an id that a listing shows at least."""


def opened(context: typer.Context) -> AbstractContextManager[Store]:
    """The daemon's state; without one the program ends."""
    store = wiring.open_existing(options(context).settings())
    if store is None:
        stderr().print("sigwatch: there is no state yet: `sigwatch run` creates it; or correct `store`", markup=False)
        raise typer.Exit(USAGE)
    return closing(store)


def commands_on(store: Store, context: typer.Context) -> Commands:
    """What people may do, on an opened state."""
    return wiring.commands(options(context).settings(), store, lambda _event: None)


def login() -> str:
    """The name of whoever calls, in plain letters."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run as a number that has no name
        name = ""
    return re.sub(r"[^\w.-]+", "", name, flags=re.ASCII)[:80] or "unknown"


def full_id(typed: str, known: Sequence[str], kind: str, listed_by: str) -> str:
    """The id that this is or begins.

    Args:
        typed: what somebody typed.
        known: the ids that there are.
        kind: what they name, for whoever reads the error.
        listed_by: the verb that lists them.

    Raises:
        SigwatchError: it is unknown, or begins several.
    """
    matches = [typed] if typed in known else [one for one in known if typed and one.startswith(typed)]
    if not matches:
        raise SigwatchError(f"there is no {kind} {typed[:80]!r}; `sigwatch {listed_by}` lists all")
    if len(matches) > 1:
        some = ", ".join(sorted(matches)[:5])
        raise SigwatchError(f"{typed!r} begins {len(matches)} ids ({some}); write more of the one you mean")
    return matches[0]


def abbreviated(ids: Sequence[str]) -> dict[str, str]:
    """The shortest beginning of each id that is no other's, and no shorter than reads well."""
    lengths = range(SHORTEST, max(map(len, ids), default=SHORTEST) + 1)
    begun = {length: Counter(each[:length] for each in ids) for length in lengths}
    return {each: next((each[:n] for n in lengths if begun[n][each[:n]] == 1), each) for each in ids}


def listing(headings: Sequence[str], rows: Sequence[Sequence[Text]], right: Collection[str] = ()) -> None:
    """Print a listing: a table; in a narrow terminal a paragraph for each row; in a pipe a line for each row.

    Args:
        headings: of the columns.
        rows: a text for each column.
        right: headings of columns that are flush right.
    """
    console = stdout()
    if console.is_terminal and console.width < NARROW:
        for first, *rest in rows:
            say(console, Text.assemble((first.plain, "bold")))
            for heading, cell in zip(headings[1:], rest, strict=True):
                say(console, Text.assemble((f"  {heading}: ", "dim"), cell))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*row)
    wide = console if console.is_terminal else Console(width=UNFOLDED, highlight=False)
    wide.print(table)


def print_entries(entries: Sequence[Entry]) -> None:
    """The audit trail of one thing, a line for each entry."""
    for entry in entries:
        detail = " ".join(f"{name}={value}" for name, value in entry.detail if value)
        line = f"{date_time(entry.at_ms)}  {entry.actor}  {entry.action.replace('_', ' ')}"
        say(stdout(), f"{line}  {detail}" if detail else line)


def print_trail(entries: Sequence[Entry]) -> None:
    """The audit trail of many things: what a line is about stands before its facts."""
    for entry in entries:
        about = " ".join(dict.fromkeys(part for part in (entry.signature, entry.subject) if part))
        line = f"{date_time(entry.at_ms)}  {entry.actor}  {entry.action.replace('_', ' ')}  {about}"
        detail = " ".join(f"{name}={value}" for name, value in entry.detail if value)
        say(stdout(), Text.assemble(line, (f"  {detail}" if detail else "", "dim")))


@overload
def iso(ms: int) -> str: ...
@overload
def iso(ms: int | None) -> str | None: ...
def iso(ms: int | None) -> str | None:
    """A time as `2026-02-04T06:02:11Z`."""
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
