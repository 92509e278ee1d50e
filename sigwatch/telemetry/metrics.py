"""What Prometheus sees. No label holds log text, and every series is there at zero from the start."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import singledispatchmethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from sigwatch.model.event import (
    BudgetMeasured,
    CoverageMeasured,
    DeliveryEnded,
    DoublesDeleted,
    Event,
    FeedbackGiven,
    IncidentChanged,
    KnowledgeLoaded,
    LeasesMeasured,
    OpenIncidentsMeasured,
    OrphansStopped,
    OutboxMeasured,
    Outcome,
    QuarantineKind,
    QuarantineMeasured,
    QueryEnded,
    QueryStatus,
    ReadIncomplete,
    RunSkipped,
    ScopesResolved,
    SkipReason,
    WindowSearched,
)
from sigwatch.model.incident import Reason
from sigwatch.model.message import TOLD, Kind

SAVINGS = ("none", "skip_late_passes", "longer_interval", "unread")
STATUSES = ("approved", "draft", "retired")
VERDICTS = {True: "helped", False: "did_not_help"}
CHANGES = tuple(sorted({*TOLD.values()} - {Kind.COUNTED} | {Reason.RECURRED}))
"""What is counted for each signature."""
_QUERY_BUCKETS = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900)
_DELAY_BUCKETS = (1, 5, 15, 60, 300, 900, 3600, 7200, 86400)
_LATENCY_BUCKETS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """Counts events in a registry of its own."""

    def __init__(self, version: str, passes: Iterable[str], targets: Iterable[str]) -> None:
        """Create every series whose labels are known already."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client types only a part of itself
        self.registry = CollectorRegistry()
        self._passes = tuple(passes)
        self._create()
        self._build_info.labels(version).set(1)
        self._begin_at_zero(targets)

    def _begin_at_zero(self, targets: Iterable[str]) -> None:
        single: tuple[tuple[Gauge | Counter, Iterable[str]], ...] = (
            (self._signatures, STATUSES),
            (self._quarantined, QuarantineKind),
            (self._saving, SAVINGS),
            (self._decisions, TOLD),
            (self._feedback, VERDICTS.values()),
            (self._queries, QueryStatus),
            (self._skipped, SkipReason),
        )
        for metric, values in single:
            for value in values:
                metric.labels(value)
        for target in targets:
            for outcome in Outcome:
                self._notifications.labels(target, outcome)

    def _create(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"sigwatch_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"sigwatch_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, buckets: Iterable[float]) -> Histogram:
            return Histogram(f"sigwatch_{name}", text, registry=self.registry, buckets=tuple(buckets))

        self._build_info = gauge("build_info", "1, with the version as label.", "version")
        self._signatures = gauge("signatures", "Signatures loaded.", "status")
        self._hits = counter("hits", "Log events in which a signature matched.", "signature", "project")
        self._open = gauge("incidents_open", "Incidents that are open now.", "signature", "severity")
        self._incidents = counter("incidents", "Changes of incidents.", "signature", "kind")
        self._decisions = counter("decisions", "Decisions about incidents, by reason.", "reason")
        self._feedback = counter("feedback", "What people said of the steps that they were shown.", "verdict")
        self._doubles = counter("doubles_deleted", "Messages that a target showed twice and that were deleted.")
        self._notifications = counter("notifications", "Tries to deliver.", "target", "outcome")
        self._outbox_pending = gauge("outbox_pending", "Deliveries that are behind.")
        self._outbox_oldest = gauge("outbox_oldest_seconds", "How long the oldest of them is behind.")
        self._queries = counter("queries", "Logs Insights queries, by how they ended.", "status")
        self._query_duration = histogram("query_duration_seconds", "Time of completed queries.", _QUERY_BUCKETS)
        self._rows = counter("rows", "Log events that queries returned.", "scope")
        self._delay = histogram(
            "arrival_delay_seconds", "From the time of an event that hit to its arrival in CloudWatch.", _DELAY_BUCKETS
        )
        self._bytes = counter("scanned_bytes", "Bytes that queries scanned.", "scope")
        self._dollars = counter("scan_cost_dollars", "What the scanned bytes cost.", "scope")
        self._pass_bytes = counter("pass_scanned_bytes", "Bytes that queries scanned, by pass.", "scope", "pass")
        self._pass_dollars = counter("pass_scan_cost_dollars", "What they cost, by pass.", "scope", "pass")
        self._spent = gauge("budget_spent_dollars", "Spent on scans this day (UTC).")
        self._budget = gauge("budget_dollars", "What a day may cost; 0 without a budget.")
        self._saving = gauge("budget_saving", "1 for how far the daemon has gone to keep within it.", "saving")
        self._orphans = counter("orphans_stopped", "Queries that ran without anybody to wait for them.")
        self._lag = gauge("coverage_lag_seconds", "How far a pass is behind its delay.", "scope", "pass")
        self._gap = gauge("coverage_gap_seconds", "Time behind its front that a pass left out.", "scope", "pass")
        self._skipped = counter("runs_skipped", "Scheduled runs that did not happen.", "reason")
        self._latency = histogram(
            "detection_latency_seconds", "From the first hit's event time to the accepted message.", _LATENCY_BUCKETS
        )
        self._held = gauge("leases_held", "Leases that this replica holds; 0 where nobody shares the state.")
        self._leases = gauge("leases", "Leases that all replicas together should hold.")
        self._replicas = gauge("replicas", "Replicas that show signs of life.")
        self._quarantined = gauge("quarantined", "What is set aside now.", "kind")
        self._reloaded = gauge("reload_timestamp_seconds", "When knowledge was last taken over.")
        self._reloads = counter("reloads", "Looks for changed documents and log groups that were completed.")
        self._incomplete = counter("reads_incomplete", "Windows with something undecided in them.", "scope")

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)

    def __call__(self, event: Event) -> None:
        """Count one event."""
        self._on(event)

    @singledispatchmethod
    def _on(self, event: object) -> None:
        """Events that no metric counts."""

    @_on.register
    def _(self, event: KnowledgeLoaded) -> None:
        for status in STATUSES:
            self._signatures.labels(status).set(sum(s.ko.status == status for s in event.library.signatures))
        for signature in event.library.watched:
            self._hits.labels(signature.id, signature.project)
            self._open.labels(signature.id, signature.severity)
            for kind in CHANGES:
                self._incidents.labels(signature.id, kind)
        self._reloaded.set(event.at)

    @_on.register
    def _(self, event: ScopesResolved) -> None:
        self._reloads.inc()
        for name, _, _ in event.scopes:
            self._rows.labels(name)
            self._bytes.labels(name)
            self._dollars.labels(name)
            self._incomplete.labels(name)
            for pass_name in self._passes:
                self._pass_bytes.labels(name, pass_name)
                self._pass_dollars.labels(name, pass_name)
                self._lag.labels(name, pass_name)
                self._gap.labels(name, pass_name)

    @_on.register
    def _(self, event: QueryEnded) -> None:
        self._queries.labels(event.status).inc()
        self._rows.labels(event.scope).inc(event.rows)
        self._bytes.labels(event.scope).inc(event.bytes_scanned)
        self._dollars.labels(event.scope).inc(event.dollars)
        self._pass_bytes.labels(event.scope, event.pass_name).inc(event.bytes_scanned)
        self._pass_dollars.labels(event.scope, event.pass_name).inc(event.dollars)
        if event.status is QueryStatus.COMPLETE:
            self._query_duration.observe(event.seconds)

    @_on.register
    def _(self, event: WindowSearched) -> None:
        for signature, project, count in event.hits:
            self._hits.labels(signature, project).inc(count)
        for delay in event.delays:
            self._delay.observe(max(0.0, delay))

    @_on.register
    def _(self, event: ReadIncomplete) -> None:
        self._incomplete.labels(event.scope).inc()

    @_on.register
    def _(self, event: CoverageMeasured) -> None:
        self._lag.labels(event.scope, event.pass_name).set(event.lag_seconds)
        self._gap.labels(event.scope, event.pass_name).set(event.gap_seconds)

    @_on.register
    def _(self, event: LeasesMeasured) -> None:
        self._held.set(event.held)
        self._leases.set(event.leases)
        self._replicas.set(event.replicas)

    @_on.register
    def _(self, event: IncidentChanged) -> None:
        reason = event.decision.reason
        self._decisions.labels(reason).inc()
        kind = Reason.RECURRED if reason is Reason.RECURRED else TOLD.get(reason)
        if kind in CHANGES:
            self._incidents.labels(event.decision.incident.signature, kind).inc()

    @_on.register
    def _(self, event: FeedbackGiven) -> None:
        self._feedback.labels(VERDICTS[event.helped]).inc()

    @_on.register
    def _(self, event: OpenIncidentsMeasured) -> None:
        # A pair that is no longer counted has no open incident left.
        current = {(signature, severity): count for signature, severity, count in event.counts}
        for sample in next(iter(self._open.collect())).samples:
            pair = sample.labels["signature"], sample.labels["severity"]
            current.setdefault(pair, 0)
        for pair, count in current.items():
            self._open.labels(*pair).set(count)

    @_on.register
    def _(self, event: DeliveryEnded) -> None:
        self._notifications.labels(event.target, event.outcome).inc()
        if event.latency_seconds is not None:
            self._latency.observe(max(0.0, event.latency_seconds))

    @_on.register
    def _(self, event: OutboxMeasured) -> None:
        self._outbox_pending.set(event.pending)
        self._outbox_oldest.set(event.oldest_seconds)

    @_on.register
    def _(self, event: RunSkipped) -> None:
        self._skipped.labels(event.reason).inc()

    @_on.register
    def _(self, event: BudgetMeasured) -> None:
        self._spent.set(event.spent_dollars)
        self._budget.set(event.budget_dollars or 0)
        for saving in SAVINGS:
            self._saving.labels(saving).set(saving == event.saving)

    @_on.register
    def _(self, event: OrphansStopped) -> None:
        self._orphans.inc(event.count)

    @_on.register
    def _(self, event: DoublesDeleted) -> None:
        self._doubles.inc(event.count)

    @_on.register
    def _(self, event: QuarantineMeasured) -> None:
        self._quarantined.labels(event.kind).set(len(event.items))


def fan_out(*listeners: Callable[[Event], None]) -> Callable[[Event], None]:
    """One observer that tells them all."""

    def observe(event: Event) -> None:
        for listener in listeners:
            # A full disk under the log must not stop the watching.
            with suppress(Exception):
                listener(event)

    return observe
