"""A way to a server here that can be shut: nothing listens, or whoever connects waits for ever."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65_536


class Gate:
    """Passes connections on, byte by byte, until it is shut or hangs. A context manager."""

    def __init__(self, upstream: str) -> None:
        """Lead to the server of that address, at a port that stays the same however often it is shut."""
        parts = urlsplit(upstream)
        self._upstream = parts.hostname or "", parts.port or 80
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}{parts.path}"
        self._listen()

    def shut(self) -> None:
        """Refuse whoever connects, and break off whoever is connected."""
        self._close_listener()
        self._break_off()

    def hang(self) -> None:
        """Take every connection and every request, and answer none."""
        self._flowing.clear()

    def open(self) -> None:
        """Pass on again what comes from now on; what hung is broken off, as by a server that was started anew."""
        self._break_off()
        self._flowing.set()
        if self._listener.fileno() < 0:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shut()
        self._flowing.set()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), name="gate", daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                inside, _ = listener.accept()
                self._keep(inside)
                threading.Thread(target=self._lead, args=(inside,), name="gate", daemon=True).start()

    def _lead(self, inside: socket.socket) -> None:
        try:
            outside = socket.create_connection(self._upstream, timeout=10)
        except OSError:
            _end(inside)
            return
        outside.settimeout(None)
        self._keep(outside)
        threading.Thread(target=self._pass_on, args=(outside, inside), name="gate", daemon=True).start()
        self._pass_on(inside, outside)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                self._flowing.wait()
                target.sendall(piece)
        for each in (source, target):
            _end(each)
            with self._lock:
                self._ends.discard(each)

    def _keep(self, end: socket.socket) -> None:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._ends.add(end)

    def _close_listener(self) -> None:
        with contextlib.suppress(OSError):
            # Closing alone does not wake a thread that waits for a connection.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _break_off(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, set()
        for each in ends:
            _end(each)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
