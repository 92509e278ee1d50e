"""What every verb starts from: global options, the configuration, the knowledge, and where to speak."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from sigwatch import config
from sigwatch.config import Settings
from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Library, Problem, Signature
from sigwatch.redact.controls import strip_controls

FINE, FINDINGS, USAGE = 0, 1, 2
"""Exit codes."""

PIPE_WIDTH = 100
"""Columns of tables and panels where there is no terminal."""


class Format(StrEnum):
    """Shapes of a listing."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Options:
    """The global options."""

    config: Path
    config_given: bool
    knowledge: tuple[Path, ...]
    verbose: bool

    def settings(self) -> Settings:
        """The configuration, with `--knowledge` in place of its paths.

        Raises:
            ConfigurationError: it is missing or invalid.
        """
        return self._with_knowledge(config.load(self.config))

    def settings_if_any(self) -> Settings | None:
        """The configuration; None where there is no file and none was asked for.

        Raises:
            ConfigurationError: it is invalid, or was asked for and is missing.
        """
        if not self.config_given and not self.config.exists():
            return self._with_knowledge(Settings()) if self.knowledge else None
        return self.settings()

    @property
    def folder(self) -> Path:
        """Where relative paths of the configuration start."""
        return self.config.resolve().parent

    def knowledge_paths(self, named: Sequence[Path] = ()) -> Sequence[Path]:
        """The paths named on the command line, else the configuration's.

        Raises:
            ConfigurationError: neither says where the documents are.
        """
        settings = None if named else self.settings_if_any()
        paths = named or (settings.knowledge.paths if settings else ())
        if not paths:
            cure = "no documents named: set knowledge.paths in the configuration, or use --knowledge PATH"
            raise ConfigurationError([Problem(str(self.config), 0, "knowledge.paths", cure)])
        return paths

    def _with_knowledge(self, settings: Settings) -> Settings:
        if not self.knowledge:
            return settings
        paths = tuple(path.resolve() for path in self.knowledge)
        return settings.model_copy(update={"knowledge": settings.knowledge.model_copy(update={"paths": paths})})


def options(context: typer.Context) -> Options:
    """The global options of this call."""
    found = context.find_object(Options)
    if found is None:
        raise RuntimeError("the global options are set by the application's callback")
    return found


def stdout() -> Console:
    """For data. A pipe gets no colour, and a width that does not depend on the machine."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def say(console: Console, line: str | Text, style: str = "") -> None:
    """Print one line of data whole: the terminal may wrap it, a pipe must not find it broken."""
    text = line if isinstance(line, Text) else Text(strip_controls(line), style=style)
    if console.is_terminal:
        console.print(text, soft_wrap=True)
    else:
        # Without colours and wrapping there is nothing to lay out.
        console.file.write(f"{text.plain}\n")


def stderr() -> Console:
    """For talk."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def duration(text: str) -> int:
    """Seconds of a duration option.

    Raises:
        typer.BadParameter: the text is no duration.
    """
    try:
        return int(str(config.seconds(text)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment(text: str, now: float) -> int:
    """Epoch seconds of `30d` (that long ago), `now`, or an ISO time; a time without zone is UTC.

    Raises:
        typer.BadParameter: the text is none of these.
    """
    if text == "now":
        return int(now)
    if re.fullmatch(r"\d+[smhdwy]", text):
        return int(now) - duration(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 24h, 30d or 2026-02-04T06:00") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def signature_or_exit(library: Library, wanted: str) -> Signature:
    """The signature with that id; without one the program ends and names those that there are."""
    found = library.signature(wanted)
    if found is None:
        known = ", ".join(signature.id for signature in library.signatures) or "none at all"
        stderr().print(f"sigwatch: no signature has the id {wanted}; known are {known}", markup=False)
        raise typer.Exit(USAGE)
    return found
