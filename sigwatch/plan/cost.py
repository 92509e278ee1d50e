"""What a scan costs. Logs Insights bills the bytes of all events in the groups and range, matched or not."""

from collections.abc import Iterable

from sigwatch.model.logs import LogGroup

GIGABYTE = 1024**3
DAY_MS = 86_400_000


def dollars(bytes_scanned: float, dollars_per_gb: float) -> float:
    """Price of scanning that many bytes."""
    return bytes_scanned / GIGABYTE * dollars_per_gb


def bytes_per_day(groups: Iterable[LogGroup], now_ms: int) -> int:
    """Average ingestion of the log groups, from what they store and for how long they have kept it.

    An estimate: stored bytes are compressed and trail by hours.
    """
    total = 0.0
    for group in groups:
        age = max((now_ms - group.created_ms) / DAY_MS, 1.0)
        total += group.stored_bytes / (min(age, group.retention_days) if group.retention_days else age)
    return round(total)
