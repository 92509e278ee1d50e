"""`incidents`: what has come back, and who looks after it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, Format, moment, say, stderr, stdout
from sigwatch.cli.records import abbreviated, commands_on, full_id, iso, listing, login, opened, print_entries
from sigwatch.commands import Commands
from sigwatch.errors import SigwatchError
from sigwatch.model.audit import Entry
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.message import Alert
from sigwatch.publish.words.wording import duration

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Shape = Annotated[Format, typer.Option("--format", help="text or json.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Their ids, or the beginnings of these.")]

HEADINGS = ("id", "severity", "state", "events", "seen", "signature", "where")

ALWAYS_MS = 2**62
"""Later than anything."""

_STYLES = {State.OPEN: "red", State.ACKNOWLEDGED: "yellow", State.RESOLVED: "green"}


class Which(StrEnum):
    """States that a listing can be narrowed to."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ALL = "all"


@app.callback(invoke_without_command=True)
def incidents(
    context: typer.Context,
    state: Annotated[
        Which | None, typer.Option(help="Which ones (default: those that are not over).", show_default=False)
    ] = None,
    since: Annotated[str, typer.Option(help="Seen since then: a time, or how far back, such as 24h or 7d.")] = "",
    signature: Annotated[str, typer.Option(metavar="GLOB", help="Of these signatures only.")] = "*",
    shape: Shape = Format.TEXT,
) -> None:
    """List incidents, show one in full, acknowledge or resolve them."""
    if context.invoked_subcommand:
        return
    now = wiring.clock()
    begin_ms = moment(since, now) * 1000 if since else 0
    with opened(context) as store:
        known = store.incidents()
    listed = [
        found
        for found in sorted(known, key=lambda found: (found.last_seen_ms, found.id), reverse=True)
        if _wanted(found, state) and found.last_seen_ms >= begin_ms and fnmatchcase(found.signature, signature)
    ]
    if shape is Format.JSON:
        typer.echo(json.dumps({"incidents": [as_json(found) for found in listed]}, indent=2, ensure_ascii=False))
    elif listed:
        names = abbreviated([found.id for found in known])
        listing(HEADINGS, [_row(found, names[found.id], int(now * 1000)) for found in listed], right={"events", "seen"})
    else:
        stderr().print("no incidents" if state is Which.ALL else "no incidents; --state all shows those that are over")


@app.command("show")
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    shape: Shape = Format.TEXT,
) -> None:
    """Show one incident in full, with what was done about it."""
    with opened(context) as store:
        known = store.incidents()
        incident_id = full_id(wanted, [found.id for found in known], "incident", "incidents --state all")
        incident = next(found for found in known if found.id == incident_id)
        cards = store.cards(incident_id)
        entries = list(store.audit(0, ALWAYS_MS, subject=incident_id))
    if shape is Format.JSON:
        told = as_json(incident) | {"samples": list(incident.samples), "audit": [_entry(entry) for entry in entries]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    newest = max(cards, key=lambda card: card.revision, default=None)
    if newest is not None and isinstance(newest.content, Alert):
        wiring.show_card(replace(newest.content, incident=incident), stdout())
    else:
        stdout().print(_facts(incident))
    print_entries(entries)


@app.command("ack")
def acknowledge(context: typer.Context, ids: Ids) -> None:
    """Say that you look after incidents: they call nobody any more."""
    _each(context, ids, lambda commands, found, actor: commands.acknowledge(found, actor))


@app.command("resolve")
def resolve(context: typer.Context, ids: Ids) -> None:
    """Say that incidents are over. What comes back opens them again."""
    _each(context, ids, lambda commands, found, actor: commands.close(found, actor))


def as_json(incident: Incident) -> dict[str, Any]:
    """An incident as the listings print it. Times are ISO 8601 in UTC."""
    silence = incident.silence
    return {
        "id": incident.id,
        "signature": incident.signature,
        "project": incident.project,
        "severity": incident.severity,
        "state": incident.state,
        "group": incident.group,
        "account": incident.account,
        "region": incident.region,
        "log_groups": list(incident.log_groups),
        "count": incident.count,
        "occurrence": incident.occurrence,
        "first_seen": iso(incident.first_seen_ms),
        "last_seen": iso(incident.last_seen_ms),
        "acknowledged_by": incident.acknowledged_by or None,
        "acknowledged_at": iso(incident.acknowledged_ms),
        "resolved_at": iso(incident.resolved_ms),
        "resolution": incident.resolution,
        "closed_by": incident.closed_by or None,
        "silence": silence and {"id": silence.id, "until": iso(silence.ends_ms), "author": silence.author},
    }


def _each(context: typer.Context, ids: Sequence[str], command: Callable[[Commands, str, str], Decision]) -> None:
    """Do it to each; one that can not be found keeps nobody else waiting."""
    failed = False
    actor = f"cli:{login()}"
    with opened(context) as store:
        known = [found.id for found in store.incidents()]
        commands = commands_on(store, context)
        for typed in ids:
            try:
                incident_id = full_id(typed, known, "incident", "incidents --state all")
                say(stdout(), _done(command(commands, incident_id, actor)))
            except SigwatchError as error:
                failed = True
                stderr().print(f"sigwatch: {error}", markup=False)
    raise typer.Exit(FINDINGS if failed else FINE)


def _done(decision: Decision) -> str:
    incident = decision.incident
    name = f"{incident.id} {incident.severity} {incident.signature}"
    if decision.reason is not Reason.ALREADY_SO:
        return f"{name}: {'resolved' if decision.reason is Reason.CLOSED else 'acknowledged'}"
    by = incident.closed_by if incident.state is State.RESOLVED else incident.acknowledged_by
    return f"{name}: was {incident.state} already{f' by {by}' if by else ''}"


def _wanted(incident: Incident, state: Which | None) -> bool:
    if state is None:
        return incident.state is not State.RESOLVED
    return state is Which.ALL or incident.state.value == state.value


def _row(found: Incident, name: str, now_ms: int) -> list[Text]:
    return [
        Text(name),
        Text(found.severity),
        Text(_state(found), style=_STYLES[found.state]),
        Text(f"{found.count:,}"),
        Text(f"{duration(now_ms - found.last_seen_ms)} ago"),
        Text(found.signature),
        Text(found.group or ", ".join(found.log_groups)),
    ]


def _state(incident: Incident) -> str:
    """With who looks after it, or why nobody is told."""
    if incident.state is State.RESOLVED:
        return f"{incident.state}{f' by {incident.closed_by}' if incident.closed_by else ''}"
    quiet = ", silenced" if incident.silence else ""
    by = f" by {incident.acknowledged_by}" if incident.acknowledged_by else ""
    return f"{incident.state}{by}{quiet}"


def _facts(incident: Incident) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in as_json(incident).items():
        shown = ", ".join(value) if isinstance(value, list) else json.dumps(value) if isinstance(value, dict) else value
        if shown not in {None, ""}:
            grid.add_row(Text(name.replace("_", " "), style="dim"), Text(str(shown)))
    for sample in incident.samples:
        grid.add_row(Text("log event", style="dim"), Text(sample))
    return grid


def _entry(entry: Entry) -> dict[str, Any]:
    return {"at": iso(entry.at_ms), "actor": entry.actor, "action": entry.action, "detail": dict(entry.detail)}
