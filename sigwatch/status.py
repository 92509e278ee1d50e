"""What the daemon says of itself: alive, ready, and the page that an operator looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sigwatch import __version__
from sigwatch.daemon import Pulse
from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import errors
from sigwatch.model.logs import Pass, Scope
from sigwatch.plan.windows import gap_seconds
from sigwatch.polling.spending import day_of
from sigwatch.polling.tenure import Tenure
from sigwatch.ports import Clock, CursorKey, Store, cursor_key
from sigwatch.watch import Watch

STILL_SECONDS = 60
"""A scheduler that has run no job for this long is taken for dead."""


@dataclass(frozen=True, slots=True)
class StatusBoard:
    """Answers about one daemon."""

    watch: Watch
    passes: tuple[Pass, ...]
    store: Store
    pulse: Pulse
    clock: Clock
    tenure: Tenure

    def alive(self) -> str:
        """Empty while the scheduler runs jobs, whatever AWS and Slack do."""
        still = self.clock() - self.pulse.beat_at
        return f"the scheduler has done nothing for {still:.0f} s" if still > STILL_SECONDS else ""

    def ready(self) -> str:
        """Empty when knowledge is loaded, the state can be read and a first pass is done."""
        library = self.watch.snapshot.library
        if not library.digest:
            return "knowledge is not loaded"
        missing = [problem.path for problem in errors(library.problems) if problem.field in {"path", "folder"}]
        if missing and not library.signatures:
            return f"knowledge can not be read: {missing[0]}"
        try:
            self.store.ping()
        except StoreError as error:
            return str(error)
        return "" if self.pulse.first_pass_done else "the first pass is not done"

    def page(self) -> Mapping[str, Any]:
        """Everything on the status page."""
        snapshot = self.watch.snapshot
        now = self.clock()
        why = self.ready()
        coverage = self.store.coverage()
        return {
            "ready": not why,
            "why": why,
            "version": __version__,
            "now": _moment(now * 1000),
            "passes": [step.name for step in self.passes],
            "incidents": [
                {
                    "severity": incident.severity,
                    "signature": incident.signature,
                    "group": incident.group,
                    "count": incident.count,
                    "state": _state(incident),
                    "first_seen": _moment(incident.first_seen_ms),
                    "last_seen": _moment(incident.last_seen_ms),
                }
                for incident in self.store.unresolved()
            ],
            "leases": self.tenure.measured,
            "scopes": [self._scope(scope, coverage) for scope in snapshot.scopes],
            "spent": sum(paid.dollars for paid in self.store.spent(day_of(now))),
            "pending": self.store.outbox(int(now * 1000))[0],
            "signatures": [
                {
                    "id": signature.id,
                    "title": signature.ko.title,
                    "project": signature.project,
                    "severity": signature.severity,
                    "ris": signature.ris.id if signature.ris else "",
                    "status": signature.ko.status,
                }
                for signature in snapshot.library.signatures
            ],
            "problems": [
                *(str(problem) for problem in (*errors(snapshot.library.problems), *snapshot.problems)),
                *snapshot.set_aside,
            ],
        }

    def _scope(self, scope: Scope, coverage: Mapping[CursorKey, Coverage]) -> Mapping[str, Any]:
        def searched(step: Pass) -> str:
            found = [coverage.get(cursor_key(step.name, group)) for group in scope.groups]
            searched = [each.unbroken_from(each.begin) for each in found if each]
            return _moment(min(searched) * 1000) if len(searched) == len(found) else "not yet"

        now = self.clock()
        gaps = [
            gap_seconds(group, found, now)
            for step in self.passes
            for group in scope.groups
            if (found := coverage.get(cursor_key(step.name, group)))
        ]
        return {
            "name": scope.name,
            "gap": max(gaps, default=0),
            "groups": len(scope.groups),
            "signatures": len(scope.signatures),
            "searched": [searched(step) for step in self.passes],
        }


def _state(incident: Incident) -> str:
    state = f"acknowledged by {incident.acknowledged_by}" if incident.acknowledged_by else str(incident.state)
    return f"{state}, silenced by {incident.silence.author}" if incident.silence else state


def _moment(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
