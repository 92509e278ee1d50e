"""An HTTP proxy in front of a server here that loses answers, or requests, as it is told."""

import http.client
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

PASS, LOSE_ANSWER, LOSE_REQUEST, FAIL = "pass", "lose the answer", "lose the request", "answer 500"
THROTTLE = "answer that it is too much"
_ERRORS = {
    FAIL: (500, b'{"__type":"InternalServerError"}'),
    THROTTLE: (400, b'{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}'),
    LOSE_REQUEST: (500, b""),
}


class LossyProxy:
    """Does with each request what stands next in line, and passes it on where nothing does."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self.line: deque[str | bytes] = deque()
        """What to do; bytes are the body of an answer 400."""
        self.seen: list[str] = []
        """The operations that were asked for."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.handle(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.seen.append(request.headers["X-Amz-Target"].partition(".")[2])
        deed = self.line.popleft() if self.line else PASS
        if isinstance(deed, bytes):
            status, answer = 400, deed
        else:
            status, answer = self._ask(request, body) if deed in {PASS, LOSE_ANSWER} else _ERRORS[deed]
        if deed in {LOSE_ANSWER, LOSE_REQUEST}:
            request.close_connection = True
            return
        request.send_response(status)
        request.send_header("Content-Type", "application/x-amz-json-1.0")
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _ask(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._upstream, timeout=10)
        connection.request("POST", "/", body, dict(request.headers.items()))
        found = connection.getresponse()
        answer = found.read()
        connection.close()
        return found.status, answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
