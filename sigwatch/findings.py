"""What is kept of a hit when the past is searched, and the one rule by which hits share an incident."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from sigwatch.incident.grouping import grouping_key
from sigwatch.incident.growth import sample_of
from sigwatch.match.engine import captured
from sigwatch.model.knowledge import Signature
from sigwatch.model.logs import Hit, Row
from sigwatch.model.past import Finding

REMEMBERED = 1_000
"""Masked texts that are not masked again: masking costs more than all the rest, and a storm repeats itself."""

Mask = Callable[[str, str], str]
"""Takes a project's secrets out of text."""


def grouping(signature: Signature, group_by: Sequence[str], mask: Mask) -> Callable[[Row], str]:
    """What hits of a signature share when they belong to one incident, masked.

    Args:
        signature: the one whose pattern matched; of a companion it is the companion's pattern that names the groups.
        group_by: what is shared where the signature's document says nothing.
        mask: applied to what comes from the event.
    """
    names = signature.ko.group_by or group_by
    masked = partial(mask, signature.project)
    return lambda row: grouping_key(row, names, lambda row: captured(signature.pattern, row.message), masked)


@dataclass(frozen=True, slots=True)
class Finder:
    """Makes findings of hits. Safe to use from several threads."""

    group_by: Sequence[str]
    """See `grouping`."""
    mask: Mask
    _masked: Mask = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_masked", lru_cache(REMEMBERED)(self.mask))

    def finding(self, hit: Hit, signature: Signature) -> Finding:
        """The hit of that very signature, as it is kept: its text masked and cut, or dropped where nobody is shown it.

        Nobody is shown the event that ended an incident.
        """
        group = grouping(signature, self.group_by, self._masked)(hit.row)
        text = "" if signature.recovers else sample_of(signature.project, hit.row.message, self._masked)
        row = replace(hit.row, message=text, pointer="")
        return Finding(Hit(hit.identity, hit.signature, row), group, signature.recovers)
