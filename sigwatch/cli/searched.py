"""What the state remembers of searching, and of its cost."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, Format, duration, moment, options, say, stdout
from sigwatch.cli.records import iso, opened
from sigwatch.model.coverage import Coverage, Spending
from sigwatch.model.logs import Window
from sigwatch.plan.cost import GIGABYTE
from sigwatch.plan.windows import DAY
from sigwatch.polling.spending import day_of

Shape = Annotated[Format, typer.Option("--format", help="text or json.")]


def coverage(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="A time, or how far back: 2026-02-04T06:00, 24h, 7d.")] = "24h",
    until: Annotated[str, typer.Option(help="A time, or how far back, or now.")] = "now",
    shape: Shape = Format.TEXT,
) -> None:
    """Show which part of a time range each pass has searched to completion, and the gaps. Exit code 1 with a gap."""
    settings = options(context).settings()
    now = wiring.clock()
    start, end = moment(since, now), moment(until, now)
    if end <= start or start >= now:
        raise typer.BadParameter("the range is empty, or has not begun yet; --since must lie before --until and now")
    asked = Window(start, min(end, int(now)))
    with opened(context) as store:
        found = [
            _searched(key, spans, asked, int(now) - settings.polling.passes.get(key[0], 0))
            for key, spans in sorted(store.coverage().items())
        ]
    if shape is Format.JSON:
        report = {"since": _at(asked.start), "until": _at(asked.end), "coverage": found}
        typer.echo(json.dumps(report, indent=2))
    else:
        _print_coverage(found, asked)
    raise typer.Exit(FINDINGS if any(each["gaps"] for each in found) else FINE)


def cost(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")] = "7d",
    shape: Shape = Format.TEXT,
) -> None:
    """Show the bytes and dollars of each day (UTC), scope and pass."""
    now = wiring.clock()
    days = [day_of(now - back * DAY) for back in range(duration(since) // DAY + 1)]
    with opened(context) as store:
        each_day = [sorted(store.spent(day), key=lambda paid: (paid.scope, paid.pass_name)) for day in reversed(days)]
    spent = [paid for day in each_day for paid in day]
    if shape is Format.JSON:
        typer.echo(json.dumps({"cost": [_paid(paid) for paid in spent]}, indent=2))
        return
    table = Table("day", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("scope", overflow="fold")
    table.add_column("pass")
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


def _searched(key: tuple[str, str, str, str], spans: Coverage, asked: Window, target: int) -> dict[str, Any]:
    """One pass in one log group; `target` is the second up to which it should have come by now.

    What it has not begun with, or is not due yet, is no gap.
    """
    pass_name, account, region, name = key
    due = min(asked.end, target)
    gaps = spans.gaps(min(due, spans.frontier), since=asked.start)
    begin = max(asked.start, spans.begin)
    return {
        "pass": pass_name,
        "account": account,
        "region": region,
        "log_group": name,
        "from": _at(begin),
        "searched_to": _at(max(begin, min(asked.end, spans.frontier))),
        "complete": spans.begin <= asked.start and spans.frontier >= asked.end and not gaps,
        "behind_seconds": max(0, due - max(spans.frontier, asked.start)),
        "gaps": [{"start": _at(gap.start), "end": _at(gap.end), "seconds": gap.seconds} for gap in gaps],
    }


def _print_coverage(found: list[dict[str, Any]], asked: Window) -> None:
    several = len({(each["account"], each["region"]) for each in found}) > 1
    by_pass: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        place = f" in {each['account']}/{each['region']}" if several else ""
        by_pass[each["pass"] + place].append(each)
    stdout().print(_table(by_pass))
    for remark, style in (*_young(by_pass, _at(asked.start)), *_missing(found, asked)):
        say(stdout(), remark, style)


def _table(by_pass: Mapping[str, list[dict[str, Any]]]) -> Table:
    table = Table("pass", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("complete", "from (UTC)", "to (UTC)", "behind", "gaps"):
        table.add_column(heading, justify="right", overflow="fold")
    for name, places in by_pass.items():
        count = f"{sum(each['complete'] for each in places):,} of {len(places):,}"
        ends = max(p["from"] for p in places), min(p["searched_to"] for p in places)
        behind = max(each["behind_seconds"] for each in places)
        # A blank is where a narrow terminal may break a time.
        moments = (end.rstrip("Z").replace("T", " ") for end in ends)
        table.add_row(name, count, *moments, f"{behind:,}s", f"{sum(len(each['gaps']) for each in places):,}")
    return table


def _young(by_pass: Mapping[str, list[dict[str, Any]]], begin: str) -> Iterator[tuple[str, str]]:
    """Where watching began within the range."""
    for name, places in by_pass.items():
        later = sorted(place["from"] for place in places if place["from"] > begin)
        if later:
            upto = f" to {later[-1]}" if later[-1] > later[0] else ""
            yield f"{name} watches {len(later):,} of {len(places):,} log groups only since {later[0]}{upto}", "yellow"


def _missing(found: list[dict[str, Any]], asked: Window) -> Iterator[tuple[str, str]]:
    gaps = [(each, gap) for each in found for gap in each["gaps"]]
    for each, gap in gaps:
        yield f"not searched: {each['pass']} {each['log_group']} {gap['start']} to {gap['end']}", "red"
    if not gaps:
        yield f"no gaps from {_at(asked.start)} to {_at(asked.end)}", "green"


def _at(second: int) -> str:
    return iso(second * 1000)
