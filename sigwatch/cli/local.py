"""`local`: the embedded Logs Insights by itself."""

import os
from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.context import USAGE, duration, stderr
from sigwatch.local.server import serve
from sigwatch.local.settings import Settings


def local(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 4586,
    group_age: Annotated[
        str, typer.Option(help="How far back new log groups are dated, so that a past put into them can be searched.")
    ] = "0s",
) -> None:
    """Serve CloudWatch Logs with Insights on this machine, for tests and other clients. Forgets all when it ends."""
    settings = Settings(group_age_seconds=duration(group_age))
    try:
        serve(host, port, clock=wiring.clock, on_ready=_say, settings=settings)
    except OSError as error:
        stderr().print(
            f"sigwatch: {host}:{port} can not be had: {os.strerror(error.errno or 0)}; choose another --port, or 0"
        )
        raise typer.Exit(USAGE) from None


def _say(url: str) -> None:
    talk = stderr()
    talk.print(f"CloudWatch Logs is served at {url}; Ctrl-C ends it. For example:")
    talk.print(f"  aws logs describe-log-groups --endpoint-url {url} --region us-east-1")
    typer.echo(url)
