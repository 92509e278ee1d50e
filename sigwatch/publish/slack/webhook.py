"""A Slack incoming webhook as a target: text alone, which nobody can edit, find or take back.

docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. The answer is the word ok and names no message.
"""

from sigwatch.errors import Ambiguous
from sigwatch.model.message import Content
from sigwatch.publish.http import DEADLINE_SECONDS, Address, Answer, encode, post, repeatable
from sigwatch.publish.words.plain_text import mention, plain_text, short_text


class SlackWebhookPublisher:
    """Posts at least once: what may have arrived is sent again, since nothing can be looked up.

    A ref is the content's key and names nothing in Slack.
    """

    name = "slack-webhook"

    def __init__(self, url: str, deadline: float = DEADLINE_SECONDS) -> None:
        """Publish through a webhook, which decides on the channel.

        Args:
            url: the webhook's address; a secret.
            deadline: seconds for a call.

        Raises:
            ValueError: it is no address; the sentence does not quote it.
        """
        self._address = Address(url)
        self._deadline = deadline

    def post(self, destination: str, content: Content, thread: str) -> str:  # noqa: ARG002 - the port's signature
        """Post the content in full.

        Raises:
            NotSent: it is to be sent again, though it may have arrived.
            Refused: Slack does not take it.
        """
        title, body = plain_text(content)
        self._send(f"*{_escaped(title)}*\n{_escaped(body)}", mention(content))
        return content.key

    def update(self, destination: str, ref: str, content: Content) -> None:  # noqa: ARG002 - the port's signature
        """Post what is new, in a line or two and calling nobody."""
        title, body = short_text(content)
        self._send(f"{_escaped(title)}\n{_escaped(body)}", "")

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:  # noqa: ARG002 - the port's signature
        """None: a webhook can not read."""
        return None

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Post the content; there is no plainer form."""
        return self.post(destination, content, thread)

    def _send(self, text: str, call: str) -> None:
        body = encode({"text": f"{call} {text}".strip(), "unfurl_links": False, "unfurl_media": False})
        repeatable(lambda: self._accepted(post(self._address, body, deadline=self._deadline)))

    def _accepted(self, answer: Answer) -> Answer:
        # A proxy's page has the same status.
        if answer.body.strip() != "ok":
            raise Ambiguous(f"{self._address.host} answered HTTP {answer.status} without the word ok")
        return answer


def _escaped(text: str) -> str:
    # In this order, or the escapes would be escaped: docs.slack.dev/messaging/formatting-message-text.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
