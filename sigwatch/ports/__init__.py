"""The edges of the system, each a small Protocol: logs come in, state is kept, messages go out, telemetry listens."""

from sigwatch.ports.logs import LogSource, VolumeMeter
from sigwatch.ports.outbox import Deliveries, Publisher
from sigwatch.ports.store import Findings, Leases, QueryLog, Store
from sigwatch.ports.surroundings import Clock, Observer, Wait
from sigwatch.ports.transaction import LAST_MS, CursorKey, Unit, cursor_key

__all__ = [
    "LAST_MS",
    "Clock",
    "CursorKey",
    "Deliveries",
    "Findings",
    "Leases",
    "LogSource",
    "Observer",
    "Publisher",
    "QueryLog",
    "Store",
    "Unit",
    "VolumeMeter",
    "Wait",
    "cursor_key",
]
