"""`backfill`: the same detection over the past."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.chosen import as_approved, chosen
from sigwatch.cli.context import FINDINGS, FINE, Options, moment, options, stderr
from sigwatch.cli.expected import Expected, agree, show_plan
from sigwatch.cli.progress import Gauge, gauge
from sigwatch.cli.report import ReportFormat, show
from sigwatch.cli.stopping import stop_on_signal
from sigwatch.config import Settings
from sigwatch.errors import RangeError
from sigwatch.model.event import Event, RunSkipped
from sigwatch.model.knowledge import Library, Signature, with_recoveries
from sigwatch.model.logs import Window
from sigwatch.model.past import Gap, Report
from sigwatch.past.backfill import Asked
from sigwatch.past.estimate import Estimate, estimate
from sigwatch.past.ranges import in_order, kept_part
from sigwatch.past.runs import Question, Run, Runs, patterns_of, same_patterns
from sigwatch.past.slices import Order, tracks
from sigwatch.past.telling import Told, left_over
from sigwatch.past.values import Ended, Progress
from sigwatch.plan.windows import DAY
from sigwatch.publish.words.wording import duration, incidents, rfc3339
from sigwatch.report.build import build
from sigwatch.report.words import size
from sigwatch.wiring import past
from sigwatch.wiring.past import RunState, Search

DEFAULT_SETTLE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class _Job:
    """What is asked, under which configuration."""

    given: Options
    settings: Settings
    library: Library
    searched: tuple[Signature, ...]
    question: Question
    runs: Runs

    @property
    def window(self) -> Window:
        """The range."""
        return Window(self.question.start, self.question.end)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How it is gone about."""

    order: Order
    alert: bool
    fail_on_hit: bool
    settle: bool
    dry_run: bool
    yes: bool
    shape: ReportFormat


def backfill(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="With --resume: the one to go on with.")] = "",
    since: Annotated[str, typer.Option(help="Begin: 30d ago, or a time such as 2026-02-04T06:00 (UTC).")] = "",
    until: Annotated[str, typer.Option(help="End, written likewise.")] = "now",
    signature: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Search for this one, whatever its status; may be repeated.")
    ] = None,
    include_drafts: Annotated[bool, typer.Option("--include-drafts", help="Search for drafts too.")] = False,
    log_group: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Search here, not where the signatures say; may be repeated."),
    ] = None,
    order: Annotated[Order, typer.Option(help="Which part of the range is read first.")] = Order.NEWEST,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last one that was stopped, or RUN.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and search nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, whatever it costs.")] = False,
    alert: Annotated[bool, typer.Option("--alert", help="Tell the targets what they were not told yet.")] = False,
    fail_on_hit: Annotated[
        bool, typer.Option("--fail-on-hit", help="Wait for late events, and end with 1 when anything was found.")
    ] = False,
    shape: Annotated[ReportFormat, typer.Option("--format", help="table, json, csv or html.")] = ReportFormat.TABLE,
) -> None:
    """Search the past for every approved signature. Says first what it costs; tells nobody unless asked to."""
    given = options(context)
    settings = given.settings_if_any() or Settings()
    manner = _Manner(order, alert, fail_on_hit, fail_on_hit and until == "now", dry_run, yes, shape)
    library, runs = wiring.load_knowledge(given.knowledge_paths(given.knowledge)), past.runs_of(settings)
    if resume:
        job = _resumed(given, settings, library, runs, runs.find(run) if run else runs.latest_unfinished())
    else:
        if run or not since:
            raise typer.BadParameter("say how far back, such as --since 30d, or --resume", param_hint="--since")
        window = _window(since, until)
        searched = chosen(library, signature or (), drafts=include_drafts)
        patterns = patterns_of(with_recoveries(searched))
        question = Question(window.start, window.end, patterns, tuple(log_group or ()), include_drafts)
        job = _Job(given, settings, library, searched, question, runs)
    raise typer.Exit(_done(job, manner))


def _window(since: str, until: str) -> Window:
    now = wiring.clock()
    return in_order(moment(since, now), moment(until, now), now)


def _resumed(given: Options, settings: Settings, library: Library, runs: Runs, run: Run) -> _Job:
    named = {name for name, _ in run.question.patterns}
    searched = tuple(each for each in library.signatures if each.id in named)
    same_patterns(run, with_recoveries(searched))
    return _Job(given, settings, library, searched, run.question, runs)


def _done(job: _Job, manner: _Manner) -> int:
    """Search, show, tell; returns the exit code."""
    publishers = past.publishers_of(job.settings, os.environ, stderr()) if manner.alert else {}
    with stop_on_signal() as stopping, job.runs.alone(job.question.id) as alone:
        if not alone:
            raise RangeError(f"backfill {job.question.id} is at work in another process; wait for it, or stop it")
        job.runs.tidy(job.settings.backfill.keep / DAY)
        with closing(_state(job, dry_run=manner.dry_run)) as state:
            failures: list[str] = []
            search = _search(job, state, stopping, failures)
            ended = _searched(job, manner, search, state, stopping)
            if ended is None:
                return FINE
            if ended.stopped:
                _say_stopped(job, ended)
                return FINDINGS
            report = _report(job, search, ended, state, failures)
            if not report.gaps:
                # What could not be read may be there the next time.
                job.runs.finish(state)
            url, now_ms = job.settings.knowledge.url, int(wiring.clock() * 1000)
            show(report, manner.shape, wiring.document_mask(job.settings), _title(job), now_ms, url)
            if manner.alert:
                end_ms = job.window.end * 1000
                told, left = past.tell(job.settings, publishers, state, job.searched, end_ms, stopping.wait)
                _say_told(told, left)
    failed = report.gaps or report.problems or (manner.fail_on_hit and report.hits)
    return FINDINGS if failed else FINE


