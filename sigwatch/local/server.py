"""The service over HTTP: in a thread for demos and tests, or in the foreground for other clients."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sigwatch.local.faults import EMPTY_REPLY, LOST_REPLY, Faults, faults_from
from sigwatch.local.logs import Clock, LogStore
from sigwatch.local.protocol import Answer, Tally, answer, stats
from sigwatch.local.service import Body, Service, build_service
from sigwatch.local.settings import Settings

_MEDIA_TYPE = "application/x-amz-json-1.1"
_SERVERS_LOGGER = "uvicorn.error"


class LocalServer:
    """An embedded CloudWatch Logs on 127.0.0.1, in a thread of this process.

    ```
    with LocalServer(clock=time.time) as server:
        boto3.client("logs", endpoint_url=server.url, ...)
    ```
    """

    def __init__(
        self,
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        faults: Faults | None = None,
    ) -> None:
        self._service = build_service(clock, settings or Settings(), faults or Faults())
        self._tally = Tally()
        self._address = (host, port)
        self._app = build_app(self._service, self._tally)
        self._stop: Callable[[], None] | None = None
        self.url = ""
        """Endpoint for clients; empty until the server has started."""

    @property
    def store(self) -> LogStore:
        """What is logged; may be read and written while the server runs."""
        return self._service.store

    def inject(self, faults: Faults) -> None:
        """Let these things go wrong from now on, and no others."""
        self._service.injector.load(faults)

    def stats(self) -> Body:
        """Requests by operation and result, queries by status, bytes scanned, queries running."""
        return stats(self._service, self._tally)

    def start(self) -> None:
        """Listen and serve; returns as soon as clients can connect.

        After `stop` it may start again, with the same address and everything it knew.

        Raises:
            OSError: the address is taken or not ours.
        """
        listener = listen(self._address)
        self._address = listener.getsockname()[:2]
        self.url = "http://{}:{}".format(*self._address)
        server = uvicorn.Server(_config(self._app))
        # The socket listens already: whoever connects before the thread is ready waits in its queue.
        thread = threading.Thread(target=_run, args=(server, listener), name="local-logs", daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join()

        self._stop = stop

    def stop(self) -> None:
        """End the server and wait for it; what is under way is answered first."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    host: str,
    port: int,
    *,
    clock: Clock,
    on_ready: Callable[[str], None],
    settings: Settings | None = None,
    faults: Faults | None = None,
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; call it from the main thread.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        clock: epoch seconds.
        on_ready: is told the URL once clients can connect.
        settings: how the service behaves.
        faults: what goes wrong.

    Raises:
        OSError: the address is taken or not ours.
    """
    ended = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, lambda *_: ended.set()) for each in signals]
    try:
        with LocalServer(clock=clock, host=host, port=port, settings=settings, faults=faults) as server:
            on_ready(server.url)
            ended.wait()
    finally:
        for each, handler in zip(signals, previous, strict=True):
            signal.signal(each, handler)


def build_app(service: Service, tally: Tally) -> Starlette:
    """The HTTP application over a service."""

    async def call(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            # A client that is killed in the middle of a request gets no answer; uvicorn would call that an error.
            return Response(status_code=400)
        reply = await run_in_threadpool(answer, service, tally, request.headers, body)
        return _response(reply)

    async def load_faults(request: Request) -> Response:
        try:
            faults = faults_from(await request.json())
        except (TypeError, ValueError) as fault:
            return JSONResponse({"error": str(fault)}, status_code=400)
        service.injector.load(faults)
        return JSONResponse(asdict(faults))

    async def show_stats(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(stats, service, tally))

    return Starlette(
        routes=[
            Route("/", call, methods=["POST"]),
            Route("/_local/faults", load_faults, methods=["POST"]),
            Route("/_local/stats", show_stats, methods=["GET"]),
        ]
    )


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that clients can connect to, and whose connections send at once.

    Head and body of an answer are sent one by one: the second would wait until the client confirms the first, which
    takes 40 ms.

    Raises:
        OSError: the address is taken or not ours.
    """
    listener = socket.create_server(address)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    with listener:
        asyncio.run(server.serve(sockets=[listener]))


class _Severed(Response):
    """A promise of a body that never comes: the server then breaks the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        # Without a length the body comes in chunks, and SDKs notice that the last one is missing.
        await send({"type": "http.response.start", "status": 200, "headers": []})


def _response(reply: Answer) -> Response:
    if reply.fate == LOST_REPLY:
        return _Severed()
    if reply.fate == EMPTY_REPLY:
        return Response(status_code=502)
    response = JSONResponse(reply.body, status_code=reply.status, media_type=_MEDIA_TYPE)
    response.headers["x-amzn-requestid"] = reply.request_id
    if reply.error is not None:
        response.headers["x-amzn-errortype"] = reply.error
    return response


def _config(app: Starlette) -> uvicorn.Config:
    # A reply lost on purpose is an error to uvicorn; it would say so on stderr each time.
    logging.getLogger(_SERVERS_LOGGER).addFilter(_is_not_a_lost_reply)
    return uvicorn.Config(
        app, log_level="warning", log_config=None, access_log=False, http="h11", ws="none", lifespan="off"
    )


def _is_not_a_lost_reply(record: logging.LogRecord) -> bool:
    return "without completing response" not in record.getMessage()
