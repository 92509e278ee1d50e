"""A Slack that fails in twelve ways, as often as one likes, and lets what hangs go on by itself."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from tests.fakes.slack_server import (
    Call,
    FakeSlack,
    Fault,
    api_error,
    disconnect,
    hang,
    html,
    late_accept,
    rate_limited,
    reset,
    server_error,
    truncated,
)

KINDS: Mapping[str, tuple[Fault, ...]] = {
    "429 with Retry-After": (rate_limited("1"),),
    "429 without": (rate_limited(None),),
    "5xx before acceptance": (server_error(500), server_error(502), server_error(503)),
    "5xx after": (server_error(500, accepted=True), server_error(503, accepted=True), server_error(504, accepted=True)),
    "HTML": (html(accepted=True), html(accepted=False)),
    "reset or FIN before acceptance": (reset(), disconnect(accepted=False)),
    "reset or FIN after": (reset(accepted=True), disconnect(accepted=True)),
    "truncated": (truncated(accepted=True), truncated(accepted=False)),
    "slower than the deadline": (hang(accepted=True), hang(accepted=False)),
    "accepted after the client gave up": (late_accept(),),
    "internal_error": (api_error("internal_error", accepted=True), api_error("internal_error")),
    "ratelimited as 200": (api_error("ratelimited"),),
}


class FlakySlack(FakeSlack):
    """Fails a share of its calls, each in a random way."""

    def __init__(
        self,
        channels: Iterable[str],
        rng: Random,
        shares: Mapping[str, float],
        held_seconds: tuple[float, float],
        kinds: Iterable[str] = KINDS,
    ) -> None:
        """Serve these channels.

        Args:
            channels: ids.
            rng: chooses.
            shares: by method, how many of its calls fail, 0 to 1.
            held_seconds: how long whatever hangs does so, at least and at most.
            kinds: of the faults.
        """
        super().__init__(channels)
        self.served: Counter[str] = Counter()
        """By kind, the faults of chat.postMessage."""
        self._rng, self._shares, self._held_seconds = rng, shares, held_seconds
        self._kinds = tuple(kinds)
        self._choosing = threading.Lock()

    def take(self, call: Call) -> Fault | None:
        """Note a call and choose its fault."""
        scripted = super().take(call)
        with self._choosing:
            if self._rng.random() >= self._shares.get(call.method, 0.0):
                return scripted
            kind = self._rng.choice(self._kinds)
            self.served[kind] += call.method == "chat.postMessage"
            return self._rng.choice(KINDS[kind])

    def held(self) -> None:
        """Wait for a while."""
        with self._choosing:
            seconds = self._rng.uniform(*self._held_seconds)
        self._released.wait(seconds)

    def shown(self) -> Counter[str]:
        """How often each idempotency key is shown, in the channels and in their threads."""
        found: Counter[str] = Counter()
        for channel in self._channels:
            for message in self.messages(channel):
                found.update(_key(each) for each in (message, *self.thread(channel, message["ts"])))
        return found

    def cards(self) -> dict[str, tuple[str, list[dict[str, Any]]]]:
        """Text and blocks of the messages of the channels, by idempotency key."""
        tops = [message for channel in self._channels for message in self.messages(channel)]
        return {_key(message): (message["text"], message["blocks"]) for message in tops}


def _key(message: dict[str, object]) -> str:
    metadata = message.get("metadata")
    return str(metadata["event_payload"]["key"]) if isinstance(metadata, dict) else ""
