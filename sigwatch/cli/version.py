"""`version`: which sigwatch this is."""

import typer

from sigwatch import __version__


def version() -> None:
    """Print the version."""
    typer.echo(f"sigwatch {__version__}")
