"""Runs the HTTP side in a thread of its own."""

import os
import socket
import threading

import uvicorn
from starlette.applications import Starlette

from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem


class WebServer:
    """Serves an application until closed; the port is known as soon as it is built."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        """Bind to host and port; port 0 takes a free one.

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
        config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
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


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
