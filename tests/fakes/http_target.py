"""A server that takes JSON as some target would, keeps what it was sent, and fails on demand.

    with HttpTarget(service.accept) as target:
        target.script(reset(accepted=True), rate_limited("7"))
        ...  # target.url

What the target makes of a request is the service's; the faults are those of the Slack server.
"""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.slack_server import PATIENCE_SECONDS, Accept, Failure, Fault


@dataclass(frozen=True)
class Request:
    """One that arrived."""

    path: str
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What the service answers."""

    status: int = 200
    body: str = "{}"
    headers: tuple[tuple[str, str], ...] = ()


def anything(request: Request) -> Reply:
    """Takes whatever comes."""
    return Reply()


def slack_webhook(request: Request) -> Reply:
    """Takes what an incoming webhook takes: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""
    message = request.json
    if not isinstance(message, dict):
        return Reply(400, "invalid_payload")
    return Reply(200, "ok") if message.get("text") else Reply(400, "no_text")


@dataclass
class PagerDuty:
    """Alerts by their key, as the Events API v2 keeps them: developer.pagerduty.com/docs/send-alert-event."""

    routing_key: str = "0123456789abcdef0123456789abcdef"
    refuses_details: bool = False
    alerts: dict[str, str] = field(default_factory=dict)
    """State of each alert by its key."""
    pages: list[str] = field(default_factory=list)
    """Keys of the alerts that paged somebody, in order."""

    def accept(self, request: Request) -> Reply:
        faults = self._faults(request)
        if faults:
            return Reply(400, json.dumps({"status": "invalid event", "errors": faults}))
        event = request.json
        key, action = event["dedup_key"], event["event_action"]
        if action == "trigger" and self.alerts.get(key, "resolve") == "resolve":
            self.pages.append(key)
            self.alerts[key] = action
        elif action != "trigger" and self.alerts.get(key, "resolve") != "resolve":
            self.alerts[key] = action
        return Reply(202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": key}))

    def _faults(self, request: Request) -> list[str]:
        event = request.json
        payload = event.get("payload") or {}
        triggers = event.get("event_action") == "trigger"
        faults = {
            "path": request.path != "/v2/enqueue",
            "size": len(request.body) > 512 * 1024,
            "routing_key": event.get("routing_key") != self.routing_key,
            "event_action": event.get("event_action") not in {"trigger", "acknowledge", "resolve"},
            "dedup_key": not 0 < len(event.get("dedup_key", "")) <= 255,
            "summary": triggers and not 0 < len(payload.get("summary", "")) <= 1_024,
            "source": triggers and not payload.get("source"),
            "severity": triggers and payload.get("severity") not in {"critical", "error", "warning", "info"},
            "links": not all(link["href"].startswith("http") for link in event.get("links", [])),
            "custom_details": self.refuses_details and "custom_details" in payload,
        }
        return [name for name, wrong in faults.items() if wrong]


class HttpTarget:
    """The server; a context manager."""

    def __init__(self, accept: Callable[[Request], Reply] = anything) -> None:
        """Answer as `accept` says."""
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        """Those that took effect."""
        self.accept = accept
        self.changed = threading.Condition()
        self.released = threading.Event()
        self._faults: deque[Fault] = deque()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="http-target")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, *faults: Fault) -> None:
        """Let the next requests fail, one fault each."""
        self._faults.extend(faults)

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Wait until the predicate, tried after every request, is true; False after `timeout` seconds."""
        with self.changed:
            return self.changed.wait_for(predicate, timeout)

    # What the handler of a request calls.

    def take(self, request: Request) -> Fault:
        """Note a request and give the fault that is scripted for it."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            return self._faults.popleft() if self._faults else Fault(accept=Accept.FIRST)

    def perform(self, request: Request) -> Reply:
        """Let a request take effect."""
        with self.changed:
            reply = self.accept(request)
            if reply.status < 300:
                self.accepted.append(request)
            self.changed.notify_all()
            return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, target: HttpTarget) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body)
        with suppress(ConnectionError):
            self._answer(request, self.server.target.take(request))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: stderr belongs to the tests."""

    def _answer(self, request: Request, fault: Fault) -> None:
        target = self.server.target
        reply = target.perform(request) if fault.accept is Accept.FIRST else Reply(fault.status)
        if fault.hold:
            target.released.wait(PATIENCE_SECONDS)
        if fault.body is not None or fault.status != 200:
            reply = Reply(fault.status, fault.body or "", fault.headers)
        match fault.failure:
            case Failure.RESET:
                # A linger time of zero closes with RST.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.close(self.connection.detach())
                self.close_connection = True
            case Failure.CLOSE:
                self.close_connection = True
            case Failure.TRUNCATE:
                self._write(reply, len(reply.body) + 100, reply.body)
            case Failure.DRIP:
                self._drip(reply)
            case Failure.ANSWER:
                self._write(reply, len(reply.body.encode()), reply.body)

    def _write(self, reply: Reply, length: int, body: str) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body.encode())

    def _drip(self, reply: Reply) -> None:
        self._write(reply, 1_000_000, "")
        while not self.server.target.released.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()
