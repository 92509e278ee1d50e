"""Log events as Lambda functions write them: ordinary invocations, and the import-path incident."""

import random
from dataclasses import dataclass

API = "/aws/lambda/credmate-lambda-prod-BackendApiFunction-zeRfK8mebejx"
WORKER = "/aws/lambda/credmate-worker"
COURSES = "/aws/lambda/docprof-dev-course-request-handler"
GROUPS = (API, WORKER, COURSES)

_ROUTES = ("/api/v1/providers", "/api/v1/licenses", "/api/v1/documents", "/api/v1/dashboard/overview", "/health")
_ROUTERS = ("providers", "licenses", "documents", "compliance", "messaging", "reports")


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event on its way into a log group."""

    at_ms: int
    """When it is handed to the service."""
    ts_ms: int
    """When it happened."""
    group: str
    message: str
    indexed_after: float = 0.0
    """Seconds from arrival until searches see it."""


def request_id(rng: random.Random) -> str:
    """A request id as Lambda writes them."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def invocation(rng: random.Random, ts_ms: int, group: str) -> list[LogEvent]:
    """The events of one ordinary invocation."""
    request = request_id(rng)
    took = rng.uniform(4, 180)
    end = ts_ms + int(took)
    report = (
        f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
        f"Memory Size: 512 MB\tMax Memory Used: {rng.randint(120, 240)} MB\t\n"
    )
    lines = (
        (ts_ms, f"START RequestId: {request} Version: $LATEST\n"),
        (ts_ms + 1, f"[INFO]\t{request}\tGET {rng.choice(_ROUTES)} 200 {took:.0f}ms\n"),
        (end, f"END RequestId: {request}\n"),
        (end, report),
    )
    return [LogEvent(at_ms=end + 5, ts_ms=ts, group=group, message=message) for ts, message in lines]


def failure(rng: random.Random, ts_ms: int, late_ms: int, indexed_after: float) -> LogEvent:
    """One failing request of the incident: a traceback in a single event, with a token that must not get out."""
    router = rng.choice(_ROUTERS)
    message = (
        f"[ERROR] ModuleNotFoundError: No module named 'src.api.v1.{router}'\n"
        "Traceback (most recent call last):\n"
        '  File "/var/task/src/lazy_app.py", line 45, in _load_module\n'
        "    module = importlib.import_module(module_path)\n"
        f"RequestId: {request_id(rng)} Authorization: Bearer demo.{rng.getrandbits(96):024x} user=dana@example.com\n"
    )
    return LogEvent(ts_ms + 5 + late_ms, ts_ms, API, message, indexed_after)
