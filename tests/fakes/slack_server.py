"""A Slack server that keeps messages in memory, holds Slack's limits, and fails on demand.

It speaks plain HTTP on 127.0.0.1 to any client, a subprocess included:

    with FakeSlack(channels=("C0ONCALL",)) as slack:
        slack.script("chat.postMessage", reset(accepted=True), api_error("ratelimited"))
        ...  # SLACK_BOT_TOKEN=slack.token, slack.base_url: slack.base_url
        assert slack.wait_for(lambda: len(slack.messages("C0ONCALL")) == 1)

Each call of a method takes the next fault scripted for it; without one it is answered as Slack would.
"""

import copy
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from types import TracebackType
from typing import Any, Self

from tests.fakes.slack_channel import Channel, Message
from tests.fakes.slack_faults import (
    Accept,
    Failure,
    Fault,
    api_error,
    disconnect,
    drip,
    hang,
    html,
    late_accept,
    rate_limited,
    reset,
    server_error,
    truncated,
)
from tests.fakes.slack_http import Call, Reply, SlackHttp
from tests.fakes.slack_shapes import Refusal, block_faults, live_tokens, readable

__all__ = [
    "TOKEN",
    "Accept",
    "Call",
    "Failure",
    "FakeSlack",
    "Fault",
    "api_error",
    "block_faults",
    "disconnect",
    "drip",
    "hang",
    "html",
    "late_accept",
    "live_tokens",
    "rate_limited",
    "readable",
    "reset",
    "server_error",
    "truncated",
]

Json = dict[str, Any]

TOKEN = "xoxb-fake-token-0123456789"
PATIENCE_SECONDS = 10.0
"""How long the server waits for `release`, lest a forgotten one hang the tests."""


class Limit:
    """So many calls in so many seconds, counted over the time that has just passed."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls, self._seconds = calls, seconds
        self._times: deque[float] = deque()

    def wait(self, now: float) -> int:
        """Count a call and give 0, or give the whole seconds until the next one may be made."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) < self._calls:
            self._times.append(now)
            return 0
        return max(ceil(self._times[0] + self._seconds - now), 1)


class FakeSlack:
    """The server; a context manager."""

    def __init__(
        self,
        channels: Iterable[str] = ("C0ONCALL",),
        token: str = TOKEN,
        *,
        clock: Callable[[], float] | None = None,
        heeds_client_msg_id: bool = False,
        posts_per_second: int | None = None,
        updates_per_minute: int | None = None,
    ) -> None:
        """Serve these channels to whoever has the token.

        Args:
            channels: ids of the channels that exist and that the app is in.
            token: the one token that is valid.
            clock: epoch seconds for `ts`; a server that subprocesses talk to keeps the machine's time.
            heeds_client_msg_id: recognise a repeated post, which Slack does not promise.
            posts_per_second: how many a channel takes; Slack takes about one. None for any number.
            updates_per_minute: how many edits there may be in all; Slack allows 50 and more. None for any number.
        """
        self.token = token
        self.calls: list[Call] = []
        self.methods: dict[str, Callable[[Call], Json]] = {}
        """Answers to methods that are not spoken here, such as `apps.connections.open`; they check the token."""
        self._channels = {name: Channel(name, self._next_ts, heeds_client_msg_id) for name in channels}
        self._clock = clock or (lambda: time.time_ns() / 1e9)
        self._posts = {name: Limit(posts_per_second, 1) for name in self._channels} if posts_per_second else {}
        self._updates = Limit(updates_per_minute, 60) if updates_per_minute else None
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._last_ts = 0
        self._server = SlackHttp(self)
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
        """The messages of the channel itself, oldest first, with metadata."""
        with self._changed:
            return [message.shown(metadata=True) for message in self._channels[channel].top()]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The replies under a message, oldest first, with metadata."""
        with self._changed:
            return [message.shown(metadata=True) for message in self._channels[channel].replies(ts)]

    def record(self, channel: str) -> list[Message]:
        """The messages of the channel itself with what they said before."""
        with self._changed:
            return copy.deepcopy(self._channels[channel].top())

    def fill(self, channel: str, count: int) -> None:
        """Let others write that many messages."""
        with self._changed:
            self._channels[channel].fill(count)

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

    def perform(self, call: Call) -> Reply:
        """Do what the method does, whatever becomes of the answer."""
        with self._changed:
            wait = self._limited(call)
            if wait:
                return Reply({"ok": False, "error": "ratelimited"}, 429, (("Retry-After", str(wait)),))
            try:
                answer = self._perform(call)
            except Refusal as refusal:
                answer = {"ok": False, "error": str(refusal)}
            self._changed.notify_all()
        return Reply(answer)

    def held(self) -> None:
        """Wait for `release`."""
        self._released.wait(PATIENCE_SECONDS)

    def dripping(self) -> Iterator[bytes]:
        """A blank every few milliseconds until `release`."""
        while not self._released.wait(0.02):
            yield b" "

    def _limited(self, call: Call) -> int:
        if call.method == "chat.postMessage" and call.params.get("channel") in self._posts:
            return self._posts[call.params["channel"]].wait(self._clock())
        if call.method == "chat.update" and self._updates:
            return self._updates.wait(self._clock())
        return 0

    def _perform(self, call: Call) -> Json:
        if call.method in self.methods:
            return self.methods[call.method](call)
        if not call.token:
            raise Refusal("not_authed")
        if call.token != self.token:
            raise Refusal("invalid_auth")
        if call.method == "auth.test":
            return {"ok": True, "url": "https://fake.slack.com/", "team": "Fake", "user_id": "U0FAKE"}
        methods: dict[str, Callable[[Channel, Json], Json]] = {
            "chat.postMessage": Channel.post,
            "chat.update": Channel.update,
            "chat.delete": Channel.delete,
            "conversations.history": Channel.history,
            "conversations.replies": Channel.thread,
        }
        if call.method not in methods:
            raise Refusal("unknown_method")
        return {"ok": True, **methods[call.method](self._channel(call.params), call.params)}

    def _channel(self, params: Json) -> Channel:
        name = params.get("channel")
        if not isinstance(name, str) or not name:
            raise Refusal("invalid_arguments")
        if name not in self._channels:
            raise Refusal("channel_not_found")
        return self._channels[name]

    def _next_ts(self) -> str:
        self._last_ts = max(self._last_ts + 1, int(self._clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"
