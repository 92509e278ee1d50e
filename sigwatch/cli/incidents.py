"""`incidents`: what has come back, and who looks after it."""

import getpass
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Format, moment, options, say, stderr, stdout
from sigwatch.commands import Commands
from sigwatch.errors import SigwatchError
from sigwatch.model.audit import Entry
from sigwatch.model.incident import Decision, Incident, Reason, State
from sigwatch.model.message import Alert
from sigwatch.ports import Store
from sigwatch.publish.wording import date_time, duration

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Shape = Annotated[Format, typer.Option("--format", help="text or json.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Their ids, or the beginnings of these.")]

UNFOLDED = 10_000
"""Columns of a listing in a pipe: each incident is one line, however long."""
SHORTEST = 8
"""Characters of an id that a listing shows at least."""

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
        listing(_table(listed, abbreviated([found.id for found in known]), int(now * 1000)))
    else:
        stderr().print("no incidents" if state is Which.ALL else "no incidents; --state all shows those that are over")


@app.command("show")
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    shape: Shape = Format.TEXT,
) -> None:
    """Show one incident in full: the message that is told of it, and what was done when by whom."""
    with opened(context) as store:
        known = store.incidents()
        [incident_id] = full_ids([wanted], [found.id for found in known], "incident", "incidents --state all")
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


def full_ids(typed: Iterable[str], known: Sequence[str], kind: str, listed_by: str) -> list[str]:
    """The ids that these are or begin.

    Raises:
        SigwatchError: one is unknown, or begins several.
    """
    found = []
    for text in typed:
        matches = [text] if text in known else [one for one in known if text and one.startswith(text)]
        if not matches:
            raise SigwatchError(f"there is no {kind} {text[:80]!r}; `sigwatch {listed_by}` lists all")
        if len(matches) > 1:
            some = ", ".join(sorted(matches)[:5])
            raise SigwatchError(f"{text!r} begins {len(matches)} ids ({some}); write more of the one you mean")
        found.append(matches[0])
    return found


def abbreviated(ids: Sequence[str]) -> dict[str, str]:
    """The shortest beginning of each id that is no other's, and no shorter than reads well."""
    lengths = range(SHORTEST, max(map(len, ids), default=SHORTEST) + 1)
    begun = {length: Counter(each[:length] for each in ids) for length in lengths}
    return {each: next((each[:n] for n in lengths if begun[n][each[:n]] == 1), each) for each in ids}


def listing(table: Table) -> None:
    """Print a listing: folded to a terminal's width, and in a pipe a line for each row."""
    console = stdout()
    wide = console if console.is_terminal else Console(width=UNFOLDED, highlight=False)
    wide.print(table)


def print_entries(entries: Sequence[Entry]) -> None:
    """The audit trail of one thing, a line for each entry."""
    for entry in entries:
        detail = " ".join(f"{name}={value}" for name, value in entry.detail if value)
        line = f"{date_time(entry.at_ms)}  {entry.actor}  {entry.action.replace('_', ' ')}"
        say(stdout(), f"{line}  {detail}" if detail else line)


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


def iso(ms: int | None) -> str | None:
    """A time as `2026-02-04T06:02:11Z`."""
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _each(context: typer.Context, ids: Sequence[str], command: Callable[[Commands, str, str], Decision]) -> None:
    """Do it to each; one that can not be found keeps nobody else waiting."""
    failed = False
    actor = f"cli:{login()}"
    with opened(context) as store:
        known = [found.id for found in store.incidents()]
        commands = commands_on(store, context)
        for typed in ids:
            try:
                [incident_id] = full_ids([typed], known, "incident", "incidents --state all")
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


def _table(listed: Sequence[Incident], names: dict[str, str], now_ms: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("id", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("state")
    table.add_column("events", justify="right", no_wrap=True)
    table.add_column("seen", justify="right")
    table.add_column("signature", overflow="fold")
    table.add_column("where", overflow="fold")
    for found in listed:
        table.add_row(
            names[found.id],
            found.severity,
            Text(_state(found), style=_STYLES[found.state]),
            f"{found.count:,}",
            f"{duration(now_ms - found.last_seen_ms)} ago",
            Text(found.signature),
            Text(found.group or ", ".join(found.log_groups)),
        )
    return table


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
