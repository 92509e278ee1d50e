"""Whatever is to be told as Slack shows it: top-level text and Block Kit blocks. Pure."""

from sigwatch.model.message import Alert, Content, Digest, Milestone
from sigwatch.publish.slack.card import card, card_with_buttons, plain_card
from sigwatch.publish.slack.digest import digest, digest_with_button, plain_digest
from sigwatch.publish.slack.limits import validate
from sigwatch.publish.slack.markup import Rendered
from sigwatch.publish.slack.thread import milestone, plain_milestone, plain_remark, remark

__all__ = ["blocks", "blocks_with_buttons", "plain", "validate"]


def blocks(content: Content) -> Rendered:
    """The top-level text, which phones show, and the blocks, with links."""
    if isinstance(content, Alert):
        return card(content)
    if isinstance(content, Milestone):
        return milestone(content)
    return digest(content) if isinstance(content, Digest) else remark(content)


def blocks_with_buttons(content: Content) -> Rendered:
    """As `blocks`, with buttons where there is something to decide."""
    if isinstance(content, Alert):
        return card_with_buttons(content)
    return digest_with_button(content) if isinstance(content, Digest) else blocks(content)


def plain(content: Content) -> str:
    """All of it as one text without any block, for when Slack refuses the blocks."""
    if isinstance(content, Alert):
        return plain_card(content)
    if isinstance(content, Milestone):
        return plain_milestone(content)
    return plain_digest(content) if isinstance(content, Digest) else plain_remark(content)
