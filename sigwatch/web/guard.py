"""What holds for every answer of the HTTP side: who may ask by which name, and what a browser may do with it."""

import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer that does not say otherwise itself."""

_NAMED = re.compile(r"(?P<name>\[[^\]]*\]|[^:]*)(?::\d*)?")
_REFUSAL = (
    "this server listens on this machine alone, so it answers to localhost and to addresses, and to no other name: "
    "let a proxy in front of it send Host: localhost\n"
)


def is_local(host: str) -> bool:
    """Whether a host, or an address in or without brackets, is this machine's own."""
    address = _address(host)
    return address.is_loopback if address else host.lower().rstrip(".") == "localhost"


class Guard:
    """An application around another one."""

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        """Guard `app`.

        Args:
            app: answers.
            local: whether the server listens on a loopback address. Then questions to a name are refused: a page in
                the operator's browser may have its own name point here (DNS rebinding), but never an address. Where the
                server listens for others, they may know it by any name, and the network decides who asks.
        """
        self._app = app
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._local and not _answers_to(Headers(scope=scope).get("host", ""))
        app = PlainTextResponse(_REFUSAL, status_code=421) if refused else self._app
        await app(scope, receive, marked)


def _answers_to(host: str) -> bool:
    """Whether a Host header can not be a name that somebody else owns; HTTP/1.0 has none."""
    found = _NAMED.fullmatch(host)
    return not host or bool(found and (_address(found["name"]) or is_local(found["name"])))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
