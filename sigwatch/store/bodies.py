"""Values as every store keeps them: as JSON."""

from collections.abc import Mapping
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from sigwatch.model.incident import Incident, Silence
from sigwatch.model.message import Alert, Content, Digest, Milestone, Remark

Kept = TypeVar("Kept")


class Body(Generic[Kept]):
    """Values of one kind as JSON. What checks them is built with the first one: a scan has none."""

    def __init__(self, kind: type[Kept]) -> None:
        """Of that kind."""
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[Kept]:
        return TypeAdapter(self._kind)

    def validate_json(self, text: str) -> Kept:
        """The value that was written."""
        return self._adapter.validate_json(text)

    def dump_json(self, value: Kept) -> bytes:
        """How a value is written."""
        return self._adapter.dump_json(value)


INCIDENTS = Body(Incident)
SILENCES = Body(Silence)
CONTENTS: Mapping[str, Body[Content]] = {
    "alert": Body(Alert),
    "milestone": Body(Milestone),
    "digest": Body(Digest),
    "remark": Body(Remark),
}
"""By the name of the form."""

EDITS = "edits"
"""Lane of all edits in a target; no destination is called so."""
CARD = "alert"
DIGEST = "digest"
FIRST_OF_LANE = 20
"""Rows of one lane that are read at once: it takes one a second at best."""


def form_of(content: Content) -> str:
    """Name under which a content's form is kept."""
    return type(content).__name__.lower()


def dumped(content: Content) -> str:
    """The content as it is kept."""
    return CONTENTS[form_of(content)].dump_json(content).decode()
