"""`check`, `list` and `show`: the knowledge without AWS."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigwatch import wiring
from sigwatch.cli.context import FINDINGS, Format, options, say, signature_or_exit, stderr, stdout
from sigwatch.cli.records import iso
from sigwatch.config import Settings
from sigwatch.model.incident import Silence
from sigwatch.model.knowledge import Library, Link, Problem, Ris, Signature, errors
from sigwatch.plan.scopes import without_log_groups
from sigwatch.publish.words.wording import date_time
from sigwatch.redact.controls import strip_controls

UNFOLDED = 1_000
"""Columns that no listing needs."""


class CheckFormat(StrEnum):
    """Shapes of what `check` says."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default knowledge.paths.")] = None,
    shape: Annotated[CheckFormat, typer.Option("--format", help="text, json or github.")] = CheckFormat.TEXT,
) -> None:
    """Read all documents, try their examples, show how they link, and name every problem at once."""
    chosen = options(context)
    settings = chosen.settings_if_any()
    library = wiring.load_knowledge(chosen.knowledge_paths(paths or chosen.knowledge))
    problems = [*library.problems, *(_without_groups(library, settings) if settings and not paths else ())]
    if shape is CheckFormat.JSON:
        typer.echo(json.dumps(_report(library, problems), indent=2, ensure_ascii=False))
    elif shape is CheckFormat.GITHUB:
        for problem in problems:
            typer.echo(_annotation(problem))
    else:
        _print_check(stdout(), library, problems)
    raise typer.Exit(FINDINGS if errors(problems) else 0)


def list_signatures(
    context: typer.Context,
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """List the signatures, with the RIS that tells how each was fixed."""
    chosen = options(context)
    library = wiring.load_knowledge(chosen.knowledge_paths(chosen.knowledge))
    if shape is Format.JSON:
        typer.echo(json.dumps([_signature(s) for s in library.signatures], indent=2, ensure_ascii=False))
    else:
        # In a pipe each signature is one line, however long.
        console = stdout()
        wide = console if console.is_terminal else Console(width=UNFOLDED, highlight=False)
        wide.print(_table(library.signatures))
    broken = {problem.path for problem in errors(library.problems)}
    if broken:
        stderr().print(f"{len(broken)} set aside; `sigwatch check` says why")


def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A signature's id.")],
    shape: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
) -> None:
    """Show one signature in full, with the remediation as an alert shows it."""
    chosen = options(context)
    library = wiring.load_knowledge(chosen.knowledge_paths(chosen.knowledge))
    signature = signature_or_exit(library, wanted)
    if shape is Format.JSON:
        typer.echo(json.dumps(_signature(signature), indent=2, ensure_ascii=False))
    else:
        _print_signature(stdout(), signature, chosen.settings_if_any() or Settings())


def _without_groups(library: Library, settings: Settings) -> Iterable[Problem]:
    selectors = wiring.selectors_of(settings)
    return (without_log_groups(signature) for signature in library.watched if not selectors(signature))


def _report(library: Library, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "signatures": [_signature(signature) for signature in library.signatures],
        "summaries": [_remediation(ris) for ris in library.summaries],
        "silences": [_silence(silence) for silence in library.silences],
        "ignored": [{"path": ignored.path, "reason": ignored.reason} for ignored in library.ignored],
        "problems": [
            {"path": p.path, "line": p.line, "field": p.field, "level": p.level, "message": p.message} for p in problems
        ],
    }


def _signature(signature: Signature) -> dict[str, Any]:
    ko = signature.ko
    return {
        "id": signature.id,
        "status": ko.status,
        "title": ko.title,
        "project": signature.project,
        "severity": signature.severity,
        "pattern": signature.pattern,
        "resolved_pattern": ko.resolved_pattern,
        "group_by": list(ko.group_by),
        "path": ko.path,
        "log_groups": list(ko.log_groups),
        "links": [_link(link) for link in signature.links],
        "suggestions": [_link(link) for link in signature.suggestions],
        "remediation": _remediation(signature.ris) if signature.ris else None,
        "prevention_rule": ko.prevention_rule,
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": asdict(silence.matchers),
        "reason": silence.reason,
        "author": silence.author,
        "starts": iso(silence.starts_ms or None),
        "ends": iso(silence.ends_ms),
        "source": silence.source,
    }


