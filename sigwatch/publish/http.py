"""One POST of JSON: sent once, answered within a deadline, and explained by what is certain about its fate.

No error made here holds what was sent or received, nor more of the address than its host: the rest may be a secret.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationParseError
from urllib3.util import make_headers, parse_url

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.publish.deadline import hush, within
from sigwatch.publish.retry_after import seconds

DEADLINE_SECONDS = 20.0
SOCKET_TIMEOUT_SECONDS = 10.0
LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target said to a request that it accepted."""

    status: int
    body: str = field(repr=False)


class Address:
    """Where to post to. Shows itself as its host alone."""

    def __init__(self, url: str) -> None:
        """Read an http or https URL; user info in it becomes basic authentication.

        Raises:
            ValueError: it is none; the sentence does not quote it.
        """
        try:
            parts = parse_url(url.strip())
        except LocationParseError:
            parts = parse_url("")
        if parts.scheme not in {"http", "https"} or not parts.host:
            raise ValueError("not an address that begins with http:// or https:// and a host")
        self.host = parts.host.strip("[]")
        self.port = parts.port
        self.encrypted = parts.scheme == "https"
        self.path = parts.request_uri
        self.headers = make_headers(basic_auth=unquote(parts.auth)) if parts.auth else {}

    def __repr__(self) -> str:
        return f"Address({self.host})"

    def connection(self, timeout: float) -> HTTPConnection:
        """A new connection, not yet open."""
        kind = HTTPSConnection if self.encrypted else HTTPConnection
        return kind(self.host, self.port, timeout=timeout)


def post(
    address: Address,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    deadline: float = DEADLINE_SECONDS,
    timeout: float = SOCKET_TIMEOUT_SECONDS,
) -> Answer:
    """Send JSON once over a connection of its own. No retries, and no redirects: they could lead a secret elsewhere.

    A kept connection may be closed by the other side just as it is used, and then the outcome would be uncertain.

    Args:
        address: where to.
        body: JSON.
        headers: in addition to the usual ones.
        deadline: seconds for all.
        timeout: seconds for one socket operation.

    Raises:
        NotSent: certainly not accepted.
        Ambiguous: no whole answer, or a server's error.
        Refused: any other answer than an acceptance.
    """
    hush("urllib3.connection")
    sent = {"Content-Type": "application/json", "User-Agent": "sigwatch", **address.headers, **(headers or {})}
    return within(
        deadline,
        lambda: _exchange(address, body, sent, timeout),
        lambda failure: Ambiguous(f"no answer from {address.host} ({type(failure).__name__})"),
    )


def encode(value: object) -> bytes:
    """JSON as it is sent; the same value gives the same bytes. A lone surrogate, which UTF-8 lacks, becomes `?`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def repeatable(call: Callable[[], Answer]) -> Answer:
    """Make a call that does no harm when it is made twice: what is uncertain is simply to be tried again."""
    try:
        return call()
    except Ambiguous as error:
        raise NotSent(str(error)) from None


def _exchange(address: Address, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
    connection = address.connection(timeout)
    try:
        failure = _failure(connection.connect)
        if failure is not None:
            # Looking up the name, connecting, TLS: all of that comes before the first byte of the request.
            raise NotSent(f"{address.host} can not be reached ({type(failure).__name__})")
        connection.request("POST", address.path, body, headers, preload_content=False)
        response = connection.getresponse()
        answer = Answer(response.status, response.read(LONGEST_ANSWER).decode(errors="replace"))
        refusal = classify(address.host, response.status, response.headers.get("Retry-After"))
    finally:
        connection.close()
    if refusal is not None:
        raise refusal
    return answer


def classify(host: str, status: int, retry_after: str | None = None) -> PublishError | None:
    """The meaning of a status; None for an acceptance."""
    said = f"{host} answered HTTP {status}"
    if 200 <= status < 300:
        return None
    if status == 429:
        return NotSent(said, seconds(retry_after))
    if status >= 500 or status == 408:
        return Ambiguous(said)
    if 300 <= status < 400:
        return Refused(f"{said}: redirects are not followed; configure the address that it leads to")
    return Refused(said, because_of_content=status in {400, 413, 422})


def _failure(step: Callable[[], object]) -> Exception | None:
    # Returned, not raised: an error raised while another is handled would carry that one along, and what it quotes.
    try:
        step()
    except Exception as failure:  # noqa: BLE001 - whatever it is, nothing was sent
        return failure
    return None
