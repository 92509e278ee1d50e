"""`backfill`: the same detection over the past."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.backfill_talk import resume_command, say_stopped, say_told, say_words, shown_on
from sigwatch.cli.chosen import Drafts, Named, as_approved, chosen
from sigwatch.cli.context import FINDINGS, FINE, Options, moment, options, stderr
from sigwatch.cli.expected import Expected, agree, show_plan
from sigwatch.cli.progress import gauge
from sigwatch.cli.report import ReportFormat, show
from sigwatch.cli.stopping import stop_on_signal
from sigwatch.config import Settings
from sigwatch.errors import RangeError, Stopped
from sigwatch.model.event import Event, RunSkipped
from sigwatch.model.knowledge import Library, Signature, with_recoveries
from sigwatch.model.logs import Window
from sigwatch.model.past import Gap, Report
from sigwatch.past.backfill import Asked
from sigwatch.past.estimate import Estimate, estimate
from sigwatch.past.ranges import in_order, kept_part
from sigwatch.past.runs import Question, Run, Runs, patterns_of, same_patterns
from sigwatch.past.slices import Order, searchable_part, tracks
from sigwatch.past.values import Ended, Progress, so_far
from sigwatch.plan.windows import DAY
from sigwatch.ports import Publisher
from sigwatch.publish.words.wording import duration
from sigwatch.report.build import build
from sigwatch.wiring import past, targets
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
    dry_run: bool
    yes: bool
    shape: ReportFormat

    @property
    def options(self) -> list[str]:
        """As they are written on a command line. What was agreed to is not: the rest may cost something else."""
        flags = {"--alert": self.alert, "--fail-on-hit": self.fail_on_hit}
        given = {"--order": (self.order, Order.NEWEST), "--format": (self.shape, ReportFormat.TABLE)}
        valued = [part for name, (value, usual) in given.items() if value is not usual for part in (name, str(value))]
        return [*valued, *(name for name, is_set in flags.items() if is_set)]


def backfill(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="With --resume: the one to go on with.")] = "",
    since: Annotated[str, typer.Option(help="Begin: 30d ago, or a time such as 2026-02-04T06:00 (UTC).")] = "",
    until: Annotated[str, typer.Option(help="End, written likewise.")] = "now",
    signature: Named = None,
    include_drafts: Drafts = False,
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
    manner = _Manner(order, alert, fail_on_hit, dry_run, yes, shape)
    library, runs = wiring.load_knowledge(given.knowledge_paths(given.knowledge)), past.runs_of(settings)
    if resume:
        asked = {"--since": since, "--until": until != "now", "--signature": signature, "--log-group": log_group}
        _nothing_else(asked | {"--include-drafts": include_drafts})
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


def _nothing_else(asked: Mapping[str, object]) -> None:
    """What is asked is kept with a run, and another question is another run."""
    for name, value in asked.items():
        if value:
            raise typer.BadParameter(f"goes on with what was asked; leave {name} out", param_hint="--resume")


def _window(since: str, until: str) -> Window:
    now = wiring.clock()
    start, end = moment(since, now), moment(until, now)
    if start < 0:
        raise RangeError("the range begins before 1970, and no log event has such a time: choose a later --since")
    return in_order(start, end, now)


def _resumed(given: Options, settings: Settings, library: Library, runs: Runs, run: Run) -> _Job:
    named = {name for name, _ in run.question.patterns}
    searched = tuple(each for each in library.signatures if each.id in named)
    same_patterns(run, with_recoveries(searched))
    return _Job(given, settings, library, searched, run.question, runs)


def _done(job: _Job, manner: _Manner) -> int:
    """Search, show, tell; returns the exit code."""
    publishers = targets.publishers(job.settings, os.environ, stderr()) if manner.alert else {}
    with stop_on_signal() as stopping, _state(job, dry_run=manner.dry_run) as state:
        failures: list[str] = []
        try:
            with gauge("measuring", wiring.clock, stopping.is_set):
                search = _search(job, state, stopping, failures)
                expected = _measured(job, search, state)
        except Stopped:
            say_words("stopped before anything was searched; nothing was paid")
            return FINDINGS
        show_plan(expected, as_json=manner.dry_run and manner.shape is ReportFormat.JSON, as_data=manner.dry_run)
        if manner.dry_run:
            return FINE
        ended = _searched(job, manner, search, expected, stopping)
        if ended.stopped:
            say_stopped(ended.progress, resume_command(job.given, job.question.id, manner.options))
            return FINDINGS
        report = _report(job, search, ended, state, failures)
        if not report.gaps:
            # What could not be read may be there the next time.
            job.runs.finish(state)
        left = _shown_and_told(job, manner, report, publishers, state, stopping)
    failed = left or report.gaps or report.problems or (manner.fail_on_hit and report.hits)
    return FINDINGS if failed else FINE


def _shown_and_told(
    job: _Job,
    manner: _Manner,
    report: Report,
    publishers: Mapping[str, Publisher],
    state: RunState,
    stopping: threading.Event,
) -> int:
    """Show the report, tell the targets where that was asked for; returns how many messages are left to send."""
    # The page says the range by itself.
    title = f"Backfill of {', '.join(job.question.log_groups) or 'the watched log groups'}"
    url, now_ms, left = job.settings.knowledge.url, int(wiring.clock() * 1000), 0
    try:
        show(report, manner.shape, wiring.document_mask(job.settings), title, now_ms, url)
    finally:
        # Whoever stops reading the report still wants the targets told.
        if manner.alert:
            end_ms = job.window.end * 1000
            told, left = past.tell(job.settings, publishers, state, job.searched, end_ms, stopping.wait)
            say_told(told, left)
    return left


@contextmanager
def _state(job: _Job, *, dry_run: bool) -> Iterator[RunState]:
    """The state of the run, held for as long as the context lasts. A run that paid for nothing is not kept."""
    run = job.question.id
    if dry_run:
        begun = any(each.id == run for each in job.runs.all())
        with closing(past.state_of(job.runs, job.question) if begun else wiring.memory_store()) as state:
            yield state
        return
    kept = True
    try:
        with job.runs.alone(run) as alone:
            if not alone:
                raise RangeError(f"backfill {run} is at work in another process; wait for it, or stop it")
            job.runs.tidy(job.settings.backfill.keep / DAY)
            with closing(past.state_of(job.runs, job.question)) as state:
                try:
                    yield state
                finally:
                    kept = bool(state.coverage() or state.started_queries() or state.spent_in_all())
    finally:
        if not kept:
            job.runs.remove(run)


def _search(job: _Job, state: RunState, stopping: threading.Event, failures: list[str]) -> Search:
    def observe(event: Event) -> None:
        if isinstance(event, RunSkipped):
            failures.append(event.detail)

    library = as_approved(job.library, job.searched)
    return past.search_of(job.settings, library, job.question.log_groups, state, stopping.wait, observe)


def _measured(job: _Job, search: Search, state: RunState) -> Expected:
    """What is left of it, and what that is expected to take."""
    snapshot, now = search.snapshot, wiring.clock()
    if job.question.log_groups and snapshot.looked_up and not snapshot.groups:
        raise RangeError(f"no log group matches {', '.join(job.question.log_groups)}: check its name and the region")
    notes = kept_part(job.window, snapshot.groups, now)
    left = tracks(snapshot.scopes, job.window, state.coverage(), now)
    costs = estimate(left, snapshot.prepared, search.source, search.share(), job.settings.aws.dollars_per_gb, now)
    before = _before(job, search, state, costs)
    return Expected(job.window, costs, notes, before, search.share.shared)


def _searched(job: _Job, manner: _Manner, search: Search, expected: Expected, stopping: threading.Event) -> Ended:
    """Search what is left, if the price is agreed to."""
    costs = expected.estimate
    agree(costs.dollars, job.settings.backfill.ask_above_dollars, yes=manner.yes)
    before = expected.before
    if manner.fail_on_hit and _settled(job, stopping):
        return Ended(before, stopped=True)
    asked = Asked(job.window, search.snapshot.scopes, search.snapshot.prepared, manner.order, costs.bytes_per_second)
    with gauge("searching", wiring.clock, stopping.is_set) as show_progress:
        return search.backfill.run(asked, shown_on(show_progress, before, costs.bytes))


def _settled(job: _Job, stopping: threading.Event) -> bool:
    """Wait until what was logged in the range can be searched; True where it is time to stop."""
    delays = [delay for delay in job.settings.polling.passes.values() if delay]
    until = job.window.end + min(delays, default=DEFAULT_SETTLE_SECONDS)
    begun = wiring.clock()
    with gauge("waiting for late events", wiring.clock, stopping.is_set) as show_progress:
        while (left := until - wiring.clock()) > 0:
            show_progress((wiring.clock() - begun) / (until - begun), f"{duration(int(left * 1000))} left")
            if stopping.wait(min(1.0, left)):
                return True
    return False


def _before(job: _Job, search: Search, state: RunState, costs: Estimate) -> Progress:
    """Where this session begins."""
    now, groups = wiring.clock(), search.snapshot.groups
    total = sum(part.seconds for group in groups if (part := searchable_part(job.window, group, now)))
    left = sum(each.track.remaining * len(each.track.groups) for each in costs.tracks)
    return replace(so_far(state), total=total, covered=max(0, total - left))


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
