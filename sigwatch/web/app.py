"""The HTTP side. It only reads: nothing here can hold up or change the watching."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the pages say, asked anew for each request."""

    metrics: Callable[[], bytes]
    alive: Callable[[], str]
    """Empty when the loop is alive, else what is wrong."""
    ready: Callable[[], str]
    """Empty when ready, else what is missing."""
    status: Callable[[], Mapping[str, Any]]


def create_app(answers: Answers) -> Starlette:
    """An application with /metrics, /healthz, /readyz and the status page."""
    source = files("sigwatch.web").joinpath("status.html.j2").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True).from_string(source)

    def metrics(_: Request) -> Response:
        return Response(answers.metrics(), media_type=CONTENT_TYPE)

    def status(_: Request) -> Response:
        return HTMLResponse(page.render(status=answers.status()))

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/healthz", _check(answers.alive)),
            Route("/readyz", _check(answers.ready)),
            Route("/", status),
        ]
    )


def _check(question: Callable[[], str]) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        wrong = question()
        return PlainTextResponse(f"{wrong or 'ok'}\n", status_code=503 if wrong else 200)

    return answer
