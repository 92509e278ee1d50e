"""A Slack server that keeps messages in memory, holds Slack's limits, and fails on demand.

It speaks plain HTTP on 127.0.0.1 to any client, a subprocess included:

    with FakeSlack(channels=("C0ONCALL",)) as slack:
        slack.script("chat.postMessage", reset(accepted=True), api_error("ratelimited"))
        ...  # SLACK_BOT_TOKEN=slack.token, slack.base_url: slack.base_url
        assert slack.wait_for(lambda: len(slack.messages("C0ONCALL")) == 1)

Each call of a method takes the next fault scripted for it; without one it is answered as Slack would.
"""

import copy
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]

TOKEN = "xoxb-fake-token-0123456789"
MOST_TEXT_IN_ONE_MESSAGE = 4_000
MOST_TEXT_IN_BLOCKS = 13_000
PATIENCE_SECONDS = 10.0
"""How long the server waits for `release`, lest a forgotten one hang the tests."""


class Failure(StrEnum):
    """What goes wrong on the wire."""

    ANSWER = "answer"
    RESET = "reset"
    CLOSE = "close"
    TRUNCATE = "truncate"
    DRIP = "drip"


class Accept(StrEnum):
    """Whether the method takes effect, and when."""

    NEVER = "never"
    FIRST = "first"
    AFTER_RELEASE = "after release"


@dataclass(frozen=True)
class Fault:
    """One way to fail; `accept` tells what becomes of the request itself."""

    failure: Failure = Failure.ANSWER
    accept: Accept = Accept.NEVER
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    """None answers truly."""
    hold: bool = False
    """Say nothing until `FakeSlack.release`."""


def api_error(word: str, *, accepted: bool = False) -> Fault:
    """`{"ok": false, "error": word}` with status 200."""
    return Fault(accept=_accept(accepted), body=json.dumps({"ok": False, "error": word}))


def rate_limited(retry_after: str | None = "1") -> Fault:
    """Status 429, with the header unless None."""
    headers = (("Retry-After", retry_after),) if retry_after is not None else ()
    return Fault(status=429, headers=headers, body=json.dumps({"ok": False, "error": "ratelimited"}))


def server_error(status: int = 503, *, accepted: bool = False) -> Fault:
    """A 5xx with a page of HTML."""
    return Fault(accept=_accept(accepted), status=status, body="<html>sorry</html>")


def html(*, accepted: bool = True) -> Fault:
    """Status 200 with a page of HTML."""
    return Fault(accept=_accept(accepted), body="<html>sorry</html>")


def reset(*, accepted: bool = False) -> Fault:
    """The connection is reset (RST) in place of an answer."""
    return Fault(Failure.RESET, _accept(accepted))


def disconnect(*, accepted: bool = True) -> Fault:
    """The connection is closed (FIN) in place of an answer."""
    return Fault(Failure.CLOSE, _accept(accepted))


def truncated(*, accepted: bool = True) -> Fault:
    """The answer ends half-way."""
    return Fault(Failure.TRUNCATE, _accept(accepted))


def drip(*, accepted: bool = True) -> Fault:
    """The answer comes byte by byte, for ever as far as the client is concerned, until `FakeSlack.release`."""
    return Fault(Failure.DRIP, _accept(accepted))


def hang(*, accepted: bool = False) -> Fault:
    """No answer until `FakeSlack.release`."""
    return Fault(accept=_accept(accepted), hold=True)


def late_accept() -> Fault:
    """The request takes effect only at `FakeSlack.release`, when the client may long be gone."""
    return Fault(accept=Accept.AFTER_RELEASE, hold=True)


def _accept(accepted: bool) -> Accept:
    return Accept.FIRST if accepted else Accept.NEVER


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    method: str
    params: Json
    token: str


@dataclass
class Message:
    """What a channel shows."""

    ts: str
    text: str
    blocks: list[Json]
    metadata: Json | None
    client_msg_id: str = ""
    edits: int = 0
    was: list[str] = field(default_factory=list)
    """Top-level texts before each edit."""

    def shown(self, *, metadata: bool) -> Json:
        """The message as the history tells it; metadata only on request."""
        entry: Json = {"type": "message", "ts": self.ts, "text": self.text, "blocks": self.blocks, "bot_id": "B0FAKE"}
        if self.edits:
            entry["edited"] = {"user": "U0FAKE", "ts": self.ts}
        if metadata and self.metadata:
            entry["metadata"] = self.metadata
        return copy.deepcopy(entry)


