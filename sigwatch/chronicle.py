"""What the audit trail says of the knowledge: what was approved, changed and withdrawn, with content hashes."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sigwatch.incident.silence import reconciled
from sigwatch.knowledge.silences import unread
from sigwatch.model.audit import SILENCE_ADDED, SILENCE_CANCELLED, Entry, silence_entry
from sigwatch.model.incident import Silence
from sigwatch.model.knowledge import Library, Signature
from sigwatch.ports import Clock, Store, Unit
from sigwatch.transaction import transacted

RELOADED, APPROVED, ADDED, CHANGED, WITHDRAWN = "reloaded", "approved", "added", "changed", "withdrawn"
AT_ONCE = 40
"""Entries in one transaction: a state may take a hundred changes at once, and each entry is two."""
KNOWLEDGE = "knowledge"
"""Who approves and withdraws, adds and ends silences: the documents."""

Known = Mapping[str, tuple[str, str]]
"""Status and content hash by signature; an empty status for gone."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Writes down what each reading of the knowledge has brought."""

    store: Store
    clock: Clock

    def take_over(self, library: Library) -> None:
        """Record what is new, and make the silences of files those that hold. Nothing new records nothing.

        Raises:
            StoreError: not all of it was recorded; the rest is new the next time too.
        """
        now_ms = int(self.clock() * 1000)
        recorded = {silence.id: silence for silence in self.store.all_silences()}
        entries = list(changes(self.store.known(), library, now_ms))
        for start in range(0, len(entries), AT_ONCE):
            transacted(self.store, partial(_write_down, entries[start : start + AT_ONCE]))
        for silence in reconciled(recorded.values(), library.silences, unread(library.problems), now_ms):
            transacted(self.store, partial(_write, silence, recorded.get(silence.id), now_ms))


def _write_down(entries: Iterable[Entry], unit: Unit) -> None:
    for entry in entries:
        unit.record(entry)
        if entry.signature:
            detail = dict(entry.detail)
            unit.know(entry.signature, detail["status"], detail["hash"])


def content_hash(signature: Signature) -> str:
    """Hash over everything that the documents of a signature say."""
    return hashlib.sha256(repr((signature.ko, signature.ris)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def changes(known: Known, library: Library, now_ms: int) -> Iterator[Entry]:
    """What is to be written about a library, given what is known: a line for the whole, and for each that differs."""
    found = list(_signature_changes(known, library, now_ms))
    if found:
        counts = (("digest", library.digest), ("signatures", str(len(library.signatures))))
        yield Entry(now_ms, "sigwatch", RELOADED, KNOWLEDGE, detail=counts)
    yield from found


def _signature_changes(known: Known, library: Library, now_ms: int) -> Iterator[Entry]:
    for signature in library.signatures:
        status, fingerprint = signature.ko.status, content_hash(signature)
        before = known.get(signature.id, ("", ""))
        if before != (status, fingerprint):
            newly = status == "approved" != before[0]
            action = APPROVED if newly else CHANGED if before[0] else ADDED
            yield _entry(now_ms, action, signature.id, signature.project, status, fingerprint, signature.ko.path)
    present = {signature.id for signature in library.signatures}
    for name, (status, fingerprint) in known.items():
        if status and name not in present:
            yield _entry(now_ms, WITHDRAWN, name, "", "", fingerprint, "")


def _entry(at_ms: int, action: str, name: str, project: str, status: str, fingerprint: str, path: str) -> Entry:
    detail = (("status", status), ("hash", fingerprint), ("path", path))
    return Entry(at_ms, KNOWLEDGE, action, name, name, project, detail)


def _write(silence: Silence, before: Silence | None, now_ms: int, unit: Unit) -> None:
    """Write a silence of a file; where only its line has moved, that is not worth an entry."""
    unit.put_silence(silence)
    ended, ended_before = silence.cancelled_ms is not None, before is not None and before.cancelled_ms is not None
    if before is None or ended != ended_before:
        action = SILENCE_CANCELLED if ended else SILENCE_ADDED
        unit.record(silence_entry(now_ms, KNOWLEDGE, action, silence))
