"""Puts the parts together; the only room that names the adapters.

Names are looked up when they are asked for: a verb that needs no AWS does not wait for its libraries to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigwatch.wiring.aws import limits_of, log_source, pipeline, watch_of
    from sigwatch.wiring.daemon import Running, Surroundings, build
    from sigwatch.wiring.parts import (
        clock,
        databases,
        document_mask,
        load_knowledge,
        memory_store,
        pace_of,
        rules_of,
        selectors_of,
    )
    from sigwatch.wiring.people import commands
    from sigwatch.wiring.state import open_existing
    from sigwatch.wiring.targets import preview, show_card

__all__ = [
    "Running",
    "Surroundings",
    "build",
    "clock",
    "commands",
    "databases",
    "document_mask",
    "limits_of",
    "load_knowledge",
    "log_source",
    "memory_store",
    "open_existing",
    "pace_of",
    "pipeline",
    "preview",
    "rules_of",
    "selectors_of",
    "show_card",
    "watch_of",
]

_ELSEWHERE = {
    "Running": "daemon",
    "Surroundings": "daemon",
    "build": "daemon",
    "limits_of": "aws",
    "commands": "people",
    "log_source": "aws",
    "open_existing": "state",
    "pipeline": "aws",
    "watch_of": "aws",
    "preview": "targets",
    "show_card": "targets",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    found = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'parts')}"), name)
    globals()[name] = found
    return found
