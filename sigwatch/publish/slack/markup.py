"""The pieces that Slack's messages are made of: escaped text, mrkdwn, rich text. Pure.

Text from documents and logs goes into rich text, which Slack does not parse, wherever possible; the rest is escaped,
and shown as code so that stars and underscores mean nothing either. The only live mention is the configured one.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from sigwatch.publish.words.inline import runs
from sigwatch.publish.words.wording import cut

Json = dict[str, Any]
Rendered = tuple[str, list[Json]]
"""The top-level text, which phones show, and the blocks."""

LINK_LENGTH = 2_500
"""A longer address is left out: cut, it would lead nowhere."""
VALUE_LENGTH = 400


def escape(text: str) -> str:
    """`text` with Slack's three control characters as entities (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut_escaped(text: str, limit: int) -> str:
    """`text` escaped, cut to at most `limit` characters without breaking an entity."""
    whole = escape(text)
    end = limit
    while len(whole) > limit:
        whole = escape(cut(text, end))
        end -= max(1, (len(whole) - limit) // 5)
    return whole


def address(url: str) -> str:
    """A web address with everything quoted that is none of its characters; empty for what is no web address."""
    safe = quote(url, safe="%/:=&?~#+!$,;'@()*[]-._")
    return safe if safe.startswith(("http://", "https://")) else ""


def plain_text(text: str, limit: int) -> Json:
    """A text object in which nothing is parsed."""
    return {"type": "plain_text", "text": cut_escaped(text, limit), "emoji": True}


def mrkdwn(text: str) -> Json:
    """A text object of what is marked up already; nothing else in it becomes a link or a mention."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def call(mention: str) -> list[Json]:
    """A section that calls whom the configuration names; nothing for nobody."""
    return [{"type": "section", "text": mrkdwn(mention)}] if mention else []


def code(text: str) -> str:
    """Inline code: the one mrkdwn style inside which no other is parsed."""
    return "`" + cut_escaped(text.replace("`", "'"), VALUE_LENGTH) + "`"


def link(url: str, label: str) -> str:
    """A mrkdwn link, or nothing for what is no web address or too long for one."""
    safe = escape(address(url))
    return f"<{safe}|{escape(label.replace('|', '¦'))}>" if 0 < len(safe) <= LINK_LENGTH else ""


def rich_text(elements: Iterable[Json]) -> Json:
    """A rich text block; neighbouring sections become one, since only a written line end surely ends a line."""
    merged: list[Json] = []
    for element in elements:
        if merged and merged[-1]["type"] == element["type"] == "rich_text_section":
            lines = [*merged.pop()["elements"], run("\n"), *element["elements"]]
            merged.append(section(lines))
        else:
            merged.append(element)
    return {"type": "rich_text", "elements": merged}


def section(elements: Iterable[Json]) -> Json:
    """A line or paragraph of rich text."""
    return {"type": "rich_text_section", "elements": list(elements)}


def preformatted(text: str) -> Json:
    """Lines of code or log in rich text."""
    return {"type": "rich_text_preformatted", "elements": [run(text)]}


def line(text: str) -> Json:
    """A line of plain rich text."""
    return section([run(text)])


def bold_line(text: str) -> Json:
    """A line of bold rich text."""
    return section([run(text, "bold")])


def run(text: str, *styles: str) -> Json:
    """Characters of one style in rich text."""
    told: Json = {"type": "text", "text": text}
    return {**told, "style": dict.fromkeys(styles, True)} if styles else told


def marked_up(text: str) -> list[Json]:
    """A line of markdown as runs of rich text."""
    return [_run(each.text, _styles(each.bold, each.code), each.url) for each in runs(text)]


def _styles(bold: bool, as_code: bool) -> Sequence[str]:
    return [name for name, wanted in (("bold", bold), ("code", as_code)) if wanted]


def _run(text: str, styles: Sequence[str], url: str) -> Json:
    told = run(text, *styles)
    return {**told, "type": "link", "url": url} if url else told
