"""What a backfill is expected to take: shown, and asked about where it costs much, before anything is paid."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from sigwatch.cli.backfill_talk import say_words
from sigwatch.cli.context import USAGE, stderr, stdout
from sigwatch.cli.progress import percent
from sigwatch.cli.stopping import interrupted_by_signal
from sigwatch.model.logs import Window
from sigwatch.past.estimate import Estimate
from sigwatch.past.values import Progress
from sigwatch.publish.words.wording import date_time, rfc3339
from sigwatch.redact.controls import strip_controls
from sigwatch.report.words import counted, size


@dataclass(frozen=True, slots=True)
class Expected:
    """What is about to be searched."""

    window: Window
    estimate: Estimate
    notes: Sequence[str]
    before: Progress
    """Where earlier sessions of the same backfill have come to."""
    shared: bool
    """Whether a daemon is at work, so that the quotas are shared with it."""


def show_plan(expected: Expected, *, as_json: bool, as_data: bool) -> None:
    """Print the plan: as data where nothing else is asked for, else as talk."""
    if as_json:
        typer.echo(json.dumps(_data(expected), indent=2))
        return
    console = stdout() if as_data else stderr()
    for line in _lines(expected):
        console.print(strip_controls(line), markup=False, soft_wrap=not console.is_terminal)


def agree(dollars: float, ask_above: float, *, yes: bool) -> None:
    """Go on where the price is low or somebody agrees; else the program ends.

    Where there is no terminal nobody can be asked, and nothing is paid.
    """
    if yes or dollars <= ask_above:
        return
    price = f"about {dollars:,.2f} dollars"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        limit = f"more than backfill.ask_above_dollars ({ask_above:,.2f})"
        refused = f"sigwatch: this costs {price}, {limit}; nothing was searched. Say --yes to pay it"
        say_words(refused)
        raise typer.Exit(USAGE)
    if not _confirmed(f"This costs {price}. Go on?"):
        say_words("nothing was searched")
        raise typer.Exit(USAGE)


def _confirmed(question: str) -> bool:
    try:
        with interrupted_by_signal():
            return typer.confirm(question, err=True)
    except typer.Abort:
        # What comes next must not stand behind the question.
        stderr().print()
        return False


def _lines(expected: Expected) -> list[str]:
    found, window = expected.estimate, expected.window
    scopes: dict[str, tuple[int, int, float]] = {}
    for each in found.tracks:
        groups, slices, scanned = scopes.get(each.track.scope.name, (0, 0, 0.0))
        mine = groups + len(each.track.groups), slices + each.slices, scanned + each.bytes_scanned
        scopes[each.track.scope.name] = mine
    lines = [f"{date_time(window.start * 1000)} to {date_time(window.end * 1000)}"]
    for name, (groups, slices, scanned) in scopes.items():
        parts = f"{counted(groups, 'log group', 'log groups')}, {counted(slices, 'slice', 'slices')}"
        lines.append(f"  {name}: {parts}, {size(round(scanned))}")
    lines += [f"  {note}" for note in expected.notes]
    if expected.before.covered:
        lines.append(f"  {percent(expected.before.share)} was searched before, and is not paid again")
    if not found.tracks:
        before = "nothing is left to search: all of it was searched before, and costs nothing now"
        return [*lines, before if expected.before.covered else "nothing can be searched"]
    measures = " and ".join(found.measured_by)
    known = f" (from {measures})" if measures else ""
    total = f"{size(found.bytes)}, {found.dollars:,.4f} dollars, {_minutes(found.minutes)}"
    share = "; the quotas are shared with the daemon that is at work" if expected.shared else ""
    return [*lines, f"about {total}{known}{share}"]


def _minutes(minutes: float) -> str:
    return "under a minute" if minutes < 1 else f"{counted(round(minutes), 'minute', 'minutes')}"


def _data(expected: Expected) -> dict[str, Any]:
    found = expected.estimate
    return {
        "since": rfc3339(expected.window.start * 1000),
        "until": rfc3339(expected.window.end * 1000),
        "scopes": [
            {
                "scope": each.track.scope.name,
                "log_groups": [group.name for group in each.track.groups],
                "signatures": len(each.track.scope.signatures),
                "slices": each.slices,
                "queries": each.queries,
                "bytes": round(each.bytes_scanned),
                "measured_by": each.measure,
            }
            for each in found.tracks
        ],
        "bytes": found.bytes,
        "cost_dollars": round(found.dollars, 6),
        "minutes": round(found.minutes, 1),
        "slices": found.slices,
        "notes": list(expected.notes),
    }
