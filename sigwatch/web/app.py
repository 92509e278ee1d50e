"""The HTTP side. It only reads: nothing here can hold up or change the watching."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from sigwatch.errors import StoreError
from sigwatch.web.guard import HEADERS

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
    headers = {"Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; style-src {_styles(source)}"}

    def metrics(_: Request) -> Response:
        return Response(answers.metrics(), media_type=CONTENT_TYPE)

    def status(_: Request) -> Response:
        try:
            contents = answers.status()
        except StoreError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return HTMLResponse(page.render(status=contents), headers=headers)

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


def _styles(source: str) -> str:
    """The page's own styles, by digest: the only thing that it may do beyond showing text."""
    found = re.findall("<style>(.*?)</style>", source, re.DOTALL)
    return " ".join(f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in found)
