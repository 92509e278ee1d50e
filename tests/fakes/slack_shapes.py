"""What Slack takes as a message by its documentation, and how to read one that it shows.

docs.slack.dev/reference/block-kit/blocks and /block-elements/button-element, /composition-objects/confirmation-dialog.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

MOST_TEXT_IN_BLOCKS = 13_000


class Refusal(Exception):
    """An `ok: false` answer: Slack's word for it."""


def metadata_of(params: Json) -> Json | None:
    """The metadata of a message to be written."""
    metadata = params.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata)) > 8_000:
        raise Refusal("metadata_too_large")
    return metadata


def content_of(params: Json) -> tuple[str, list[Json]]:
    """Text and blocks of a message to be written."""
    text, blocks = params.get("text") or "", params.get("blocks") or []
    if not isinstance(text, str) or not isinstance(blocks, list):
        raise Refusal("invalid_arguments")
    if not text and not blocks:
        raise Refusal("no_text")
    if any(block_faults(blocks)):
        raise Refusal("invalid_blocks")
    if sum(map(len, strings(blocks))) > MOST_TEXT_IN_BLOCKS:
        raise Refusal("msg_blocks_too_long")
    return text[:40_000], blocks


def strings(value: object) -> Iterator[str]:
    """Every text in blocks, in the order in which it is read."""
    if isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for name in ("text", "fields", "elements"):
            if not isinstance(value.get(name), str):
                yield from strings(value.get(name))


def readable(message: Json) -> str:
    """All that a message says, for assertions: its top-level text, then the texts of its blocks."""
    return f"{message['text']}\n{''.join(strings(message['blocks']))}"


def live_tokens(message: Json) -> list[str]:
    """What Slack would turn into a mention or a link: everything in angle brackets where mrkdwn is parsed."""
    parsed = [message["text"], *_parsed(message["blocks"])]
    return [token for text in parsed for token in re.findall(r"<[^<>]+>", text)]


def _parsed(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _parsed(inner)
    elif isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value["text"]
        for inner in value.values():
            yield from _parsed(inner)


def block_faults(blocks: list[Json]) -> Iterator[str]:
    """What Slack does not take, by its documentation."""
    if len(blocks) > 50:
        yield "more than 50 blocks"
    for block in blocks:
        check = _CHECKS.get(block.get("type", "") if isinstance(block, dict) else "")
        if check is None:
            yield "not a block"
        else:
            yield from check(block)


def _text_faults(value: object, most: int, kinds: frozenset[str]) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield "not a text object"
    elif not isinstance(value.get("text"), str) or not 1 <= len(value["text"]) <= most:
        yield f"text not of 1 to {most} characters"


_ANY_TEXT = frozenset({"mrkdwn", "plain_text"})


def _header_faults(block: Json) -> Iterator[str]:
    yield from _text_faults(block.get("text"), 150, frozenset({"plain_text"}))


def _section_faults(block: Json) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "neither text nor fields"
    if "text" in block:
        yield from _text_faults(block["text"], 3_000, _ANY_TEXT)
    if len(fields) > 10:
        yield "more than 10 fields"
    for entry in fields:
        yield from _text_faults(entry, 2_000, _ANY_TEXT)


def _context_faults(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 10:
        yield "not 1 to 10 elements"
    for element in elements:
        yield from _text_faults(element, 3_000, _ANY_TEXT)


def _rich_faults(block: Json) -> Iterator[str]:
    kinds = {"rich_text_section", "rich_text_preformatted", "rich_text_list", "rich_text_quote"}
    for element in block.get("elements", []):
        if element.get("type") not in kinds:
            yield "unknown rich text"
        lists = element.get("type") == "rich_text_list"
        parts = element.get("elements", []) if lists else [element]
        for part in parts:
            yield from _leaf_faults(part.get("elements", []))


def _leaf_faults(leaves: list[Json]) -> Iterator[str]:
    for leaf in leaves:
        if leaf.get("type") not in {"text", "link", "emoji", "user", "usergroup", "channel", "broadcast"}:
            yield "unknown rich text element"
        if leaf.get("type") == "text" and not leaf.get("text"):
            yield "empty rich text"
        if leaf.get("type") == "link" and not leaf.get("url"):
            yield "link without address"


_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}


def _actions_faults(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 25:
        yield "not 1 to 25 elements"
    ids = [element.get("action_id") for element in elements]
    if len(set(ids)) < len(ids):
        yield "an action_id twice"
    for element in elements:
        yield from _button_faults(element)


def _button_faults(button: Json) -> Iterator[str]:
    if button.get("type") != "button":
        yield "not a button"
    yield from _text_faults(button.get("text"), 75, frozenset({"plain_text"}))
    for name, most in (("action_id", 255), ("value", 2_000), ("url", 3_000)):
        if len(button.get(name, "")) > most:
            yield f"{name} longer than {most}"
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield "unknown style"
    for name, most in _CONFIRM.items() if "confirm" in button else ():
        kinds = _ANY_TEXT if name == "text" else frozenset({"plain_text"})
        yield from _text_faults(button["confirm"].get(name), most, kinds)


_CHECKS: dict[str, Callable[[Json], Iterator[str]]] = {
    "header": _header_faults,
    "section": _section_faults,
    "context": _context_faults,
    "actions": _actions_faults,
    "rich_text": _rich_faults,
    "divider": lambda _: iter(()),
}
