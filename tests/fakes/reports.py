"""Made-up answers of a search of the past."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sigwatch.model.incident import Incident, State
from sigwatch.model.knowledge import Ris, Signature, Step
from sigwatch.model.past import Gap, IncidentFound, Paid, Report, SignatureFound
from tests.fakes.made import API, ris, signature

START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BARS = 60


def incident(of: Signature, at_ms: int, lasted_ms: int = 12 * MINUTE, peak: int = 9, **changes: Any) -> IncidentFound:
    made = Incident(
        id=f"{of.id}@{at_ms}",
        signature=of.id,
        project=of.project,
        severity=of.severity,
        group=API,
        account="111122223333",
        region="us-east-1",
        log_groups=(API,),
        state=State.RESOLVED,
        count=40,
        first_seen_ms=at_ms,
        last_seen_ms=at_ms + lasted_ms,
        active_ms=at_ms + lasted_ms,
        samples=(f"ERROR {of.id} broke\n  at line 45",),
    )
    return IncidentFound(replace(made, **changes), peak, at_ms + MINUTE if at_ms else 0)


def found(of: Signature, *incidents: IncidentFound, days: int = 30) -> SignatureFound:
    bars = [0] * BARS
    for each in incidents:
        place = (each.incident.first_seen_ms - START_MS) * BARS // (days * DAY)
        bars[min(max(place, 0), BARS - 1)] += each.incident.count
    return SignatureFound(of, sum(each.incident.count for each in incidents), incidents, tuple(bars))


def report(signatures: Sequence[SignatureFound] = (), days: int = 30, **changes: Any) -> Report:
    made = Report(
        START_MS,
        START_MS + days * DAY,
        tuple(signatures),
        Paid(bytes_scanned=3 * 1024**3, queries=12, dollars=0.0150001234),
    )
    return replace(made, **changes)


def gap(**changes: Any) -> Gap:
    made = Gap("us-east-1", (API,), START_MS + 2 * DAY, START_MS + 2 * DAY + HOUR, "the service refused the query")
    return replace(made, **changes)


def unmasked(project: str, text: str) -> str:
    return text


def masked(project: str, text: str) -> str:
    return text.replace("hunter2", f"[{project}]")


IMPORTS = signature(
    "KO-cm-004",
    title="Lambda lazy loading: import paths that only exist on a laptop",
    ris=ris(
        "RIS-2026-01-10-001",
        title="Import path fix for the lazy router",
        date="2026-01-10",
        steps=(
            Step("Check CloudWatch for the **exact** error"),
            Step("Verify that import paths match `src/` as it is deployed"),
            Step("Deploy again", "sam build --use-container\nsam deploy --config-env prod"),
        ),
    ),
)
POOL = signature(
    "KO-cm-011",
    title="Database pool exhausted by a job that never commits",
    ris=ris("RIS-2025-11-02-003", title="Pool limits and a statement timeout", severity="P1", date="2025-11-02"),
)
THROTTLED = signature("KO-cm-020", title="Payment provider throttles us", severity="P3")


def a_month() -> Report:
    """Three signatures seen, five not."""
    worker = {"group": "/aws/lambda/worker", "log_groups": ("/aws/lambda/worker",)}
    imports = found(
        IMPORTS,
        incident(IMPORTS, START_MS + 4 * DAY + 6 * HOUR + 131_000, 74 * MINUTE, 312, count=1_204, samples=(TRACE,)),
        incident(IMPORTS, START_MS + 9 * DAY + 11 * HOUR, 5 * MINUTE, 21, count=63, **worker),
        incident(IMPORTS, START_MS + 21 * DAY + 3 * HOUR, 9 * MINUTE, 44, count=209, state=State.OPEN),
    )
    pool = found(
        POOL,
        *(
            incident(
                POOL, START_MS + day * DAY + 2 * HOUR, 3 * HOUR, 6 + day, count=90 + 31 * day, samples=(EXHAUSTED,)
            )
            for day in (2, 3, 5, 8, 16, 17)
        ),
    )
    throttled = found(
        THROTTLED,
        *(incident(THROTTLED, START_MS + hour * 19 * HOUR, 20 * MINUTE, count=3 + hour % 7) for hour in range(1, 37)),
    )
    never = [found(signature(f"KO-cm-0{number}")) for number in range(30, 35)]
    places = {API: 2_311, "/aws/lambda/worker": 63, "/aws/rds/orders": 0}
    return report((imports, pool, throttled, *never), places=places)


def hostile(text: str) -> Report:
    """Everything that comes from outside says `text`."""
    steps = (Step(text, text),)
    bad: Ris = ris(f"RIS{text}", title=text, path=text, steps=steps, verification=text, root_cause=text)
    made = signature("KO-1", title=text, ris=bad, severity=text, why_it_matters=text)
    each = incident(made, START_MS + DAY, group=text, log_groups=(text,), samples=(text,))
    return report(
        (found(made, each), found(signature(f"KO{text}", title=text))),
        places={text: 1},
        gaps=(gap(scope=text, places=(text,), reason=text),),
        problems=(text,),
        remarks=(text,),
    )


TRACE = """[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'
Traceback (most recent call last):
  File "/var/task/src/lazy_app.py", line 45, in _load_module
    module = importlib.import_module(module_path)"""
EXHAUSTED = (
    "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"
)
