"""An alert as the seeds of a real team give it, to be changed by tests with `replace`."""

from dataclasses import replace

from sigwatch.model.incident import Alert, Delivery, Fix, Incident, Kind, State
from sigwatch.model.knowledge import Step

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


RESOLVED = changed(
    state=State.RESOLVED,
    count=1_204,
    last_seen_ms=FIRST_MS + 12 * MINUTE,
    resolved_ms=FIRST_MS + 27 * MINUTE,
)
BACK = changed(occurrence=2, previous_ms=FIRST_MS - 41 * DAY)
UNRESOLVED = replace(ALERT, fix=replace(FIX, ris="RIS-051", resolved=False, mttr=""))
NO_RIS = replace(ALERT, fix=None)


def delivery(alert: Alert = ALERT, target: str = "slack", kind: Kind = Kind.OPENED) -> Delivery:
    """A row that waits to be delivered for the first time."""
    return Delivery(alert.incident.id, target, "C0ONCALL", kind, alert, revision=1)
