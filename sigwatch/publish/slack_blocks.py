"""A message as Slack shows it: top-level text and Block Kit blocks. Pure.

Text from documents and logs goes into rich text, which Slack does not parse, wherever possible; the rest is escaped,
and shown as code so that stars and underscores mean nothing either. The only live mention is the configured one.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from sigwatch.model.incident import Alert
from sigwatch.model.knowledge import Step
from sigwatch.publish.fit import fit
from sigwatch.publish.inline import plain as plain_markdown
from sigwatch.publish.inline import runs
from sigwatch.publish.message import Message, message
from sigwatch.publish.slack_limits import HEADER, TEXT, TOTAL, size, validate
from sigwatch.publish.wording import ELLIPSIS, cut

__all__ = ["blocks", "escape", "plain", "validate"]

Json = dict[str, Any]

LINK_LENGTH = 2_500
"""A longer address is left out: cut, it would lead nowhere."""
FIELD_VALUE_LENGTH = 400
SAMPLES_LENGTH = 1_500
SUMMARY_LENGTH = 600
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9 :,.-]+")
"""No character in it that mrkdwn knows."""
_MARGIN = 200
"""For headings and line ends between the parts that `fit` weighs."""


def escape(text: str) -> str:
    """`text` with Slack's three control characters as entities (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(alert: Alert) -> tuple[str, list[Json]]:
    """The top-level text, which phones show, and the blocks of an alert."""
    told = message(alert)
    fixed = _head(told), _context(told)
    room = TOTAL - _MARGIN - sum(size(part) for part in fixed) - len(told.verdict) - len(told.section)
    fitted = fit(_bounded(told), room)
    body = [*_fix(fitted), *_samples(fitted), *_why(fitted)]
    return _text(told), [*fixed[0], *body, *fixed[1]]


def plain(alert: Alert) -> str:
    """The alert as one text without any block, every step in it, for when Slack refuses the blocks."""
    told = message(alert)
    head = "\n".join([_text(told), escape(f"{told.signature} · {told.verdict}")])
    room = TEXT - len(head) - 100
    while True:
        steps = fit(replace(told, samples=(), why="", cause="", verification=""), room)
        listed = [escape(_plain_step(number, step)) for number, step in enumerate(steps.steps, 1)]
        text = "\n".join([head, *listed, *([escape(steps.prevention)] if steps.prevention else [])])
        if len(text) <= TEXT or room <= 0:
            return text
        # Escaping lengthens; what it added is taken from the room and the steps are fitted again.
        room -= max(len(text) - TEXT, 1)


def _plain_step(number: int, step: Step) -> str:
    code = f"\n{step.code}" if step.code else ""
    return f"{number}. {plain_markdown(step.text)}{code}"


def _bounded(told: Message) -> Message:
    kept: list[str] = []
    for line in told.samples:
        if sum(map(len, kept)) + len(line) > SAMPLES_LENGTH:
            kept.append(ELLIPSIS)
            break
        kept.append(line)
    return replace(told, samples=tuple(kept))


def _text(told: Message) -> str:
    summary = cut_escaped(f"{told.mark} {told.summary}", SUMMARY_LENGTH)
    return f"{told.mention} {summary}" if told.mention else summary


