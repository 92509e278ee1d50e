"""What a failed call to Slack means: certainly not accepted, maybe accepted, or refused. Pure.

Error words: docs.slack.dev/reference/methods/chat.postMessage. No message made here holds what was sent or received,
since both may hold a secret.
"""

import re
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.publish.retry_after import seconds

RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
UNCERTAIN = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "duplicate_message_not_found",
        "duplicate_channel_not_found",
    }
)
"""Slack says of some of these that part of the operation may have succeeded."""
CONTENT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_arguments",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "markdown_text_conflict",
        "metadata_must_be_sent_from_app",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
"""A plainer text may pass."""
HINTS = {
    "account_inactive": "the app's user was removed; install the app again",
    "cant_update_message": "the message belongs to another app",
    "channel_not_found": "use the channel's id, and invite the app if it is private",
    "invalid_auth": "check SLACK_BOT_TOKEN",
    "is_archived": "the channel is archived; name another",
    "message_not_found": "somebody deleted the message",
    "missing_scope": "the app needs chat:write, and channels:history or groups:history",
    "not_authed": "set SLACK_BOT_TOKEN",
    "not_in_channel": "invite the app to the channel",
    "token_expired": "renew SLACK_BOT_TOKEN",
    "token_revoked": "renew SLACK_BOT_TOKEN",
}

_WORD = re.compile(r"[a-z0-9_]{1,80}")
"""Slack's own errors look like this; slack-sdk puts a sentence there for a body that is no JSON."""


def classify(status: int, error: str, retry_after: str | None = None) -> PublishError:
    """The meaning of an answer that is not an acceptance.

    Args:
        status: HTTP status.
        error: the `error` of the body.
        retry_after: the header, as it came.
    """
    told = error if _WORD.fullmatch(error) else "no JSON"
    said = f"Slack answered {told} (HTTP {status})"
    if 300 <= status < 400:
        return Refused(
            f"{said}: redirects are not followed, for the token must not go elsewhere; correct slack.base_url"
        )
    if status == 429 or error in RATE_LIMITED:
        return NotSent(said, seconds(retry_after))
    if status >= 500 or status == 408 or error in UNCERTAIN or told != error:
        return Ambiguous(said)
    hint = f"{said}: {HINTS[error]}" if error in HINTS else said
    return Refused(hint, because_of_content=error in CONTENT)


def explain(failure: Exception) -> PublishError:
    """The meaning of whatever slack-sdk raised.

    urllib wraps in URLError what fails until the request is sent: name look-up, connecting, TLS. A request that was not
    sent to its last byte was not accepted. What is raised bare came later. A reset is uncertain either way.
    """
    if isinstance(failure, PublishError):
        return failure
    if isinstance(failure, SlackApiError):
        return _answer(failure)
    if isinstance(failure, URLError) and not isinstance(failure.reason, ConnectionResetError | BrokenPipeError):
        return NotSent(f"Slack can not be reached ({_name(failure.reason)})")
    cause = failure.reason if isinstance(failure, URLError) else failure
    return Ambiguous(f"no answer from Slack ({_name(cause)})")


def harmless_to_repeat(error: PublishError) -> PublishError:
    """The same outcome of a call that may be made twice: what is uncertain is then simply tried again."""
    return NotSent(str(error)) if isinstance(error, Ambiguous) else error


def _answer(failure: SlackApiError) -> PublishError:
    response = failure.response
    data = response.data if isinstance(response.data, dict) else {}
    headers = {str(name).lower(): str(value) for name, value in (response.headers or {}).items()}
    return classify(int(response.status_code), str(data.get("error", "")), headers.get("retry-after"))


def _name(cause: object) -> str:
    # The kind alone: http.client, for one, quotes a malformed header, and with it the token.
    return cause if isinstance(cause, str) and _WORD.fullmatch(cause) else type(cause).__name__
