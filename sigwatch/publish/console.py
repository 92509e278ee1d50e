"""The terminal as a target: prints what Slack would show."""

from collections import Counter
from collections.abc import Iterator
from textwrap import indent

from rich.align import AlignMethod
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sigwatch.model.incident import COUNTS, State
from sigwatch.model.message import Alert, Content, Digest, Milestone, Remark
from sigwatch.publish.words.inline import plain as plain_markdown
from sigwatch.publish.words.inline import runs
from sigwatch.publish.words.listing import CROWDS, entry, heading, mark_of_list
from sigwatch.publish.words.message import Message, message, severity_mark
from sigwatch.publish.words.reasons import WORDS, change, one_line, sentence
from sigwatch.publish.words.wording import events, incidents
from sigwatch.redact.controls import strip_controls

WIDEST = 100
"""Columns; longer lines are hard to read."""
MARGIN = 2
"""Columns left of everything."""
COLOURS = {"P0": "red", "P1": "red", "P2": "dark_orange", "P3": "yellow"}
OTHER_COLOUR = "cyan"
OVER_COLOUR = "green"
NAME_LENGTH = 200


class ConsolePublisher:
    """Prints each incident once in full, and one line for each edit that Slack would make in place.

    A ref is the content's key. Nothing printed can be looked up again, so `find` finds nothing.
    """

    name = "console"

    def __init__(self, console: Console) -> None:
        """Print to `console`; its width and its being a terminal decide on wrapping and colour."""
        self._console = console
        self._counts: dict[str, int] = {}

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Print in full: a card with its facts, steps and log lines, a digest as a list, anything else as a line."""
        # One piece, whatever other threads print.
        with self._console:
            match content:
                case Alert():
                    self._counts[content.key] = content.incident.count
                    self._print_card(destination, message(content))
                case Digest():
                    self._print_digest(content)
                case Milestone():
                    self._print_whole(_milestone(content))
                case Remark():
                    self._print_whole(_remark(content))
        return content.key

    def update(self, destination: str, ref: str, content: Content) -> None:
        """Print one line that says what Slack's edit would change."""
        if isinstance(content, Digest):
            self._print_whole(_edited_list(content))
            return
        if not isinstance(content, Alert):
            self.post(destination, content, "")
            return
        before = self._counts.get(ref)
        self._counts[ref] = content.incident.count
        if content.incident.state is State.RESOLVED:
            self._counts.pop(ref, None)
        self._print_whole(_edit(content, before))

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: what a terminal has shown is gone."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Print as lines of text."""
        if not isinstance(content, Alert):
            return self.post(destination, content, thread)
        told = message(content)
        for line in (f"{told.mark} {told.headline}", told.state, *told.notes, told.verdict):
            self._print_whole(Text(line))
        for number, step in enumerate(told.steps, 1):
            self._print_whole(Text(f"{number}. {plain_markdown(step.text)}"))
            if step.code:
                self._print_whole(Text(step.code))
        return content.key

    def _print_card(self, destination: str, told: Message) -> None:
        colour = OVER_COLOUR if told.resolved else COLOURS.get(told.severity, OTHER_COLOUR)
        width = min(self._console.width, WIDEST)
        where = f"{told.signature} → {destination}" if destination else told.signature
        self._console.print()
        for part in _top(f"{told.mark} {told.headline}", f"{told.mark} {told.severity}", colour, width):
            self._console.print(part, width=width)
        for part in _parts(told):
            self._print_part(part, width)
        self._console.print(_edge(where, "dim", colour, "right"), width=width)
        for name, link in (("RIS", told.ris_url), ("Logs", told.logs_url)):
            if link:
                self._print_whole(Text.assemble(f"  {name:<5}", (link, "underline" if "://" in link else "")))

    def _print_digest(self, page: Digest) -> None:
        width = min(self._console.width, WIDEST)
        self._console.print()
        mark = f"{mark_of_list(page)} " if page.severities else ""
        self._console.print(Text(f"{mark}{heading(page)}", style="bold"), width=width)
        if page.page == 1:
            self._console.print(Text(CROWDS[page.crowd], style="dim"), width=width)
        for listed in map(entry, page.alerts):
            told = Text.assemble((listed.lead, "bold"), (listed.signature, "cyan"), listed.rest, overflow="fold")
            self._console.print(told, width=width)
            if listed.first:
                self._console.print(Text(listed.first, style="dim", overflow="fold"), width=width)

    def _print_part(self, part: RenderableType, width: int) -> None:
        if isinstance(part, Text) and (part.no_wrap or not part):
            self._print_whole(part)
        else:
            self._console.print(Padding(part, (0, 1, 0, MARGIN), expand=False), width=width)

    def _print_whole(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _edit(alert: Alert, before: int | None) -> Text:
    told, now = message(alert), alert.incident.count
    name = f"{told.severity} {told.signature}"
    if told.resolved:
        return Text.assemble((f"{told.mark} {told.state}", f"bold {OVER_COLOUR}"), f": {name} · {events(now)}")
    counted = f"{before:,} → {events(now)}" if before not in {None, now} else events(now)
    # That there are more events is what the count says already.
    why = "" if alert.reason in COUNTS else f" · {change(alert.incident, alert.reason)}"
    return Text.assemble(("✎ same message, edited: ", "dim"), (name, "bold"), f" · {counted}{why}")


def _edited_list(page: Digest) -> Text:
    """What a list has become; to print all of it again with each change would bury the terminal."""
    states = Counter(alert.incident.state for alert in page.alerts)
    told = " · ".join(f"{states[state]:,} {state}" for state in State if states[state])
    number = f", page {page.page}" if page.pages > 1 else ""
    return Text.assemble(("✎ same list, edited: ", "dim"), (f"{incidents(page.total)}{number}", "bold"), f" · {told}")


def _milestone(content: Milestone) -> Text:
    incident = content.incident
    mark = WORDS[content.reason].mark or severity_mark(incident.severity)
    told = sentence(change(incident, content.reason, content.actor, content.at_ms))
    name = one_line(f"{incident.severity} {incident.signature}", NAME_LENGTH)
    return Text.assemble((f"{mark} {told}", "bold"), f": {name} · {events(incident.count)}")


def _remark(content: Remark) -> Text:
    title = one_line(content.title, NAME_LENGTH)
    return Text.assemble((f"{title}: " if title else "", "bold"), strip_controls(content.text).strip())


def _top(headline: str, short: str, colour: str, width: int) -> Iterator[RenderableType]:
    """The title within the upper edge; one that the edge would cut stands below it, where it wraps."""
    style = f"bold {colour}"
    fits = cell_len(headline) <= width - 4
    yield _edge(headline if fits else short, style, colour, "left")
    if not fits:
        yield Padding(Text(headline, style=style, overflow="fold"), (0, 1, 1, MARGIN))


def _edge(words: str, style: str, colour: str, align: AlignMethod) -> Rule:
    return Rule(Text(words, style=style), style=colour, align=align)


def _parts(told: Message) -> Iterator[RenderableType]:
    yield Text(told.state, style="bold", overflow="fold")
    for note in told.notes:
        yield Text(note, overflow="fold")
    if told.last_hour:
        yield Text.assemble(("Last hour  ", "dim"), told.last_hour)
    yield Text()
    yield _facts(told)
    yield Text()
    yield from _fix(told)
    if told.verification:
        yield Text("Verify", style="bold")
        yield _code(told.verification)
        yield Text()
    if told.samples:
        yield Text("Log lines", style="bold")
        yield Padding(Text("\n".join(told.samples), style="dim", overflow="fold"), (0, 0, 0, 3))
        yield Text()
    if told.why:
        yield Text.assemble(("Why it matters: ", "bold"), _inline(told.why))


def _facts(told: Message) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for fact in told.facts:
        grid.add_row(Text(fact.name, style="dim"), Text(fact.value))
    return grid


def _fix(told: Message) -> Iterator[RenderableType]:
    section = f" · {told.section}" if told.section else ""
    yield Text.assemble((told.verdict, "bold"), (section, "dim"))
    if told.cause:
        yield Text.assemble(("Cause: ", "dim"), _inline(told.cause))
    wide = len(str(len(told.steps)))
    for number, step in enumerate(told.steps, 1):
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_column(width=wide + 1, justify="right", no_wrap=True)
        line.add_column(overflow="fold")
        line.add_row(Text(f"{number}.", style="bold"), _inline(step.text))
        yield line
        if step.code:
            yield _code(step.code)
    if told.prevention:
        yield _inline(told.prevention)
    yield Text()


def _code(code: str) -> Text:
    """Lines that are never wrapped: a command with a line break in it must not be pasted."""
    return Text(indent(code, " " * (MARGIN + 3)), style="cyan", no_wrap=True)


def _inline(markdown: str) -> Text:
    text = Text(overflow="fold")
    for run in runs(markdown):
        style = "cyan" if run.code else "bold" if run.bold else ""
        text.append(run.text, style)
        if run.url:
            text.append(f" ({run.url})", "dim")
    return text
