"""The one message of an incident in its channel, edited in place as the incident goes on. Pure.

In the order in which it is needed at night: what, since when and how often; what can be done at once; the steps; a
glimpse of the log, whose rest is in the thread; why it matters.
"""

from collections.abc import Sequence
from dataclasses import replace

from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert
from sigwatch.publish.slack.buttons import answers, closing
from sigwatch.publish.slack.limits import HEADER, TEXT, TOTAL, size
from sigwatch.publish.slack.markup import (
    Json,
    Rendered,
    bold_line,
    call,
    code,
    cut_escaped,
    escape,
    line,
    link,
    marked_up,
    mrkdwn,
    plain_text,
    preformatted,
    rich_text,
    run,
    section,
)
from sigwatch.publish.words.fit import fit
from sigwatch.publish.words.inline import plain as plain_markdown
from sigwatch.publish.words.message import Message, message
from sigwatch.publish.words.reasons import sentence

SUMMARY_LENGTH = 600
_MARGIN = 200
"""For headings and line ends between the parts that `fit` weighs."""


def card(alert: Alert) -> Rendered:
    """The card with links, for where nobody would hear a button."""
    told = message(alert)
    links = [mrkdwn(each) for each in [link(told.logs_url, "Open in Logs Insights")] if each]
    return _card(told, [], [], [{"type": "context", "elements": [mrkdwn(_names(told)), *links]}])


def card_with_buttons(alert: Alert) -> Rendered:
    """The card with buttons, which also hold its links."""
    told = message(alert)
    names = [{"type": "context", "elements": [mrkdwn(_names(told))]}]
    return _card(told, answers(alert.incident), closing(told, alert.incident), names)


def plain_card(alert: Alert) -> str:
    """The card as one text without any block, every step in it, for when Slack refuses the blocks."""
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


def _card(told: Message, at_once: Sequence[Json], afterwards: Sequence[Json], last: Sequence[Json]) -> Rendered:
    head = _head(told)
    room = TOTAL - _MARGIN - size([*head, *at_once, *afterwards, *last]) - len(told.verdict) - len(told.section)
    fitted = fit(replace(told, samples=told.glimpse), room)
    body = [*_fix(fitted), *afterwards, *_samples(fitted, told), *_why(fitted)]
    return _text(told), [*head, *at_once, *body, *last]


def _plain_step(number: int, step: Step) -> str:
    fenced = f"\n{step.code}" if step.code else ""
    return f"{number}. {plain_markdown(step.text)}{fenced}"


def _text(told: Message) -> str:
    summary = cut_escaped(f"{told.mark} {told.summary}", SUMMARY_LENGTH)
    return f"{told.mention} {summary}" if told.mention else summary


def _head(told: Message) -> list[Json]:
    hour = [line(f"Last hour  {told.last_hour}")] if told.last_hour else []
    state = [bold_line(sentence(told.state)), *map(line, told.notes), *hour]
    return [
        {"type": "header", "text": plain_text(f"{told.mark} {told.headline}", HEADER)},
        *call(told.mention),
        rich_text([*state, *_facts(told)]),
    ]


def _facts(told: Message) -> list[Json]:
    """Three lines, where fields would fill the screen of a phone before the first step is seen."""
    facts = {fact.name: fact.value for fact in told.facts}
    seen = f"{told.events} · last seen {facts['Last seen']}"
    whose = " · ".join(facts[name] for name in ("Project", "Account") if name in facts)
    where = [section([run(facts[name], "code")]) for name in ("Log group", "Log groups") if name in facts]
    grouped = [line(f"Grouped by {facts['Grouped by']}")] if "Grouped by" in facts else []
    return [line(seen), *([line(whose)] if whose else []), *where, *grouped]


def _fix(told: Message) -> list[Json]:
    opening = [run(told.verdict, "bold")]
    if told.section:
        opening.append(run(f" · {told.section}"))
    elements = [section(opening)]
    if told.cause:
        elements.append(section([run("Cause: "), *marked_up(told.cause)]))
    for number, step in enumerate(told.steps, 1):
        elements += _step(number, step)
    if told.prevention:
        elements.append(section(marked_up(told.prevention)))
    if told.verification:
        elements += [bold_line("Verify"), preformatted(told.verification)]
    return [rich_text(elements)]


def _step(number: int, step: Step) -> list[Json]:
    # Numbers are written out: a list block would start anew after each code block, and plain text would lose them.
    listed = [section([run(f"{number}. ", "bold"), *marked_up(step.text)])]
    return [*listed, preformatted(step.code)] if step.code else listed


def _samples(fitted: Message, whole: Message) -> list[Json]:
    if not fitted.samples:
        return []
    rest = [run(" · more in the thread")] if len(whole.samples) > len(whole.glimpse) else []
    return [rich_text([section([run("Log lines", "bold"), *rest]), preformatted("\n".join(fitted.samples))])]


def _why(told: Message) -> list[Json]:
    if not told.why:
        return []
    return [rich_text([section([run("Why it matters: ", "bold"), *marked_up(told.why)])])]


def _names(told: Message) -> str:
    named = [code(told.signature)]
    if told.ris:
        linked = link(told.ris_url, told.ris)
        named.append(linked or code(told.ris))
        if told.ris_url and not linked:
            named.append(code(told.ris_url))
    return " · ".join(named)