def _link(link: Link) -> dict[str, Any]:
    return {"ris": link.ris, "reasons": [str(reason) for reason in link.reasons]}


def _remediation(ris: Ris) -> dict[str, Any]:
    return {
        "ris": ris.id,
        "title": ris.title,
        "path": ris.path,
        "date": ris.date,
        "severity": ris.severity,
        "mttr": ris.mttr,
        "resolved": ris.resolved,
        "error_signatures": list(ris.error_signatures),
        "root_cause": ris.root_cause,
        "steps_section": ris.steps_section,
        "steps": [{"text": step.text, "code": step.code} for step in ris.steps],
        "verification": ris.verification,
        "prevention": ris.prevention,
        "log_groups": list(ris.log_groups),
    }


def _annotation(problem: Problem) -> str:
    """A workflow command that GitHub shows beside the line."""
    message = f"{problem.field}: {problem.message}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    place = problem.path.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{problem.level} file={place},line={max(problem.line, 1)}::{message}"


def _print_check(console: Console, library: Library, problems: Sequence[Problem]) -> None:
    for signature in library.signatures:
        _print_links(console, signature)
    for silence in library.silences:
        say(console, _silence_line(silence))
    for ignored in library.ignored:
        say(console, f"ignored {ignored.path}: {ignored.reason}", "dim")
    for problem in problems:
        say(console, f"{problem} ({problem.level})", "red" if problem.level == "error" else "yellow")
    bad, doubtful = len(errors(problems)), len(problems) - len(errors(problems))
    linked = sum(bool(signature.links) for signature in library.signatures)
    silences = f"{len(library.silences)} silences, " if library.silences else ""
    say(
        console,
        f"{len(library.signatures)} signatures ({linked} linked), {len(library.summaries)} RIS, {silences}"
        f"{len(library.ignored)} files ignored, {bad} errors, {doubtful} warnings",
    )


def _print_links(console: Console, signature: Signature) -> None:
    name, title = strip_controls(signature.id), strip_controls(signature.ko.title)
    say(console, Text.assemble((name, "bold"), f"  {title}  ", (signature.ko.status, "dim")))
    for link in signature.links:
        say(console, f"  linked to {link.ris}, {_steps(signature)}")
        for reason in link.reasons:
            say(console, f"    {reason}", "dim")
    if not signature.links:
        say(console, "  no RIS; its alert shows the prevention rule", "yellow")
    for link in signature.suggestions:
        say(console, f"  perhaps {link.ris}: {'; '.join(map(str, link.reasons))}", "dim")


def _silence_line(silence: Silence) -> str:
    named = " ".join(f"{name}={glob}" for name, glob in asdict(silence.matchers).items() if glob != "*")
    begins = f"from {date_time(silence.starts_ms)} " if silence.starts_ms else ""
    return (
        f"silence {silence.source}: {named or 'every signature in every log group'} {begins}"
        f"until {date_time(silence.ends_ms)}: {silence.reason} ({silence.author})"
    )


def _steps(signature: Signature) -> str:
    ris = signature.ris
    return f"{len(ris.steps)} steps from “{ris.steps_section}”" if ris and ris.steps else "without steps"


def _table(signatures: Iterable[Signature]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("ID", "STATUS", "SEVERITY", "PROJECT", "RIS", "TITLE"):
        table.add_column(name, overflow="fold", no_wrap=name == "ID")
    for signature in signatures:
        ris = signature.ris.id if signature.ris else "-"
        row = (signature.id, signature.ko.status, signature.severity, signature.project, ris, signature.ko.title)
        table.add_row(*(Text(cell) for cell in row))
    return table


def _print_signature(console: Console, signature: Signature, settings: Settings) -> None:
    facts = {
        "status": signature.ko.status,
        "pattern": signature.pattern,
        "over when": signature.ko.resolved_pattern or "quiet",
        "grouped by": ", ".join(signature.ko.group_by or settings.incidents.group_by),
        "document": signature.ko.path,
        "log groups": ", ".join(wiring.selectors_of(settings)(signature)) or "none",
        "links": "; ".join(f"{link.ris} ({len(link.reasons)} reasons)" for link in signature.links) or "none",
    }
    for name, value in facts.items():
        say(console, Text.assemble((f"{name:<11}", "dim"), value))
    console.print()
    wiring.preview(signature, settings, console)
