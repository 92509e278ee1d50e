"""Everything that a state consists of, as values that every store can give and take."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sigwatch.errors import StoreError
from sigwatch.model.audit import Entry
from sigwatch.model.coverage import Lookback, Span, Spending, StartedQuery
from sigwatch.model.incident import Incident, Silence
from sigwatch.store.digests import MINUTE_MS, digest_of

_SUM = 2**128


@dataclass(frozen=True, slots=True)
class Installation:
    """The name by which running queries are known."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A log group with what has been searched there."""

    account: str
    region: str
    name: str
    arn: str
    """Empty, like `digest`, where no set of signatures was noted."""
    digest: str
    passes: tuple[tuple[str, tuple[Span, ...]], ...]
    """By the name of the pass, in the order of the names."""


@dataclass(frozen=True, slots=True)
class WatchSet:
    """The signatures of a digest, in order."""

    digest: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Status and content hash of a signature, as the audit trail has it."""

    signature: str
    status: str
    content: str


@dataclass(frozen=True, slots=True)
class Lane:
    """When the next message may go somewhere."""

    target: str
    lane: str
    next_ms: int


@dataclass(frozen=True, slots=True)
class Message:
    """An outbox row with all that is known of its delivery; see `Delivery` for what has the same name there."""

    id: str
    target: str
    destination: str
    kind: str
    form: str
    content: str
    """JSON."""
    incident: str
    urgency: int
    thread: str
    digest: str
    revision: int
    delivered: int
    progress: str
    ref: str
    attempts: int
    due_ms: int
    claim: str
    claimed_until_ms: int
    first_attempt_ms: int
    behind_since_ms: int
    posted_ms: int
    refresh_ms: int
    stand_in: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the audit trail, with its place in the order of all."""

    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class KnownHit:
    """A hit that is not told again; from a table, its digest stands in place of its identity."""

    ts_ms: int
    identity: str
    signature: str


Record = (
    Installation | Place | WatchSet | Lookback | StartedQuery | Spending | Incident | Silence
    | Known | Lane | Message | Line | KnownHit
)  # fmt: skip


class Total(NamedTuple):
    """How many records of a kind there are, and a digest of them whatever their order."""

    number: int
    digest: int


def totals(records: Iterable[Record]) -> Mapping[str, Total]:
    """What two states have in common exactly where they hold the same, by kind."""
    found: defaultdict[str, Total] = defaultdict(lambda: Total(0, 0))
    for record in records:
        kind = type(record).__name__
        number, digest = found[kind]
        found[kind] = Total(number + 1, (digest + _digest(record)) % _SUM)
    return dict(found)


def _digest(record: Record) -> int:
    words = repr(record)
    if isinstance(record, KnownHit):
        # Of hits a table keeps no more than this.
        words = f"{record.signature} {record.ts_ms // MINUTE_MS} {digest_of(record.identity).hex()}"
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big")


def place_of_arn(arn: str) -> tuple[str, str, str]:
    """Account, region and name of the log group with that ARN.

    Raises:
        StoreError: it is none of a log group.
    """
    parts = arn.split(":", 6)
    if len(parts) < 7:
        raise StoreError(f"the state watches {arn!r}, which is no ARN of a log group")
    return parts[4], parts[3], parts[6]


def places_of(
    coverage: Mapping[tuple[str, str, str, str], Sequence[Span]],
    watched: Mapping[tuple[str, str, str], tuple[str, str]],
) -> list[Place]:
    """Log groups in order, from what was searched by pass and place, and ARN and digest by place."""
    passes: defaultdict[tuple[str, str, str], list[tuple[str, tuple[Span, ...]]]] = defaultdict(list)
    for (name, account, region, group), spans in sorted(coverage.items()):
        passes[account, region, group].append((name, tuple(spans)))
    every = sorted({*passes, *watched})
    return [Place(*place, *watched.get(place, ("", "")), tuple(passes[place])) for place in every]
