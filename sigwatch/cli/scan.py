"""`scan`: the same detection over files."""

import json
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.chosen import Drafts, Named, chosen
from sigwatch.cli.context import FINDINGS, FINE, USAGE, Options, options, say, stderr, stdout
from sigwatch.cli.progress import gauge
from sigwatch.cli.report import MOST_ROWS, ReportFormat, show
from sigwatch.cli.stopping import stop_on_signal
from sigwatch.config import Settings
from sigwatch.findings import Finder
from sigwatch.incident.fingerprint import hit
from sigwatch.match.engine import Engine
from sigwatch.model.knowledge import Signature, errors, with_recoveries
from sigwatch.model.logs import Hit
from sigwatch.model.past import Finding, Gap, Paid, Report
from sigwatch.ports import Findings
from sigwatch.publish.words.wording import date_time, rfc3339
from sigwatch.redact.controls import strip_controls
from sigwatch.report.build import build
from sigwatch.report.words import hits, size
from sigwatch.scan.accounts import Sighting, Totals
from sigwatch.scan.files import Manner, Recognise
from sigwatch.scan.formats import recognise
from sigwatch.scan.places import STDIN, Missing, Source, shown, sources
from sigwatch.scan.scanner import Following, Progress, ScanSettings, run

AT_ONCE = 1_000
"""Findings that are kept in one transaction."""

STDOUT = 1
MOST_NAMES = 3
"""Files that are named in a title."""

Tell = Callable[[Sighting, Finding], None]
"""Tells of a hit when it is found."""


