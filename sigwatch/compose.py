"""What each target is to show for an incident: the knowledge, the incident and the links, joined."""

from collections.abc import Iterable
from dataclasses import dataclass

from sigwatch.config import Settings
from sigwatch.incident.fingerprint import message_key
from sigwatch.model.incident import Alert, Fix, Incident
from sigwatch.model.knowledge import Ris, Signature, Step
from sigwatch.model.logs import LogGroup, Window
from sigwatch.pipeline import Notice
from sigwatch.plan.console_link import console_link
from sigwatch.plan.insights import UNFILTERED, filter_of, query_text
from sigwatch.redact.standard import mask_document

MARGIN_SECONDS = 60
"""Shown before the first and after the last hit: what happened around it is part of the story."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes the messages of incidents under one configuration."""

    settings: Settings

    def __call__(self, incident: Incident, signature: Signature) -> Iterable[Notice]:
        """One notice for each configured target."""
        for target in self.settings.targets:
            destination = self.settings.channel(incident.project) if target == "slack" else ""
            yield Notice(target, destination, self.alert(incident, signature, target))

    def alert(self, incident: Incident, signature: Signature, target: str) -> Alert:
        """The message for one target."""
        return Alert(
            key=message_key(incident.id, target),
            incident=incident,
            title=mask_document(signature.ko.title),
            why_it_matters=mask_document(signature.ko.why_it_matters),
            prevention=mask_document(signature.ko.prevention_rule),
            fix=self._fix(signature.ris) if signature.ris else None,
            logs_url=_logs_url(incident, signature),
            mention=self.settings.slack.mention.get(incident.severity, ""),
        )

    def _fix(self, ris: Ris) -> Fix:
        return Fix(
            ris=ris.id,
            title=mask_document(ris.title),
            severity=ris.severity,
            mttr=ris.mttr,
            resolved=ris.resolved,
            section=ris.steps_section,
            # Post-mortems quote logins and tokens too.
            steps=tuple(Step(mask_document(step.text), mask_document(step.code)) for step in ris.steps),
            root_cause=mask_document(ris.root_cause),
            verification=mask_document(ris.verification),
            url=self.settings.knowledge.url + ris.path,
        )


def _logs_url(incident: Incident, signature: Signature) -> str:
    if not incident.region:
        return ""
    groups = [LogGroup(incident.account, incident.region, name) for name in incident.log_groups]
    start = incident.first_seen_ms // 1000 - MARGIN_SECONDS
    end = incident.last_seen_ms // 1000 + 1 + MARGIN_SECONDS
    query = query_text([filter_of(signature.pattern)]) if signature.pattern else UNFILTERED
    return console_link(groups, query, Window(start, end))