def cut_escaped(text: str, limit: int) -> str:
    """`text` escaped, cut to at most `limit` characters without breaking an entity."""
    whole = escape(text)
    end = limit
    while len(whole) > limit:
        whole = escape(cut(text, end))
        end -= max(1, (len(whole) - limit) // 5)
    return whole


def _head(told: Message) -> list[Json]:
    title = cut_escaped(f"{told.mark} {told.headline}", HEADER)
    fields = [_mrkdwn(f"*{fact.name}*\n{_value(fact.value)}") for fact in told.facts]
    calls = [{"type": "section", "text": _mrkdwn(told.mention)}] if told.mention else []
    return [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": True}},
        *calls,
        {"type": "section", "text": _mrkdwn(f"*{escape(told.state)}*"), "fields": fields},
    ]


def _fix(told: Message) -> list[Json]:
    opening = [_plain_run(told.verdict, bold=True)]
    if told.section:
        opening.append(_plain_run(f" · {told.section}"))
    elements = [_section(opening)]
    if told.cause:
        elements.append(_section([_plain_run("Cause: "), *_runs(told.cause)]))
    for number, step in enumerate(told.steps, 1):
        elements += _step(number, step)
    if told.prevention:
        elements.append(_section(_runs(told.prevention)))
    if told.verification:
        elements += [_section([_plain_run("Verify", bold=True)]), _preformatted(told.verification)]
    return [_rich_text(elements)]


def _step(number: int, step: Step) -> list[Json]:
    # Numbers are written out: a list block would start anew after each code block, and plain text would lose them.
    listed = [_section([_plain_run(f"{number}. ", bold=True), *_runs(step.text)])]
    return [*listed, _preformatted(step.code)] if step.code else listed


def _samples(told: Message) -> list[Json]:
    if not told.samples:
        return []
    heading = _section([_plain_run("Log lines", bold=True)])
    return [_rich_text([heading, _preformatted("\n".join(told.samples))])]


def _why(told: Message) -> list[Json]:
    if not told.why:
        return []
    return [_rich_text([_section([_plain_run("Why it matters: ", bold=True), *_runs(told.why)])])]


def _context(told: Message) -> list[Json]:
    named = [_code(told.signature, FIELD_VALUE_LENGTH)]
    if told.ris:
        named.append(_link(told.ris_url, told.ris) or _code(told.ris, FIELD_VALUE_LENGTH))
        if told.ris_url and not _link(told.ris_url, told.ris):
            named.append(_code(told.ris_url, FIELD_VALUE_LENGTH))
    elements = [_mrkdwn(" · ".join(named))]
    logs = _link(told.logs_url, "Open in Logs Insights")
    if logs:
        elements.append(_mrkdwn(logs))
    return [{"type": "context", "elements": elements}]


def _value(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else _code(text, FIELD_VALUE_LENGTH)


def _code(text: str, limit: int) -> str:
    """Inline code: the one mrkdwn style inside which no other is parsed."""
    return "`" + cut_escaped(text.replace("`", "'"), limit) + "`"


def _link(url: str, label: str) -> str:
    """A mrkdwn link, or nothing for what is no web address or too long for one."""
    safe = escape(quote(url, safe="%/:=&?~#+!$,;'@()*[]-._"))
    if not safe.startswith(("http://", "https://")) or len(safe) > LINK_LENGTH:
        return ""
    return f"<{safe}|{escape(label.replace('|', '¦'))}>"


def _mrkdwn(text: str) -> Json:
    # Verbatim: nothing but what is marked up here becomes a link or a mention.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _rich_text(elements: Iterable[Json]) -> Json:
    """A rich text block; neighbouring sections become one, since only a written line end surely ends a line."""
    merged: list[Json] = []
    for element in elements:
        if merged and merged[-1]["type"] == element["type"] == "rich_text_section":
            lines = [*merged.pop()["elements"], _plain_run("\n"), *element["elements"]]
            merged.append(_section(lines))
        else:
            merged.append(element)
    return {"type": "rich_text", "elements": merged}


def _section(elements: Iterable[Json]) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def _preformatted(text: str) -> Json:
    return {"type": "rich_text_preformatted", "elements": [_plain_run(text)]}


def _plain_run(text: str, *, bold: bool = False) -> Json:
    run: Json = {"type": "text", "text": text}
    return {**run, "style": {"bold": True}} if bold else run


def _runs(text: str) -> list[Json]:
    return [_run(run.text, run.code, run.bold, run.url) for run in runs(text)]


def _run(text: str, code: bool, bold: bool, url: str) -> Json:
    style = {name: True for name, wanted in (("bold", bold), ("code", code)) if wanted}
    run: Json = {"type": "link", "url": url, "text": text} if url else {"type": "text", "text": text}
    return {**run, "style": style} if style else run
