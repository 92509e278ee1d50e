"""Puts the parts together; the only room that names the adapters."""

from sigwatch.wiring.daemon import Running, build
from sigwatch.wiring.parts import (
    calm_collector,
    clock,
    commands,
    load_knowledge,
    log_source,
    memory_store,
    open_existing,
    pace_of,
    pipeline,
    selectors_of,
    watch_of,
)
from sigwatch.wiring.targets import preview, show_card

__all__ = [
    "Running",
    "build",
    "calm_collector",
    "clock",
    "commands",
    "load_knowledge",
    "log_source",
    "memory_store",
    "open_existing",
    "pace_of",
    "pipeline",
    "preview",
    "selectors_of",
    "show_card",
    "watch_of",
]
