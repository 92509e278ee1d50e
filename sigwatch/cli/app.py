"""The application: global options, the verbs, and how errors end it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sigwatch import __version__
from sigwatch.cli import backfill, demo, history, incidents, knowledge, local, plan, run, silence
from sigwatch.cli.context import FINDINGS, USAGE, Options, stderr
from sigwatch.config import DEFAULT_FILE
from sigwatch.errors import ConfigurationError, SigwatchError

app = typer.Typer(
    name="sigwatch",
    help="Recognises known incidents in CloudWatch Logs and tells on-call what fixed them last time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("check")(knowledge.check)
app.command("list")(knowledge.list_signatures)
app.command("show")(knowledge.show)
app.command("plan")(plan.plan)
app.command("backfill")(backfill.backfill)
app.command("local")(local.local)
app.add_typer(history.app, name="history")
app.add_typer(incidents.app, name="incidents")
app.add_typer(silence.app, name="silence")

_WITH_VALUE = ("-c", "--config", "--knowledge")
_ALONE = ("-v", "--verbose")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"sigwatch {__version__}")


@app.callback()
def global_options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("-c", "--config", help=f"Configuration file (default ./{DEFAULT_FILE}).")
    ] = None,
    knowledge: Annotated[
        list[Path] | None, typer.Option("--knowledge", help="Documents, in place of knowledge.paths; may be repeated.")
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
) -> None:
    """Recognises known incidents in CloudWatch Logs and tells on-call what fixed them last time."""
    context.obj = Options(config or Path(DEFAULT_FILE), config is not None, tuple(knowledge or ()), verbose)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with global options moved before the verb, so that they may stand anywhere."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        if argument in _WITH_VALUE:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument in _ALONE or argument.startswith(("--config=", "--knowledge=")):
            front.append(argument)
        else:
            rest.append(argument)
    return [*front, *rest]


def main() -> None:
    """Run the program and exit: 0 fine, 1 findings or failed work, 2 usage or configuration."""
    try:
        app(hoisted(sys.argv[1:]))
    except ConfigurationError as error:
        for problem in error.problems:
            stderr().print(f"sigwatch: {problem}", markup=False)
        sys.exit(USAGE)
    except SigwatchError as error:
        stderr().print(f"sigwatch: {error}", markup=False)
        sys.exit(FINDINGS)
    except BrokenPipeError:
        # The reader has gone; a traceback would only follow it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINDINGS)
