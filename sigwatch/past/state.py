"""What a search of the past keeps, as it needs it of a store: what is done, what was found, what could not be done."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Protocol

from sigwatch.model.coverage import Coverage, Spending, StartedQuery
from sigwatch.model.past import Finding, Gap
from sigwatch.ports import CursorKey, Findings

ASKED = "past.asked"
FINISHED = "past.finished"
"""Epoch second at which the whole range was done."""
GAPS = "past.gap."
PROBLEMS = "past.problem."
REJECTED = "past.rejected."


class StateUnit(Protocol):
    """One transaction."""

    def add_findings(self, findings: Sequence[Finding]) -> int:
        """Keep those that are not known yet; returns how many hits are new."""

    def cover(self, key: CursorKey, start: int, end: int) -> None:
        """See `ports.Unit.cover`."""

    def forget_queries(self, markers: Sequence[str]) -> None:
        """See `ports.Unit.forget_queries`."""

    def spend(self, spending: Sequence[Spending]) -> None:
        """Add to what was spent."""

    def note(self, name: str, value: str) -> None:
        """Keep a value under a name, in place of the one that is there."""


class State(Protocol):
    """Survives a crash."""

    def unit(self) -> AbstractContextManager[StateUnit]:
        """Begin a transaction: committed on leaving, rolled back on an exception."""

    @property
    def findings(self) -> Findings:
        """What was found."""

    def coverage(self) -> Mapping[CursorKey, Coverage]:
        """See `ports.Store.coverage`."""

    def started_queries(self) -> list[StartedQuery]:
        """See `ports.Store.started_queries`."""

    def spend(self, spending: Sequence[Spending]) -> None:
        """See `ports.Store.spend`."""

    def spent_in_all(self) -> list[Spending]:
        """What was spent on any day."""

    def facts(self, prefix: str) -> Mapping[str, str]:
        """What is noted under names that begin so."""

    def close(self) -> None:
        """Let go of it."""


def gap_note(gap: Gap) -> tuple[str, str]:
    """Name and value under which a part is kept that is covered and yet could not be read whole."""
    value = json.dumps(asdict(gap))
    return GAPS + _digest(value), value


def problem_note(words: str) -> tuple[str, str]:
    """Name and value under which a problem is kept, once however often it comes."""
    return PROBLEMS + _digest(words), words


def kept_gaps(state: State) -> list[Gap]:
    """What earlier sessions covered and could not read whole."""
    found = [json.loads(value) for value in state.facts(GAPS).values()]
    return [Gap(**(each | {"places": tuple(each["places"])})) for each in found]


def kept_rejections(state: State) -> dict[str, str]:
    """Signatures that the service did not take, with its words."""
    return {name.removeprefix(REJECTED): words for name, words in state.facts(REJECTED).items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
