"""Settings that are each valid but can not work together."""

import re
from collections.abc import Iterator

from sigwatch.config.sections import Settings
from sigwatch.redact.projects import CustomRule, faults

Location = tuple[str | int, ...]
"""Keys and positions that lead to a value of the file."""

Fault = tuple[Location, str]
"""Where it is, and what is wrong with what to do about it."""


def contradictions(settings: Settings) -> list[Fault]:
    """Every contradiction."""
    found = (_unequipped, _channels, _routes, _fallback, _polling, _accounts, _incidents, _redaction)
    return [fault for check in found for fault in check(settings)]


def _named(settings: Settings, target: str) -> Location:
    """Where a target is named first."""
    if target in settings.targets:
        return ("targets",)
    for number, route in enumerate(settings.routes):
        if target in route.targets:
            return "routes", number, "targets"
    return "fallback", "target"


def _unequipped(settings: Settings) -> Iterator[Fault]:
    """Targets that lack their address."""
    if "alertmanager" in settings.every_target and not settings.alertmanager.url:
        cure = "the target alertmanager needs its address: write `alertmanager: {url: http://alertmanager:9093}`"
        yield _named(settings, "alertmanager"), cure
    if "webhook" in settings.every_target and not settings.webhook.url:
        cure = "the target webhook needs its address: write `webhook: {url: https://example.com/incidents}`"
        yield _named(settings, "webhook"), cure


def _channels(settings: Settings) -> Iterator[Fault]:
    projects = settings.projects
    everywhere = "default" in projects and all(project.slack_channel for project in projects.values())
    if settings.slack.channel or everywhere:
        return
    cure = "the target slack needs a channel id: set slack.channel, or slack_channel of every project and `default`"
    if "slack" in settings.targets:
        yield ("targets",), cure
        return
    for number, route in enumerate(settings.routes):
        if "slack" in route.targets and not route.channel:
            yield ("routes", number), f"{cure}, or channel of this route"
    if settings.fallback.target == "slack":
        yield ("fallback", "target"), cure


def _routes(settings: Settings) -> Iterator[Fault]:
    all_taken = next((number for number, route in enumerate(settings.routes) if route.takes_all), None)
    if all_taken is not None and all_taken + 1 < len(settings.routes):
        cure = (
            f"is never reached, because route {all_taken + 1} takes everything; put that one last, or remove this one"
        )
        yield ("routes", all_taken + 1), cure
    for number, route in enumerate(settings.routes):
        if route.channel and "slack" not in (route.targets or settings.targets):
            cure = "names a Slack channel, but slack is not among the route's targets; add it there, or remove this"
            yield ("routes", number, "channel"), cure


def _fallback(settings: Settings) -> Iterator[Fault]:
    target = settings.fallback.target
    if target in settings.targets and not settings.routes:
        cure = f"{target} is told of everything already, for it is one of `targets`; name another, or remove fallback"
        yield ("fallback", "target"), cure


def _polling(settings: Settings) -> Iterator[Fault]:
    for name, delay in settings.polling.passes.items():
        if 0 < delay < settings.polling.interval:
            yield ("polling", "passes", name), _too_soon(name, delay)


def _too_soon(name: str, delay: int) -> str:
    return (
        f"{name} reads again {delay} s after the first pass, which is sooner than polling.interval lets either run: "
        "it pays for the same bytes and finds nothing more; make it several intervals, or remove it"
    )


def _accounts(settings: Settings) -> Iterator[Fault]:
    names = [account.name for account in settings.aws.accounts]
    if len(set(names)) < len(names):
        yield ("aws", "accounts"), "two accounts have the same name; metrics and messages tell them apart by it"
    if names and settings.aws.region:
        cure = "goes with one account only; with aws.accounts each names its regions, so remove it here"
        yield ("aws", "region"), cure


def _incidents(settings: Settings) -> Iterator[Fault]:
    if settings.incidents.quiet_period < settings.polling.interval:
        cure = "is shorter than polling.interval, so each poll would resolve and reopen; make it a few intervals"
        yield ("incidents", "quiet_period"), cure


def _redaction(settings: Settings) -> Iterator[Fault]:
    own = {name: project.redact for name, project in settings.projects.items()}
    by_project = {name: [CustomRule(**rule.model_dump()) for rule in rules] for name, rules in own.items()}
    common = [CustomRule(**rule.model_dump()) for rule in settings.redaction.rules]
    for path, words in faults(settings.redaction.off, common, by_project):
        yield _location(path), words


def _location(path: str) -> Location:
    """The steps of a path such as `projects.NAME.redact[0].name`; the name may hold dots itself."""
    found = re.fullmatch(r"projects\.(.+)\.redact(\[.*)", path)
    head: Location = ("projects", found[1], "redact") if found else ()
    steps = re.findall(r"[^.\[\]]+", found[2] if found else path)
    return (*head, *(int(step) if step.isdigit() else step for step in steps))
