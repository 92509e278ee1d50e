"""`backfill`: the same detection over the past."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from sigwatch import backfill as past
from sigwatch import wiring
from sigwatch.backfill import Totals
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Format, moment, options, say, stderr, stdout
from sigwatch.config import Settings
from sigwatch.model.event import Event, QueryEnded, RunSkipped
from sigwatch.model.incident import Incident
from sigwatch.model.logs import Window
from sigwatch.plan.cost import GIGABYTE, dollars
from sigwatch.ports import LogSource
from sigwatch.publish.words.wording import rfc3339


@dataclass(slots=True)
class _Listener:
    """Counts what was paid for, and keeps what could not be done, to be reported at the end."""

    queries: int = 0
    bytes_scanned: int = 0
    failures: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        match event:
            case QueryEnded():
                self.queries += 1
                self.bytes_scanned += event.bytes_scanned
            case RunSkipped():
                self.failures.append(event.detail)
            case _:
                pass


def backfill(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Begin: 30d ago, or a time such as 2026-02-04T06:00 (UTC).")],
    until: Annotated[str, typer.Option(help="End, written likewise.")] = "now",
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Search the past for every approved signature, and tell nobody."""
    chosen = options(context)
    settings = chosen.settings()
    now = wiring.clock()
    start, end = moment(since, now), moment(until, now)
    if start >= end or start >= now:
        stderr().print(f"sigwatch: --since {since} must lie before --until {until} and in the past")
        raise typer.Exit(USAGE)
    report = _report(settings, chosen.knowledge_paths(chosen.knowledge), Window(start, min(end, int(now))))
    if shape is Format.JSON:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _print(report)
    raise typer.Exit(FINDINGS if report["gaps"] or report["problems"] else FINE)


def _report(settings: Settings, paths: Any, window: Window) -> dict[str, Any]:
    stopping = threading.Event()
    listener = _Listener()
    store = wiring.memory_store()
    source: LogSource = wiring.log_source(settings, stopping.wait, store, listener)
    watch = wiring.watch_of(settings, lambda: wiring.load_knowledge(paths), source, listener)
    watch.reload()
    snapshot = watch.snapshot
    stages = wiring.pipeline(settings, source, store, None, listener)
    with _progress() as progress:
        task = progress.add_task("searching", total=past.work(window, snapshot.scopes))
        totals = past.run(
            window, snapshot, stages, lambda failures: stopping.wait(2.0**failures), lambda n: progress.advance(task, n)
        )
    counts = store.hit_counts()
    hits = {signature.id: counts.get(signature.id, 0) for signature in snapshot.library.watched}
    found = _found(hits, store.incidents(), totals) | _paid(settings, listener)
    if not listener.queries and snapshot.library.watched:
        found["gaps"] = [_unsearched(window, snapshot.looked_up)]
    problems = [str(p) for p in (*snapshot.library.problems, *snapshot.problems) if p.level == "error"]
    store.close()
    return found | {"problems": list(dict.fromkeys(problems + listener.failures + totals.problems))}


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    talk = stderr()
    return Progress(*columns, TimeRemainingColumn(), console=talk, transient=True, disable=not talk.is_terminal)


def _paid(settings: Settings, listener: _Listener) -> dict[str, Any]:
    price = dollars(listener.bytes_scanned, settings.aws.dollars_per_gb)
    return {
        "bytes_scanned": listener.bytes_scanned,
        "queries": listener.queries,
        "cost_dollars": round(price, 6),
    }


def _found(hits: dict[str, int], incidents: Sequence[Incident], totals: Totals) -> dict[str, Any]:
    return {
        "hits": hits,
        "incidents": [
            {
                "signature": incident.signature,
                "group": incident.group,
                "first_seen": rfc3339(incident.first_seen_ms),
                "last_seen": rfc3339(incident.last_seen_ms),
                "count": incident.count,
            }
            for incident in incidents
        ],
        "gaps": [
            {
                "scope": gap.scope,
                "log_groups": [group.name for group in gap.groups],
                "start": rfc3339(gap.window.start * 1000),
                "end": rfc3339(gap.window.end * 1000),
                "reason": gap.reason,
            }
            for gap in totals.gaps
        ],
    }


def _unsearched(window: Window, looked_up: bool) -> dict[str, Any]:
    """The whole range as a gap: nothing that was asked for could be searched."""
    reason = "no watched log group can be searched in this range" if looked_up else "log groups can not be listed"
    span = {"start": rfc3339(window.start * 1000), "end": rfc3339(window.end * 1000)}
    return {"scope": "all", "log_groups": [], **span, "reason": reason}


def _print(report: dict[str, Any]) -> None:
    console = stdout()
    for incident in report["incidents"]:
        span = f"{incident['first_seen']} to {incident['last_seen']}"
        say(console, f"{incident['signature']}  {incident['count']:>7,}  {span}  {incident['group']}")
    for name, count in report["hits"].items():
        if not count:
            seen = "not seen in what could be searched" if report["gaps"] else "never seen"
            say(console, f"{name}  {seen}", "" if report["gaps"] else "green")
    for gap in report["gaps"]:
        say(console, f"not searched: {gap['scope']} {gap['start']} to {gap['end']}: {gap['reason']}", "red")
    for problem in report["problems"]:
        say(console, problem, "red")
    say(
        console,
        f"{sum(report['hits'].values()):,} hits, {len(report['incidents'])} incidents; {report['queries']} queries, "
        f"{report['bytes_scanned'] / GIGABYTE:,.3f} GB scanned, {report['cost_dollars']:.4f} dollars",
    )
