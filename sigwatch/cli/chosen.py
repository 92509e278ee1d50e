"""Which signatures a search of the past is for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from sigwatch.cli.context import USAGE, signature_or_exit, stderr
from sigwatch.model.knowledge import Library, Signature, errors

Named = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="Search for this one, whatever its status; may be repeated.")
]
Drafts = Annotated[bool, typer.Option("--include-drafts", help="Search for drafts too.")]


def chosen(library: Library, named: Sequence[str], *, drafts: bool) -> tuple[Signature, ...]:
    """Those that were named, whatever their status; else the approved ones, and on demand drafts with a pattern.

    Without any the program ends and says what to do.
    """
    if named:
        found = [signature_or_exit(library, name) for name in dict.fromkeys(named)]
    else:
        found = [each for each in library.signatures if each.approved or (drafts and each.ko.status == "draft")]
    without = [each.id for each in found if not each.pattern]
    if named and without:
        stderr().print(f"sigwatch: {without[0]} has no detection_pattern to search for; write one", markup=False)
        raise typer.Exit(USAGE)
    searched = tuple(each for each in found if each.pattern)
    if not searched:
        for problem in errors(library.problems):
            stderr().print(f"sigwatch: {problem}", markup=False)
        known = ", ".join(each.id for each in library.signatures if each.pattern)
        cure = f"; approve one of {known}, or try drafts with --include-drafts" if known else "; check the paths"
        stderr().print(f"sigwatch: there is no approved signature to search for{cure}", markup=False)
        raise typer.Exit(USAGE)
    return searched


def as_approved(library: Library, searched: Sequence[Signature]) -> Library:
    """The library as if these signatures, and no others, were approved."""
    watched = tuple(replace(each, ko=replace(each.ko, status="approved")) for each in searched)
    return replace(library, signatures=watched)
