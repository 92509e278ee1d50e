"""`history`: what the state remembers of searching and of its cost."""

import json
from collections import defaultdict
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Format, duration, options, say, stderr, stdout
from sigwatch.model.coverage import Coverage, Spending
from sigwatch.plan.cost import GIGABYTE
from sigwatch.ports import Store
from sigwatch.spending import day_of

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_DAY = 86_400

Since = Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")]
Shape = Annotated[Format, typer.Option("--format", help="text or json.")]


@app.callback()
def history() -> None:
    """Show what was searched, and what it cost."""


@app.command()
def coverage(context: typer.Context, since: Since = "24h", shape: Shape = Format.TEXT) -> None:
    """Show which time each pass has searched to completion, and the gaps. Exit code 1 with a gap."""
    settings = options(context).settings()
    now = wiring.clock()
    start = int(now) - duration(since)
    with _opened(context) as store:
        found = [
            _searched(key, spans, start, int(now) - settings.polling.passes.get(key[0], 0))
            for key, spans in sorted(store.coverage().items())
        ]
    if shape is Format.JSON:
        typer.echo(json.dumps({"since": _moment(start), "until": _moment(int(now)), "coverage": found}, indent=2))
    else:
        _print_coverage(found, _moment(start))
    raise typer.Exit(FINDINGS if any(each["gaps"] for each in found) else FINE)


@app.command()
def cost(context: typer.Context, since: Since = "7d", shape: Shape = Format.TEXT) -> None:
    """Show the bytes and dollars of each day (UTC), scope and pass."""
    now = wiring.clock()
    days = [day_of(now - back * _DAY) for back in range(duration(since) // _DAY + 1)]
    with _opened(context) as store:
        each_day = [sorted(store.spent(day), key=lambda paid: (paid.scope, paid.pass_name)) for day in reversed(days)]
    spent = [paid for day in each_day for paid in day]
    if shape is Format.JSON:
        typer.echo(json.dumps({"cost": [_paid(paid) for paid in spent]}, indent=2))
        return
    table = Table("day", "scope", "pass", box=None, pad_edge=False)
    for heading in ("queries", "GB", "dollars"):
        table.add_column(heading, justify="right")
    for paid in spent:
        gigabytes, price = f"{paid.bytes_scanned / GIGABYTE:,.3f}", f"{paid.dollars:,.4f}"
        table.add_row(paid.day, paid.scope, paid.pass_name, f"{paid.queries:,}", gigabytes, price)
    stdout().print(table)
    say(stdout(), f"{sum(paid.dollars for paid in spent):,.4f} dollars since {days[-1]}")


def _paid(paid: Spending) -> dict[str, Any]:
    return {
        "day": paid.day,
        "scope": paid.scope,
        "pass": paid.pass_name,
        "queries": paid.queries,
        "bytes": paid.bytes_scanned,
        "dollars": round(paid.dollars, 6),
    }


def _opened(context: typer.Context) -> AbstractContextManager[Store]:
    opened = wiring.open_existing(options(context).settings())
    if opened is None:
        stderr().print("sigwatch: there is no state yet: `sigwatch run` creates it; or correct `store`", markup=False)
        raise typer.Exit(USAGE)
    return closing(opened)


def _searched(key: tuple[str, str, str, str], spans: Coverage, start: int, target: int) -> dict[str, Any]:
    """One pass in one log group; what it has not begun with or is not due yet is no gap."""
    pass_name, account, region, name = key
    begin = max(start, spans.begin)
    gaps = spans.gaps(min(target, spans.frontier), since=start)
    return {
        "pass": pass_name,
        "account": account,
        "region": region,
        "log_group": name,
        "from": _moment(begin),
        "searched_to": _moment(spans.frontier),
        "behind_seconds": max(0, target - spans.frontier),
        "gaps": [{"start": _moment(gap.start), "end": _moment(gap.end), "seconds": gap.seconds} for gap in gaps],
    }


def _print_coverage(found: list[dict[str, Any]], since: str) -> None:
    console = stdout()
    by_pass: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        by_pass[each["pass"]].append(each)
    table = Table("pass", box=None, pad_edge=False)
    for heading in ("log groups", "searched to (UTC)", "most behind", "gaps"):
        table.add_column(heading, justify="right")
    for name, places in by_pass.items():
        behind = max(each["behind_seconds"] for each in places)
        gaps = sum(len(each["gaps"]) for each in places)
        table.add_row(name, f"{len(places):,}", min(p["searched_to"] for p in places), f"{behind:,} s", f"{gaps:,}")
    console.print(table)
    for each in found:
        for gap in each["gaps"]:
            say(console, f"not searched: {each['pass']} {each['log_group']} {gap['start']} to {gap['end']}", "red")
    if not any(each["gaps"] for each in found):
        say(console, f"no gaps since {since}", "green")


def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