class Refusal(Exception):
    """An `ok: false` answer."""


class FakeSlack:
    """The server; a context manager."""

    def __init__(
        self,
        channels: Iterable[str] = ("C0ONCALL",),
        token: str = TOKEN,
        *,
        clock: Callable[[], float] | None = None,
        heeds_client_msg_id: bool = False,
    ) -> None:
        """Serve these channels to whoever has the token.

        Args:
            channels: ids of the channels that exist and that the app is in.
            token: the one token that is valid.
            clock: epoch seconds for `ts`; a server that subprocesses talk to keeps the machine's time.
            heeds_client_msg_id: recognise a repeated post, which Slack does not promise.
        """
        self.token = token
        self.calls: list[Call] = []
        self._channels: dict[str, list[Message]] = {channel: [] for channel in channels}
        self._clock = clock or (lambda: time.time_ns() / 1e9)
        self._heeds_client_msg_id = heeds_client_msg_id
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._last_ts = 0
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="fake-slack")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """Address of the methods, with the slash at the end that slack-sdk wants."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    def script(self, method: str, *faults: Fault) -> None:
        """Let the next calls of that method fail, one fault each."""
        with self._changed:
            self._faults[method].extend(faults)

    def release(self) -> None:
        """Let everything that hangs go on, and whatever would hang from now on."""
        self._released.set()

    def hold(self) -> None:
        """Let faults hang again after a `release`."""
        self._released.clear()

    def messages(self, channel: str) -> list[Json]:
        """What the channel shows, oldest first, with metadata."""
        with self._changed:
            return [message.shown(metadata=True) for message in self._channels[channel]]

    def record(self, channel: str) -> list[Message]:
        """The channel's messages with what they said before."""
        with self._changed:
            return copy.deepcopy(self._channels[channel])

    def count(self, method: str) -> int:
        """How many calls of a method arrived."""
        with self._changed:
            return sum(call.method == method for call in self.calls)

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 5.0) -> bool:
        """Wait until the predicate, tried after every change, is true; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    # What the handler of a request calls.

    def take(self, call: Call) -> Fault | None:
        """Note a call and give the fault that is scripted for it."""
        with self._changed:
            self.calls.append(call)
            faults = self._faults[call.method]
            fault = faults.popleft() if faults else None
            self._changed.notify_all()
        return fault

    def perform(self, call: Call) -> Json:
        """Do what the method does, whatever becomes of the answer."""
        with self._changed:
            try:
                answer = self._perform(call)
            except Refusal as refusal:
                answer = {"ok": False, "error": str(refusal)}
            self._changed.notify_all()
        return answer

    def held(self) -> None:
        """Wait for `release`."""
        self._released.wait(PATIENCE_SECONDS)

    def dripping(self) -> Iterator[bytes]:
        """A blank every few milliseconds until `release`."""
        while not self._released.wait(0.02):
            yield b" "

    def _perform(self, call: Call) -> Json:
        if not call.token:
            raise Refusal("not_authed")
        if call.token != self.token:
            raise Refusal("invalid_auth")
        methods = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
        }
        if call.method not in methods:
            raise Refusal("unknown_method")
        return {"ok": True, **methods[call.method](call.params)}

    def _auth_test(self, params: Json) -> Json:
        return {"url": "https://fake.slack.com/", "team": "Fake", "team_id": "T0FAKE", "user_id": "U0FAKE"}

    def _post(self, params: Json) -> Json:
        channel = self._channel(params)
        text, blocks = _content(params)
        again = [message for message in channel if _same_client_id(message, params)]
        if again and self._heeds_client_msg_id:
            return {"channel": params["channel"], "ts": again[0].ts}
        # Slack splits a text that is too long for one message when no blocks take its place.
        size = len(text) if blocks else MOST_TEXT_IN_ONE_MESSAGE
        pieces = [text[start : start + size] for start in range(0, len(text), size)] or [""]
        posted = [
            Message(self._next_ts(), piece, blocks, _metadata(params), str(params.get("client_msg_id", "")))
            for piece in pieces
        ]
        channel += posted
        return {"channel": params["channel"], "ts": posted[0].ts, "message": posted[0].shown(metadata=False)}

    def _update(self, params: Json) -> Json:
        message = self._message(params)
        text, blocks = _content({"text": message.text, "blocks": message.blocks, **params})
        message.was.append(message.text)
        message.text, message.blocks, message.edits = text, blocks, message.edits + 1
        if "metadata" in params:
            message.metadata = _metadata(params)
        return {"channel": params["channel"], "ts": message.ts, "text": text}

    def _delete(self, params: Json) -> Json:
        self._channel(params).remove(self._message(params))
        return {"channel": params["channel"], "ts": params["ts"]}

    def _history(self, params: Json) -> Json:
        channel = self._channel(params)
        oldest = float(params.get("oldest") or 0)
        start, limit = int(params.get("cursor") or 0), int(params.get("limit") or 100)
        with_metadata = str(params.get("include_all_metadata", "")).lower() in {"1", "true"}
        newest_first = [message for message in reversed(channel) if float(message.ts) > oldest]
        page = newest_first[start : start + limit]
        more = start + limit < len(newest_first)
        answer: Json = {"messages": [message.shown(metadata=with_metadata) for message in page], "has_more": more}
        return {**answer, "response_metadata": {"next_cursor": str(start + limit)}} if more else answer

    def _channel(self, params: Json) -> list[Message]:
        name = params.get("channel")
        if not isinstance(name, str) or not name:
            raise Refusal("invalid_arguments")
        if name not in self._channels:
            raise Refusal("channel_not_found")
        return self._channels[name]

    def _message(self, params: Json) -> Message:
        for message in self._channel(params):
            if message.ts == params.get("ts"):
                return message
        raise Refusal("message_not_found")

    def _next_ts(self) -> str:
        self._last_ts = max(self._last_ts + 1, int(self._clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


def _same_client_id(message: Message, params: Json) -> bool:
    return bool(message.client_msg_id) and message.client_msg_id == params.get("client_msg_id")


def _metadata(params: Json) -> Json | None:
    metadata = params.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata)) > 8_000:
        raise Refusal("metadata_too_large")
    return metadata


def _content(params: Json) -> tuple[str, list[Json]]:
    text, blocks = params.get("text") or "", params.get("blocks") or []
    if not isinstance(text, str) or not isinstance(blocks, list):
        raise Refusal("invalid_arguments")
    if not text and not blocks:
        raise Refusal("no_text")
    if any(block_faults(blocks)):
        raise Refusal("invalid_blocks")
    if sum(map(len, strings(blocks))) > MOST_TEXT_IN_BLOCKS:
        raise Refusal("msg_blocks_too_long")
    return text[:40_000], blocks


def strings(value: object) -> Iterator[str]:
    """Every text in blocks, in the order in which it is read."""
    if isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for name in ("text", "fields", "elements"):
            if not isinstance(value.get(name), str):
                yield from strings(value.get(name))


def readable(message: Json) -> str:
    """All that a message says, for assertions: its top-level text, then the texts of its blocks."""
    return f"{message['text']}\n{''.join(strings(message['blocks']))}"


def live_tokens(message: Json) -> list[str]:
    """What Slack would turn into a mention or a link: everything in angle brackets where mrkdwn is parsed."""
    parsed = [message["text"], *_parsed(message["blocks"])]
    return [token for text in parsed for token in re.findall(r"<[^<>]+>", text)]


def _parsed(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _parsed(inner)
    elif isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value["text"]
        for inner in value.values():
            yield from _parsed(inner)


def block_faults(blocks: list[Json]) -> Iterator[str]:
    """What Slack does not take, by its documentation."""
    if len(blocks) > 50:
        yield "more than 50 blocks"
    for block in blocks:
        check = _CHECKS.get(block.get("type", "") if isinstance(block, dict) else "")
        if check is None:
            yield "not a block"
        else:
            yield from check(block)


def _text_faults(value: object, most: int, kinds: frozenset[str]) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield "not a text object"
    elif not isinstance(value.get("text"), str) or not 1 <= len(value["text"]) <= most:
        yield f"text not of 1 to {most} characters"


_ANY_TEXT = frozenset({"mrkdwn", "plain_text"})


def _header_faults(block: Json) -> Iterator[str]:
    yield from _text_faults(block.get("text"), 150, frozenset({"plain_text"}))


def _section_faults(block: Json) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "neither text nor fields"
    if "text" in block:
        yield from _text_faults(block["text"], 3_000, _ANY_TEXT)
    if len(fields) > 10:
        yield "more than 10 fields"
    for entry in fields:
        yield from _text_faults(entry, 2_000, _ANY_TEXT)


def _context_faults(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 10:
        yield "not 1 to 10 elements"
    for element in elements:
        yield from _text_faults(element, 3_000, _ANY_TEXT)


def _rich_faults(block: Json) -> Iterator[str]:
    kinds = {"rich_text_section", "rich_text_preformatted", "rich_text_list", "rich_text_quote"}
    for element in block.get("elements", []):
        if element.get("type") not in kinds:
            yield "unknown rich text"
        lists = element.get("type") == "rich_text_list"
        parts = element.get("elements", []) if lists else [element]
        for part in parts:
            yield from _leaf_faults(part.get("elements", []))


def _leaf_faults(leaves: list[Json]) -> Iterator[str]:
    for leaf in leaves:
        if leaf.get("type") not in {"text", "link", "emoji", "user", "usergroup", "channel", "broadcast"}:
            yield "unknown rich text element"
        if leaf.get("type") == "text" and not leaf.get("text"):
            yield "empty rich text"
        if leaf.get("type") == "link" and not leaf.get("url"):
            yield "link without address"


_CHECKS: dict[str, Callable[[Json], Iterator[str]]] = {
    "header": _header_faults,
    "section": _section_faults,
    "context": _context_faults,
    "rich_text": _rich_faults,
    "divider": lambda _: iter(()),
}


def _read_json(raw: str) -> Json | None:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, slack: FakeSlack) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.slack = slack


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "json" in self.headers.get("Content-Type", "") and raw:
            self._serve(_read_json(raw))
        else:
            self._serve(dict(parse_qsl(raw)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: stderr belongs to the tests."""

    def _serve(self, params: Json | None) -> None:
        """Answer one request; None stands for a body that can not be read."""
        if params is None:
            self._write(Fault(), b'{"ok": false, "error": "invalid_json"}')
            return
        address = urlsplit(self.path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or str(params.get("token", ""))
        call = Call(address.path.removeprefix("/api/"), {**dict(parse_qsl(address.query)), **params}, token)
        fault = self.server.slack.take(call)
        with suppress(ConnectionError):
            self._answer(call, fault or Fault(accept=Accept.FIRST))

    def _answer(self, call: Call, fault: Fault) -> None:
        slack = self.server.slack
        answer = slack.perform(call) if fault.accept is Accept.FIRST else {"ok": False, "error": "internal_error"}
        if fault.hold:
            slack.held()
        if fault.accept is Accept.AFTER_RELEASE:
            answer = slack.perform(call)
        body = (json.dumps(answer) if fault.body is None else fault.body).encode()
        match fault.failure:
            case Failure.RESET:
                self._abort()
            case Failure.CLOSE:
                self.close_connection = True
            case Failure.TRUNCATE:
                self._write(fault, body, sent=len(body) // 2)
            case Failure.DRIP:
                self._drip(fault, body)
            case Failure.ANSWER:
                self._write(fault, body)

    def _head(self, fault: Fault, length: int) -> None:
        self.send_response(fault.status)
        for name, value in fault.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html" if fault.body and fault.body[0] == "<" else "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _write(self, fault: Fault, body: bytes, sent: int | None = None) -> None:
        self._head(fault, len(body))
        self.wfile.write(body[:sent])

    def _drip(self, fault: Fault, body: bytes) -> None:
        self._head(fault, len(body) + 1_000_000)
        for blank in self.server.slack.dripping():
            self.wfile.write(blank)
            self.wfile.flush()

    def _abort(self) -> None:
        """Close with RST: a linger time of zero throws away what was not sent, and no orderly shutdown goes before."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())
        self.close_connection = True
