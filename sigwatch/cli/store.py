"""`store`: the state by itself: make it, copy it into another one, check it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.backfill_talk import say_words
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Format, options, say, stderr, stdout
from sigwatch.cli.progress import gauge
from sigwatch.config import Settings, store_path, store_table
from sigwatch.report.words import counted, size
from sigwatch.wiring import upkeep

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def store() -> None:
    """Make the state, copy it into another one, or check it."""


@app.command("create")
def create(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="As in `store`, whose it is where nothing is given.")] = "",
) -> None:
    """Make the state: a table with its index, expiry and backups, or a file. One that is there stays as it is."""
    settings = options(context).settings()
    for words in upkeep.create(settings, _address(address) if address else settings.store):
        say(stdout(), words)


@app.command("migrate")
def migrate(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Address of the state that is copied, as in `store`.")],
    target: Annotated[str, typer.Argument(help="Address of the empty one that it is copied into.")],
    force: Annotated[bool, typer.Option("--force", help="Although a daemon seems to be at work on it.")] = False,
) -> None:
    """Copy a whole state, of a stopped daemon, into an empty one; interrupted, the same call does it again."""
    settings, old, new = options(context).settings(), _address(source), _address(target)
    if old == new:
        raise typer.BadParameter("source and target are the same state")
    with gauge("migrating", wiring.clock) as show:
        found = upkeep.migrate(
            settings, old, new, lambda what, number: show(None, f"{number:,} records {what}"), force=force
        )
    for kind, total in sorted(found.items()):
        say(stdout(), f"{total.number:>12,}  {_KINDS[kind]}")
    say_words(
        f"everything is in {new}, and was compared. Write `store: {new}` into the configuration, and start the daemon;"
        f" {old} is left as it was, and no daemon may use it any more"
    )


@app.command("check")
def check(
    context: typer.Context,
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Look for what should never be so in the state, which may be at work; of a table every item is read, and paid."""
    settings = options(context).settings()
    checked = upkeep.check(settings)
    if checked is None:
        stderr().print("sigwatch: there is no state yet: `sigwatch run` creates it; or correct `store`", markup=False)
        raise typer.Exit(USAGE)
    if shape is Format.JSON:
        flaws = [
            {"level": _level(flaw.warning), "rule": flaw.rule, "where": flaw.where, "what": flaw.what}
            for flaw in checked.flaws
        ]
        typer.echo(json.dumps({"flaws": flaws, "items": checked.items, "bytes": checked.size}, indent=2))
    else:
        for flaw in checked.flaws:
            style = "yellow" if flaw.warning else "red"
            say(stdout(), Text.assemble((_level(flaw.warning), style), f": {flaw.rule}: {flaw.where}: {flaw.what}"))
    faults = sum(not flaw.warning for flaw in checked.flaws)
    read = f"{counted(checked.items, 'item', 'items')} and {size(checked.size)} read; " if checked.items else ""
    say_words(f"{read}{counted(faults, 'fault', 'faults')} in {settings.store}")
    raise typer.Exit(FINDINGS if faults else FINE)


def _level(warning: bool) -> str:
    return "warning" if warning else "fault"


def _address(text: str) -> str:
    """An address as it is kept, the path of a file whole."""
    try:
        found = Settings(store=text).store
    except ValidationError:
        words = f"{text!r} is no store; write sqlite:///var/lib/sigwatch/state.db, sqlite:state.db or dynamodb://TABLE"
        raise typer.BadParameter(words) from None
    return found if store_table(found) else f"sqlite://{Path(store_path(found)).resolve()}"


_KINDS = {
    "Installation": "name of the installation",
    "Place": "log groups with what was searched there",
    "WatchSet": "sets of signatures",
    "Lookback": "look-backs that are owed",
    "StartedQuery": "queries that run",
    "Spending": "sums that were spent",
    "Incident": "incidents",
    "Silence": "silences",
    "Known": "signatures that the audit trail knows",
    "Lane": "lanes",
    "Message": "messages",
    "Line": "lines of the audit trail",
    "KnownHit": "hits",
}
