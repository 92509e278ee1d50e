"""`local`: the embedded Logs Insights by itself."""

from typing import Annotated

import typer

from sigwatch import wiring
from sigwatch.cli.context import duration, stderr
from sigwatch.local.server import serve
from sigwatch.local.settings import Settings


def local(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 4586,
    group_age: Annotated[
        str, typer.Option(help="How far back new log groups are dated, so that a past put into them can be searched.")
    ] = "0s",
) -> None:
    """Serve CloudWatch Logs with Insights on this machine, for tests and other clients. Forgets all when it ends."""
    serve(host, port, clock=wiring.clock, on_ready=_say, settings=Settings(group_age_seconds=duration(group_age)))


def _say(url: str) -> None:
    talk = stderr()
    talk.print(f"CloudWatch Logs is served at {url}; Ctrl-C ends it. For example:")
    talk.print(f"  aws logs describe-log-groups --endpoint-url {url} --region us-east-1")
    typer.echo(url)
