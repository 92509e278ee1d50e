"""Runs the HTTP side in a thread of its own."""

import asyncio
import os
import socket
import threading
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem
from sigwatch.web.guard import Guard, is_local


@dataclass(frozen=True, slots=True)
class Patience:
    """How far those who ask may go: connections share the process's file descriptors with the watching."""

    connections: int = 64
    """At once; what is beyond is cut off at once."""
    seconds: float = 10.0
    """For one connection and its one request, however slowly it is sent or its answer is read."""


class WebServer:
    """Serves an application until closed; the port is known as soon as it is built."""

    def __init__(self, app: Starlette, host: str, port: int, patience: Patience | None = None) -> None:
        """Bind to host and port; port 0 takes a free one.

        Args:
            app: answers.
            host: address or name of the interface; see `Guard` for what a loopback address means.
            port: 0 for a free one.
            patience: None for the usual one.

        Raises:
            ConfigurationError: the address can not be had.
        """
        try:
            # It listens at once: whoever asks before the thread is ready waits in its queue.
            self._socket = socket.create_server((host, port), family=_family(host))
        except OSError as error:
            why = os.strerror(error.errno or 0)
            cure = f"{host}:{port} can not be had: {why}; choose another port, or 0 for a free one"
            raise ConfigurationError([Problem("", 0, "http.port", cure)]) from error
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            Guard(app, local=is_local(host)),
            http=_bounded(patience or Patience()),
            ws="none",
            lifespan="off",
            # Also how many are taken before the first of them is looked at.
            backlog=16,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # One request each: a kept connection would need a patience of its own.
            headers=[("Connection", "close")],
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=3)
        self._socket.close()


def _bounded(patience: Patience) -> type[asyncio.Protocol]:
    """Uvicorn's protocol; its own limits leave connections alone that ask nothing."""

    class Bounded(H11Protocol):
        _end: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            if len(self.connections) > patience.connections:
                transport.abort()
            else:
                self._end = self.loop.call_later(patience.seconds, transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._end:
                self._end.cancel()
            super().connection_lost(exc)

    return Bounded


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
