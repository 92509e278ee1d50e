"""How far searching has come, in numbers for telemetry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sigwatch.model.coverage import Coverage
from sigwatch.model.event import CoverageMeasured, OpenIncidentsMeasured
from sigwatch.model.incident import Incident
from sigwatch.model.logs import LogGroup, Pass
from sigwatch.plan.windows import gap_seconds
from sigwatch.ports import CursorKey, cursor_key


def coverage_measured(
    step: Pass, places: Iterable[tuple[str, LogGroup]], coverage: Mapping[CursorKey, Coverage], now: float
) -> list[CoverageMeasured]:
    """One measurement a scope, each the worst of its log groups; `places` names the scope of each log group."""
    target = now - step.delay
    lags: defaultdict[str, float] = defaultdict(float)
    gaps: defaultdict[str, int] = defaultdict(int)
    for name, group in places:
        found = coverage.get(cursor_key(step.name, group))
        front = found.frontier if found else int(target)
        lags[name] = max(lags[name], target - max(front, group.created_ms / 1000))
        gaps[name] = max(gaps[name], gap_seconds(group, found, now) if found else 0)
    return [CoverageMeasured(name, step.name, lag, gaps[name]) for name, lag in lags.items()]


def open_measured(incidents: Iterable[Incident]) -> OpenIncidentsMeasured:
    """Open incidents by signature and severity."""
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for incident in incidents:
        counts[incident.signature, incident.severity] += 1
    return OpenIncidentsMeasured(tuple((*key, count) for key, count in sorted(counts.items())))
