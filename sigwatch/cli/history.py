"""`history`: the audit trail, and what the state remembers of searching and of its cost."""

import csv
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli import searched
from sigwatch.cli.context import moment
from sigwatch.cli.records import iso, opened, print_trail
from sigwatch.model.audit import Entry

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("coverage")(searched.coverage)
app.command("cost")(searched.cost)

COLUMNS = ("at", "actor", "action", "subject", "signature", "project")


class Shape(StrEnum):
    """Shapes of the audit trail."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


@app.callback(invoke_without_command=True)
def history(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="A time, or how far back: 2026-02-04T06:00, 24h, 7d.")] = "7d",
    until: Annotated[str, typer.Option(help="A time, or how far back, or now.")] = "now",
    action: Annotated[
        list[str] | None, typer.Option(help="Only these, such as opened, notified, approved; may be repeated.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Only of this incident, silence or signature.")] = "",
    shape: Annotated[Shape, typer.Option("--format", help="text, json or csv.")] = Shape.TEXT,
) -> None:
    """Show who or what did what, when and why; or what was searched (coverage), and what it cost (cost)."""
    if context.invoked_subcommand:
        return
    now = wiring.clock()
    # The second that has just begun belongs to it.
    begin, end = moment(since, now), moment(until, now) + 1
    if end <= begin:
        raise typer.BadParameter("the range is empty; --since must lie before --until")
    with opened(context) as store:
        found = list(store.audit(begin * 1000, end * 1000, action or (), subject))
    match shape:
        case Shape.JSON:
            typer.echo(json.dumps({"history": [_as_json(entry) for entry in found]}, indent=2, ensure_ascii=False))
        case Shape.CSV:
            _write_csv(found)
        case Shape.TEXT:
            print_trail(found)


def _as_json(entry: Entry) -> dict[str, object]:
    return dict(zip(COLUMNS, _cells(entry), strict=True)) | {"detail": dict(entry.detail)}


def _write_csv(entries: Sequence[Entry]) -> None:
    """One column for each name that any detail has, so that every line has the same."""
    names = list(dict.fromkeys(name for entry in entries for name, _ in entry.detail))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*COLUMNS, *names])
    for entry in entries:
        detail = dict(entry.detail)
        writer.writerow(map(_harmless, (*_cells(entry), *(detail.get(name, "") for name in names))))


def _cells(entry: Entry) -> tuple[str, ...]:
    return (iso(entry.at_ms), entry.actor, entry.action, entry.subject, entry.signature, entry.project)


def _harmless(cell: str) -> str:
    """A spreadsheet takes these beginnings for a formula (OWASP, CSV Injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
