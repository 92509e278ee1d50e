"""The application: global options, the verbs, and how errors end it."""

import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from sigwatch.cli.context import FINDINGS, USAGE, Options, stderr
from sigwatch.config import DEFAULT_FILE
from sigwatch.errors import ConfigurationError, RangeError, SigwatchError

VERBS: Mapping[str, str] = {
    "demo": "demo:demo",
    "run": "run:run",
    "check": "knowledge:check",
    "list": "knowledge:list_signatures",
    "show": "knowledge:show",
    "plan": "plan:plan",
    "backfill": "backfill:backfill",
    "scan": "scan:scan",
    "local": "local:local",
    "healthcheck": "healthcheck:healthcheck",
    "version": "version:version",
    "history": "history:app",
    "incidents": "incidents:app",
    "silence": "silence:app",
    "store": "store:app",
}
"""Where in this package each verb is: a command, or a group of commands."""

_WITH_VALUE = ("-c", "--config", "--knowledge")
_ALONE = ("-v", "--verbose")


def application(verbs: Iterable[str] = VERBS) -> typer.Typer:
    """The program with some of its verbs."""
    app = typer.Typer(
        name="sigwatch",
        help="Recognises known incidents in CloudWatch Logs and tells on-call what fixed them last time.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(global_options)
    for verb in verbs:
        module, _, name = VERBS[verb].partition(":")
        found = getattr(import_module(f"sigwatch.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=verb)
        else:
            app.command(verb)(found)
    return app


def asked_for(arguments: Sequence[str]) -> Iterable[str]:
    """The verb that the arguments begin with: the others need not be loaded. All of them where there is none."""
    waiting = iter(arguments)
    for argument in waiting:
        if argument in _WITH_VALUE:
            next(waiting, None)
        elif not argument.startswith("-"):
            return [argument] if argument in VERBS else VERBS
    return VERBS


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


def calm_collector() -> None:
    """Have cycles looked for less often: modules, documents and full windows are many values, none in a cycle."""
    gc.set_threshold(100_000, 20, 20)


def main() -> None:
    """Run the program and exit: 0 fine, 1 findings or failed work, 2 usage or configuration."""
    calm_collector()
    try:
        arguments = hoisted(sys.argv[1:])
        application(asked_for(arguments))(arguments)
    except ConfigurationError as error:
        for problem in error.problems:
            stderr().print(f"sigwatch: {problem}", markup=False)
        sys.exit(USAGE)
    except RangeError as error:
        stderr().print(f"sigwatch: {error}", markup=False)
        sys.exit(USAGE)
    except SigwatchError as error:
        stderr().print(f"sigwatch: {error}", markup=False)
        sys.exit(FINDINGS)
    except BrokenPipeError:
        # The reader has gone; a traceback would only follow it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINDINGS)
