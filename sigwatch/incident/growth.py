"""How an incident takes in more hits, and when that is worth a call. Pure, and quick: a storm brings a million."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from sigwatch.model.incident import Incident, Reason, State
from sigwatch.model.logs import Hit

SAMPLES = 3
"""Log events kept with an incident."""
SAMPLE_LENGTH = 2000
"""Characters kept of each."""
LOOKED_AT = 200
"""Hits of a batch among which different samples are looked for."""
HISTOGRAM_MINUTES = 60
SETTLING_MS = 60_000
"""After it was opened an incident's count may settle: who was called a moment ago is not called for its growth."""


def extended(incident: Incident, hits: Sequence[Hit], now_ms: int, mask: Callable[[str, str], str]) -> Incident:
    """The incident with more hits, at least one, given in the order of their time."""
    times = [hit.row.ts_ms for hit in hits]
    last = max(incident.last_seen_ms, times[-1])
    return replace(
        incident,
        count=incident.count + len(hits),
        first_seen_ms=min(incident.first_seen_ms, times[0]),
        last_seen_ms=last,
        active_ms=now_ms,
        log_groups=tuple(sorted({*incident.log_groups, *{hit.row.log_group for hit in hits}})),
        histogram=_histogram(incident.histogram, times, last),
        samples=tuple(_samples(incident, hits[:LOOKED_AT], mask)),
        told_count=incident.count + len(hits) if now_ms < incident.opened_ms + SETTLING_MS else incident.told_count,
    )


def grown(before: Incident, after: Incident, growth: int) -> Reason | None:
    """Why an incident is to be told louder; None where nothing calls for it, or somebody has it or a silence holds."""
    if after.state is not State.OPEN or after.silence:
        return None
    if len(before.log_groups) == 1 < len(after.log_groups):
        return Reason.SPREAD
    # An incident of an older state does not know what was told of it.
    told = after.told_count or before.count
    if growth and after.count >= growth * told:
        return Reason.GREW_TENFOLD
    return None


def sample_of(project: str, message: str, mask: Callable[[str, str], str]) -> str:
    """What is kept of an event's text. Cut after masking: half a secret would not be recognised as one."""
    return mask(project, message[: 2 * SAMPLE_LENGTH])[:SAMPLE_LENGTH]


def _histogram(before: Iterable[tuple[int, int]], times: Iterable[int], last_ms: int) -> tuple[tuple[int, int], ...]:
    by_minute = Counter(dict(before))
    by_minute.update(time // 60_000 for time in times)
    oldest = last_ms // 60_000 - HISTOGRAM_MINUTES
    return tuple(sorted((minute, count) for minute, count in by_minute.items() if minute > oldest))


def _samples(incident: Incident, hits: Iterable[Hit], mask: Callable[[str, str], str]) -> Iterator[str]:
    kept = list(incident.samples)
    yield from kept
    seen: set[str] = set()
    for hit in hits:
        if len(kept) == SAMPLES:
            return
        # Masking costs more than all the rest, and a storm repeats itself.
        if hit.row.message in seen:
            continue
        seen.add(hit.row.message)
        sample = sample_of(incident.project, hit.row.message, mask)
        if sample not in kept:
            kept.append(sample)
            yield sample
