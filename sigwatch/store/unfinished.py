"""A state that is being made by a migration says so, and nothing else may use it before it is whole."""

from dataclasses import dataclass

from sigwatch.errors import StoreError


@dataclass(frozen=True, slots=True)
class Marker:
    """What an unfinished target says of itself."""

    source: str
    """Address of the state that is copied."""
    run: str
    """Of the session that copies; no other has the same."""


def refuse_unfinished(state: str, source: str) -> None:
    """Say that a state can not be used yet, and what to do.

    Args:
        state: what people call it.
        source: address of the state that was to be copied to it.

    Raises:
        StoreError: always.
    """
    raise StoreError(
        f"the state {state} is the unfinished target of a migration from {source}: run `sigwatch store migrate` with"
        " both addresses again, or remove it"
    )
