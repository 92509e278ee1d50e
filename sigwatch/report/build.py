"""The report of a search of the past, made of what it found."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sigwatch.incident.lifecycle import Rules
from sigwatch.model.knowledge import Signature
from sigwatch.model.past import Gap, IncidentFound, Paid, Report, SignatureFound
from sigwatch.ports import Findings
from sigwatch.report.fold import incidents, known

BARS = 60
"""Equal parts of the range in which hits are counted."""


def build(
    findings: Findings,
    signatures: Sequence[Signature],
    span: tuple[int, int] | None,
    rules: Rules,
    paid: Paid,
    gaps: Sequence[Gap],
    problems: Sequence[str],
    places: Iterable[str],
) -> Report:
    """The answer, as far as it was found.

    Args:
        findings: what was found.
        signatures: what was searched for; companions of a `resolved_pattern` are no part of the answer. One that was
            found and is not among them, because its document is gone meanwhile, is told by its id.
        span: half-open range of what was searched, epoch milliseconds; None for that of the hits.
        rules: as of live detection.
        paid: what searching took.
        gaps: what could not be searched.
        problems: what else went wrong, as sentences.
        places: log groups or files that were searched.
    """
    start_ms, end_ms = span or _range(findings)
    asked = {each.id: each for each in signatures if not each.recovers}
    counts = findings.hit_counts()
    folded = _by_signature(incidents(findings.in_time(), asked, rules, end_ms))
    bars: Mapping[str, Sequence[int]] = findings.bars(start_ms, end_ms, BARS) if end_ms > start_ms else {}
    none = [0] * BARS if end_ms > start_ms else []
    found = (
        SignatureFound(known(name, asked), counts.get(name, 0), tuple(folded[name]), tuple(bars.get(name, none)))
        for name in sorted(asked.keys() | counts.keys())
    )
    hits_at = dict.fromkeys(places, 0) | dict(findings.place_counts())
    return Report(start_ms, end_ms, tuple(found), paid, tuple(gaps), tuple(problems), hits_at)


def _range(findings: Findings) -> tuple[int, int]:
    """From the first hit to the end of the millisecond of the last one; both 0 without any."""
    span = findings.span()
    return (span[0], span[1] + 1) if span else (0, 0)


def _by_signature(found: Iterable[IncidentFound]) -> defaultdict[str, list[IncidentFound]]:
    """In the order of time, those of different grouping keys among each other."""
    folded: defaultdict[str, list[IncidentFound]] = defaultdict(list)
    for each in found:
        folded[each.incident.signature].append(each)
    for its in folded.values():
        its.sort(key=lambda each: (each.incident.first_seen_ms, each.incident.id))
    return folded
