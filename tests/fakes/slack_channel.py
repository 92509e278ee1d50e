"""What a channel of the fake Slack holds: messages, their threads, and what its history tells of them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack_shapes import Refusal, content_of, metadata_of

Json = dict[str, Any]

MOST_TEXT_IN_ONE_MESSAGE = 4_000


@dataclass
class Message:
    """What a channel or a thread shows."""

    ts: str
    text: str
    blocks: list[Json]
    metadata: Json | None
    client_msg_id: str = ""
    thread_ts: str = ""
    broadcast: bool = False
    ours: bool = True
    """False for what another app or a person wrote, which can be neither edited nor deleted."""
    edits: int = 0
    was: list[str] = field(default_factory=list)
    """Top-level texts before each edit."""

    def shown(self, *, metadata: bool) -> Json:
        """The message as the history tells it; metadata only on request."""
        entry: Json = {"type": "message", "ts": self.ts, "text": self.text, "blocks": self.blocks, "bot_id": "B0FAKE"}
        if self.thread_ts:
            entry["thread_ts"] = self.thread_ts
        if self.broadcast:
            entry["subtype"] = "thread_broadcast"
        if self.edits:
            entry["edited"] = {"user": "U0FAKE", "ts": self.ts}
        if metadata and self.metadata:
            entry["metadata"] = self.metadata
        return copy.deepcopy(entry)


@dataclass
class Channel:
    """The messages of one channel, oldest first, those of threads among them."""

    name: str
    next_ts: Callable[[], str]
    heeds_client_msg_id: bool = False
    held: list[Message] = field(default_factory=list)

    def top(self) -> list[Message]:
        """The messages in the channel itself."""
        return [message for message in self.held if not message.thread_ts]

    def replies(self, ts: str) -> list[Message]:
        """The messages of a thread, its first one aside."""
        return [message for message in self.held if message.thread_ts == ts]

    def fill(self, count: int) -> None:
        """Let others write that many messages."""
        self.held += [Message(self.next_ts(), f"chat {number}", [], None, ours=False) for number in range(count)]

    def post(self, params: Json) -> Json:
        """chat.postMessage."""
        text, blocks = content_of(params)
        thread = str(params.get("thread_ts") or "")
        if thread and not any(message.ts == thread for message in self.held):
            raise Refusal("cannot_reply_to_message")
        again = [message for message in self.held if _same_client_id(message, params)]
        if again and self.heeds_client_msg_id:
            return {"channel": self.name, "ts": again[0].ts}
        # Slack splits a text that is too long for one message when no blocks take its place.
        size = len(text) if blocks else MOST_TEXT_IN_ONE_MESSAGE
        pieces = [text[start : start + size] for start in range(0, len(text), size)] or [""]
        posted = [
            Message(
                self.next_ts(),
                piece,
                blocks,
                metadata_of(params),
                str(params.get("client_msg_id", "")),
                thread,
                broadcast=bool(thread) and _true(params.get("reply_broadcast")),
            )
            for piece in pieces
        ]
        self.held += posted
        return {"channel": self.name, "ts": posted[0].ts, "message": posted[0].shown(metadata=False)}

    def update(self, params: Json) -> Json:
        """chat.update."""
        message = self._own(params, "cant_update_message")
        text, blocks = content_of({"text": message.text, "blocks": message.blocks, **params})
        message.was.append(message.text)
        message.text, message.blocks, message.edits = text, blocks, message.edits + 1
        if "metadata" in params:
            message.metadata = metadata_of(params)
        return {"channel": self.name, "ts": message.ts, "text": text}

    def delete(self, params: Json) -> Json:
        """chat.delete."""
        self.held.remove(self._own(params, "cant_delete_message"))
        return {"channel": self.name, "ts": params["ts"]}

    def history(self, params: Json) -> Json:
        """conversations.history: newest first, and of threads only what was broadcast."""
        shown = [each for each in self.held if not each.thread_ts or each.broadcast]
        return _page([each for each in reversed(shown) if _after(each, params)], params)

    def thread(self, params: Json) -> Json:
        """conversations.replies: oldest first, the thread's first message always among them."""
        ts = str(params.get("ts") or "")
        first = [message for message in self.held if message.ts == ts]
        if not first:
            raise Refusal("thread_not_found")
        return _page([*first, *(each for each in self.replies(ts) if _after(each, params))], params)

    def _own(self, params: Json, refusal: str) -> Message:
        for message in self.held:
            if message.ts == params.get("ts"):
                if not message.ours:
                    raise Refusal(refusal)
                return message
        raise Refusal("message_not_found")


def _page(messages: list[Message], params: Json) -> Json:
    start, limit = int(params.get("cursor") or 0), int(params.get("limit") or 100)
    with_metadata = _true(params.get("include_all_metadata"))
    page = [message.shown(metadata=with_metadata) for message in messages[start : start + limit]]
    more = start + limit < len(messages)
    answer: Json = {"messages": page, "has_more": more}
    return {**answer, "response_metadata": {"next_cursor": str(start + limit)}} if more else answer


def _after(message: Message, params: Json) -> bool:
    return float(message.ts) > float(params.get("oldest") or 0)


def _true(value: object) -> bool:
    return str(value).lower() in {"1", "true"}


def _same_client_id(message: Message, params: Json) -> bool:
    return bool(message.client_msg_id) and message.client_msg_id == params.get("client_msg_id")
