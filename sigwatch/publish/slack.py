"""Slack as a target: one message for each incident, edited in place."""

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.incident import Alert
from sigwatch.publish.slack_blocks import blocks, plain, validate
from sigwatch.publish.slack_outcome import explain, harmless_to_repeat

T = TypeVar("T")

EVENT_TYPE = "sigwatch_alert"
"""Metadata type under which the idempotency key is kept in Slack's history."""
CLOCK_SKEW_SECONDS = 120
"""How far Slack's clock and this machine's may differ."""
PAGE = 200
DEADLINE_SECONDS = 20.0
SOCKET_TIMEOUT_SECONDS = 10
SLACK_URL = "https://slack.com/api/"

_NAMESPACE = uuid.UUID("8d1b6c0e-6a55-5c0b-9a3e-5f0f3f0b7c11")


def slack_client(token: str, base_url: str | None = None, timeout: int = SOCKET_TIMEOUT_SECONDS) -> WebClient:
    """A client that never sends by itself a second time.

    slack-sdk's default handler repeats a request whose connection dropped, also when Slack had accepted it.

    Args:
        token: bot token.
        base_url: where Slack's methods are, ending in a slash; None for Slack itself.
        timeout: seconds that one socket operation may take.
    """
    # slack-sdk logs bodies, and a log line with an alert in it could set off the very signature it tells of.
    unheard = logging.getLogger("slack_sdk.unheard")
    unheard.setLevel(logging.CRITICAL + 1)
    return WebClient(
        token=token.strip(),
        base_url=base_url or SLACK_URL,
        timeout=timeout,
        retry_handlers=[],
        logger=unheard,
    )


class SlackPublisher:
    """Posts through `chat.postMessage` and edits through `chat.update`; a message's ref is its `ts`.

    Needs the scopes chat:write, and channels:history or groups:history to find a message whose fate is uncertain.
    """

    name = "slack"

    def __init__(self, client: WebClient, deadline: float = DEADLINE_SECONDS) -> None:
        """Publish through `client`, giving up on a call after `deadline` seconds in all."""
        self._client = client
        self._deadline = deadline

    def post(self, destination: str, alert: Alert) -> str:
        """Post the alert with its key in the metadata, where `find` looks for it.

        Raises:
            NotSent: Slack has it certainly not.
            Ambiguous: Slack may have it.
            Refused: Slack does not want it, or would not by what is known of its limits.
        """
        text, body = blocks(alert)
        faults = validate(text, body)
        if faults:
            raise Refused(f"not a message that Slack takes: {'; '.join(faults)}", because_of_content=True)
        return self._send(destination, alert, text, body)

    def update(self, destination: str, ref: str, alert: Alert) -> None:
        """Edit the message; in the plainest form if Slack refuses the full one. Never Ambiguous: it may be repeated.

        Raises:
            NotSent: try again later.
            Refused: the message is gone, or not ours.
        """
        text, body = blocks(alert)
        try:
            self._edit(destination, ref, alert, text, body)
        except Refused as refused:
            if not refused.because_of_content:
                raise
            # No blocks at all would leave the old ones in place.
            self._edit(destination, ref, alert, plain(alert), [])

    def find(self, destination: str, key: str, since_ms: int) -> str | None:
        """The `ts` of the oldest message with that key, or None when Slack's history surely has none.

        Raises:
            NotSent: the history can not be read now.
            Refused: the history may not be read.
        """
        oldest = f"{max(since_ms / 1000 - CLOCK_SKEW_SECONDS, 0):.6f}"
        try:
            return self._within_deadline(lambda: self._search(destination, key, oldest))
        except PublishError as error:
            raise harmless_to_repeat(error) from None

    def plain(self, destination: str, alert: Alert) -> str:
        """Post the alert as text alone."""
        return self._send(destination, alert, plain(alert), None)

    def _send(self, destination: str, alert: Alert, text: str, body: Sequence[dict[str, Any]] | None) -> str:
        def call() -> str:
            response = self._client.chat_postMessage(
                channel=destination,
                text=text,
                blocks=body,
                metadata=_metadata(alert),
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
                # Not documented, so nothing relies on it; where Slack heeds it, a repeated post is recognised.
                client_msg_id=str(uuid.uuid5(_NAMESPACE, alert.key)),
            )
            return _ts(response)

        return self._within_deadline(call)

    def _edit(self, destination: str, ref: str, alert: Alert, text: str, body: Sequence[dict[str, Any]]) -> None:
        def call() -> None:
            self._client.chat_update(
                channel=destination,
                ts=ref,
                text=text,
                blocks=body,
                metadata=_metadata(alert),
                parse="none",
                link_names=False,
            )

        try:
            self._within_deadline(call)
        except PublishError as error:
            raise harmless_to_repeat(error) from None

    def _search(self, destination: str, key: str, oldest: str) -> str | None:
        found: str | None = None
        cursor: str | None = None
        while True:
            response = self._client.conversations_history(
                channel=destination, oldest=oldest, limit=PAGE, cursor=cursor, include_all_metadata=True
            )
            # Newest first, so the last one seen is the oldest.
            found = next((ts for ts, its_key in _keys(response) if its_key == key), None) or found
            cursor = _next_cursor(response)
            if not cursor:
                return found

    def _within_deadline(self, call: Callable[[], T]) -> T:
        """Run a call that may take the deadline and no longer.

        slack-sdk's timeout starts anew with each byte received, so only another thread can hold it to a total. A call
        given up runs on: what it does late, the next look into the history finds.
        """
        future: Future[T] = Future()
        threading.Thread(target=_run, args=(future, call), name="slack-call", daemon=True).start()
        try:
            failure = future.exception(self._deadline)
        except TimeoutError:
            failure = Ambiguous(f"no answer from Slack within {self._deadline:g} seconds")
        if failure is None:
            return future.result()
        # Nothing is chained: a cause could quote the request, and with it the token.
        raise explain(failure) if isinstance(failure, Exception) else failure from None


def _run(future: "Future[T]", call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except Exception as failure:  # noqa: BLE001 - handed to the caller, who classifies it
        future.set_exception(failure)


def _metadata(alert: Alert) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": alert.key}}


def _ts(response: SlackResponse) -> str:
    ts = response.get("ts")
    if not isinstance(ts, str) or not ts:
        raise Ambiguous("Slack answered ok without a ts")
    return ts


def _keys(response: SlackResponse) -> list[tuple[str, str]]:
    """The `ts` and key of our messages on a page, oldest first."""
    pairs = []
    for entry in response.get("messages") or []:
        metadata = entry.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE:
            pairs.append((str(entry["ts"]), str(metadata.get("event_payload", {}).get("key", ""))))
    return sorted(pairs)


def _next_cursor(response: SlackResponse) -> str | None:
    """Where the next page starts; None on the last one.

    Raises:
        NotSent: more is announced but not where.
    """
    more = response.get("response_metadata") or {}
    cursor = str(more.get("next_cursor") or "")
    if response.get("has_more") and not cursor:
        raise NotSent("Slack announced more history without a cursor")
    return cursor or None
