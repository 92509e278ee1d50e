"""Stands between a program and servers of AWS, hands everything on, and notes which permission each request needs.

The service authorization reference of AWS says what a request needs: mostly the action of its own name. A transaction
of DynamoDB needs the actions of what is in it instead.
"""

import json
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_SERVICES = {"Logs_20140328": "logs", "DynamoDB_20120810": "dynamodb", "GraniteServiceVersion20100801": "cloudwatch"}
_IN_TRANSACTION = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
_DROPPED = {"connection", "transfer-encoding", "content-length"}


def actions(target: str, body: bytes) -> list[str]:
    """The permissions that a request needs; `target` is its X-Amz-Target, empty in the older protocol of forms."""
    if not target:
        return [f"sts:{parse_qs(body.decode())['Action'][0]}"]
    service, _, name = target.partition(".")
    if name in {"TransactWriteItems", "TransactGetItems"}:
        return [_IN_TRANSACTION[kind] for item in json.loads(body)["TransactItems"] for kind in item]
    return [f"{_SERVICES[service]}:{name}"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A program that ends breaks off what it has asked."""


class Recorder:
    """Serves in front of another server while it is entered."""

    def __init__(self, upstream: str, needed: Counter[str]) -> None:
        """Note in `needed` how often each permission was needed."""
        lock, address = threading.Lock(), urlsplit(upstream).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    needed.update(actions(self.headers.get("X-Amz-Target", ""), body))
                try:
                    self._answer(_handed_on(address, self.path, dict(self.headers.items()), body))
                except (OSError, HTTPException):
                    # The answer was lost on the way here, so it is lost further on.
                    self.close_connection = True

            def _answer(self, answer: tuple[int, list[tuple[str, str]], bytes]) -> None:
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in _DROPPED:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is said."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handed_on(address: str, path: str, headers: dict[str, str], body: bytes) -> Any:
    connection = HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", path, body, headers)
        with connection.getresponse() as answer:
            return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()
