"""The parts of one embedded service, and the request that an operation sees."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sigwatch.local.errors import group_not_found, invalid
from sigwatch.local.faults import Faults, Injector
from sigwatch.local.logs import Clock, LogStore
from sigwatch.local.pointers import Ids
from sigwatch.local.queries import Queries
from sigwatch.local.requests import Parameters
from sigwatch.local.settings import Settings

Body = dict[str, object]
"""The JSON of an answer."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the operations work on."""

    clock: Clock
    settings: Settings
    store: LogStore
    queries: Queries
    injector: Injector
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Request:
    """One call of one operation."""

    operation: str
    region: str
    parameters: Parameters


def build_service(clock: Clock, settings: Settings, faults: Faults) -> Service:
    """Put a service together: empty, and reproducible from its seed and its clock."""
    # The start time takes part so that a second server does not hand out the ids of the first.
    seed = f"{settings.seed}:{clock()}"
    store = LogStore(clock)
    ids = Ids(Random(f"{seed}:ids"))  # noqa: S311 - reproducible on purpose, protects nothing
    injector = Injector(faults)
    queries = Queries(store, clock, settings, injector, ids, Random(seed))  # noqa: S311 - the same
    return Service(clock, settings, store, queries, injector, ids)


def group_arn(service: Service, region: str, name: str) -> str:
    """The ARN of a group as StartQuery takes it, without the `:*` at its end."""
    return f"arn:aws:logs:{region}:{_owner(service, name)}:log-group:{name}"


def _owner(service: Service, name: str) -> str:
    """The account that a group belongs to: a linked one, or the server's own."""
    found = [group.owner for group in service.store.groups() if group.name == name]
    return (found[0] if found else "") or service.settings.account


def group_named(service: Service, identifier: str) -> str:
    """The name of the group that a name or an ARN stands for.

    Raises:
        ApiError: it is an ARN of something else, or one that ends in `*`, or of another account.
    """
    if not identifier.startswith("arn:"):
        return identifier
    parts = identifier.split(":", 6)
    if len(parts) != 7 or parts[2] != "logs" or parts[5] != "log-group" or ":" in parts[6] or "*" in parts[6]:
        raise invalid(f"'{identifier}' is not a valid log group identifier")
    if parts[4] != _owner(service, parts[6]):
        raise group_not_found(parts[6], parts[4], service.new_id())
    return parts[6]
