"""What a search of the past found: hits as they are kept, and the report made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit with what it shares with the others of its incident."""

    hit: Hit
    """Its row's message is masked and cut to what a sample shows; the identity is that of the whole event."""
    group: str
    """Grouping key, masked."""
    recovers: str = ""
    """Id of the signature whose incident this hit ends; empty for a hit that opens or continues one."""

    @property
    def signature(self) -> str:
        """The signature whose incident it belongs to."""
        return self.recovers or self.hit.signature


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the past that could not be searched."""

    scope: str
    places: tuple[str, ...]
    """Log groups or files."""
    start_ms: int
    end_ms: int
    """Epoch milliseconds; both 0 where a file has no times."""
    reason: str


@dataclass(frozen=True, slots=True)
class Paid:
    """What searching took."""

    bytes_scanned: int = 0
    """Of log text; for files, after decompression."""
    queries: int = 0
    dollars: float = 0.0
    events: int = 0
    """Looked at; 0 where nobody counts them."""


@dataclass(frozen=True, slots=True)
class IncidentFound:
    """An incident as live detection would have made it."""

    incident: Incident
    peak: int
    """Most hits of it within one minute."""
    peak_ms: int
    """Beginning of that minute, epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class SignatureFound:
    """What became of one signature: that it was never seen is a result too."""

    signature: Signature
    hits: int
    incidents: tuple[IncidentFound, ...]
    """In the order of time."""
    bars: tuple[int, ...] = ()
    """Hits by equal parts of the report's range, oldest first; empty where there is no range."""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a backfill or a scan."""

    start_ms: int
    end_ms: int
    """Half-open range, epoch milliseconds; of a scan, from its first to its last dated event. Both 0 without any."""
    signatures: tuple[SignatureFound, ...]
    """Every one that was searched for, by id."""
    paid: Paid
    gaps: tuple[Gap, ...] = ()
    problems: tuple[str, ...] = ()
    """What went wrong, so that something may be missing."""
    places: Mapping[str, int] = field(default_factory=dict)
    """Log groups or files that were searched, with their hits."""
    remarks: tuple[str, ...] = ()
    """What is odd about what was searched, and costs no hit."""

    @property
    def hits(self) -> int:
        """Of all signatures."""
        return sum(found.hits for found in self.signatures)

    @property
    def incidents(self) -> tuple[IncidentFound, ...]:
        """Of all signatures, in the order of their first hits."""
        found = [each for signature in self.signatures for each in signature.incidents]
        return tuple(sorted(found, key=lambda each: (each.incident.first_seen_ms, each.incident.id)))
