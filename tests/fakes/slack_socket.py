"""Slack's side of Socket Mode: hands out addresses, sends clicks over a web socket, and drops connections on demand.

    with FakeSocketMode() as slack:
        mode = SocketMode(slack.token, slack.base_url, handle, observe)
        mode.start()
        assert slack.wait_for(lambda: slack.connections == 1)
        envelope = slack.click("sigwatch.acknowledge", "0123456789abcdef", user="jane")
        assert slack.wait_for(lambda: envelope in slack.acknowledged)

It has an address of its own for `apps.connections.open`. For a Slack that does everything at one address:

    whole = FakeSlack(...)
    whole.methods["apps.connections.open"] = lambda call: slack.opened(call.token)
"""

import json
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

Json = dict[str, Any]

TOKEN = "xapp-1-fake-token-0123456789"
MOST_CONNECTIONS = 10


class FakeSocketMode:
    """The server; a context manager."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.acknowledged: list[str] = []
        """Envelope ids in the order in which they were acknowledged."""
        self.opens = 0
        """Calls of `apps.connections.open`."""
        self._tickets: set[str] = set()
        self._open: list[ServerConnection] = []
        self._refusals: deque[str] = deque()
        self._refusing = ""
        self._silent = threading.Event()
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._http = _Http(self)
        self._ws: Server = serve(
            self._talk,
            "127.0.0.1",
            0,
            compression=None,
            process_request=self._admit,
            close_timeout=1,
            logger=_unheard(),
        )
        self._threads = [
            threading.Thread(target=self._http.serve_forever, args=(0.01,), name="fake-slack-socket-http"),
            threading.Thread(target=self._ws.serve_forever, name="fake-slack-socket-ws"),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._silent.clear()
        self.drop()
        self._http.shutdown()
        self._http.server_close()
        self._ws.shutdown()
        for thread in self._threads:
            thread.join()

    @property
    def base_url(self) -> str:
        """Address of the methods, with the slash at the end that slack-sdk wants."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/api/"

    @property
    def connections(self) -> int:
        """Connections that stand."""
        with self._changed:
            return len(self._open)

    def opened(self, token: str) -> Json:
        """Answer `apps.connections.open`: an address that is good for one connection."""
        with self._changed:
            self.opens += 1
            self._changed.notify_all()
            refusal = self._refusals.popleft() if self._refusals else self._refusing
            if not refusal and token != self.token:
                refusal = (
                    "invalid_auth" if token.startswith("xapp-") else "not_allowed_token_type" if token else "not_authed"
                )
            if refusal:
                return {"ok": False, "error": refusal}
            ticket = uuid.uuid4().hex
            self._tickets.add(ticket)
        return {
            "ok": True,
            "url": f"ws://127.0.0.1:{self._ws.socket.getsockname()[1]}/link/?ticket={ticket}&app_id=A0FAKE",
        }

    def refuse(self, *words: str) -> None:
        """Refuse the next calls of `apps.connections.open`, one word each."""
        with self._changed:
            self._refusals.extend(words)

    def refuse_always(self, word: str) -> None:
        """Refuse every call from now on; an empty word lifts that."""
        with self._changed:
            self._refusing = word

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Within, calls of `apps.connections.open` get no answer."""
        self._silent.set()
        try:
            yield
        finally:
            self._silent.clear()

    def click(self, action_id: str, value: str, user: str = "jane", **action: Any) -> str:
        """Send what a click on a button becomes, over one of the connections, and return the envelope's id."""
        return self.interactive(block_actions({"action_id": action_id, "value": value, **action}, user=user))

    def interactive(self, payload: object, envelope: str = "") -> str:
        """Send an interactive envelope; one with an id that was sent before is a repetition."""
        envelope = envelope or str(uuid.uuid4())
        told = {"envelope_id": envelope, "payload": payload, "type": "interactive", "accepts_response_payload": False}
        self._send(told)
        return envelope

    def ask_to_reconnect(self, reason: str = "refresh_requested") -> None:
        """Announce the end of every connection, as Slack does every few hours, and close once another one stands."""
        with self._changed:
            old, before = list(self._open), len(self._open)
        info = {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060}
        for connection in old:
            connection.send(json.dumps({"type": "disconnect", "reason": reason, "debug_info": info}))
        assert self.wait_for(lambda: len(self._open) > before or not self._open or self._open[0] not in old)
        for connection in old:
            connection.close()

    def close_properly(self) -> None:
        """End every connection with a close frame."""
        for connection in self._standing():
            connection.close()

    def drop(self) -> None:
        """End every connection without a word."""
        for connection in self._standing():
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Wait until the predicate, tried after every change, is true; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def hold(self) -> None:
        """Wait for as long as `hanging` lasts."""
        while self._silent.is_set() and not self._ended.wait(0.01):
            pass

    def _standing(self) -> list[ServerConnection]:
        with self._changed:
            return list(self._open)

    def _send(self, message: Mapping[str, object]) -> None:
        with self._changed:
            assert self._open, "nobody is connected, so Slack would show an error to whoever clicked"
            newest = self._open[-1]
        newest.send(json.dumps(message))

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        ticket = request.path.partition("ticket=")[2].partition("&")[0]
        with self._changed:
            if ticket in self._tickets and len(self._open) < MOST_CONNECTIONS:
                self._tickets.remove(ticket)
                return None
        return Response(HTTPStatus.UNAUTHORIZED, "Unauthorized", Headers())

    def _talk(self, connection: ServerConnection) -> None:
        info = {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060}
        app = {"app_id": "A0FAKE"}
        try:
            count = self.connections + 1
            hello = {"type": "hello", "num_connections": count, "debug_info": info, "connection_info": app}
            connection.send(json.dumps(hello))
            with self._changed:
                self._open.append(connection)
                self._changed.notify_all()
            for message in connection:
                with self._changed:
                    self.acknowledged.append(str(json.loads(message).get("envelope_id")))
                    self._changed.notify_all()
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._changed:
                if connection in self._open:
                    self._open.remove(connection)
                self._changed.notify_all()


def block_actions(*actions: Json, user: str = "jane") -> Json:
    """The payload of clicks, with what Slack puts around them."""
    stamped = [
        {"type": "button", "block_id": "b1", "action_ts": "1770199200.000100", "text": {"type": "plain_text"}, **action}
        for action in actions
    ]
    return {
        "type": "block_actions",
        "user": {"id": "U0JANE", "username": user, "name": user, "team_id": "T0FAKE"},
        "api_app_id": "A0FAKE",
        "token": "a-verification-token",
        "container": {"type": "message", "message_ts": "1.000001", "channel_id": "C0ONCALL", "is_ephemeral": False},
        "trigger_id": "1.2.abc",
        "team": {"id": "T0FAKE", "domain": "fake"},
        "channel": {"id": "C0ONCALL", "name": "oncall"},
        "message": {"type": "message", "ts": "1.000001", "text": "", "blocks": []},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T0FAKE/1/secret",
        "actions": stamped,
    }


def _unheard() -> logging.Logger:
    logger = logging.getLogger("tests.slack_socket")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, slack: FakeSocketMode) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.slack = slack


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.slack.hold()
        method = self.path.partition("?")[0].removeprefix("/api/")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = method == "apps.connections.open"
        answer = self.server.slack.opened(token) if known else {"ok": False, "error": "unknown_method"}
        body = json.dumps(answer).encode()
        with suppress(ConnectionError):
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: stderr belongs to the tests."""
