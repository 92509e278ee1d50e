"""What `backfill` and `scan` print."""

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from sigwatch.cli.report import MOST_ROWS, ReportFormat, show, table
from sigwatch.model.knowledge import Step
from sigwatch.model.past import Paid, Report
from tests.fakes.made import ris, signature
from tests.fakes.reports import (
    DAY,
    MINUTE,
    START_MS,
    THROTTLED,
    a_month,
    found,
    gap,
    hostile,
    incident,
    masked,
    report,
    unmasked,
)

PIPE = 100
"""Columns that a console has where there is none."""


def printed(made: Report, width: int = 120, terminal: bool = True) -> str:
    target = io.StringIO()
    if terminal:
        console = Console(file=target, width=width, height=50, force_terminal=True, color_system="standard")
        console.no_color = False
    else:
        console = Console(file=target, width=width, height=50, force_terminal=False)
    table(console, made, unmasked)
    return target.getvalue()


def bare(made: Report, width: int) -> list[str]:
    """The lines of a terminal that can no colours."""
    target = io.StringIO()
    table(Console(file=target, width=width, height=50, force_terminal=True, color_system=None), made, unmasked)
    return target.getvalue().splitlines()


def test_a_wide_terminal_gets_columns_and_the_answer_last() -> None:
    lines = bare(a_month(), 120)
    start = next(number for number, line in enumerate(lines) if line.startswith("P0"))
    assert lines[start:] == [
        "P0 KO-cm-004  Lambda lazy loading: import paths that only exist on a laptop",
        "  3 incidents, 1,476 hits, 2026-01-05 06:02:11 to 2026-01-22 03:09:00 UTC",
        "  Seen again after its fix of 2026-01-10: 1 incident, and 2 until then",
        f"  {'▁' * 8}█{'▁' * 9}▂{'▁' * 23}▃{'▁' * 17}  at most 1,204 in 12 h",
        "  2026-01-05 06:02:11 to 07:16:11 UTC  1 h 14 min  1,204 hits  peak 312/min  resolved  /aws/lambda/api",
        "  2026-01-10 11:00:00 to 11:05:00 UTC       5 min     63 hits   peak 21/min  resolved  /aws/lambda/worker",
        "  2026-01-22 03:00:00 to 03:09:00 UTC       9 min    209 hits   peak 44/min  open      /aws/lambda/api",
        "  │ ERROR KO-cm-004 broke",
        "  │ [ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'",
        "  Fixed last time by RIS-2026-01-10-001  Import path fix for the lazy router",
        "   1. Check CloudWatch for the exact error",
        "   2. Verify that import paths match src/ as it is deployed",
        "   3. Deploy again",
        "        sam build --use-container",
        "        sam deploy --config-env prod",
        "",
        "never seen: KO-cm-030, KO-cm-031, KO-cm-032, KO-cm-033, KO-cm-034",
        "3,811 hits, 45 incidents; 12 queries, 3.0 GB scanned, 0.0150 dollars",
        "45 incidents of 3 signatures in 30 days; 5 signatures never seen",
    ]


