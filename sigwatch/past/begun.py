"""What an earlier session had begun: queries whose results are paid for and not recorded. Pure decisions."""

from collections.abc import Iterable, Mapping, Sequence

from sigwatch.model.coverage import Coverage, StartedQuery
from sigwatch.model.logs import Scope, Window
from sigwatch.past.slices import STEP
from sigwatch.plan.scopes import Batch
from sigwatch.ports import CursorKey, cursor_key


def begun_batches(
    started: Iterable[StartedQuery], scopes: Iterable[Scope], coverage: Mapping[CursorKey, Coverage]
) -> list[Batch]:
    """The batches whose queries were started: the same log groups and the very same window find their results.

    A query that was started in place of a larger one is found by asking for the larger one.
    """
    homes = {group.arn: (scope, group) for scope in scopes for group in scope.groups}
    chosen: list[Batch] = []
    for query in sorted(started, key=lambda each: (-each.window.seconds, -len(each.groups), each.marker)):
        places = [homes[arn] for arn in query.groups if arn in homes]
        if (
            query.pass_name != STEP.name
            or len(places) < len(query.groups)
            or len({id(scope) for scope, _ in places}) != 1
        ):
            continue
        batch = Batch(places[0][0], STEP, query.window, tuple(group for _, group in places))
        if not _touches(batch, pretended(coverage, chosen)):
            chosen.append(batch)
    return chosen


def pretended(coverage: Mapping[CursorKey, Coverage], batches: Sequence[Batch]) -> Mapping[CursorKey, Coverage]:
    """The coverage as it will be when the batches are read."""
    found = dict(coverage)
    for batch in batches:
        for group in batch.groups:
            key, window = cursor_key(STEP.name, group), batch.window
            before = found.get(key, Coverage(((window.start, window.start),)))
            found[key] = before.plus([window])
    return found


def _touches(batch: Batch, coverage: Mapping[CursorKey, Coverage]) -> bool:
    return any(_overlaps(coverage.get(cursor_key(STEP.name, group)), batch.window) for group in batch.groups)


def _overlaps(coverage: Coverage | None, window: Window) -> bool:
    return coverage is not None and any(start < window.end and window.start < end for start, end in coverage.spans)
