"""Tells the audience what the daemon does, from the same events that metrics and logs listen to."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatchmethod

from rich.console import Console
from rich.text import Text

from sigwatch.model.event import (
    DeliveryEnded,
    Event,
    IncidentChanged,
    KnowledgeLoaded,
    Outcome,
    QueryEnded,
    QueryStatus,
    ScopesResolved,
    WindowSearched,
)
from sigwatch.model.incident import Reason

QUIET_LINES_EVERY = 5.0
"""Seconds between lines about queries that found nothing."""


@dataclass(slots=True)
class Tally:
    """What the summary at the end is made of."""

    queries: int = 0
    failed: int = 0
    bytes_scanned: int = 0
    dollars: float = 0.0
    hits: Counter[str] = field(default_factory=Counter)
    """By pass."""
    incidents: Counter[Reason] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    latency: float | None = None


class Presenter:
    """An observer that speaks to a console and keeps the tally."""

    def __init__(self, console: Console, elapsed: Callable[[], float]) -> None:
        """Print on `console`; `elapsed` gives the seconds since the curtain rose."""
        self._console = console
        self._elapsed = elapsed
        self._quiet_since = 0.0
        self._quiet = Tally()
        self._paid: dict[tuple[str, str], int] = {}
        self._scopes: tuple[tuple[str, int, int], ...] = ()
        self.tally = Tally()

    def say(self, what: str, text: str, style: str = "") -> None:
        """One line of the story."""
        line = Text.assemble((f"{self._elapsed():5.1f} s  ", "dim"), (f"{what:<10}", "bold"), (text, style))
        self._console.print(line, soft_wrap=True)

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        self._on(event)

    @singledispatchmethod
    def _on(self, event: object) -> None:
        """Events that the story does without."""

    @_on.register
    def _(self, event: ScopesResolved) -> None:
        if event.scopes != self._scopes:
            self._scopes = event.scopes
            for name, groups, signatures in event.scopes:
                self.say(
                    "watching", f"{name}: {_many(groups, 'log group')}, {_many(signatures, 'signature')}, one query"
                )

    @_on.register
    def _(self, event: WindowSearched) -> None:
        paid = self._paid.pop((event.scope, event.pass_name), 0)
        for name, _, count in event.hits:
            self.tally.hits[event.pass_name] += count
            cost = f"{paid / 1000:.1f} kB scanned, {event.rows} rows"
            self.say("query", f"{event.pass_name} pass, {event.window.seconds} s window: {cost}")
            self.say("", f"{_many(count, 'new hit')} of {name}", "yellow")

    @_on.register
    def _(self, event: IncidentChanged) -> None:
        self.tally.incidents[event.decision.reason] += 1

    @_on.register
    def _(self, event: DeliveryEnded) -> None:
        self.tally.outcomes[event.outcome] += 1
        if event.latency_seconds is not None:
            self.tally.latency = event.latency_seconds

    @_on.register
    def _(self, event: KnowledgeLoaded) -> None:
        library = event.library
        self.say(
            "knowledge", f"{len(library.signatures)} signatures, {len(library.summaries)} summaries of resolved issues"
        )
        for signature in library.watched:
            fix = signature.ris.id if signature.ris else "no RIS"
            reasons = sum(len(link.reasons) for link in signature.links[:1])
            self.say("", f"{signature.id} → {fix} ({reasons} reasons)  {signature.ko.title}", "dim")

    @_on.register
    def _(self, event: QueryEnded) -> None:
        for tally in (self.tally, self._quiet):
            tally.queries += 1
            tally.bytes_scanned += event.bytes_scanned
            tally.dollars += event.dollars
            tally.failed += event.status is not QueryStatus.COMPLETE
        self._paid[event.scope, event.pass_name] = event.bytes_scanned
        if self._elapsed() - self._quiet_since >= QUIET_LINES_EVERY:
            done = f"{self._quiet.queries} queries over all passes, {self._quiet.bytes_scanned / 1000:,.1f} kB scanned"
            self.say("queries", f"{done} in the last {self._elapsed() - self._quiet_since:.0f} s", "dim")
            self._quiet_since = self._elapsed()
            self._quiet = Tally()


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
