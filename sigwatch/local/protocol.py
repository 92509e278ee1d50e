"""One request over the wire: which operation, what goes wrong with it, and how the answer looks."""

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sigwatch.local import operations, search
from sigwatch.local.errors import ApiError, Reply, refusal
from sigwatch.local.faults import OK
from sigwatch.local.queries import statistics
from sigwatch.local.requests import Parameters
from sigwatch.local.service import Body, Request, Service

OPERATIONS = {**operations.OPERATIONS, **search.OPERATIONS}
DEFAULT_REGION = "us-east-1"
_PREFIX = "Logs_20140328."
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller."""

    status: int
    body: Body
    request_id: str
    error: str | None = None
    """Code of the error, if it is one."""
    fate: str = OK
    """`ok`, or in which way it is kept from the caller."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts requests by operation and by how they went."""

    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, operation: str, result: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts[operation, result] += 1

    def by_operation(self) -> dict[str, dict[str, int]]:
        """The counts: operation, then `ok` or the code of the error, then how many."""
        table: dict[str, dict[str, int]] = {}
        with self._lock:
            for (operation, result), count in sorted(self._counts.items()):
                table.setdefault(operation, {})[result] = count
        return table


def answer(service: Service, tally: Tally, headers: Mapping[str, str], body: bytes) -> Answer:
    """Do what a request asks; header names are in lower case."""
    operation = headers.get("x-amz-target", "").removeprefix(_PREFIX)
    request_id = service.new_id()
    try:
        handler = OPERATIONS.get(operation)
        if handler is None:
            operation = "UnknownOperation"
            raise refusal("UnknownOperationException", "The requested operation is not known to this service.")
        verdict = service.injector.admit(operation, service.clock())
        request = Request(operation, _region(headers), _parameters(body))
        reply = Answer(200, handler(service, request), request_id, fate=verdict)
    except ApiError as error:
        reply = _failed(error.reply, request_id)
    tally.add(operation, reply.error or reply.fate)
    return reply


def stats(service: Service, tally: Tally) -> Body:
    """What the server has done so far."""
    views = service.queries.views()
    return {
        "bytes_scanned": sum(int(statistics(view)["bytesScanned"]) for view in views),
        "queries": service.queries.counts(),
        "requests": tally.by_operation(),
        "running": service.queries.running(),
    }


def _failed(reply: Reply, request_id: str) -> Answer:
    body: Body = {"__type": reply.code, "message": reply.message, **reply.members}
    return Answer(reply.status, body, request_id, error=reply.code)


def _region(headers: Mapping[str, str]) -> str:
    found = _SCOPE.search(headers.get("authorization", ""))
    return found.group(1) if found else DEFAULT_REGION


def _parameters(body: bytes) -> Parameters:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as fault:
        raise refusal("SerializationException", "The request's body is no JSON.") from fault
    if not isinstance(document, dict):
        raise refusal("SerializationException", "The request's body is no JSON object.")
    return Parameters(document)
