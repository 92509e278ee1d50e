"""`plan`: which queries the daemon would send, where, and what they cost."""

import json
import threading
from typing import Annotated, Any

import typer

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, FINE, Format, options, say, stdout
from sigwatch.config import Settings
from sigwatch.errors import SourceUnavailable
from sigwatch.model.knowledge import errors
from sigwatch.model.logs import Scope
from sigwatch.plan.cost import GIGABYTE, bytes_per_day, dollars
from sigwatch.plan.insights import pack
from sigwatch.plan.scopes import GROUPS_PER_QUERY, resolve
from sigwatch.watch import look_up

DAYS_PER_MONTH = 30


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
    try:
        source = wiring.log_source(settings, threading.Event().wait, wiring.memory_store(), lambda _: None)
        existing = look_up(source, [names for _, names in wanted], settings.aws.ignore_log_groups)
    except SourceUnavailable as error:
        problems.append(str(error))
    else:
        scopes, unmatched = resolve(wanted, existing)
        problems += [str(problem) for problem in unmatched]
    now_ms = int(wiring.clock() * 1000)
    ingested = sum(bytes_per_day(scope.groups, now_ms) * len(pack(scope.signatures)) for scope in scopes)
    daily = ingested * len(settings.polling.passes)
    price = dollars(daily, settings.aws.dollars_per_gb)
    budget = settings.polling.budget_dollars_per_day
    if budget is not None and price > budget:
        problems.append(f"polling.budget_dollars_per_day: about {price:.2f} dollars a day are expected, over {budget}")
    return {
        "queries": [query for scope in scopes for query in _queries(scope)],
        "bytes_per_day": daily,
        "dollars_per_month": round(price * DAYS_PER_MONTH, 4),
        "problems": problems,
    }


def _queries(scope: Scope) -> list[dict[str, Any]]:
    names = [group.name for group in scope.groups]
    return [
        {
            "scope": scope.name,
            "log_groups": names[start : start + GROUPS_PER_QUERY],
            "query": text,
            "signatures": [signature.id for signature in signatures],
        }
        for start in range(0, len(names), GROUPS_PER_QUERY)
        for text, signatures in pack(scope.signatures)
    ]


def _print(report: dict[str, Any]) -> None:
    console = stdout()
    for number, query in enumerate(report["queries"], 1):
        count = len(query["log_groups"])
        heading = f"query {number}: {query['scope']}, {count} log groups, {len(query['signatures'])} signatures"
        say(console, heading, "bold")
        say(console, f"  signatures  {', '.join(query['signatures'])}")
        say(console, f"  log groups  {', '.join(query['log_groups'])}")
        say(console, f"  {len(query['query']):,} of 10,000 characters:", "dim")
        for line in query["query"].splitlines():
            say(console, f"    {line}")
    for problem in report["problems"]:
        say(console, problem, "red")
    gigabytes = report["bytes_per_day"] / GIGABYTE
    say(
        console,
        f"{len(report['queries'])} queries a round; about {gigabytes:,.3f} GB a day over all passes, "
        f"{report['dollars_per_month']:,.2f} dollars a month (from what the log groups store)",
    )
