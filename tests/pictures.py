"""Draws the pictures of docs/ from the same contents that the golden files hold: `python -m tests.pictures`.

The terminal is drawn as SVG. Slack is drawn as a page of HTML that looks like it, and as PNG where a headless Chromium
is installed; nothing else needs one. Names of pictures as arguments draw only those.
"""

import html
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from sigwatch.model.incident import Reason, State
from sigwatch.model.message import Content
from sigwatch.publish.console import ConsolePublisher
from sigwatch.publish.slack.blocks import blocks_with_buttons
from sigwatch.publish.words.paging import pages
from sigwatch.report.page import page
from tests.fakes.reports import DAY, START_MS, a_month, gap, unmasked
from tests.unit.publish.alerts import (
    ACKNOWLEDGED,
    ALERT,
    BACK,
    ESCALATED,
    FIRST_MS,
    MILESTONES,
    MINUTE,
    RESOLVED,
    changed,
    crowd,
    digest,
)

Json = dict[str, Any]

DOCS = Path(__file__).resolve().parents[1] / "docs"
LOST = replace(ALERT, logs_url="")
"""Without the one line that is wider than any screen."""
GROWN = replace(changed(count=1_204), reason=Reason.COUNTED)

TAKEN_MS = FIRST_MS + 17 * MINUTE

NIGHT = replace(
    changed(
        ESCALATED,
        occurrence=3,
        previous_ms=BACK.incident.previous_ms,
        state=State.ACKNOWLEDGED,
        acknowledged_by="slack:jane",
        acknowledged_ms=TAKEN_MS,
        escalated=(Reason.UNACKNOWLEDGED,),
        log_groups=ALERT.incident.log_groups,
    ),
    fix=BACK.fix,
)
"""All that one card can say."""
THREAD = (
    MILESTONES[Reason.RECURRED],
    replace(MILESTONES[Reason.UNACKNOWLEDGED], at_ms=FIRST_MS + 15 * MINUTE),
    replace(
        MILESTONES[Reason.ACKNOWLEDGED],
        at_ms=TAKEN_MS,
        incident=replace(MILESTONES[Reason.ACKNOWLEDGED].incident, acknowledged_ms=TAKEN_MS, count=7_204),
    ),
)

STYLE = """
* { box-sizing: border-box } body { margin: 0; background: #fff; color: #1d1c1d; font: 15px/1.46 Lato, sans-serif }
.panes { display: flex; align-items: flex-start } .pane { padding: 12px 20px 16px; width: WIDTHpx }
.pane + .pane { border-left: 1px solid #ddd } .top { font-weight: 900; font-size: 17px; padding-bottom: 10px }
.message { display: flex; gap: 8px; padding: 6px 0 } .face { flex: none; width: 36px; height: 36px; border-radius: 6px;
background: #2c3e50; color: #fff; font-weight: 900; text-align: center; line-height: 36px } .name { font-weight: 900 }
.app { background: #e8e8e8; font-size: 10px; padding: 1px 3px; border-radius: 2px; color: #616061; margin: 0 5px }
.time { color: #616061; font-size: 12px } .body { min-width: 0; flex: 1 } .header { font-weight: 900; font-size: 18px;
margin: 6px 0 4px } .block { margin: 4px 0 8px; overflow-wrap: anywhere } .fields { display: grid;
grid-template-columns: 1fr 1fr; gap: 8px 16px } .narrow .fields { grid-template-columns: 1fr; gap: 6px } pre {
background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; padding: 8px; margin: 4px 0; font: 12px/1.5 monospace;
white-space: pre-wrap; overflow-wrap: anywhere } code { background: #f8f8f8; border: 1px solid #ddd;
border-radius: 3px; color: #e01e5a; font: 12px monospace; padding: 1px 3px } .context { color: #616061;
font-size: 13px } .actions { display: flex; flex-wrap: wrap; gap: 8px } .button { border: 1px solid #bbb;
border-radius: 4px; padding: 4px 12px; font-weight: 700; font-size: 13px } .primary { background: #007a5a; color: #fff;
border-color: #007a5a } a { color: #1264a3; text-decoration: none } .mention { background: #fff3d6; color: #1264a3;
padding: 0 2px; border-radius: 3px } .text { white-space: pre-wrap } .also { color: #616061; font-size: 12px }
"""


def text_of(value: Json) -> str:
    """A text object as HTML."""
    told = value["text"] if value["type"] == "mrkdwn" else html.escape(html.unescape(value["text"]), quote=False)
    if value["type"] != "mrkdwn":
        return told
    told = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', told)
    told = re.sub(r"<!subteam\^\w+>", '<span class="mention">@oncall</span>', told)
    told = re.sub(r"`([^`]+)`", r"<code>\1</code>", told)
    return re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", told)


def run_of(run: Json) -> str:
    """A run of rich text as HTML."""
    told = html.escape(run["text"], quote=False)
    for style, tag in (("bold", "b"), ("code", "code")):
        if run.get("style", {}).get(style):
            told = f"<{tag}>{told}</{tag}>"
    return f"<a>{told}</a>" if run["type"] == "link" else told


def element_of(element: Json) -> str:
    """A part of rich text as HTML."""
    told = "".join(map(run_of, element["elements"]))
    return f"<pre>{told}</pre>" if element["type"] == "rich_text_preformatted" else f'<div class="text">{told}</div>'


def section_of(block: Json) -> str:
    """A section as HTML."""
    text = f'<div class="text">{text_of(block["text"])}</div>' if "text" in block else ""
    fields = "".join(f'<div class="text">{text_of(field)}</div>' for field in block.get("fields", ()))
    return f'{text}<div class="fields">{fields}</div>' if fields else text


