"""The targets that a configuration names, and the outbox that sends to them."""

import uuid
from collections.abc import Callable, Mapping
from functools import partial

from rich.console import Console

from sigwatch.compose import Composer
from sigwatch.config import Settings, Target
from sigwatch.errors import ConfigurationError
from sigwatch.incident import lifecycle
from sigwatch.incident.fingerprint import hit
from sigwatch.model.knowledge import Problem, Signature
from sigwatch.model.logs import Row
from sigwatch.model.message import Alert
from sigwatch.outbox.crowd import ChannelLimits
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.doubles import Doubles
from sigwatch.outbox.rounds import Outbox, StandIn
from sigwatch.outbox.sending import Sender
from sigwatch.ports import Deliveries, Observer, Publisher
from sigwatch.publish.alertmanager import AlertmanagerPublisher
from sigwatch.publish.apprise import ApprisePublisher
from sigwatch.publish.console import ConsolePublisher
from sigwatch.publish.pagerduty import PagerDutyPublisher
from sigwatch.publish.slack.publisher import SlackPublisher, slack_client
from sigwatch.publish.slack.webhook import SlackWebhookPublisher
from sigwatch.publish.traits import TRAITS
from sigwatch.publish.webhook import WebhookPublisher
from sigwatch.publish.words.paging import pages
from sigwatch.wiring.parts import chance, clock, rules_of, selectors_of
from sigwatch.wiring.people import composer_of

SECRETS: Mapping[Target, tuple[str, str]] = {
    "slack": ("SLACK_BOT_TOKEN", "a bot token that starts with xoxb-"),
    "slack-webhook": ("SLACK_WEBHOOK_URL", "the address of an incoming webhook"),
    "pagerduty": ("PAGERDUTY_ROUTING_KEY", "the integration key of a service"),
    "webhook": ("SIGWATCH_WEBHOOK_SECRET", "the secret that the receiver checks signatures with, whsec_..."),
    "apprise": ("APPRISE_URLS", "one or more Apprise URLs, separated by blanks"),
}
"""Where each target's secret is found, and what it is."""


def publishers(settings: Settings, environ: Mapping[str, str], console: Console) -> dict[str, Publisher]:
    """Every target that may be told, by its name.

    Raises:
        ConfigurationError: with every secret that is missing or can not be used.
    """
    built: dict[str, Publisher] = {}
    problems = []
    for target in settings.every_target:
        name, what = SECRETS.get(target, ("", ""))
        secret = environ.get(name, "").strip() if name else ""
        if name and not secret:
            cure = f"the target {target} needs the environment variable {name}, {what}"
            problems.append(Problem("", 0, name, cure))
            continue
        try:
            built[target] = _BUILDERS[target](settings, secret, console)
        except ValueError as error:
            problems.append(Problem("", 0, name or f"{target}.url", str(error)))
    if problems:
        raise ConfigurationError(problems)
    return built


_Builder = Callable[[Settings, str, Console], Publisher]


def _slack(settings: Settings, secret: str, _console: Console) -> Publisher:
    slack = settings.slack
    return SlackPublisher(slack_client(secret, slack.base_url), slack.timeout, buttons=slack.buttons)


_BUILDERS: Mapping[Target, _Builder] = {
    "slack": _slack,
    "console": lambda _settings, _secret, console: ConsolePublisher(console),
    "slack-webhook": lambda settings, secret, _console: SlackWebhookPublisher(secret, settings.slack.timeout),
    "alertmanager": lambda settings, _secret, _console: AlertmanagerPublisher(
        settings.alertmanager.url, clock, settings.slack.timeout
    ),
    "pagerduty": lambda settings, secret, _console: PagerDutyPublisher(
        secret, settings.pagerduty.base_url, settings.slack.timeout
    ),
    "webhook": lambda settings, secret, _console: WebhookPublisher(
        settings.webhook.url, secret, clock, settings.slack.timeout
    ),
    "apprise": lambda settings, secret, _console: ApprisePublisher(secret.split(), settings.slack.timeout),
}


def outbox(
    settings: Settings, deliveries: Deliveries, targets: Mapping[str, Publisher], composer: Composer, observe: Observer
) -> Outbox:
    """What sends, under this configuration."""
    slack, fallback = settings.slack, settings.fallback
    call_ms = slack.timeout * 1000 + 500
    policy = OutboxPolicy(
        call_ms=call_ms,
        claim_ms=3 * call_ms,
        settle_ms=slack.settle * 1000,
        resend_unknown=slack.on_unknown == "resend",
    )
    sender = Sender(deliveries, targets, TRAITS, clock, lambda: uuid.uuid4().hex, observe, chance, policy)
    other = fallback.target
    stand_in = other and StandIn(other, fallback.after * 1000, partial(composer.destination, other))
    return Outbox(sender, pages, ChannelLimits(slack.messages_per_minute, slack.digest_from), stand_in)


def doubles(deliveries: Deliveries, built: Mapping[str, Publisher], observe: Observer) -> Doubles:
    """What deletes messages that a target shows twice, where that can be told."""
    able = {name: each.delete_doubles for name, each in built.items() if isinstance(each, SlackPublisher)}
    return Doubles(deliveries, able, observe)


def preview(signature: Signature, settings: Settings, console: Console) -> None:
    """Print the card of a made-up incident of a signature, as the console target shows it."""
    groups = selectors_of(settings)(signature) or ("/log/group",)
    example = (signature.ko.must_match or (signature.ris.error_signatures if signature.ris else ()) or ("",))[0]
    now_ms = int(clock() * 1000)
    row = Row("000000000000", settings.aws.region or "us-east-1", groups[0], "example", now_ms, example)
    found = lifecycle.Found([hit(signature.id, row)])
    rules = rules_of(settings)
    [decision] = lifecycle.apply(None, groups[0], signature, found, now_ms, rules, lambda _incident: None)
    show_card(composer_of(settings).alert(decision.incident, signature, "console"), console)


def show_card(alert: Alert, console: Console) -> None:
    """Print a card as the console target shows it."""
    ConsolePublisher(console).post("", alert, "")
