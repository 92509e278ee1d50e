"""Searching for new signatures what others were searched for before them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from sigwatch.model.coverage import Lookback
from sigwatch.model.lease import Lease
from sigwatch.model.logs import LogGroup, Pass, Scope, Window
from sigwatch.pipeline import Record
from sigwatch.plan.scopes import Batch
from sigwatch.polling.places import Place
from sigwatch.ports import Unit
from sigwatch.search import Reading

STEP = Pass("look-back", 0)
"""Not a pass over time: it reads once what is owed."""


def wanted_of(owed: Lookback, scopes: Iterable[Scope]) -> list[Scope]:
    """What of a look-back is watched still."""
    found = []
    for scope in scopes:
        groups = tuple(group for group in scope.groups if group.arn in owed.groups)
        signatures = tuple(signature for signature in scope.signatures if signature.id in owed.signatures)
        if groups and signatures:
            found.append(replace(scope, groups=groups, signatures=signatures))
    return found


def batch_for(
    owed: Lookback,
    wanted: Iterable[Scope],
    fitted: Callable[[Place, Window], Window],
    lease_of: Callable[[LogGroup], Lease | None],
) -> Batch | None:
    """What to search of a look-back at once; None when all of it is somebody else's."""
    for scope in wanted:
        lease = next((held for held in map(lease_of, scope.groups) if held), None)
        if lease:
            groups = tuple(group for group in scope.groups if lease_of(group) == lease)
            window = fitted((STEP.name, groups[0]), owed.window)
            return Batch(replace(scope, groups=groups), STEP, window, groups, lease)
    return None


def repaying(owed: Lookback, batch: Batch) -> Record:
    """Writes down what of a look-back a batch has searched; the rest stays owed."""

    def record(unit: Unit, reading: Reading) -> None:
        unit.repay(owed.id)
        searched = {group.arn for group in batch.groups if group not in reading.lost_groups}
        left = tuple(arn for arn in owed.groups if arn not in searched)
        if left:
            unit.owe(replace(owed, groups=left))
        if searched and reading.window.end < owed.window.end:
            rest = Window(reading.window.end, owed.window.end)
            done = tuple(sorted(searched))
            unit.owe(Lookback(f"{owed.id}+{rest.start}", rest, done, owed.signatures))

    return record