def actions_of(block: Json) -> str:
    """Buttons as HTML."""
    told = ((each.get("style", ""), text_of(each["text"])) for each in block["elements"])
    buttons = (f'<span class="button {style}">{text}</span>' for style, text in told)
    return f'<div class="actions">{"".join(buttons)}</div>'


BLOCKS: Mapping[str, Callable[[Json], str]] = {
    "header": lambda block: f'<div class="header">{text_of(block["text"])}</div>',
    "section": section_of,
    "rich_text": lambda block: "".join(map(element_of, block["elements"])),
    "context": lambda block: f'<div class="context">{" &nbsp; ".join(map(text_of, block["elements"]))}</div>',
    "actions": actions_of,
}


def message_of(content: Content, time: str, note: str = "") -> str:
    """A message as HTML, as Slack would show it."""
    _, body = blocks_with_buttons(content)
    told = "".join(f'<div class="block">{BLOCKS[block["type"]](block)}</div>' for block in body)
    name = f'<span class="name">sigwatch</span><span class="app">APP</span><span class="time">{time}</span>'
    also = f'<div class="also">{note}</div>' if note else ""
    return f'<div class="message"><div class="face">s</div><div class="body">{name}{also}{told}</div></div>'


def page_of(panes: Iterable[tuple[str, Iterable[str]]], width: int, kind: str = "") -> str:
    """Channels and threads side by side, each given with its heading and messages."""
    told = "".join(f'<div class="pane"><div class="top">{top}</div>{"".join(each)}</div>' for top, each in panes)
    style = STYLE.replace("WIDTH", str(width))
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style><div class="panes {kind}">{told}</div>'


def card_page() -> str:
    """The card with its thread, on a desktop."""
    also = "Also sent to the channel"
    times = ("06:02", "06:17", "06:19")
    thread = [message_of(entry, time, also if entry.mention else "") for entry, time in zip(THREAD, times, strict=True)]
    return page_of([("# oncall", [message_of(NIGHT, "06:02 (edited)")]), ("Thread", thread)], 620)


def phone_page() -> str:
    """The card on a phone."""
    return page_of([("# oncall", [message_of(NIGHT, "06:02 (edited)")])], 390, "narrow")


def list_page() -> str:
    """The first page of a list and the beginning of its thread, on a desktop."""
    many = crowd(70)
    counts = pages(many)
    first = digest(many[: counts[0]], 1, len(counts), len(many))
    second = digest(many[counts[0] :], 2, len(counts), len(many))
    severities = (("P0", 3), ("P1", 20), ("P2", 47))
    first, second = replace(first, severities=severities), replace(second, severities=severities)
    shown, further = replace(first, alerts=first.alerts[:9]), replace(second, alerts=second.alerts[:11])
    return page_of([("# oncall", [message_of(shown, "03:12")]), ("Thread", [message_of(further, "03:12")])], 620)


def report_page() -> str:
    """A month of logs searched for known incidents, down to the first signature."""
    made = replace(a_month(), gaps=(gap(start_ms=START_MS + 12 * DAY, end_ms=START_MS + 13 * DAY),))
    told = page(made, "Backfill of production", unmasked, START_MS + 30 * DAY)
    first, others = '<section class="signature', told.split('<section class="signature')
    # Its policy keeps the measuring script out too.
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", first.join(others[:2]))
    return bare.replace("<body>", '<body class="panes">')


def drawing(contents: Iterable[Content], title: str) -> str:
    """A terminal that shows these one below the other, as SVG that fetches nothing."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    target = ConsolePublisher(console)
    for number, content in enumerate(contents):
        if number == 0 or not hasattr(content, "fix"):
            target.post("#oncall", content, "")
        else:
            target.update("#oncall", content.key, content)
    svg = console.export_svg(title=title, unique_id="alert")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def screenshot(page: str, target: Path, width: int) -> None:
    """Draw a page with Chromium if it is there, else keep the page itself beside it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        target.with_suffix(".html").write_text(page, encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page + MEASURE, encoding="utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        ]
        told = subprocess.run(
            [browser, *options, f"--window-size={width},200", "--dump-dom", source.as_uri()],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        height = int(re.findall(r'data-height="(\d+)"', told)[0])
        subprocess.run(
            [browser, *options, f"--window-size={width},{height}", f"--screenshot={target}", source.as_uri()],
            capture_output=True, check=True,
        )  # fmt: skip


OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text")
MEASURE = "<script>document.body.dataset.height = document.querySelector('.panes').scrollHeight</script>"
TERMINALS: Mapping[str, Callable[[], str]] = {
    "alert.svg": lambda: drawing([LOST, ACKNOWLEDGED, GROWN, RESOLVED], "sigwatch"),
}
PAGES: Mapping[str, tuple[Callable[[], str], int]] = {
    "slack.png": (card_page, 1240),
    "slack-phone.png": (phone_page, 390),
    "slack-list.png": (list_page, 1240),
    "report.png": (report_page, 1000),
}


def main(wanted: Iterable[str]) -> None:
    """Draw the wanted pictures, or all of them."""
    chosen = set(wanted)
    for name, draw in TERMINALS.items():
        if not chosen or name in chosen:
            (DOCS / name).write_text(draw(), encoding="utf-8")
    for name, (draw, width) in PAGES.items():
        if not chosen or name in chosen:
            screenshot(draw(), DOCS / name, width)


if __name__ == "__main__":
    main(sys.argv[1:])
