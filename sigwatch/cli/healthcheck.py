"""`healthcheck`: is the daemon of this configuration alive? For containers, which have no curl."""

from http.client import HTTPConnection, HTTPException
from typing import Annotated

import typer

from sigwatch.cli.context import FINDINGS, options, stderr
from sigwatch.config import HttpSettings
from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem
from sigwatch.redact.controls import strip_controls

SECONDS = 3.0
"""For an answer; below the 5 s after which ECS gives up by itself."""

LONGEST_ANSWER = 1000
"""Bytes of an answer that are read: the daemon's is one sentence."""

ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on
"""Addresses to listen on that are none to ask at, and where to ask instead."""


def healthcheck(
    context: typer.Context,
    ready: Annotated[
        bool,
        typer.Option("--ready", help="Ask whether it is ready: knowledge loaded, state readable, first pass done."),
    ] = False,
) -> None:
    """Ask the running daemon whether it is alive, whatever AWS and Slack do; exit 1 with the reason where it is not."""
    chosen = options(context)
    settings = chosen.settings_if_any()
    http = settings.http if settings else HttpSettings()
    if not http.port:
        cure = "is 0, a free port that only the daemon's log tells; set one that can be asked"
        raise ConfigurationError([Problem(str(chosen.config), 0, "http.port", cure)])
    wrong = ask(*address(http), "/readyz" if ready else "/healthz")
    if wrong:
        stderr().print(f"sigwatch: {wrong}", markup=False)
        raise typer.Exit(FINDINGS)
    typer.echo("ready" if ready else "alive")


def address(http: HttpSettings) -> tuple[str, int]:
    """Host and port at which a daemon that listens so is asked."""
    return ANYWHERE.get(http.host, http.host), http.port


def ask(host: str, port: int, path: str, seconds: float = SECONDS) -> str:
    """Ask one page of the daemon: empty when it says that all is well, else what is wrong, as a sentence.

    Not through a proxy that the environment names, which would look at its own loopback.

    Args:
        host: where the daemon is, an address or a name.
        port: the daemon's port.
        path: the page, beginning with a slash.
        seconds: how long to wait for each part of the answer.
    """
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"
    connection = HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = " ".join(strip_controls(answer.read(LONGEST_ANSWER).decode(errors="replace")).split())
    except TimeoutError:
        return f"{url} does not answer within {seconds:g} s"
    except OSError as error:
        return (
            f"{url} can not be reached: {error.strerror or error}; is `sigwatch run` at work with this configuration?"
        )
    except HTTPException:
        return f"{url} answers something that is not HTTP: another program has the port"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{url} answers {answer.status}: {said}"
