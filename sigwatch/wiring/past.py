"""A search of the past, put together: what it reads with, what it leaves a daemon, and whom it tells."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from sigwatch.config import Settings
from sigwatch.findings import Finder
from sigwatch.model.coverage import Coverage
from sigwatch.model.event import Event
from sigwatch.model.knowledge import Library, Signature
from sigwatch.past.backfill import Backfill
from sigwatch.past.quota import Share, Signs
from sigwatch.past.runs import Question, Runs, folder_beside
from sigwatch.past.telling import Teller, Told, deliver_all, with_hits
from sigwatch.plan.insights import MOST_ROWS
from sigwatch.ports import CursorKey, Publisher, Wait
from sigwatch.report.fold import incidents
from sigwatch.search import Reader
from sigwatch.source.lanes import Lanes
from sigwatch.store.held import held
from sigwatch.store.sqlite import SqliteStore
from sigwatch.watch import Snapshot, Watch
from sigwatch.wiring import targets
from sigwatch.wiring.aws import limits_of, log_source
from sigwatch.wiring.parts import chance, clock, databases, rules_of, selectors_of
from sigwatch.wiring.people import composer_of
from sigwatch.wiring.state import open_existing, open_state, runs_folder

RunState = SqliteStore
"""What a run keeps."""


@dataclass(frozen=True, slots=True)
class Search:
    """What one session of a backfill works with."""

    snapshot: Snapshot
    source: Lanes
    share: Share
    backfill: Backfill


def runs_of(settings: Settings) -> Runs:
    """The backfills of this configuration, beside the state of its daemon."""
    return Runs(folder_beside(runs_folder(settings)), SqliteStore, held, clock)


def state_of(runs: Runs, question: Question) -> RunState:
    """The state of the run for a question, new or as it was left; close it in the end.

    Raises:
        StoreError: it can not be opened.
    """
    state = runs.begin(question)
    if not isinstance(state, RunState):
        raise TypeError("backfills are kept in what `runs_of` opens them with")
    return state


def search_of(
    settings: Settings,
    library: Library,
    log_groups: Sequence[str],
    state: RunState,
    wait: Wait,
    observe: Callable[[Event], None],
) -> Search:
    """Everything that a session needs, its log groups looked up.

    Args:
        settings: validated.
        library: what is searched for, as if it were approved.
        log_groups: names or globs in place of those that the signatures and their projects name; empty for those.
        state: of the run.
        wait: says True when queries are to be stopped.
        observe: is told of every event.

    Raises:
        ConfigurationError: a region, profile or endpoint can not be used.
    """
    signs = Signs(settings.polling.interval, settings.polling.passes)
    share = Share(limits_of(settings), signs, lambda: _coverage(settings), clock)
    source = log_source(settings, wait, state, observe, share)
    selectors = (lambda _: tuple(log_groups)) if log_groups else selectors_of(settings)
    ignored, interval = settings.aws.ignore_log_groups, settings.polling.interval
    watch = Watch(lambda: library, source, selectors, ignored, interval, clock, observe, databases().soon)
    watch.reload()
    finder = Finder(settings.incidents.group_by, rules_of(settings).mask)
    # A full result is paid for and of no use, so as many rows are asked for as there are.
    reader = Reader(source, observe, settings.aws.dollars_per_gb, MOST_ROWS)
    backfill = Backfill(reader, state, finder, settings.aws.limits.concurrent, clock, wait, chance)
    return Search(watch.snapshot, source, share, backfill)


def tell(
    settings: Settings,
    publishers: Mapping[str, Publisher],
    state: RunState,
    signatures: Sequence[Signature],
    end_ms: int,
    wait: Wait,
) -> tuple[Told, int]:
    """Tell what a run has found through the daemon's own state; returns also how many messages are left to send.

    Raises:
        StoreError: the daemon's state can not be written.
    """
    by_id = {each.id: each for each in signatures}
    rules, composer = rules_of(settings), composer_of(settings)
    with closing(open_state(settings)) as store:
        found = list(incidents(state.findings.in_time(), by_id, rules, end_ms))
        teller = Teller(store, by_id, composer, clock, rules.quiet_ms)
        told = teller.tell(with_hits(state.findings.in_time(), found))
        outbox = targets.outbox(settings, store.deliveries, publishers, composer, lambda _: None)
        return told, deliver_all(outbox, store.deliveries, clock, wait)


def _coverage(settings: Settings) -> Mapping[CursorKey, Coverage]:
    """What the daemon of this configuration has searched; nothing where none has ever run here."""
    store = open_existing(settings)
    if store is None:
        return {}
    with closing(store):
        return store.coverage()
