"""`silence`: what is recorded and counted, but not told for a while."""

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Format, duration, moment, options, say, stderr, stdout
from sigwatch.cli.records import abbreviated, commands_on, full_id, iso, listing, login, opened
from sigwatch.errors import SigwatchError
from sigwatch.incident.silence import faults, matches, scope
from sigwatch.model.incident import Incident, Matchers, Reason, Silence
from sigwatch.publish.words.wording import date_time
from sigwatch.publish.words.wording import duration as length

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

EVERYTHING = Matchers()
HEADINGS = ("id", "state", "until", "covers", "for", "why", "who")

_STYLES = {"active": "yellow", "coming": "cyan", "ended": "dim"}


@app.callback()
def silence() -> None:
    """Keep incidents from being told for a while; they are recorded and counted all the same."""


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; it is shown wherever the silence is.")],
    signature: Annotated[str, typer.Option(metavar="GLOB", help="For these signatures.")] = "*",
    project: Annotated[str, typer.Option(metavar="GLOB", help="For these projects.")] = "*",
    severity: Annotated[str, typer.Option(metavar="GLOB", help="For this severity, such as P2.")] = "*",
    log_group: Annotated[str, typer.Option(metavar="GLOB", help="For these log groups.")] = "*",
    for_: Annotated[str, typer.Option("--for", help="How long, such as 30m, 2h or 1d.")] = "",
    until: Annotated[str, typer.Option(help="Up to when, such as 2026-02-04T18:00 (UTC).")] = "",
    author: Annotated[str, typer.Option(help="Who wants it (default: you).", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--everything", help="Allow one that is for every incident.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Silence incidents. Says first what that covers."""
    matchers = Matchers(signature, project, severity, log_group)
    if matchers == EVERYTHING and not everything:
        raise typer.BadParameter("name what it is for, such as --signature, or say --everything")
    now, name = wiring.clock(), login()
    seconds = _seconds(for_, until, now)
    start_ms = int(now * 1000)
    wanted = Silence("", matchers, reason, author or name, start_ms, start_ms + seconds * 1000)
    if wrong := faults(wanted, start_ms):
        raise typer.BadParameter("; ".join(wrong))
    with opened(context) as store:
        _print_scope(context, matchers, seconds, store.unresolved())
        _confirm(yes)
        done = commands_on(store, context).silence(matchers, seconds, reason, wanted.author, "cli", f"cli:{name}")
    already = "silenced already until" if done.reason is Reason.ALREADY_SO else "silenced until"
    say(stdout(), f"{done.silence.id} {already} {date_time(done.silence.ends_ms)}")


@app.command("list")
def list_silences(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """List silences: who, why, until when, and how many open incidents each covers."""
    now_ms = int(wiring.clock() * 1000)
    with opened(context) as store:
        known, open_now = store.all_silences(), store.unresolved()
    listed = [found for found in known if every or _state(found, now_ms) != "ended"]
    if shape is Format.JSON:
        told = [_as_json(found, now_ms, open_now) for found in listed]
        typer.echo(json.dumps({"silences": told}, indent=2, ensure_ascii=False))
    elif listed:
        names = abbreviated([found.id for found in known])
        listing(HEADINGS, [_row(found, names[found.id], now_ms, open_now) for found in listed])
    else:
        stderr().print("no silences" if every or not known else "no silences; --all shows those that have ended")


@app.command("expire")
def expire(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Their ids, or the beginnings of these.")],
) -> None:
    """End silences now."""
    failed = False
    with opened(context) as store:
        known = [found.id for found in store.all_silences()]
        commands = commands_on(store, context)
        for typed in ids:
            try:
                silence_id = full_id(typed, known, "silence", "silence list --all")
                done = commands.expire(silence_id, f"cli:{login()}")
                say(stdout(), f"{silence_id}: {'had ended' if done.reason is Reason.ALREADY_SO else 'ended'}")
            except SigwatchError as error:
                failed = True
                stderr().print(f"sigwatch: {error}", markup=False)
    raise typer.Exit(FINDINGS if failed else FINE)


def _seconds(for_: str, until: str, now: float) -> int:
    if bool(for_) == bool(until):
        raise typer.BadParameter("say either --for, such as 2h, or --until, such as 2026-02-04T18:00")
    return duration(for_) if for_ else math.ceil(moment(until, now) - now)


def _print_scope(context: typer.Context, matchers: Matchers, seconds: int, open_now: Sequence[Incident]) -> None:
    """On stderr: what is about to happen is talk, what was done is data."""
    chosen = options(context)
    watched = wiring.load_knowledge(chosen.knowledge_paths(chosen.knowledge)).watched
    say(stderr(), f"A silence of {length(seconds * 1000)} for {_for(matchers)}.")
    for sentence in scope(matchers, watched, open_now).sentences:
        say(stderr(), sentence)


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        stderr().print("sigwatch: nothing was silenced: without a terminal to ask on, --yes is needed", markup=False)
        raise typer.Exit(USAGE)
    typer.confirm("Silence this?", abort=True, err=True)


def _state(silence: Silence, now_ms: int) -> str:
    if silence.active(now_ms):
        return "active"
    return "coming" if silence.starts_ms > now_ms and silence.cancelled_ms is None else "ended"


def _as_json(silence: Silence, now_ms: int, open_now: Sequence[Incident]) -> dict[str, Any]:
    return {
        "id": silence.id,
        "state": _state(silence, now_ms),
        "matchers": asdict(silence.matchers),
        "reason": silence.reason,
        "author": silence.author,
        "source": silence.source,
        "starts": iso(silence.starts_ms),
        "ends": iso(silence.ends_ms),
        "cancelled_at": iso(silence.cancelled_ms),
        "cancelled_by": silence.cancelled_by or None,
        "covers": sum(matches(silence.matchers, found) for found in open_now),
    }


def _row(found: Silence, name: str, now_ms: int, open_now: Sequence[Incident]) -> list[Text]:
    state = _state(found, now_ms)
    end_ms = found.ends_ms if found.cancelled_ms is None else found.cancelled_ms
    covered = sum(matches(found.matchers, incident) for incident in open_now)
    return [
        Text(name),
        Text(state, style=_STYLES[state]),
        Text(date_time(end_ms)),
        Text(f"{covered:,} open" if state == "active" else ""),
        Text(_for(found.matchers)),
        Text(found.reason),
        Text(f"{found.author} ({found.source})" if found.source else found.author),
    ]


def _for(matchers: Matchers) -> str:
    named = [(name.replace("_", " "), glob) for name, glob in asdict(matchers).items() if glob != "*"]
    return ", ".join(f"{name} {glob}" for name, glob in named) or "everything"
