"""Which incidents a silence keeps from being told: pure decisions over the silences that there are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from sigwatch.model.incident import Incident, Matchers, Silence
from sigwatch.model.knowledge import Signature

LONGEST_DAYS = 30
"""How far away the end of a silence may be that somebody sets by hand; what is to last longer belongs into a file."""

AHEAD_MS = 15 * 60_000
"""How long before its end a silence is warned of."""

_DAY_MS = 86_400_000
_NAMED = 5
"""So many are named in a sentence, the rest are counted."""


def matches(matchers: Matchers, incident: Incident) -> bool:
    """Whether the globs match an incident, letter case included; its log groups must all match."""
    return _covers(matchers, incident.signature, incident.project, incident.severity) and all(
        fnmatchcase(group, matchers.log_group) for group in incident.log_groups
    )


def hush(silences: Iterable[Silence], incident: Incident, now_ms: int) -> Silence | None:
    """The silence that an incident falls under now: of several the one that ends last."""
    active = [each for each in silences if each.active(now_ms) and matches(each.matchers, incident)]
    return max(active, key=lambda each: (_end_ms(each), each.id), default=None)


def expiring(silences: Iterable[Silence], now_ms: int, ahead_ms: int = AHEAD_MS) -> tuple[Silence, ...]:
    """Silences to warn of, the first to end before the others: they hold now, and will not in `ahead_ms`.

    Not those that were to last less than twice as long: whoever set them remembers. Not those that somebody has ended.
    """
    ending = (
        each
        for each in silences
        if each.active(now_ms)
        and each.cancelled_ms is None
        and each.ends_ms <= now_ms + ahead_ms
        and each.ends_ms - each.starts_ms >= 2 * ahead_ms
    )
    return tuple(sorted(ending, key=lambda each: (each.ends_ms, each.id)))


def faults(silence: Silence, now_ms: int) -> tuple[str, ...]:
    """Why a silence that somebody sets by hand must not be, each with what to do about it."""
    found = []
    if not silence.reason.strip():
        found.append("a silence needs a reason: say why nobody has to know")
    if not silence.author.strip():
        found.append("a silence needs an author: say who answers for it")
    if silence.ends_ms <= max(now_ms, silence.starts_ms):
        found.append("it would never hold: its end must lie in the future and after its beginning")
    if silence.ends_ms > now_ms + LONGEST_DAYS * _DAY_MS:
        found.append(f"it would last longer than {LONGEST_DAYS} days: end it earlier, or write it into a silences.yaml")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a silence covers at one moment."""

    matchers: Matchers
    known: int
    """How many signatures there are."""
    signatures: tuple[str, ...]
    """Ids of those that it may keep from being told."""
    incidents: tuple[Incident, ...]
    """Those that are not over and that it covers."""

    @property
    def every_signature(self) -> bool:
        """Whether it leaves out no signature, by what it says or by what there is."""
        told = (self.matchers.signature, self.matchers.project, self.matchers.severity)
        return not any(glob.strip("*") for glob in told) or 1 < self.known == len(self.signatures)

    @property
    def every_log_group(self) -> bool:
        """Whether it leaves out no log group."""
        return not self.matchers.log_group.strip("*")

    @property
    def sentences(self) -> tuple[str, ...]:
        """For whoever is about to set it, to read before it holds."""
        return self._of_signatures(), self._of_log_groups(), self._of_incidents()

    def _of_signatures(self) -> str:
        if self.every_signature:
            return (
                f"It covers EVERY SIGNATURE: {self.known} now, those that will be added, and sigwatch's own incidents."
            )
        if not self.signatures:
            return "It covers NO SIGNATURE that is known now: look for a slip in the signature, project or severity."
        return f"It covers {_count(self.signatures, 'signature')}: {_list(self.signatures)}."

    def _of_log_groups(self) -> str:
        if self.every_log_group:
            return "It holds in EVERY LOG GROUP."
        glob = self.matchers.log_group
        return f"It holds for incidents all of whose log groups match {glob}."

    def _of_incidents(self) -> str:
        if not self.incidents:
            return "It covers none of the incidents that are open now."
        named = [f"{each.signature} in {each.group}" if each.group else each.signature for each in self.incidents]
        return f"It covers {_count(named, 'incident')} that {'is' if len(named) == 1 else 'are'} open: {_list(named)}."


def scope(matchers: Matchers, signatures: Iterable[Signature], unresolved: Iterable[Incident]) -> Scope:
    """What a silence would cover now, of the signatures that are watched and the incidents that are not over."""
    watched = list(signatures)
    covered = (each.id for each in watched if _covers(matchers, each.id, each.project, each.severity))
    open_now = tuple(incident for incident in unresolved if matches(matchers, incident))
    return Scope(matchers, len(watched), tuple(covered), open_now)


def reconciled(
    recorded: Iterable[Silence], declared: Iterable[Silence], unread: Callable[[str], bool], now_ms: int
) -> Iterator[Silence]:
    """What is to be written so that the recorded silences are those that the files declare.

    A silence that has gone from its file ends. One that somebody has ended by hand stays ended, whatever its file says,
    until its entry is changed.

    Args:
        recorded: every silence of the state, those of other sources too, which are left alone.
        declared: those of the files.
        unread: tells of a file whether nothing of it is known: what it declared before holds on.
        now_ms: the time.
    """
    before = {each.id: each for each in recorded if _file(each)}
    now = {each.id: each for each in declared}
    for name, wanted in now.items():
        known = before.get(name)
        by_hand = known is not None and known.cancelled_ms is not None and known.cancelled_by != known.source
        kept = known and by_hand and replace(wanted, cancelled_ms=known.cancelled_ms, cancelled_by=known.cancelled_by)
        if known != (kept or wanted):
            yield kept or wanted
    for name, known in before.items():
        gone = name not in now and not unread(_file(known))
        if gone and known.cancelled_ms is None and known.ends_ms > now_ms:
            yield replace(known, cancelled_ms=now_ms, cancelled_by=known.source)


def _covers(matchers: Matchers, signature: str, project: str, severity: str) -> bool:
    return (
        fnmatchcase(signature, matchers.signature)
        and fnmatchcase(project, matchers.project)
        and fnmatchcase(severity, matchers.severity)
    )


def _end_ms(silence: Silence) -> int:
    return silence.ends_ms if silence.cancelled_ms is None else min(silence.ends_ms, silence.cancelled_ms)


def _file(silence: Silence) -> str:
    """The file that a silence comes from; empty for another source."""
    path, _, line = silence.source.rpartition(":")
    return path if line.isdecimal() else ""


def _count(things: Sequence[str], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
