"""What each target is to show for an incident: the knowledge, the incident and the links, joined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sigwatch.config import Settings
from sigwatch.model.incident import Decision, Incident, Reason, Silence
from sigwatch.model.knowledge import Ris, Signature, Step
from sigwatch.model.logs import LogGroup, Window
from sigwatch.model.message import Alert, Delivery, Fix, Kind, Notice, Remark
from sigwatch.plan.console_link import console_link
from sigwatch.plan.insights import UNFILTERED, filter_of, query_text
from sigwatch.publish.key import message_key
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.words.wording import clock_time
from sigwatch.routing import route
from sigwatch.telling import OTHER_URGENCY, card, retold

MARGIN_SECONDS = 60
"""Shown before the first and after the last hit: what happened around it is part of the story."""

FIRST_TOLD = frozenset({Reason.OPENED, Reason.RECURRED, Reason.REOPENED, Reason.SILENCE_ENDED, Reason.FOUND_LATER})
"""The decisions with which targets are chosen, for those that no target knows yet."""

Mask = Callable[[str, str], str]
"""From a project and a text of its documents to the text without secrets."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes the messages of incidents under one configuration."""

    settings: Settings
    mask: Mask

    def __call__(
        self, decision: Decision, signature: Signature | None, cards: Sequence[Delivery], at_ms: int
    ) -> Iterable[Notice]:
        """What targets are to show: those that know the incident, or those that it is routed to when it is news.

        Args:
            decision: what became of it.
            signature: None where its document is gone: what was said must still come to its end.
            cards: its rows.
            at_ms: the time.
        """
        incident = decision.incident
        if cards:
            return retold(decision, cards, at_ms, self._renewal(incident, signature))
        if signature is None or incident.silence or decision.reason not in FIRST_TOLD:
            return []
        tags = (*signature.ko.tags, *(signature.ris.tags if signature.ris else ()))
        found = route(self.settings.routes, incident.project, incident.severity, tags, incident.opened_ms / 1000)
        name, channel = (found.name, found.channel) if found else ("", "")
        return [
            replace(notice, route=name)
            for target in (found and found.targets) or self.settings.targets
            for notice in card(
                decision,
                self.alert(incident, signature, target),
                target,
                self.destination(target, incident.project, channel),
                at_ms,
            )
        ]

    def alert(self, incident: Incident, signature: Signature, target: str) -> Alert:
        """The card for one target."""
        return Alert(
            key=message_key(incident.id, target),
            incident=incident,
            title=self.mask(signature.project, signature.ko.title),
            why_it_matters=self.mask(signature.project, signature.ko.why_it_matters),
            prevention=self.mask(signature.project, signature.ko.prevention_rule),
            fix=self._fix(signature.project, signature.ris) if signature.ris else None,
            logs_url=_logs_url(incident, signature),
            # What is long over is no reason to wake anybody.
            mention="" if incident.past else self.settings.slack.mention.get(incident.severity, ""),
        )

    def ending(self, silence: Silence, hidden: Sequence[Incident], at_ms: int) -> list[Notice]:
        """Warns the channels that people read that a silence is about to end."""
        project = hidden[0].project if hidden else silence.matchers.project
        text = f"Silenced by {silence.author}: {silence.reason}. {_still_open(hidden)}"
        row = f"{silence.id}/ending"
        return [
            Notice(
                id=row,
                target=target,
                destination=self.destination(target, project),
                kind=Kind.SILENCED,
                content=Remark(message_key(row, target), f"A silence ends at {clock_time(silence.ends_ms)}", text),
                urgency=OTHER_URGENCY,
                at_ms=at_ms,
            )
            for target in self.settings.targets
            if TRAITS[target].merges
        ]

    def destination(self, target: str, project: str, channel: str = "") -> str:
        """Where in a target a project's messages go: a Slack channel, or nothing where there is but one place."""
        return (channel or self.settings.channel(project)) if target == "slack" else ""

    def _renewal(self, incident: Incident, signature: Signature | None) -> Callable[[Delivery, Alert], Alert] | None:
        if signature is None:
            return None
        return lambda row, old: replace(self.alert(incident, signature, row.target), key=old.key)

    def _fix(self, project: str, ris: Ris) -> Fix:
        return Fix(
            ris=ris.id,
            title=self.mask(project, ris.title),
            severity=ris.severity,
            mttr=ris.mttr,
            resolved=ris.resolved,
            section=ris.steps_section,
            # Post-mortems quote logins and tokens too.
            steps=tuple(Step(self.mask(project, step.text), self.mask(project, step.code)) for step in ris.steps),
            root_cause=self.mask(project, ris.root_cause),
            verification=self.mask(project, ris.verification),
            url=self.settings.knowledge.url + ris.path,
            date=ris.date,
        )


def _still_open(hidden: Sequence[Incident]) -> str:
    if not hidden:
        return "None of its incidents is open."
    names = sorted({incident.signature for incident in hidden})
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    verb = "is" if len(hidden) == 1 else "are"
    return f"{len(hidden)} of its incidents {verb} still open: {', '.join(names[:5])}{more}."


def _logs_url(incident: Incident, signature: Signature) -> str:
    if not incident.region:
        return ""
    groups = [LogGroup(incident.account, incident.region, name) for name in incident.log_groups]
    start = incident.first_seen_ms // 1000 - MARGIN_SECONDS
    end = incident.last_seen_ms // 1000 + 1 + MARGIN_SECONDS
    query = query_text([filter_of(signature.pattern)]) if signature.pattern else UNFILTERED
    return console_link(groups, query, Window(start, end))
