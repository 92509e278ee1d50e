"""What a search of the past will cost and how long it will take: known before a byte is paid."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sigwatch.model.logs import Measure, Scope, Volume, Window
from sigwatch.past.slices import BYTES_PER_SECOND, Track, first_length, most_seconds
from sigwatch.pipeline import Prepared
from sigwatch.plan.cost import bytes_per_day, dollars
from sigwatch.plan.windows import DAY
from sigwatch.ports import VolumeMeter
from sigwatch.source.limits import Limits

LOOKS = 1.5
"""Looks at the results of a query that are expected until it is done, and reads of further pages."""

OVERHEAD_SECONDS = 3.0
"""A query takes this long whatever it scans."""

MEASURED_AT_ONCE = 8
"""Volumes that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Costed:
    """What one track is expected to take."""

    track: Track
    bytes_logged: int
    """In what is left of its range."""
    bytes_scanned: float
    """Paid for: as many times as its plan reads each byte."""
    queries: int
    slices: int
    measure: Measure

    @property
    def bytes_per_second(self) -> float:
        """How much its log groups take in."""
        return self.bytes_logged / max(1, self.track.remaining)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a backfill is expected to take."""

    tracks: tuple[Costed, ...]
    bytes: int
    dollars: float
    minutes: float
    slices: int
    measured_by: tuple[Measure, ...]

    def bytes_per_second(self, track: Track) -> float | None:
        """How much the log groups of a track take in, from what is known of its scope; None without any figure."""
        mine = [each for each in self.tracks if each.track.scope.name == track.scope.name]
        seconds = sum(each.track.remaining * len(each.track.groups) for each in mine)
        return sum(each.bytes_logged for each in mine) / seconds * len(track.groups) if seconds else None


def estimate(
    tracks: Sequence[Track],
    prepared: Callable[[Scope], Prepared],
    meter: VolumeMeter,
    limits: Limits,
    dollars_per_gb: float,
    now: float,
) -> Estimate:
    """Measure what is left of the tracks. Nothing of it is paid for.

    Args:
        tracks: what is to be searched.
        prepared: the queries of a scope.
        meter: says how much was logged.
        limits: what may be used of the quotas of each account and region.
        dollars_per_gb: price of a scanned GB.
        now: epoch seconds.

    Raises:
        Stopped: the program is to end.
    """
    with ThreadPoolExecutor(MEASURED_AT_ONCE, "estimate") as pool:
        volumes = list(pool.map(lambda track: measured(track, meter, now), tracks))
    remaining: defaultdict[str, int] = defaultdict(int)
    for track in tracks:
        remaining[track.lane] += track.remaining
    costed = tuple(
        _costed(track, volume, prepared(track.scope), remaining[track.lane], limits.concurrent)
        for track, volume in zip(tracks, volumes, strict=True)
    )
    total = round(sum(each.bytes_scanned for each in costed))
    lanes = {track.lane for track in tracks}
    return Estimate(
        costed,
        total,
        dollars(total, dollars_per_gb),
        max((minutes([each for each in costed if each.track.lane == lane], limits) for lane in lanes), default=0.0),
        sum(each.slices for each in costed),
        tuple(sorted({volume.measure for volume in volumes})),
    )


def measured(track: Track, meter: VolumeMeter, now: float) -> Volume:
    """What was logged in what is left of a track, from the best source that answers."""
    span = Window(track.left[0].start, track.left[-1].end)
    found = meter.volume(track.groups, span)
    if found is None:
        daily = bytes_per_day(track.groups, int(now * 1000))
        return Volume(round(daily * track.remaining / DAY), Measure.STORED)
    return Volume(round(found.bytes_logged * track.remaining / span.seconds), found.measure)


def minutes(costed: Iterable[Costed], limits: Limits) -> float:
    """How long the tracks of one lane take: by scanning in parallel, or by requests, whichever is scarcer."""
    found = list(costed)
    queries = sum(each.queries for each in found)
    busy = sum(each.bytes_scanned / BYTES_PER_SECOND + each.queries * OVERHEAD_SECONDS for each in found)
    at_once = max(1, min(limits.concurrent, sum(each.slices for each in found)))
    requests = max(queries / limits.start_per_second, queries * LOOKS / limits.results_per_second)
    return max(busy / at_once, requests) / 60


def _costed(track: Track, volume: Volume, prepared: Prepared, remaining: int, places: int) -> Costed:
    length = first_length(volume.bytes_logged / max(1, track.remaining))
    slices = max(len(track.left), -(-track.remaining // most_seconds(length, remaining, places)))
    scanned = volume.bytes_logged * prepared.plan.multiple
    return Costed(track, volume.bytes_logged, scanned, slices * len(prepared.plan.queries), slices, volume.measure)
