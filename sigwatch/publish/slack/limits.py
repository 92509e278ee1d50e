"""What Slack accepts in one message. Pure.

Limits of Block Kit: docs.slack.dev/reference/block-kit. The total over all blocks is undocumented; Slack was seen to
refuse about 13,200 characters (`msg_blocks_too_long`, slackapi/bolt-js#2509), and to split a top-level text of more
than some 4,000 into several messages (slackapi/java-slack-sdk#704): one alert must stay one message.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]

BLOCKS = 50
SECTION = 3_000
FIELD = 2_000
FIELDS = 10
HEADER = 150
CONTEXT_ELEMENTS = 10
ACTIONS = 25
"""Elements of one actions block."""
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
BUTTON_URL = 3_000
ACTION_ID = 255
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_ANSWER = 30
TOTAL = 10_000
"""Characters over all blocks."""
TEXT = 3_500
"""Characters of the top-level text."""

_LONGEST = {"header": HEADER, "section": SECTION}
_BUTTON = {"value": BUTTON_VALUE, "url": BUTTON_URL, "action_id": ACTION_ID}
_CONFIRM = {"title": CONFIRM_TITLE, "text": CONFIRM_TEXT, "confirm": CONFIRM_ANSWER, "deny": CONFIRM_ANSWER}
_BROKEN_ESCAPE = re.compile(r"&(?!(?:amp|lt|gt);)")


def validate(text: str, blocks: Sequence[Block]) -> list[str]:
    """Everything in a message that Slack would refuse, split or misread; empty when all is well."""
    found = [] if 0 < len(text) <= TEXT else [f"text: {len(text)} characters, 1 to {TEXT} allowed"]
    if len(blocks) > BLOCKS:
        found.append(f"blocks: {len(blocks)}, at most {BLOCKS} allowed")
    for place, block in enumerate(blocks):
        found += [f"blocks[{place}] {block['type']}: {fault}" for fault in _faults(block)]
    total = size(blocks)
    return [*found, f"blocks: {total} characters in total, at most {TOTAL} allowed"] if total > TOTAL else found


def size(blocks: Sequence[Block]) -> int:
    """Characters in all texts and addresses of the blocks."""
    return sum(len(text) for block in blocks for text in texts(block))


def texts(value: object) -> Iterator[str]:
    """Every string below `value` that people read or click."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield from [inner] if key in {"text", "url"} else []
            else:
                yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def _faults(block: Block) -> Iterator[str]:
    kind = block["type"]
    if kind in _LONGEST and "text" in block:
        yield from _too_long(block["text"], _LONGEST[kind])
    if len(block.get("fields", ())) > FIELDS:
        yield f"{len(block['fields'])} fields, at most {FIELDS} allowed"
    for field in block.get("fields", ()):
        yield from _too_long(field, FIELD)
    if kind in _ELEMENTS:
        yield from _element_faults(kind, block["elements"])
    if kind == "rich_text" and not all(texts(block)):
        yield "an empty text"


def _element_faults(kind: str, elements: Sequence[Block]) -> Iterator[str]:
    most, faults = _ELEMENTS[kind]
    if not 1 <= len(elements) <= most:
        yield f"{len(elements)} elements, 1 to {most} allowed"
    for element in elements:
        yield from faults(element)
    ids = [element["action_id"] for element in elements if "action_id" in element]
    if len(set(ids)) < len(ids):
        yield "an action_id twice"


def _button_faults(button: Block) -> Iterator[str]:
    yield from _too_long(button["text"], BUTTON_TEXT)
    for name, limit in _BUTTON.items():
        if name in button and not 1 <= len(button[name]) <= limit:
            yield f"{name}: {len(button[name])} characters, 1 to {limit} allowed"
    for name, limit in _CONFIRM.items() if "confirm" in button else ():
        yield from (f"confirm.{name}: {fault}" for fault in _too_long(button["confirm"][name], limit))


def _too_long(value: Block, limit: int) -> Iterator[str]:
    text = value["text"]
    if not 1 <= len(text) <= limit:
        yield f"{len(text)} characters, 1 to {limit} allowed"
    if _BROKEN_ESCAPE.search(text):
        yield "an ampersand that is not escaped"


_ELEMENTS: Mapping[str, tuple[int, Callable[[Block], Iterator[str]]]] = {
    "context": (CONTEXT_ELEMENTS, lambda element: _too_long(element, SECTION)),
    "actions": (ACTIONS, _button_faults),
}
