"""Ways in which a call of the fake Slack can fail."""

import json
from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """What goes wrong on the wire."""

    ANSWER = "answer"
    RESET = "reset"
    CLOSE = "close"
    TRUNCATE = "truncate"
    DRIP = "drip"


class Accept(StrEnum):
    """Whether the method takes effect, and when."""

    NEVER = "never"
    FIRST = "first"
    AFTER_RELEASE = "after release"


@dataclass(frozen=True)
class Fault:
    """One way to fail; `accept` tells what becomes of the request itself."""

    failure: Failure = Failure.ANSWER
    accept: Accept = Accept.NEVER
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    """None answers truly."""
    hold: bool = False
    """Say nothing until `FakeSlack.release`."""


def api_error(word: str, *, accepted: bool = False) -> Fault:
    """`{"ok": false, "error": word}` with status 200."""
    return Fault(accept=_accept(accepted), body=json.dumps({"ok": False, "error": word}))


def rate_limited(retry_after: str | None = "1") -> Fault:
    """Status 429, with the header unless None."""
    headers = (("Retry-After", retry_after),) if retry_after is not None else ()
    return Fault(status=429, headers=headers, body=json.dumps({"ok": False, "error": "ratelimited"}))


def server_error(status: int = 503, *, accepted: bool = False) -> Fault:
    """A 5xx with a page of HTML."""
    return Fault(accept=_accept(accepted), status=status, body="<html>sorry</html>")


def html(*, accepted: bool = True) -> Fault:
    """Status 200 with a page of HTML."""
    return Fault(accept=_accept(accepted), body="<html>sorry</html>")


def reset(*, accepted: bool = False) -> Fault:
    """The connection is reset (RST) in place of an answer."""
    return Fault(Failure.RESET, _accept(accepted))


def disconnect(*, accepted: bool = True) -> Fault:
    """The connection is closed (FIN) in place of an answer."""
    return Fault(Failure.CLOSE, _accept(accepted))


def truncated(*, accepted: bool = True) -> Fault:
    """The answer ends half-way."""
    return Fault(Failure.TRUNCATE, _accept(accepted))


def drip(*, accepted: bool = True) -> Fault:
    """The answer comes byte by byte, for ever as far as the client is concerned, until `FakeSlack.release`."""
    return Fault(Failure.DRIP, _accept(accepted))


def hang(*, accepted: bool = False) -> Fault:
    """No answer until `FakeSlack.release`."""
    return Fault(accept=_accept(accepted), hold=True)


def late_accept() -> Fault:
    """The request takes effect only at `FakeSlack.release`, when the client may long be gone."""
    return Fault(accept=Accept.AFTER_RELEASE, hold=True)


def _accept(accepted: bool) -> Accept:
    return Accept.FIRST if accepted else Accept.NEVER
