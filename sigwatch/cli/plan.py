"""`plan`: which queries the daemon would send, where, and what they cost."""

import json
import threading
from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, Format, options, say, stdout
from sigwatch.config import Settings
from sigwatch.errors import SourceUnavailable
from sigwatch.model.knowledge import errors
from sigwatch.model.logs import Measure, Scope, Volume, Window
from sigwatch.plan.cost import GIGABYTE, bytes_per_day, dollars
from sigwatch.plan.feasibility import Means, Planned, obstacles
from sigwatch.plan.scopes import GROUPS_PER_QUERY, resolve
from sigwatch.plan.strategy import plan_queries
from sigwatch.plan.windows import DAY
from sigwatch.ports import VolumeMeter
from sigwatch.report.words import counted
from sigwatch.watch import look_up

DAYS_PER_MONTH = 30

MOST_SHOWN = 10
"""Names of one kind that the text shows; JSON has them all."""


def plan(
    context: typer.Context,
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Show the exact queries, their scopes, and an estimate of what they cost a month."""
    chosen = options(context)
    settings = chosen.settings()
    report = _report(settings, [*chosen.knowledge_paths(chosen.knowledge)])
    if shape is Format.JSON:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _print(report)
    raise typer.Exit(FINDINGS if report["problems"] else FINE)


def _report(settings: Settings, paths: list[Any]) -> dict[str, Any]:
    library = wiring.load_knowledge(paths)
    problems = [str(problem) for problem in errors(library.problems)]
    selectors = wiring.selectors_of(settings)
    wanted = [(signature, selectors(signature)) for signature in library.watched]
    scopes: tuple[Scope, ...] = ()
    source = wiring.log_source(settings, threading.Event().wait, wiring.memory_store(), lambda _: None)
    try:
        existing = look_up(source, [names for _, names in wanted], settings.aws.ignore_log_groups)
    except SourceUnavailable as error:
        problems.append(str(error))
    else:
        scopes, unmatched = resolve(wanted, existing)
        problems += [str(problem) for problem in unmatched]
    now_ms = int(wiring.clock() * 1000)
    planned = [_planned(scope, settings.polling.interval, now_ms, source) for scope in scopes]
    one_pass = sum(each.bytes_per_pass for each in planned)
    daily = round(one_pass * len(settings.polling.passes))
    price = dollars(one_pass, settings.aws.dollars_per_gb)
    problems += obstacles(planned, _means(settings), price)
    return {
        "queries": [query for each in planned for query in _queries(each)],
        "scopes": [_explained(each) for each in planned],
        "bytes_per_day": daily,
        "dollars_per_month": round(price * len(settings.polling.passes) * DAYS_PER_MONTH, 4),
        "problems": problems,
    }


def _planned(scope: Scope, interval: int, now_ms: int, source: VolumeMeter) -> Planned:
    volume = _volume(scope, now_ms, source)
    batch = volume.bytes_logged * min(1.0, GROUPS_PER_QUERY / len(scope.groups))
    return Planned(scope, plan_queries(scope.signatures, int(batch * interval / DAY)), volume)


def _volume(scope: Scope, now_ms: int, source: VolumeMeter) -> Volume:
    """What the scope takes in a day: measured over the last one where the service can say it."""
    window = Window(now_ms // 1000 - DAY, now_ms // 1000)
    total = 0
    measure = Measure.ESTIMATE
    for start in range(0, len(scope.groups), GROUPS_PER_QUERY):
        found = source.volume(scope.groups[start : start + GROUPS_PER_QUERY], window)
        if found is None:
            return Volume(bytes_per_day(scope.groups, now_ms), Measure.STORED)
        total, measure = total + found.bytes_logged, found.measure
    return Volume(total, measure)


def _means(settings: Settings) -> Means:
    polling, limits = settings.polling, settings.aws.limits
    rates = limits.start_per_second, limits.results_per_second
    return Means(polling.interval, polling.passes, *rates, polling.budget_dollars_per_day)


def _explained(planned: Planned) -> dict[str, Any]:
    return {
        "scope": planned.scope.name,
        "log_groups": len(planned.scope.groups),
        "log_class": planned.scope.groups[0].log_class,
        "signatures": len(planned.scope.signatures),
        "strategy": planned.plan.strategy,
        "reason": planned.plan.reason,
        "queries_per_round": planned.queries,
        "measured_by": planned.volume.measure,
        "bytes_per_day_and_pass": round(planned.bytes_per_pass),
    }


def _queries(planned: Planned) -> list[dict[str, Any]]:
    names = [group.name for group in planned.scope.groups]
    return [
        {
            "scope": planned.scope.name,
            "log_groups": names[start : start + GROUPS_PER_QUERY],
            "query": text,
            "signatures": [signature.id for signature in signatures],
        }
        for start in range(0, len(names), GROUPS_PER_QUERY)
        for text, signatures in planned.plan.queries
    ]


def _known_from(report: dict[str, Any]) -> str:
    measures = sorted({scope["measured_by"] for scope in report["scopes"]})
    return f" (from {' and '.join(measures)})" if measures else ""


def _named(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:MOST_SHOWN])
    return shown if len(names) <= MOST_SHOWN else f"{shown} and {len(names) - MOST_SHOWN:,} more"


def _print(report: dict[str, Any]) -> None:
    console = stdout()
    queries = iter(report["queries"])
    for scope in report["scopes"]:
        _print_scope(console, scope, list(islice(queries, scope["queries_per_round"])))
    for problem in report["problems"]:
        say(console, problem, "red")
    gigabytes = report["bytes_per_day"] / GIGABYTE
    say(
        console,
        f"{counted(len(report['queries']), 'query', 'queries')} a round; "
        f"about {gigabytes:,.3f} GB a day over all passes, "
        f"{report['dollars_per_month']:,.2f} dollars a month{_known_from(report)}",
    )


def _print_scope(console: Console, scope: dict[str, Any], queries: Sequence[dict[str, Any]]) -> None:
    """A scope and its queries, each text once: it is the same for every batch of log groups."""
    size = f"{counted(scope['log_groups'], 'log group', 'log groups')} ({scope['log_class'].lower()})"
    say(console, f"{scope['scope']}: {size}, {counted(scope['signatures'], 'signature', 'signatures')}", "bold")
    say(console, f"  {scope['strategy']}: {scope['reason']}")
    names = [name for batch in dict.fromkeys(tuple(query["log_groups"]) for query in queries) for name in batch]
    say(console, f"  log groups  {_named(names)}")
    texts = {query["query"]: query for query in queries}
    for number, query in enumerate(texts.values(), 1):
        batches = len(queries) // len(texts)
        often = f", for each of {batches} batches of log groups" if batches > 1 else ""
        say(console, f"  query {number} of {len(texts)}{often}", "bold")
        say(console, f"    signatures  {_named(query['signatures'])}")
        say(console, f"    {len(query['query']):,} of 10,000 characters:", "dim")
        for line in query["query"].splitlines():
            say(console, f"      {line}")
