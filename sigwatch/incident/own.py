"""Incidents of sigwatch itself, told like any other: what it could not read must not go unnoticed."""

from dataclasses import replace
from datetime import UTC, datetime

from sigwatch.incident.fingerprint import hit
from sigwatch.model.knowledge import KnowledgeObject, Signature
from sigwatch.model.logs import Hit, Row, Search

OVERFLOW = Signature(
    KnowledgeObject(
        id="sigwatch-overflow",
        title="More log events match than Logs Insights can return",
        path="",
        what_was_learned="In one second, more events of a log group match than one query returns at most.",
        why_it_matters="The events beyond the limit were not looked at: other incidents may hide among them.",
        prevention_rule=(
            "Open the log group at the time shown. Narrow the pattern that is named below, or stop what floods the log."
        ),
        status="approved",
        severity="P2",
    )
)

UNREAD = Signature(
    KnowledgeObject(
        id="sigwatch-budget",
        title="sigwatch has stopped reading logs: the budget of this day is spent",
        path="",
        what_was_learned="polling.budget_dollars_per_day does not pay for what is logged today.",
        why_it_matters="Nothing is detected until midnight UTC. What is unread is searched after that.",
        prevention_rule="Raise polling.budget_dollars_per_day and restart, or watch fewer log groups.",
        status="approved",
        severity="P1",
    )
)

CUT = Signature(
    KnowledgeObject(
        id="sigwatch-cut",
        title="Long log events can not be read whole",
        path="",
        what_was_learned="A query returned long events in the visible part of which nothing matches.",
        why_it_matters="What the results cut off was not looked at: incidents may hide in it.",
        prevention_rule=(
            "Allow sigwatch logs:GetLogRecord on the log group. Where it is allowed, more than a hundred such events "
            "were logged in one second: narrow the pattern that finds them, or stop what floods the log."
        ),
        status="approved",
        severity="P2",
    )
)

OWN = (OVERFLOW, UNREAD, CUT)


def overflow_hit(search: Search) -> Hit:
    """One second of one log group that could not be read whole."""
    group, pattern = search.groups[0], search.signatures[0]
    start = search.window.start
    message = f"more than {search.limit:,} events match the filter of {pattern.id} in the second from {_moment(start)}"
    row = Row(group.account, group.region, group.name, "sigwatch", start * 1000, message)
    return hit(OVERFLOW.id, row)


def cut_hit(unseen: Row) -> Hit:
    """A second of a log group with an event that could not be read whole."""
    second = unseen.ts_ms // 1000
    message = f"an event in the second from {_moment(second)} is longer than results show, and can not be fetched"
    return hit(CUT.id, replace(unseen, stream="sigwatch", ts_ms=second * 1000, message=message, pointer=""))


def unread_hit(at_ms: int, spent: float, budget: float, groups: int, since: int) -> Hit:
    """Nothing is searched at this time: the budget is spent.

    `since` is the epoch second from which on some of the watched `groups` log groups are unread.
    """
    message = (
        f"{spent:.2f} of {budget:.2f} dollars are spent; nothing is searched until midnight UTC; "
        f"log groups unread since {_moment(since)}: {groups:,}"
    )
    return hit(UNREAD.id, Row("", "", "", "sigwatch", at_ms, message))


def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