def _state(job: _Job, *, dry_run: bool) -> RunState:
    return wiring.memory_store() if dry_run else past.state_of(job.runs, job.question)


def _search(job: _Job, state: RunState, stopping: threading.Event, failures: list[str]) -> Search:
    def observe(event: Event) -> None:
        if isinstance(event, RunSkipped):
            failures.append(event.detail)

    library = as_approved(job.library, job.searched)
    return past.search_of(job.settings, library, job.question.log_groups, state, stopping.wait, observe)


def _searched(job: _Job, manner: _Manner, search: Search, state: RunState, stopping: threading.Event) -> Ended | None:
    """Search what is left, if the price is agreed to; None where only the price was asked for."""
    snapshot, now = search.snapshot, wiring.clock()
    groups = snapshot.groups
    if job.question.log_groups and snapshot.looked_up and not groups:
        raise RangeError(f"no log group matches {', '.join(job.question.log_groups)}: check its name and the region")
    notes = kept_part(job.window, groups, now)
    left = tracks(snapshot.scopes, job.window, state.coverage(), now)
    price, limits = job.settings.aws.dollars_per_gb, search.share()
    costs = estimate(left, snapshot.prepared, search.source, limits, price, now)
    as_json = manner.dry_run and manner.shape is ReportFormat.JSON
    expected = Expected(job.window, costs, notes, search.share.shared)
    show_plan(expected, as_json=as_json, as_data=manner.dry_run)
    if manner.dry_run:
        return None
    agree(costs.dollars, job.settings.backfill.ask_above_dollars, yes=manner.yes)
    if manner.settle and _settled(job, stopping):
        return Ended(Progress(), stopped=True)
    asked = Asked(job.window, snapshot.scopes, snapshot.prepared, manner.order, costs.bytes_per_second)
    with gauge("searching", wiring.clock) as show_progress:
        return search.backfill.run(asked, _progress(show_progress, costs, wiring.clock()))


def _settled(job: _Job, stopping: threading.Event) -> bool:
    """Wait until what was logged in the range can be searched; True where it is time to stop."""
    delays = [delay for delay in job.settings.polling.passes.values() if delay]
    until = job.window.end + min(delays, default=DEFAULT_SETTLE_SECONDS)
    begun = wiring.clock()
    with gauge("waiting for late events", wiring.clock) as show_progress:
        while (left := until - wiring.clock()) > 0:
            show_progress((wiring.clock() - begun) / (until - begun), f"{duration(int(left * 1000))} left")
            if stopping.wait(min(1.0, left)):
                return True
    return False


def _progress(show_progress: Gauge, costs: Estimate, begun: float) -> Callable[[Progress], None]:
    def report(made: Progress) -> None:
        seconds = max(wiring.clock() - begun, 0.001)
        scanned = f"{size(made.bytes_scanned)} of about {size(max(costs.bytes, made.bytes_scanned))}"
        found = f"{made.dollars:,.4f} dollars, {made.hits:,} hits, {made.slices:,} slices"
        show_progress(made.share, f"{scanned}, {found}, {size(round(made.bytes_scanned / seconds))}/s")

    return report


def _report(job: _Job, search: Search, ended: Ended, state: RunState, failures: Sequence[str]) -> Report:
    found = search.snapshot
    problems = [str(each) for each in (*job.library.problems, *found.problems) if each.level == "error"]
    problems += [f"{name}: the service does not take its query: {words}" for name, words in ended.rejected.items()]
    gaps = ended.gaps
    if not found.groups:
        reason = (
            "no watched log group can be searched in this range" if found.looked_up else "log groups can not be listed"
        )
        gaps = (*gaps, Gap("all", (), job.window.start * 1000, job.window.end * 1000, reason))
    return build(
        state.findings,
        job.searched,
        (job.window.start * 1000, job.window.end * 1000),
        wiring.rules_of(job.settings),
        ended.progress.paid,
        gaps,
        list(dict.fromkeys([*problems, *failures, *ended.problems])),
        [group.name for group in found.groups],
    )


def _title(job: _Job) -> str:
    return f"{rfc3339(job.question.start * 1000)} to {rfc3339(job.question.end * 1000)}"


def _say_stopped(job: _Job, ended: Ended) -> None:
    given = job.given
    config = f" -c {given.config}" if given.config_given else ""
    knowledge = "".join(f" --knowledge {path}" for path in given.knowledge)
    made = ended.progress
    done = f"{made.share:.0%} is done, {made.hits:,} hits so far, {made.dollars:,.4f} dollars paid"
    talk = stderr()
    talk.print(f"stopped: {done}. What is done is kept; go on with", markup=False)
    talk.print(f"  sigwatch{config}{knowledge} backfill --resume {job.question.id}", markup=False)


def _say_told(told: Told, left: int) -> None:
    talk = stderr()
    known = f"; {incidents(len(told.known))} known before" if told.known else ""
    silenced = f"; {incidents(len(told.silenced))} silenced" if told.silenced else ""
    talk.print(f"told {incidents(len(told.new))}{known}{silenced}", markup=False)
    if words := left_over(left):
        talk.print(words, markup=False)
