"""What is told as the seeds of a real team give it, to be changed by tests with `replace`."""

from collections.abc import Sequence
from dataclasses import replace

from sigwatch.model.incident import Incident, Matchers, Reason, Silence, State
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert, Content, Crowd, Delivery, Digest, Fix, Kind, Milestone, Remark

FIRST_MS = 1_770_184_931_000
"""2026-02-04 06:02:11 UTC."""
MINUTE = 60_000
DAY = 24 * 60 * MINUTE

SAMPLE = """[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'
Traceback (most recent call last):
  File "/var/task/src/lazy_app.py", line 45, in _load_module
    module = importlib.import_module(module_path)"""

INCIDENT = Incident(
    id="inc-1",
    signature="KO-cm-004",
    project="credentialmate",
    severity="P0",
    group="/aws/lambda/credmate-lambda-prod-BackendApiFunction",
    account="123456789012",
    region="us-east-1",
    log_groups=("/aws/lambda/credmate-lambda-prod-BackendApiFunction",),
    state=State.OPEN,
    count=12,
    first_seen_ms=FIRST_MS,
    last_seen_ms=FIRST_MS + 4 * MINUTE + 9_000,
    active_ms=FIRST_MS + 4 * MINUTE + 11_000,
    samples=(SAMPLE,),
    opened_ms=FIRST_MS + 8_000,
    histogram=((FIRST_MS // MINUTE, 2), (FIRST_MS // MINUTE + 1, 1), (FIRST_MS // MINUTE + 4, 9)),
)

FIX = Fix(
    ris="RIS-2026-02-04-001",
    title="Lambda ModuleNotFoundError - Import Path Fix",
    severity="P0",
    mttr="10 minutes",
    resolved=True,
    section="If This Happens Again",
    steps=(
        Step("Check CloudWatch logs for exact error"),
        Step("Verify import paths match **file structure**"),
        Step("Remove unnecessary `src.` prefix"),
        Step("Deploy with SAM", "sam build --use-container\nsam deploy --config-env prod"),
        Step("Run comprehensive endpoint tests"),
        Step("Verify no errors in CloudWatch logs"),
    ),
    root_cause="**Incorrect Import Paths in Lazy Loading Configuration**\n\nRouter map used absolute imports.",
    verification="aws logs tail /aws/lambda/credmate-lambda-prod-BackendApiFunction \\\n"
    '  --since 10m --filter-pattern "ModuleNotFoundError"',
    url="https://github.example/ops/governance/blob/main/ris/2026-02-04-lambda-import-fix.md",
)

ALERT = Alert(
    key="0f7c1a",
    incident=INCIDENT,
    title="Lambda Lazy Loading Import Patterns and Pitfalls",
    why_it_matters="This import path issue caused a P0 production outage affecting 30+ API endpoints. "
    "The fix is simple but non-obvious, and the pattern is likely to recur.",
    prevention="Use relative imports without 'src.' prefix in router maps.",
    fix=FIX,
    logs_url="https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:logs-insights"
    "$3FqueryDetail$3D~(end~'2026-02-04T06*3a10*3a00.000Z~editorString~'fields*20*40timestamp)",
    mention="<!subteam^S0ONCALL>",
)


def changed(alert: Alert = ALERT, **incident: object) -> Alert:
    """The alert with fields of its incident replaced."""
    return replace(alert, incident=replace(alert.incident, **incident))  # type: ignore[arg-type]  # names are checked by replace


HOUR_OF_HITS = tuple((FIRST_MS // MINUTE + minute, 1 + minute**3 // 40) for minute in range(4, 34))
SILENCE = Silence(
    "s-1", Matchers("KO-cm-004"), "deploy is on its way", "jane", FIRST_MS + 6 * MINUTE, FIRST_MS + 66 * MINUTE, "slack"
)
RESOLVED = changed(
    state=State.RESOLVED,
    count=1_204,
    last_seen_ms=FIRST_MS + 12 * MINUTE,
    resolved_ms=FIRST_MS + 27 * MINUTE,
    resolution=Reason.RESOLVED,
)
RECOVERED = changed(RESOLVED, resolution=Reason.RECOVERED, resolved_ms=FIRST_MS + 13 * MINUTE)
CLOSED = changed(RESOLVED, resolution=Reason.CLOSED, closed_by="cli:ana", resolved_ms=FIRST_MS + 20 * MINUTE)
FOUND_LATER = replace(
    changed(
        RESOLVED,
        resolution=Reason.FOUND_LATER,
        opened_ms=FIRST_MS + 30 * DAY + 3 * 60 * MINUTE,
        active_ms=FIRST_MS + 30 * DAY + 3 * 60 * MINUTE,
    ),
    reason=Reason.FOUND_LATER,
    mention="",
)
ACKNOWLEDGED = replace(
    changed(state=State.ACKNOWLEDGED, acknowledged_by="slack:jane", acknowledged_ms=FIRST_MS + 3 * MINUTE),
    reason=Reason.ACKNOWLEDGED,
)
SILENCED = replace(changed(silence=SILENCE), reason=Reason.SILENCED)
ESCALATED = replace(
    changed(
        count=12_480,
        last_seen_ms=FIRST_MS + 33 * MINUTE,
        histogram=HOUR_OF_HITS,
        escalated=(Reason.GREW_TENFOLD, Reason.SPREAD, Reason.GREW_TENFOLD),
        log_groups=(*INCIDENT.log_groups, "/aws/lambda/credmate-lambda-prod-WorkerFunction"),
        samples=(SAMPLE, SAMPLE.replace("providers", "licences")),
    ),
    reason=Reason.GREW_TENFOLD,
)
BACK = changed(occurrence=3, previous_ms=FIRST_MS - 41 * DAY)
BACK = replace(BACK, fix=replace(FIX, ris="RIS-2025-12-24-001", date="2025-12-24"), reason=Reason.RECURRED)
UNRESOLVED = replace(ALERT, fix=replace(FIX, ris="RIS-051", resolved=False, mttr=""))
NO_RIS = replace(ALERT, fix=None)

CARDS = {
    "opened": ALERT,
    "acknowledged": ACKNOWLEDGED,
    "silenced": SILENCED,
    "escalated": ESCALATED,
    "back": BACK,
    "resolved": RESOLVED,
    "recovered": RECOVERED,
    "closed": CLOSED,
    "found_later": FOUND_LATER,
    "unresolved_ris": UNRESOLVED,
    "no_ris": NO_RIS,
}


def milestone(reason: Reason, alert: Alert = ALERT, actor: str = "", minutes: int = 5) -> Milestone:
    """An entry of the thread, so many minutes after the first event."""
    mention = ALERT.mention if reason in {Reason.GREW_TENFOLD, Reason.SPREAD, Reason.UNACKNOWLEDGED} else ""
    at_ms = FIRST_MS + minutes * MINUTE
    return Milestone(f"m-{reason}", alert.incident, alert.title, reason, at_ms, actor, mention)


MILESTONES = {
    entry.reason: entry
    for entry in (
        milestone(Reason.OPENED, minutes=0),
        milestone(Reason.RECURRED, BACK, minutes=0),
        milestone(Reason.REOPENED),
        milestone(Reason.GREW_TENFOLD, ESCALATED, minutes=20),
        milestone(Reason.SPREAD, ESCALATED, minutes=22),
        milestone(Reason.UNACKNOWLEDGED, minutes=15),
        milestone(Reason.ACKNOWLEDGED, ACKNOWLEDGED, "slack:jane", minutes=3),
        milestone(Reason.SILENCED, SILENCED, "slack:jane", minutes=6),
        milestone(Reason.SILENCE_ENDED, actor="cli:ana", minutes=40),
        milestone(Reason.RESOLVED, RESOLVED, minutes=27),
        milestone(Reason.RECOVERED, RECOVERED, minutes=13),
        milestone(Reason.CLOSED, CLOSED, "cli:ana", minutes=20),
        milestone(Reason.FOUND_LATER, FOUND_LATER, "backfill", minutes=30 * 24 * 60 + 180),
    )
}
"""The reasons that reach a thread."""

REMARK = Remark(
    "r-1", "A silence ends in 15 min", "jane silenced KO-cm-004 until 07:08:11 UTC: deploy is on its way. 3 are open."
)

_NAMES = ("api", "billing", "ingest-worker", "notification-dispatcher", "BackendApiFunction", "ReportsFunction")
_TITLES = (
    ALERT.title,
    "RDS connections exhausted",
    "Queue consumer can not reach the broker after a certificate was renewed",
    "Out of memory while a report is rendered",
    "Webhook signature is rejected since the clock of the host is wrong",
)
_STATES = (State.OPEN,) * 5 + (State.ACKNOWLEDGED, State.RESOLVED)


def crowd(count: int, urgent: int = 23) -> list[Alert]:
    """Many incidents of a bad night, worst first."""
    return [_one_of_many(number, urgent) for number in range(count)]


def _one_of_many(number: int, urgent: int) -> Alert:
    severity = "P2" if number >= urgent else "P0" if number < 3 else "P1"
    group = f"/aws/lambda/credmate-lambda-prod-{_NAMES[number % len(_NAMES)]}-{number:03}"
    alert = changed(
        id=f"inc-{number}",
        signature=f"KO-cm-{number % 40:03}",
        severity=severity,
        group=group,
        log_groups=(group,),
        count=1 + number * number % 5_000,
        state=_STATES[number % len(_STATES)],
    )
    return replace(alert, key=f"k-{number}", title=_TITLES[number % len(_TITLES)], fix=FIX if number % 4 else None)


def digest(alerts: Sequence[Alert], page: int = 1, pages: int = 1, total: int = 0) -> Digest:
    """A page of a list."""
    severities = sorted({alert.incident.severity for alert in alerts})
    counts = tuple((each, sum(alert.incident.severity == each for alert in alerts)) for each in severities)
    mention = ALERT.mention if page == 1 else ""
    return Digest(f"d-{page}", Crowd.MANY_AT_ONCE, page, pages, total or len(alerts), counts, mention, tuple(alerts))


def delivery(content: Content = ALERT, target: str = "slack", kind: Kind = Kind.OPENED) -> Delivery:
    """A row that waits to be delivered for the first time."""
    incident = content.incident.id if isinstance(content, Alert | Milestone) else ""
    return Delivery(incident or content.key, target, "C0ONCALL", kind, content, revision=1, incident=incident)
