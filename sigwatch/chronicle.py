"""What the audit trail says of the knowledge: what was approved, changed and withdrawn, with content hashes."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sigwatch.model.audit import Entry
from sigwatch.model.incident import Silence
from sigwatch.model.knowledge import Library, Signature
from sigwatch.ports import Clock, Store, Unit

RELOADED, APPROVED, ADDED, CHANGED, WITHDRAWN = "reloaded", "approved", "added", "changed", "withdrawn"
SILENCE_ADDED, SILENCE_CANCELLED = "silence_added", "silence_cancelled"
KNOWLEDGE = "knowledge"
"""Who adds and withdraws the silences of files."""

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
            StoreError: nothing was recorded.
        """
        now_ms = int(self.clock() * 1000)
        entries = list(changes(self.store.known(), library, now_ms))
        with self.store.unit() as unit:
            for entry in entries:
                unit.record(entry)
                if entry.signature:
                    detail = dict(entry.detail)
                    unit.know(entry.signature, detail["status"], detail["hash"])
            for silence, word in silences_changed(self.store.all_silences(), library.silences, now_ms):
                _write(unit, silence, word, now_ms)


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


def silences_changed(kept: list[Silence], of_files: tuple[Silence, ...], now_ms: int) -> Iterator[tuple[Silence, str]]:
    """The silences to be written with the word for it: those that files have anew, and those that no file has now."""
    known = {silence.id: silence for silence in kept}
    for silence in of_files:
        before = known.get(silence.id)
        if before is None or before.cancelled_by == KNOWLEDGE:
            yield silence, SILENCE_ADDED
    wanted = {silence.id for silence in of_files}
    for silence in kept:
        if ":" in silence.source and silence.id not in wanted and silence.active(now_ms):
            yield replace(silence, cancelled_ms=now_ms, cancelled_by=KNOWLEDGE), SILENCE_CANCELLED


def _write(unit: Unit, silence: Silence, word: str, now_ms: int) -> None:
    unit.put_silence(silence)
    matchers = silence.matchers
    detail = (
        ("project", matchers.project), ("severity", matchers.severity), ("log_group", matchers.log_group),
        ("why", silence.reason), ("author", silence.author), ("source", silence.source),
        ("until_ms", str(silence.ends_ms)),
    )  # fmt: skip
    unit.record(Entry(now_ms, KNOWLEDGE, word, silence.id, detail=(("signature", matchers.signature), *detail)))
