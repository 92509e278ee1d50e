"""What a report says, in words that the terminal and the page share. Pure."""

from collections.abc import Callable, Sequence
from datetime import date

from sigwatch.model.knowledge import SEVERITIES
from sigwatch.model.past import Gap, Paid, Report, SignatureFound
from sigwatch.plan.cost import GIGABYTE
from sigwatch.publish.words.reasons import one_line
from sigwatch.publish.words.wording import clock_time, date_time, day_of, duration, incidents

Mask = Callable[[str, str], str]
"""From a project and a text of its documents to the text without secrets."""

TITLE_LENGTH = 160
NAME_LENGTH = 300
"""Of a signature, a group, a place."""
REASON_LENGTH = 500
NO_TIME = "no time"
"""Of events whose file does not say when they were."""
UNITS = ((GIGABYTE, "GB"), (1024**2, "MB"), (1024, "kB"))


def seen(report: Report) -> tuple[SignatureFound, ...]:
    """The signatures that were found: worst first, then by id."""
    found = (each for each in report.signatures if each.hits or each.incidents)
    return tuple(sorted(found, key=lambda each: (_rank(each.signature.severity), each.signature.id)))


def unseen(report: Report) -> tuple[SignatureFound, ...]:
    """The signatures that were not, by id."""
    return tuple(each for each in report.signatures if not each.hits and not each.incidents)


def not_seen(report: Report) -> str:
    """What may be said of a signature without hits: where something was not searched, nobody knows."""
    return "not seen in what could be searched" if report.gaps else "never seen"


def headline(report: Report) -> str:
    """The answer: `3 incidents of 2 signatures in 30 days; 5 signatures never seen`."""
    found, missing = seen(report), unseen(report)
    range_ms = report.end_ms - report.start_ms
    within = f" in {duration(range_ms)}" if range_ms > 0 else ""
    count = len(report.incidents)
    first = f"{incidents(count)} of {signatures(len(found))}{within}" if found else f"No incident found{within}"
    rest = f"; {signatures(len(missing))} {not_seen(report)}" if missing else ""
    return f"{first}{rest}" if report.signatures else "No signature was searched for"


def caveat(report: Report) -> str:
    """That the answer is not whole; empty where it is."""
    if not report.gaps:
        return ""
    many = len(report.gaps)
    return f"Incomplete: {counted(many, 'part', 'parts')} of what was asked for could not be searched"


def signatures(count: int) -> str:
    """`1 signature`, `5 signatures`."""
    return counted(count, "signature", "signatures")


def hits(count: int) -> str:
    """`1 hit`, `1,204 hits`."""
    return counted(count, "hit", "hits")


def counted(number: int, one: str, several: str) -> str:
    """`1 query`, `2 queries`."""
    return f"{number:,} {one if number == 1 else several}"


def lasted(start_ms: int, end_ms: int) -> str:
    """How long an incident was seen; empty where it has no times."""
    return duration(end_ms - start_ms) if start_ms else ""


def moment(ms: int) -> str:
    """`2026-02-04 06:02:11 UTC`."""
    return date_time(ms) if ms else NO_TIME


def span(start_ms: int, end_ms: int) -> str:
    """From when until when, each day told once: `2026-02-04 06:02:11 to 06:14:11 UTC`."""
    if not start_ms:
        return NO_TIME
    begin = date_time(start_ms).removesuffix(" UTC")
    if start_ms // 1000 == end_ms // 1000:
        return f"{begin} UTC"
    return f"{begin} to {clock_time(end_ms) if day_of(start_ms) == day_of(end_ms) else date_time(end_ms)}"


def first_and_last(found: SignatureFound) -> tuple[int, int]:
    """Times of its first and its last hit; 0 where they have none."""
    first = [each.incident.first_seen_ms for each in found.incidents if each.incident.first_seen_ms]
    last = [each.incident.last_seen_ms for each in found.incidents if each.incident.last_seen_ms]
    return min(first, default=0), max(last, default=0)


def since_fix(found: SignatureFound, report: Report) -> str:
    """Whether it came back after it was fixed, as far as the range says; empty where nothing is known of a fix."""
    ris = found.signature.ris
    fixed = _day(ris.date) if ris and ris.resolved else None
    if fixed is None or not report.end_ms or day_of(report.end_ms) <= fixed:
        return ""
    dated = [each.incident for each in found.incidents if each.incident.last_seen_ms]
    after = sum(day_of(each.last_seen_ms) > fixed for each in dated)
    if not after:
        return f"Not seen after its fix of {fixed}{' in what could be searched' if report.gaps else ''}"
    before = len(dated) - after
    earlier = f", and {before:,} until then" if before else ""
    return f"Seen again after its fix of {fixed}: {incidents(after)}{earlier}"


def gap_line(gap: Gap) -> str:
    """`us-east-1 2026-02-04 06:00:00 to 07:00:00 UTC: the reason`."""
    when = f" {span(gap.start_ms, gap.end_ms)}" if gap.start_ms or gap.end_ms else ""
    return f"{one_line(gap.scope, NAME_LENGTH)}{when}: {one_line(gap.reason, REASON_LENGTH)}"


def size(count: int) -> str:
    """Bytes as people read them: `412 bytes`, `1.5 MB`, `1,204.3 GB`."""
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return counted(count, "byte", "bytes")


def cost(paid: Paid) -> str:
    """`12 queries, 1.5 GB scanned, 0.0075 dollars`; of files, which cost nothing, the bytes alone."""
    looked_at = f", {counted(paid.events, 'event', 'events')}" if paid.events else ""
    if not paid.queries:
        return f"{size(paid.bytes_scanned)} scanned{looked_at}"
    queries = counted(paid.queries, "query", "queries")
    return f"{queries}, {size(paid.bytes_scanned)} scanned{looked_at}, {paid.dollars:,.4f} dollars"


def squeezed(bars: Sequence[int], most: int) -> tuple[int, ...]:
    """The same hits in at most `most` bars, neighbours added up."""
    each = -(-len(bars) // max(most, 1))
    return tuple(sum(bars[start : start + each]) for start in range(0, len(bars), each)) if each > 1 else tuple(bars)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None
