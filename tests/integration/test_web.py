"""The HTTP side over real sockets."""

import http.client
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from sigwatch.errors import StoreError
from sigwatch.web.app import Answers, create_app
from sigwatch.web.server import Patience, WebServer

PAGE: dict[str, Any] = {"ready": True, "version": "1", "now": "now", "passes": (), "spent": 0, "pending": 0}
HOSTILE = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>"


@contextmanager
def serving(
    host: str = "127.0.0.1", patience: Patience | None = None, status: Callable[[], Mapping[str, Any]] = lambda: PAGE
) -> Iterator[int]:
    answers = Answers(lambda: b"sigwatch_up 1\n", lambda: "", lambda: "", status)
    server = WebServer(create_app(answers), host, 0, patience)
    server.start()
    try:
        yield server.port
    finally:
        server.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


def ask(port: int, path: str = "/", method: str = "GET", host: str | None = None) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def until_the_end(port: int, sent: bytes) -> bytes:
    """What the server says before it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        got = b""
        try:
            connection.sendall(sent)
            while piece := connection.recv(65_536):
                got += piece
        except ConnectionError:
            pass
        return got


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz", "/nowhere"])
def test_no_answer_is_kept_framed_guessed_at_or_scripted(port: int, path: str) -> None:
    _, headers, _ = ask(port, path)
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    for wanted in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"):
        assert wanted in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert not {"server", "set-cookie", "x-powered-by", "access-control-allow-origin"} & headers.keys()


def test_the_page_may_show_its_own_styles_and_no_others(port: int) -> None:
    _, headers, page = ask(port)
    assert re.search(r"style-src 'sha256-[\w+/]{43}='$", headers["content-security-policy"])
    assert page.count("<style") == 1
    assert not re.search(r"\sstyle=|<script|\son\w+=", page)


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz"])
def test_it_answers_get_and_head_and_nothing_else(port: int, path: str) -> None:
    assert (ask(port, path)[0], ask(port, path, "HEAD")[::2]) == (200, (200, ""))
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        status, headers, _ = ask(port, path, method)
        assert status == 405, method
        assert set(headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "localhost.evil", "[::1"]
)
def test_a_name_that_others_own_is_not_answered_on_loopback(port: int, name: str) -> None:
    status, headers, said = ask(port, host=name)
    assert status == 421
    assert "Host: localhost" in said
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("name", ["localhost:9464", "LOCALHOST", "127.0.0.1", "10.0.0.7:9464", "[::1]:9464"])
def test_addresses_and_localhost_are_answered_on_loopback(port: int, name: str) -> None:
    assert ask(port, host=name)[0] == 200


def test_whoever_is_let_in_from_elsewhere_may_use_any_name() -> None:
    with serving("0.0.0.0") as port:  # noqa: S104 - that is what is tested
        assert ask(port, host="sigwatch.internal:9464")[0] == 200


def test_hostile_text_is_shown_as_text() -> None:
    incident = {"severity": "P0", "count": 1} | dict.fromkeys(("state", "signature", "group"), HOSTILE)
    signature = dict.fromkeys(("id", "title", "project", "severity", "ris", "status"), HOSTILE)
    page = PAGE | {
        "incidents": [incident],
        "signatures": [signature],
        "problems": [HOSTILE],
        "ready": False,
        "why": HOSTILE,
    }
    with serving(status=lambda: page) as port:
        _, _, text = ask(port)
    assert text.count("&lt;script&gt;") == 11
    assert not re.search(r"<script|<img", text)


def test_a_state_that_can_not_be_read_is_a_sentence_and_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> Mapping[str, Any]:
        raise StoreError("the state can not be read: database disk image is malformed")

    with serving(status=broken) as port:
        assert ask(port)[::2] == (503, "the state can not be read: database disk image is malformed\n")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: x", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_no_connection_outlives_its_time_or_its_request(sent: bytes) -> None:
    with serving(patience=Patience(seconds=0.2)) as port:
        said = until_the_end(port, sent)
    assert said.startswith(b"HTTP/1.1 200") == sent.endswith(b"\r\n\r\n")


def test_many_connections_take_no_more_than_their_share() -> None:
    with serving(patience=Patience(connections=3, seconds=600)) as port:
        idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(3)]
        assert until_the_end(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
        for connection in idle:
            connection.close()


def test_junk_is_refused(port: int) -> None:
    assert until_the_end(port, b"\x16\x03\x01 no HTTP at all\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert until_the_end(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000).startswith(b"HTTP/1.1 400")
    assert ask(port, "/healthz")[0] == 200
