"""Slack as a target: one message for each incident, edited in place, with a thread that says what happened when."""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.model.message import Content, Milestone
from sigwatch.publish.deadline import within
from sigwatch.publish.plainer import plainer
from sigwatch.publish.slack.blocks import blocks, blocks_with_buttons, plain, validate
from sigwatch.publish.slack.outcome import explain, harmless_to_repeat
from sigwatch.publish.words.reasons import ESCALATIONS
from sigwatch.straight import StraightClient

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

    slack-sdk's default handler repeats a request whose connection dropped, also when Slack had accepted it. Nor does it
    follow redirects.

    Args:
        token: bot token.
        base_url: where Slack's methods are, ending in a slash; None for Slack itself.
        timeout: seconds that one socket operation may take.
    """
    # slack-sdk logs bodies, and a log line with an alert in it could set off the very signature it tells of.
    unheard = logging.getLogger("slack_sdk.unheard")
    unheard.setLevel(logging.CRITICAL + 1)
    return StraightClient(
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

    def __init__(self, client: WebClient, deadline: float = DEADLINE_SECONDS, *, buttons: bool = False) -> None:
        """Publish through `client`.

        Args:
            client: as `slack_client` makes it.
            deadline: seconds in all after which a call is given up.
            buttons: whether somebody listens to what is pressed (Socket Mode).
        """
        self._client = client
        self._deadline = deadline
        self._render = blocks_with_buttons if buttons else blocks

    def post(self, destination: str, content: Content, thread: str) -> str:
        """Post with the key in the metadata, where `find` looks for it; escalations are shown in the channel as well.

        Raises:
            NotSent: Slack has it certainly not.
            Ambiguous: Slack may have it.
            Refused: Slack does not want it, or would not by what is known of its limits.
        """
        text, body = self._render(content)
        faults = validate(text, body)
        if faults:
            raise Refused(f"not a message that Slack takes: {'; '.join(faults)}", because_of_content=True)
        return self._send(destination, content, text, body, thread)

    def update(self, destination: str, ref: str, content: Content) -> None:
        """Edit the message; in the plainest form if Slack refuses the full one. Never Ambiguous: it may be repeated.

        Raises:
            NotSent: try again later.
            Refused: the message is gone, or not ours.
        """
        text, body = self._render(content)
        plainer(
            lambda: self._edit(destination, ref, content, text, body),
            # No blocks at all would leave the old ones in place.
            lambda: self._edit(destination, ref, content, plain(content), []),
        )

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        """The `ts` of the oldest message with that key in the channel or thread; None when surely none is there.

        Raises:
            NotSent: the history can not be read now.
            Refused: the history may not be read.
        """
        ours = self._repeatably(lambda: list(self._ours(destination, since_ms, thread)))
        return min((ts for ts, its_key in ours if its_key == key), default=None)

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Post as text alone."""
        return self._send(destination, content, plain(content), None, thread)

    def delete_doubles(self, destination: str, since_ms: int) -> list[tuple[str, str]]:
        """Delete messages in the channel whose key an older one of ours has too.

        A worker that was suspended between its last look and its post is the one known way to such a message.

        Returns:
            The `ts` of each deleted message, and of the one that stays.

        Raises:
            NotSent: not now; what is left is found again.
            Refused: the history may not be read, or the message not be deleted.
        """
        ours = self._repeatably(lambda: sorted(self._ours(destination, since_ms, thread="")))
        oldest: dict[str, str] = {}
        doubled = [(ts, oldest[key]) for ts, key in ours if oldest.setdefault(key, ts) != ts]
        for ts, _ in doubled:
            self._delete(destination, ts)
        return doubled

    def _send(
        self, destination: str, content: Content, text: str, body: Sequence[dict[str, Any]] | None, thread: str
    ) -> str:
        def call() -> str:
            response = self._client.chat_postMessage(
                channel=destination,
                text=text,
                blocks=body,
                metadata=_metadata(content),
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
                thread_ts=thread or None,
                reply_broadcast=True if thread and _escalates(content) else None,
                # Not documented, so nothing relies on it; where Slack heeds it, a repeated post is recognised.
                client_msg_id=str(uuid.uuid5(_NAMESPACE, content.key)),
            )
            return _ts(response)

        return within(self._deadline, call, explain)

    def _edit(self, destination: str, ref: str, content: Content, text: str, body: Sequence[dict[str, Any]]) -> None:
        self._repeatably(
            lambda: self._client.chat_update(
                channel=destination,
                ts=ref,
                text=text,
                blocks=body,
                metadata=_metadata(content),
                parse="none",
                link_names=False,
            )
        )

    def _delete(self, destination: str, ts: str) -> None:
        self._repeatably(lambda: self._client.chat_delete(channel=destination, ts=ts))

    def _ours(self, destination: str, since_ms: int, thread: str) -> Iterator[tuple[str, str]]:
        """The `ts` and key of our messages in a thread, or in the channel itself, page by page."""
        oldest = f"{max(since_ms / 1000 - CLOCK_SKEW_SECONDS, 0):.6f}"
        cursor: str | None = None
        while True:
            response = (
                self._client.conversations_replies(
                    channel=destination, ts=thread, oldest=oldest, limit=PAGE, cursor=cursor, include_all_metadata=True
                )
                if thread
                else self._client.conversations_history(
                    channel=destination, oldest=oldest, limit=PAGE, cursor=cursor, include_all_metadata=True
                )
            )
            yield from _keys(response)
            cursor = _next_cursor(response)
            if not cursor:
                return

    def _repeatably(self, call: Callable[[], T]) -> T:
        """A call that may be made twice: what is uncertain of it is simply tried again."""
        try:
            return within(self._deadline, call, explain)
        except PublishError as error:
            raise harmless_to_repeat(error) from None


def _escalates(content: Content) -> bool:
    return isinstance(content, Milestone) and content.reason in ESCALATIONS


def _metadata(content: Content) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": content.key}}


def _ts(response: SlackResponse) -> str:
    ts = response.get("ts")
    if not isinstance(ts, str) or not ts:
        raise Ambiguous("Slack answered ok without a ts")
    return ts


def _keys(response: SlackResponse) -> list[tuple[str, str]]:
    """The `ts` and key of our messages on a page."""
    pairs = []
    for entry in response.get("messages") or []:
        metadata = entry.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE:
            pairs.append((str(entry["ts"]), str(metadata.get("event_payload", {}).get("key", ""))))
    return pairs


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
