"""Slack's Socket Mode: clicks come in over a connection that sigwatch opens itself, so it needs no public address.

Slack sends each click over one of an app's connections, up to ten. Whoever gets it writes to the shared state, so it
does not matter which; a click that comes twice finds its work done.
"""

import logging
import re
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError, SlackClientNotConnectedError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from sigwatch.chat.actions import Request, actor, requests
from sigwatch.errors import SigwatchError
from sigwatch.model.event import RunSkipped, SkipReason
from sigwatch.ports import Observer
from sigwatch.straight import StraightClient

JOB = "socket mode"
SLACK_URL = "https://slack.com/api/"
CALL_SECONDS = 10
"""What one call for a new connection may take on the wire."""
CLOSE_SECONDS = 0.9

_WORD = re.compile(r"[a-z_]{1,60}")
_CURE = "SLACK_APP_TOKEN must be an app-level token (xapp-) with connections:write, and the app in Socket Mode"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to do what, in seconds."""

    look: float = 1.0
    """From one look at the connection to the next."""
    ping: float = 5.0
    """From one sign of life to the next; four without an answer are the end of a connection."""
    pauses: tuple[float, ...] = (1.0, 2.0, 5.0, 15.0, 60.0)
    """After the first failure to connect, the second, and so on; the last one stays."""


class SocketMode:
    """Keeps a connection to Slack and hands on what is asked for over it. Its failures are its own.

    It connects and connects again in a thread of its own, so neither a dead nor a slow Slack is felt elsewhere.
    """

    def __init__(
        self,
        app_token: str,
        base_url: str | None,
        handle: Callable[[Request, str], object],
        observe: Observer,
        pace: Pace | None = None,
    ) -> None:
        """Nothing happens before `start`.

        Args:
            app_token: app-level token with the scope connections:write.
            base_url: where Slack's methods are, ending in a slash; None for Slack itself.
            handle: is given a request and its actor, from several threads; may raise.
            observe: is told of every failure to connect or to do what was asked.
            pace: None for the usual one.
        """
        self._token = app_token.strip()
        self._base_url = base_url or SLACK_URL
        self._handle = handle
        self._observe = observe
        self._pace = pace or Pace()
        self._closing = threading.Event()
        self._client: SocketModeClient | None = None
        self._thread: threading.Thread | None = None

    @property
    def connected(self) -> bool:
        """Whether a click would arrive now, as far as is known."""
        return self._client is not None and bool(self._client.is_connected())

    def start(self) -> None:
        """Begin to connect, and return."""
        # slack-sdk logs bodies and addresses with a ticket in them; what it could tell is told as events.
        unheard = logging.getLogger("slack_sdk.unheard")
        unheard.setLevel(logging.CRITICAL + 1)
        web = StraightClient(base_url=self._base_url, timeout=CALL_SECONDS, retry_handlers=[], logger=unheard)
        client = SocketModeClient(
            app_token=self._token,
            logger=unheard,
            web_client=web,
            auto_reconnect_enabled=False,  # its own way knows neither pauses that grow nor anybody to tell
            ping_interval=self._pace.ping,
        )
        client.socket_mode_request_listeners.append(self._heed)
        self._client = client
        self._thread = threading.Thread(target=self._keep_connected, args=(client,), name="socket-mode", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more requests, and let go of the connection within a second.

        A call that Slack does not answer ends later, by itself and unheard.
        """
        self._closing.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _keep_connected(self, client: SocketModeClient) -> None:
        failures, pause = 0, 0.0
        while not self._closing.wait(pause):
            if _ended(client):
                _let_go(client)
            problem = "" if client.is_connected() else _connect(client)
            failures = failures + 1 if problem else 0
            pauses = self._pace.pauses
            pause = pauses[min(failures, len(pauses)) - 1] if failures else self._pace.look
            if problem and not self._closing.is_set():
                self._tell(problem)
        _close(client)

    def _heed(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        # Left unacknowledged while closing: Slack then tells whoever clicked, and a click can be made again.
        if self._closing.is_set():
            return
        # Slack allows three seconds. Without a connection to say so on, the click is good all the same.
        with suppress(SlackClientNotConnectedError):
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type == "interactive":
            for asked in requests(request.payload):
                self._attempt(asked, actor(request.payload))

    def _attempt(self, asked: Request, who: str) -> None:
        try:
            self._handle(asked, who)
        except SigwatchError as error:
            self._tell(f"{type(asked).__name__} of {who} was not done: {error}")
        except Exception as error:  # noqa: BLE001 - one click must not end the connection; the text may hold anything
            self._tell(f"{type(asked).__name__} of {who} was not done: {type(error).__name__}")

    def _tell(self, problem: str) -> None:
        self._observe(RunSkipped(JOB, SkipReason.FAILED, problem))


def _connect(client: SocketModeClient) -> str:
    """What went wrong; empty when the connection stands."""
    try:
        client.connect_to_new_endpoint()
    except SlackApiError as error:
        word = str(error.response.get("error") or "")
        # Anything but a word is a page of some proxy.
        return f"Slack answered {word}; {_CURE}" if _WORD.fullmatch(word) else "what answered was not Slack"
    except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do; its text may hold the address
        return f"no connection to Slack: {type(error).__name__}"
    return "" if client.is_connected() else "no connection to the address that Slack named"


def _ended(client: SocketModeClient) -> bool:
    """Whether the other side has closed without a word.

    Left to itself the library would notice after five signs of life, and keep a processor busy until then.
    """
    session = client.current_session
    sock = session.sock if session is not None else None
    try:
        if sock is None or not select.select([sock], [], [], 0)[0]:
            return False
        # Beneath TLS, if any: what is there is left for the library, and nothing at all is the end.
        return not socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except (OSError, ValueError):  # closed meanwhile
        return False


def _let_go(client: SocketModeClient) -> None:
    """Give the connection up, waking the library's thread that reads from it."""
    client.current_session_state.terminated = True
    session = client.current_session
    sock = session.sock if session is not None else None
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    # That thread lets go of the same socket now; whoever comes second finds None in its place.
    with suppress(AttributeError):
        client.disconnect()


def _close(client: SocketModeClient) -> None:
    """Close, waking the library's thread that waits for something to do."""
    _let_go(client)
    client.closed = True
    client.message_queue.put(None)
    client.close()
