"""What people see and do, wired: commands, the card of an incident on a terminal, and clicks in Slack."""

import time
from collections.abc import Callable, Mapping

from rich.console import Console

from sigwatch.chat.socket import SocketMode
from sigwatch.commands import Commands
from sigwatch.config import Settings
from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem
from sigwatch.model.message import Alert
from sigwatch.ports import Clock, Observer, Store
from sigwatch.publish.console import ConsolePublisher

_clock: Clock = time.time  # noqa: TID251 - the real clock enters where parts are wired


def commands(store: Store, observe: Observer, mask: Callable[[str, str], str]) -> Commands:
    """What people may do, on a state."""
    return Commands(store, _clock, observe, mask)


def show_card(alert: Alert, console: Console) -> None:
    """Print an incident in full, as the console target shows it."""
    ConsolePublisher(console).post("", alert, "")


def socket_mode(settings: Settings, environ: Mapping[str, str], does: Commands, observe: Observer) -> SocketMode | None:
    """Clicks in Slack, not started; None without `slack.buttons`.

    Raises:
        ConfigurationError: there is no token for it.
    """
    if not settings.slack.buttons:
        return None
    token = environ.get("SLACK_APP_TOKEN", "")
    if not token:
        cure = "slack.buttons needs the environment variable SLACK_APP_TOKEN, an app-level token that starts with xapp-"
        raise ConfigurationError([Problem("", 0, "SLACK_APP_TOKEN", cure)])
    return SocketMode(token, settings.slack.base_url, does.carry_out, observe)