class ScanFormat(StrEnum):
    """Shapes of what a scan says."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class _Job:
    """What is searched for, and under which configuration."""

    settings: Settings
    signatures: Sequence[Signature]
    problems: Sequence[str]


@dataclass(slots=True)
class _Keeper:
    """Keeps what is found, and tells of what was not there before: an event that is in two files is one hit."""

    wanted: dict[str, Signature]
    finder: Finder
    findings: Findings
    tell: Tell | None
    hits: int = 0
    held: list[Finding] = field(default_factory=list)
    """Found and not kept yet, where nobody is told of each: a transaction for every few takes longer than finding."""

    def __call__(self, sightings: Sequence[Sighting]) -> None:
        kept = [self.finder.finding(_hit(each), self.wanted[each.signature]) for each in sightings]
        if self.tell is None:
            self.held += kept
            if len(self.held) >= AT_ONCE:
                self.settle()
            return
        for sighting, finding in zip(sightings, kept, strict=True):
            # One at a time, to know which of them are new.
            if self.findings.add([finding]):
                self.hits += 1
                self.tell(sighting, finding)

    def settle(self) -> None:
        """Keep what is held."""
        self.hits += self.findings.add(self.held)
        self.held.clear()


def scan(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files or folders, or - for standard input.")],
    log_group: Annotated[str, typer.Option(help="Log group of the events; else the file's path.")] = "",
    signature: Named = None,
    include_drafts: Drafts = False,
    time_format: Annotated[str, typer.Option(help="How lines begin, such as '%d.%m.%Y %H:%M:%S'; else found.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the files grow, until Ctrl-C.")] = False,
    fail_on_hit: Annotated[bool, typer.Option("--fail-on-hit", help="Exit code 1 when anything was found.")] = False,
    shape: Annotated[
        ScanFormat, typer.Option("--format", help="table, json, jsonl (a hit a line), csv or html.")
    ] = ScanFormat.TABLE,
) -> None:
    """Search log files for every approved signature: plain, .gz, .zst, JSON lines, CloudWatch exports. Tells nobody."""
    job = _job(options(context), signature or (), drafts=include_drafts)
    found, missing = sources(files, log_group)
    if follow or not found:
        _talk([f"{each.path}: {each.reason}" for each in missing])
    if not found:
        raise typer.Exit(USAGE)
    manner = Manner(_recogniser(time_format), int(wiring.clock() * 1000), time_format)
    tell = _teller(job, shape, follow=follow)
    with closing(wiring.memory_store()) as store, stop_on_signal() as stopping:
        following = Following(stopping.wait) if follow else None
        settings = ScanSettings(manner, following=following, numbered=follow or shape is ScanFormat.JSONL)
        totals = _searched(job, found, settings, store.findings, tell, stopping)
        report = _report(job, totals, [*missing, *_unbegun(found, totals)], store.findings)
    if shape is not ScanFormat.JSONL:
        now_ms = int(wiring.clock() * 1000)
        url = job.settings.knowledge.url
        show(report, ReportFormat(shape), wiring.document_mask(job.settings), _title(files), now_ms, url)
    if shape is not ScanFormat.TABLE:
        _talk([*(f"{gap.scope}: {gap.reason}" for gap in report.gaps), *report.problems, *report.remarks])
    failed = bool(report.gaps or report.problems or (fail_on_hit and report.hits))
    raise typer.Exit(FINDINGS if failed else FINE)


def _talk(lines: Sequence[str]) -> None:
    talk = stderr()
    said = lines[:MOST_ROWS] if talk.is_terminal else lines
    for line in said:
        talk.print(f"sigwatch: {strip_controls(line)}", markup=False)
    if len(said) < len(lines):
        talk.print(f"sigwatch: and {len(lines) - len(said):,} more like it")


def _title(files: Sequence[str]) -> str:
    named = ", ".join(map(shown, files[:MOST_NAMES]))
    return named if len(files) <= MOST_NAMES else f"{named} and {len(files) - MOST_NAMES:,} more"


def _recogniser(time_format: str) -> Recognise:
    try:
        recognise(b"", time_format)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--time-format") from None
    return recognise


def _job(given: Options, named: Sequence[str], *, drafts: bool) -> _Job:
    settings = given.settings_if_any() or Settings()
    library = wiring.load_knowledge(given.knowledge_paths(given.knowledge))
    problems = [str(problem) for problem in errors(library.problems)]
    return _Job(settings, chosen(library, named, drafts=drafts), problems)


def _searched(
    job: _Job,
    found: Sequence[Source],
    settings: ScanSettings,
    findings: Findings,
    tell: Tell | None,
    stopping: threading.Event,
) -> Totals:
    wanted = {each.id: each for each in with_recoveries(job.signatures)}
    engine = Engine(wanted.values(), compile_all=wiring.databases().now)
    finder = Finder(job.settings.incidents.group_by, wiring.rules_of(job.settings).mask)
    keeper = _Keeper(wanted, finder, findings, tell)
    total = sum(source.size or 0 for source in found)
    # Where hits appear as they are found, they show that something is done, and a bar would stand among them.
    shown_live = tell is not None and stdout().is_terminal
    with nullcontext(_no_gauge) if shown_live else gauge("scanning", wiring.clock, stopping.is_set) as show_progress:
        begun = wiring.clock()

        def progress(made: Progress) -> None:
            rate = made.bytes / max(wiring.clock() - begun, 0.001)
            words = f"{size(made.bytes)}, {hits(keeper.hits + len(keeper.held))}, {size(int(rate))}/s"
            show_progress(made.stored / total if total and not settings.following else None, words)

        totals = run(found, engine, keeper, progress, lambda: stopping.is_set() or _reader_gone(), settings)
        keeper.settle()
        return totals


def _reader_gone() -> bool:
    """Whether nobody reads standard output any more: without a hit nothing is written, and nobody would notice."""
    poll = select.poll()
    poll.register(STDOUT, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _no_gauge(_share: float | None, _words: str) -> None:
    return


def _hit(sighting: Sighting) -> Hit:
    row = sighting.row
    if not sighting.undated:
        return hit(sighting.signature, row)
    # Lines that say the same are told from each other by their times, and these have none.
    numbered = replace(row, stream=f"{row.stream} {sighting.undated}")
    return replace(hit(sighting.signature, numbered), row=row)


def _teller(job: _Job, shape: ScanFormat, *, follow: bool) -> Tell | None:
    """How a hit is told when it is found; None where all of them are told at the end."""
    console = stdout()
    titles = {each.id: each.ko.title for each in job.signatures}

    def as_json(sighting: Sighting, finding: Finding) -> None:
        row = finding.hit.row
        told = {
            "signature": finding.signature,
            "time": rfc3339(row.ts_ms),
            "log_group": row.log_group,
            "log_stream": row.stream,
            "path": sighting.path,
            "line": sighting.line,
            "message": row.message,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))

    def as_line(sighting: Sighting, finding: Finding) -> None:
        name = finding.signature
        place = f"{sighting.path}:{sighting.line}"
        say(console, f"{date_time(finding.hit.row.ts_ms)}  {name}  {titles.get(name, '')}  {place}")

    if shape is ScanFormat.JSONL:
        return as_json
    return as_line if follow and shape is ScanFormat.TABLE else None


def _unbegun(found: Sequence[Source], totals: Totals) -> list[Missing]:
    """Files whose turn did not come before the stop."""
    begun = {file.path for file in totals.files}
    paths = [shown(source.place.path) for source in found] if totals.stopped else []
    return [Missing(path, "not begun when it was stopped") for path in paths if path not in begun]


def _report(job: _Job, totals: Totals, missing: Sequence[Missing], findings: Findings) -> Report:
    # What was not read to its end is a gap with its reason; the same words are no problem beside it.
    gaps = tuple(_gap(file.path, file.unread) for file in totals.files if file.unread)
    gaps += tuple(_gap(each.path, each.reason) for each in missing)
    said = {file.unread for file in totals.files}
    slow = [
        f"{name}: the pattern ran out of time on {count:,} events; write it without lookaround and back-references"
        for name, count in sorted(totals.undecided.items())
    ]
    span = totals.span
    made = build(
        findings,
        job.signatures,
        (span[0], span[1] + 1) if span else None,
        wiring.rules_of(job.settings),
        Paid(totals.bytes),
        gaps,
        [*job.problems, *(each for each in totals.problems if each not in said), *slow],
        dict.fromkeys(file.log_group for file in totals.files),
    )
    empty = () if totals.bytes or gaps else ("there was nothing to search: every file is empty",)
    return replace(made, remarks=(*totals.remarks, *empty))


def _gap(path: str, reason: str) -> Gap:
    named = "standard input" if path == STDIN else path
    return Gap(named, (path,), 0, 0, reason.removeprefix(f"{path}: "))
