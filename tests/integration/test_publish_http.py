"""One POST, and every way in which it can fail, over real sockets."""

import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.publish.deadline import within
from sigwatch.publish.http import LONGEST_ANSWER, Address, classify, encode, post, repeatable
from tests.fakes.http_target import HttpTarget, Reply
from tests.fakes.slack_server import (
    Fault,
    disconnect,
    drip,
    hang,
    html,
    rate_limited,
    reset,
    server_error,
    truncated,
)

SECRET = "T0SECRET"


@pytest.fixture
def target() -> Iterator[HttpTarget]:
    with HttpTarget() as server:
        yield server


def address(target: HttpTarget) -> Address:
    return Address(f"{target.url.replace('//', f'//user:{SECRET}@')}/services/{SECRET}?key={SECRET}#{SECRET}")


def test_a_post_arrives_once_and_whole(target: HttpTarget) -> None:
    answer = post(address(target), encode({"a": "ü\ud800"}), {"x-more": "1"})
    (request,) = target.requests
    assert (answer.status, answer.body) == (200, "{}")
    assert request.json == {"a": "ü?"}
    assert request.path == f"/services/{SECRET}?key={SECRET}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-more"] == "1"
    assert request.headers["authorization"] == "Basic dXNlcjpUMFNFQ1JFVA=="


FAULTS = [
    pytest.param(rate_limited("7"), NotSent, 0, id="429"),
    pytest.param(server_error(503), Ambiguous, 0, id="503 before accept"),
    pytest.param(server_error(500, accepted=True), Ambiguous, 1, id="500 after accept"),
    pytest.param(Fault(status=408), Ambiguous, 0, id="408"),
    pytest.param(reset(), Ambiguous, 0, id="RST before accept"),
    pytest.param(reset(accepted=True), Ambiguous, 1, id="RST after accept"),
    pytest.param(disconnect(), Ambiguous, 1, id="FIN after accept"),
    pytest.param(truncated(), Ambiguous, 1, id="truncated after accept"),
    pytest.param(Fault(status=302, headers=(("Location", "/elsewhere"),)), Refused, 0, id="302"),
    pytest.param(Fault(status=307, headers=(("Location", "/elsewhere"),)), Refused, 0, id="307"),
    pytest.param(Fault(status=400, body=SECRET), Refused, 0, id="400"),
    pytest.param(Fault(status=404), Refused, 0, id="404"),
    pytest.param(Fault(status=410), Refused, 0, id="410"),
]


@pytest.mark.parametrize(("fault", "kind", "accepted"), FAULTS)
def test_each_failure_is_told_apart_and_nothing_is_sent_twice(
    target: HttpTarget, fault: Fault, kind: type[PublishError], accepted: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    target.script(fault)
    with pytest.raises(PublishError) as caught:
        post(address(target), encode({"text": SECRET}))
    assert type(caught.value) is kind
    assert (len(target.requests), len(target.accepted)) == (1, accepted)
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r} {caplog.text}"
    assert "127.0.0.1" in str(caught.value)


def test_only_a_complaint_about_the_content_asks_for_a_plainer_form() -> None:
    plainer = {status: classify("h", status) for status in (400, 401, 403, 404, 410, 413, 422, 302)}
    assert {s for s, e in plainer.items() if isinstance(e, Refused) and e.because_of_content} == {400, 413, 422}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("Wed, 21 Oct 2026 07:28:00 GMT", 10.0), (None, 10.0), ("-1", 10.0), ("1e9", 3_600.0)],
)
def test_retry_after_is_handed_on(target: HttpTarget, header: str | None, seconds: float) -> None:
    target.script(rate_limited(header))
    with pytest.raises(NotSent) as caught:
        post(address(target), b"{}")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("fault", [hang(), hang(accepted=True), drip()], ids=["hang", "hang after accept", "drip"])
def test_a_call_ends_with_its_deadline(target: HttpTarget, fault: Fault) -> None:
    # What a drip gave so far would be an answer, were its end not waited for.
    target.script(fault)
    with pytest.raises(Ambiguous, match=r"within 0\.2 seconds"):
        post(address(target), b"{}", deadline=0.2)
    target.released.set()


def test_a_read_timeout_is_ambiguous(target: HttpTarget) -> None:
    target.script(hang(accepted=True))
    with pytest.raises(Ambiguous, match=r"ReadTimeoutError|TimeoutError"):
        post(address(target), b"{}", timeout=0.2)
    target.released.set()


def test_nobody_listening_means_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match=r"^127\.0\.0\.1 can not be reached \(NewConnectionError\)$"):
            post(Address(f"http://127.0.0.1:{unused.getsockname()[1]}/{SECRET}"), b"{}")


def test_an_unknown_host_means_not_sent() -> None:
    with pytest.raises(NotSent, match=r"^target\.invalid can not be reached \(NameResolutionError\)$"):
        post(Address(f"http://target.invalid/{SECRET}"), b"{}")


def test_a_failed_handshake_means_not_sent(target: HttpTarget) -> None:
    with pytest.raises(NotSent, match=r"^127\.0\.0\.1 can not be reached \(SSLError\)$"):
        post(Address(target.url.replace("http:", "https:")), b"{}")
    assert target.requests == []


def test_a_malformed_header_is_not_logged_with_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as server:
        received = bytearray()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                while not received.endswith(b"{}"):
                    received.extend(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert post(Address(f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"), b"{}").status == 200
        thread.join()
    assert SECRET not in caplog.text


def test_no_more_of_an_answer_is_read_than_anybody_needs(target: HttpTarget) -> None:
    target.accept = lambda request: Reply(200, "x" * (3 * LONGEST_ANSWER))
    assert len(post(address(target), b"{}").body) == LONGEST_ANSWER


def test_html_with_status_200_is_an_answer_for_the_caller_to_judge(target: HttpTarget) -> None:
    target.script(html())
    assert post(address(target), b"{}").body.startswith("<html>")


def test_what_may_be_repeated_is_never_ambiguous(target: HttpTarget) -> None:
    target.script(reset(accepted=True), Fault(status=404))
    with pytest.raises(NotSent):
        repeatable(lambda: post(address(target), b"{}"))
    with pytest.raises(Refused):
        repeatable(lambda: post(address(target), b"{}"))


@pytest.mark.parametrize("url", ["", "hooks.example/x", "ftp://h/x", "http://", "http://[::1", "file:/etc/passwd"])
def test_what_is_no_address_is_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^not an address that begins with http:// or https:// and a host$") as caught:
        Address(url)
    assert caught.value.__context__ is None


def test_an_address_shows_its_host_alone() -> None:
    assert repr(Address(f"https://u:{SECRET}@hooks.example:8443/{SECRET}?{SECRET}")) == "Address(hooks.example)"


def test_a_deadline_hands_on_what_the_call_returns_or_raises() -> None:
    def fails() -> int:
        raise KeyError(SECRET)

    assert within(5, lambda: 1, lambda failure: NotSent("no")) == 1
    with pytest.raises(NotSent, match=r"^KeyError$") as caught:
        within(5, fails, lambda failure: NotSent(type(failure).__name__))
    assert caught.value.__context__ is None
