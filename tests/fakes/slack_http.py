"""The wire of the fake Slack: requests in, true or false answers out."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.slack_faults import Accept, Failure, Fault

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    method: str
    params: Json
    token: str


@dataclass(frozen=True)
class Reply:
    """A true answer."""

    body: Json
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def over(self, fault: Fault) -> Fault:
        """The fault with this answer's status, where it has none of its own."""
        return (
            fault
            if fault.body is not None or fault.status != 200
            else replace(fault, status=self.status, headers=self.headers)
        )


class Backend(Protocol):
    """Who answers."""

    def take(self, call: Call) -> Fault | None:
        """Note a call and give the fault that is scripted for it."""

    def perform(self, call: Call) -> Reply:
        """Do what the method does, whatever becomes of the answer."""

    def held(self) -> None:
        """Wait until what hangs may go on."""

    def dripping(self) -> Iterator[bytes]:
        """A byte now and then until what hangs may go on."""


def _read_json(raw: str) -> Json | None:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class SlackHttp(ThreadingHTTPServer):
    """The server; each request has a thread."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, slack: Backend) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.slack = slack


class _Handler(BaseHTTPRequestHandler):
    server: SlackHttp

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
        reply = slack.perform(call) if fault.accept is Accept.FIRST else Reply({"ok": False, "error": "internal_error"})
        if fault.hold:
            slack.held()
        if fault.accept is Accept.AFTER_RELEASE:
            reply = slack.perform(call)
        body = (json.dumps(reply.body) if fault.body is None else fault.body).encode()
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
                self._write(reply.over(fault), body)

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
