"""Whatever Apprise can reach as a target: mail, chat and push services by their URL. Needs `sigwatch[apprise]`."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from sigwatch.errors import NotSent, PublishError
from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Content
from sigwatch.publish.deadline import hush, within
from sigwatch.publish.http import DEADLINE_SECONDS
from sigwatch.publish.words.plain_text import plain_text, short_text

LOADING_SECONDS = 60.0
"""Apprise reads its hundred and more plug-ins on first use."""
MISSING = "the target apprise needs the package of that name: install sigwatch[apprise]"


def available() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("apprise") is not None


class ApprisePublisher:
    """Sends a title and a text to every URL, at least once: Apprise says only whether it worked.

    A ref is the content's key and names nothing. Where some URLs fail, only those are tried again, as far as this
    process remembers.
    """

    name = "apprise"

    def __init__(self, urls: Sequence[str], deadline: float = DEADLINE_SECONDS) -> None:
        """Publish to these services.

        Args:
            urls: as Apprise documents them; secrets.
            deadline: seconds for all of them together.

        Raises:
            ValueError: the package is missing or does not work, or a URL is none that Apprise knows; the sentence does
                not quote it.
        """
        if not available():
            raise ValueError(MISSING)
        hush("apprise", "requests", "urllib3.connection", "urllib3.connectionpool")
        try:
            services = within(LOADING_SECONDS, lambda: [_service(url) for url in urls], _explain)
        except PublishError as failure:
            raise ValueError(str(failure)) from None
        unknown = [str(number) for number, service in enumerate(services, 1) if service is None]
        if unknown or not services:
            raise ValueError(f"Apprise does not know URL number {', '.join(unknown)}" if unknown else "no URL")
        self._services = services
        self._deadline = deadline / len(services)
        self._taken: dict[str, tuple[str, set[int]]] = {}

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Send the content in full.

        Raises:
            NotSent: it is to be sent again, though it may have arrived.
        """
        self._send(content, *plain_text(content))
        return content.key

    def update(self, destination: str, ref: str, content: Content) -> None:  # noqa: ARG002 - the port's signature
        """Send what is new, in a line or two."""
        self._send(content, *short_text(content))

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: Apprise can not read."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Send the content; there is no plainer form."""
        return self.post(destination, content, thread)

    def _send(self, content: Content, title: str, body: str) -> None:
        said = f"{title}\n{body}"
        before, taken = self._taken.get(content.key, ("", set[int]()))
        if before != said:
            taken = set()
        over = isinstance(content, Alert) and content.incident.state is State.RESOLVED
        note = {"title": title, "body": body, "body_format": "text", "notify_type": "success" if over else "failure"}
        taken |= {
            number for number in range(len(self._services)) if number not in taken and self._accepts(number, note)
        }
        if len(taken) < len(self._services):
            self._taken[content.key] = said, taken
            raise NotSent(f"{len(self._services) - len(taken)} of {len(self._services)} URLs did not accept it")
        self._taken.pop(content.key, None)

    def _accepts(self, number: int, note: Mapping[str, str]) -> bool:
        try:
            return within(self._deadline, lambda: bool(self._services[number].notify(**note)), _explain)
        except PublishError:
            return False


def _service(url: str) -> Any:
    library = importlib.import_module("apprise")
    # A service is called by itself, so there is nothing to run side by side.
    asset = library.AppriseAsset(app_id="sigwatch", app_desc="sigwatch", app_url="", async_mode=False)
    service = library.Apprise(asset=asset)
    return service if service.add(url) else None


def _explain(failure: Exception) -> PublishError:
    return NotSent(f"Apprise failed ({type(failure).__name__})")
