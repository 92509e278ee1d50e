"""How `backfill` and `scan` show what they found: for a terminal, a script, a spreadsheet, a browser."""

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from sigwatch.cli.context import say, stdout
from sigwatch.model.knowledge import Signature
from sigwatch.model.past import IncidentFound, Report, SignatureFound
from sigwatch.publish.words.inline import plain
from sigwatch.publish.words.message import excerpt
from sigwatch.publish.words.reasons import one_line
from sigwatch.publish.words.sparkline import NONE, SOME
from sigwatch.publish.words.wording import duration, incidents
from sigwatch.redact.controls import strip_controls
from sigwatch.report import words
from sigwatch.report.data import as_csv, as_data
from sigwatch.report.page import page
from sigwatch.report.words import NAME_LENGTH, TITLE_LENGTH, Mask

MOST_ROWS = 10
"""Incidents of a signature, and lines of a list, that a terminal shows; a pipe gets them all."""
MOST_BARS = 60
MOST_SAMPLES = 2
STEP_LENGTH = 1_500
INDENT = "  "
COLOURS = {"P0": "red", "P1": "red", "P2": "dark_orange", "P3": "yellow"}
OTHER_COLOUR = "cyan"


class ReportFormat(StrEnum):
    """Shapes of a report."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def show(
    report: Report, shape: ReportFormat, mask: Mask, title: str, generated_ms: int, knowledge_url: str = ""
) -> None:
    """Print a report.

    Args:
        report: what was found.
        shape: how to show it.
        mask: takes the secrets out of documents.
        title: what was searched; heads the page of HTML.
        generated_ms: the time, epoch milliseconds; stands on the page of HTML.
        knowledge_url: what comes before a document's path to make a link on the page of HTML.
    """
    match shape:
        case ReportFormat.JSON:
            typer.echo(json.dumps(as_data(report, mask), indent=2, ensure_ascii=False))
        case ReportFormat.CSV:
            typer.echo(as_csv(report, mask), nl=False)
        case ReportFormat.HTML:
            typer.echo(page(report, title, mask, generated_ms, knowledge_url))
        case ReportFormat.TABLE:
            table(stdout(), report, mask)


def table(console: Console, report: Report, mask: Mask) -> None:
    """Print a report for people: the worst signature near the end, and the answer last, where the eye is.

    A terminal gets lines that fit, and the newest of what is too much; a pipe gets every line whole.
    """
    for found in reversed(words.seen(report)):
        _signature(console, found, report, mask)
    missing = words.unseen(report)
    if missing:
        names = ", ".join(one_line(found.signature.id, NAME_LENGTH) for found in missing)
        sure = "yellow" if report.gaps else "green"
        _prose(console, Text.assemble((f"{words.not_seen(report)}: ", sure), names))
    for line in _shown(console, [f"not searched: {words.gap_line(gap)}" for gap in report.gaps]):
        _prose(console, Text(line, style="red"))
    for line in _shown(console, [strip_controls(problem) for problem in report.problems]):
        _prose(console, Text(line, style="red"))
    for line in _shown(console, [strip_controls(remark) for remark in report.remarks]):
        _prose(console, Text(line, style="yellow"))
    _prose(console, Text(f"{words.hits(report.hits)}, {incidents(len(report.incidents))}; {words.cost(report.paid)}"))
    if report.gaps:
        _prose(console, Text(words.caveat(report), style="bold red"))
    _prose(console, Text(words.headline(report), style="bold"))


def _signature(console: Console, found: SignatureFound, report: Report, mask: Mask) -> None:
    signature = found.signature
    severity = one_line(signature.severity, NAME_LENGTH)
    colour = COLOURS.get(severity, OTHER_COLOUR)
    title = one_line(mask(signature.project, signature.ko.title), TITLE_LENGTH)
    name = one_line(signature.id, NAME_LENGTH)
    _prose(console, Text.assemble((severity, f"bold {colour}"), (f" {name}", "bold"), f"  {title}"))
    first, last = words.first_and_last(found)
    count = f"{incidents(len(found.incidents))}, {words.hits(found.hits)}"
    _prose(console, Text(f"{count}, {words.span(first, last)}"), INDENT)
    since_fix = words.since_fix(found, report)
    if since_fix:
        _prose(console, Text(since_fix, style="bold"), INDENT)
    _bars(console, found.bars, report, colour)
    _incidents(console, found.incidents)
    for line in _samples(found.incidents):
        _cut(console, Text(f"{INDENT}│ {line}", style="dim"))
    _fix(console, signature, mask)
    console.print()


def _bars(console: Console, hits: Sequence[int], report: Report, colour: str) -> None:
    room = min(MOST_BARS, console.width - len(INDENT))
    bars = words.squeezed(hits, room)
    if not any(bars) or report.end_ms <= report.start_ms:
        return
    peak = max(bars)
    line = "".join(SOME[(count * len(SOME) - 1) // peak] if count else NONE for count in bars)
    # The last bar may have fewer parts than the others.
    parts = -(-len(hits) // len(bars))
    each = duration((report.end_ms - report.start_ms) * parts // len(hits))
    _prose(console, Text.assemble((line, colour), (f"  at most {peak:,} in {each}", "dim")), INDENT)


def _incidents(console: Console, found: Sequence[IncidentFound]) -> None:
    """In columns where these fit, else each with its parts on as many lines as it takes."""
    shown = found[-MOST_ROWS:] if console.is_terminal else found
    if len(shown) < len(found):
        _prose(console, Text(f"{len(found) - len(shown):,} earlier ones: see --format csv", style="dim"), INDENT)
    rows = [tuple(_cells(each)) for each in shown]
    wide = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    fits = not console.is_terminal or len(INDENT) + sum(wide) + 2 * (len(wide) - 1) <= console.width
    for row in rows:
        if fits:
            say(console, INDENT + "  ".join(_padded(row, wide)).rstrip())
        else:
            for number, line in enumerate(_packed(row, console.width - 2 * len(INDENT))):
                _prose(console, Text(line), 2 * INDENT if number else INDENT)


def _cells(found: IncidentFound) -> Iterator[str]:
    incident = found.incident
    yield words.span(incident.first_seen_ms, incident.last_seen_ms)
    yield words.lasted(incident.first_seen_ms, incident.last_seen_ms)
    yield words.hits(incident.count)
    yield f"peak {found.peak:,}/min"
    yield str(incident.state)
    yield one_line(incident.group, NAME_LENGTH)


def _padded(row: Sequence[str], wide: Sequence[int]) -> Iterator[str]:
    """The first and the last two columns are words, those between are numbers."""
    for number, (cell, width) in enumerate(zip(row, wide, strict=True)):
        blank = " " * (width - cell_len(cell))
        yield blank + cell if 0 < number < len(row) - 2 else cell + blank


def _packed(cells: Iterable[str], width: int) -> Iterator[str]:
    """As many cells on a line as fit."""
    line = ""
    for cell in filter(None, cells):
        longer = f"{line}, {cell}" if line else cell
        if line and cell_len(longer) > width:
            yield line
            longer = cell
        line = longer
    yield line


def _samples(found: Sequence[IncidentFound]) -> list[str]:
    """First lines of the newest log events, those that say the same once."""
    lines = (excerpt(each.incident.samples[:1], lines=2) for each in reversed(found))
    return list(dict.fromkeys(each[0] for each in lines if each))[:MOST_SAMPLES]


def _fix(console: Console, signature: Signature, mask: Mask) -> None:
    ris = signature.ris
    if ris is None:
        _prose(console, Text("No RIS yet"), INDENT)
        return
    verdict = "Fixed last time by" if ris.resolved else "Not yet resolved: see"
    title = one_line(mask(signature.project, ris.title), TITLE_LENGTH)
    _prose(console, Text.assemble(f"{verdict} ", (one_line(ris.id, NAME_LENGTH), "bold"), f"  {title}"), INDENT)
    for number, step in enumerate(ris.steps, 1):
        text = one_line(plain(mask(signature.project, step.text)), STEP_LENGTH)
        _prose(console, Text(text), f"{INDENT}{number:>2}. ")
        for line in strip_controls(mask(signature.project, step.code)).strip("\n").splitlines():
            # A command with a line break in it must not be pasted.
            say(console, f"{INDENT}      {line}", "cyan")


def _shown(console: Console, lines: Sequence[str]) -> Iterator[str]:
    shown = lines[:MOST_ROWS] if console.is_terminal else lines
    yield from shown
    if len(shown) < len(lines):
        yield f"and {len(lines) - len(shown):,} more like it: see --format json"


def _prose(console: Console, text: Text, lead: str = "") -> None:
    """Words, broken between them in a terminal, with further lines below the first; whole in a pipe."""
    room = console.width - cell_len(lead)
    lines = text.wrap(console, room) if console.is_terminal else [text]
    for number, line in enumerate(lines):
        line.rstrip()
        say(console, Text.assemble(lead if number == 0 else " " * cell_len(lead), line))


def _cut(console: Console, text: Text) -> None:
    if console.is_terminal:
        text.truncate(console.width, overflow="ellipsis")
    say(console, text)