def test_a_narrow_terminal_gets_the_same_below_each_other() -> None:
    lines = bare(a_month(), 60)
    start = next(number for number, line in enumerate(lines) if line.startswith("P0"))
    assert lines[start : start + 14] == [
        "P0 KO-cm-004  Lambda lazy loading: import paths that only",
        "exist on a laptop",
        "  3 incidents, 1,476 hits, 2026-01-05 06:02:11 to 2026-01-22",
        "  03:09:00 UTC",
        "  Seen again after its fix of 2026-01-10: 1 incident, and 2",
        "  until then",
        f"  {'▁' * 4}█{'▁' * 4}▂{'▁' * 11}▃{'▁' * 8}  at most 1,204 in 24 h",
        "  2026-01-05 06:02:11 to 07:16:11 UTC, 1 h 14 min",
        "    1,204 hits, peak 312/min, resolved, /aws/lambda/api",
        "  2026-01-10 11:00:00 to 11:05:00 UTC, 5 min, 63 hits",
        "    peak 21/min, resolved, /aws/lambda/worker",
        "  2026-01-22 03:00:00 to 03:09:00 UTC, 9 min, 209 hits",
        "    peak 44/min, open, /aws/lambda/api",
        "  │ ERROR KO-cm-004 broke",
    ]
    assert "  │ [ERROR] ModuleNotFoundError: No module named 'src.api.v…" in lines
    assert lines[-2:] == ["45 incidents of 3 signatures in 30 days; 5 signatures never", "seen"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    one = signature("KO-1", title="漢字" * 60, ris=ris(steps=(Step("word " * 90),)))
    wide = found(one, incident(one, START_MS, 5 * DAY, group="/" + "x" * 200, samples=("漢" * 300,)))
    made = report((wide, *a_month().signatures), gaps=(gap(reason="it " * 80),), problems=("p " * 100,))
    assert max(map(cell_len, bare(made, width))) <= width


def test_a_command_is_never_broken() -> None:
    command = "aws logs tail /aws/lambda/some-function --since 10m --filter-pattern ModuleNotFoundError"
    one = signature(ris=ris(steps=(Step("Look", command),)))
    assert any(command in line for line in bare(report((found(one, incident(one, START_MS)),)), 60))


def test_the_worst_is_next_to_the_answer() -> None:
    heads = [line[:2] for line in bare(a_month(), 120) if line[:1] == "P"]
    assert heads == ["P3", "P1", "P0"]


def test_a_terminal_is_not_flooded_and_a_pipe_gets_everything() -> None:
    many = [incident(THROTTLED, START_MS + number * 4 * MINUTE, MINUTE) for number in range(500)]
    made = report((found(THROTTLED, *many),), gaps=(gap(),) * 30, problems=("broken",) * 30)
    lines = bare(made, 120)
    assert f"  {500 - MOST_ROWS} earlier ones: see --format csv" in lines
    assert sum("peak" in line for line in lines) == MOST_ROWS
    assert lines.count("and 20 more like it: see --format json") == 2
    piped = printed(made, PIPE, terminal=False)
    assert (piped.count("peak"), piped.count("broken"), piped.count("not searched: ")) == (500, 30, 30)
    assert "earlier ones" not in piped


def test_a_pipe_gets_whole_lines_without_colours() -> None:
    one = signature(title="word " * 30)
    sample = "ERROR " + "y" * 300
    each = incident(one, START_MS, group="/" + "x" * 200, samples=(sample,))
    piped = printed(report((found(one, each),), problems=("word " * 50 + "end",)), PIPE, terminal=False)
    assert "\x1b" not in piped
    assert any("2026-01-01 00:00:00" in line and line.endswith("x" * 200) for line in piped.splitlines())
    assert f"  │ {sample}" in piped.splitlines()
    assert "word " * 50 + "end" in piped.splitlines()


def test_with_gaps_nothing_was_never_seen() -> None:
    lines = bare(replace(a_month(), gaps=(gap(),)), 200)
    assert not [line for line in lines if "never seen" in line]
    assert "not seen in what could be searched: KO-cm-030, KO-cm-031, KO-cm-032, KO-cm-033, KO-cm-034" in lines
    assert "not searched: us-east-1 2026-01-03 00:00:00 to 01:00:00 UTC: the service refused the query" in lines
    assert lines[-2:] == [
        "Incomplete: 1 part of what was asked for could not be searched",
        "45 incidents of 3 signatures in 30 days; 5 signatures not seen in what could be searched",
    ]


def test_gaps_and_problems_are_red_and_remarks_yellow() -> None:
    made = report((found(signature()),), gaps=(gap(reason="refused"),), problems=("a.md:1: broken",), remarks=("odd",))
    told = printed(made)
    assert [line for line in told.splitlines() if "odd" in line and "\x1b[33m" in line]
    red = [line for line in told.splitlines() if "\x1b[31m" in line]
    assert ["refused" in red[0], "a.md:1: broken" in red[1]] == [True, True]


def test_whether_it_is_gone_since_the_fix() -> None:
    def fixed(on: str, *days: int, resolved: bool = True) -> str:
        one = signature(ris=ris(date=on, resolved=resolved))
        seen = found(one, *(incident(one, START_MS + day * DAY) for day in days))
        return "\n".join(bare(report((seen,)), 120))

    assert "Not seen after its fix of 2026-01-10" in fixed("2026-01-10", 2, 9)
    assert "Seen again after its fix of 2026-01-10: 2 incidents, and 1 until then" in fixed("2026-01-10", 2, 12, 13)
    for unknown in (fixed("in January", 2), fixed("2026-03-01", 2), fixed("2026-01-10", 12, resolved=False)):
        assert "its fix" not in unknown
    assert "Not yet resolved: see RIS-1" in fixed("2026-01-10", 12, resolved=False)


def test_files_cost_nothing() -> None:
    lines = bare(report((found(signature()),), paid=Paid(bytes_scanned=3_000_000, events=1_204)), 120)
    assert lines[-2] == "0 hits, 0 incidents; 2.9 MB scanned, 1,204 events"
    undated = report((found(THROTTLED, incident(THROTTLED, 0, 0)),), start_ms=0, end_ms=0, paid=Paid(bytes_scanned=9))
    told = bare(undated, 120)
    assert any(line.startswith("  no time") for line in told)
    assert "1970" not in "".join(told)
    assert told[-2:] == ["40 hits, 1 incident; 9 bytes scanned", "1 incident of 1 signature"]


def test_nothing_to_search_for() -> None:
    assert bare(report(), 120)[-1] == "No signature was searched for"


def test_control_characters_and_markup_do_nothing() -> None:
    told = printed(hostile("\x1b[2J\x9b[red]x[/red]\u202e"), PIPE, terminal=False)
    assert "[red]x[/red]" in told
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)


def test_documents_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    one = signature(title="hunter2", ris=ris(title="hunter2", steps=(Step("say hunter2", "login hunter2"),)))
    made = report((found(one, incident(one, START_MS)),))
    for shape in ReportFormat:
        show(made, shape, masked, "prod", START_MS)
        told = capsys.readouterr().out
        assert "hunter2" not in told
        assert "[shop]" in told


def test_each_shape_is_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(shape: ReportFormat) -> str:
        show(a_month(), shape, unmasked, "prod", START_MS, "https://kb.example/")
        return capsys.readouterr().out

    assert json.loads(shown(ReportFormat.JSON))["hits"]["KO-cm-004"] == 1_476
    assert len(list(csv.DictReader(io.StringIO(shown(ReportFormat.CSV))))) == 45
    page = shown(ReportFormat.HTML)
    assert page.startswith("<!doctype html>")
    assert 'href="https://kb.example/ris/RIS-2026-01-10-001.md"' in page
    assert shown(ReportFormat.TABLE).endswith("5 signatures never seen\n")
