"""What each answer of Slack means, as one table."""

import ssl
from socket import gaierror
from urllib.error import URLError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.errors import Ambiguous, NotSent, PublishError, Refused
from sigwatch.publish.retry_after import seconds
from sigwatch.publish.slack.outcome import CONTENT, classify, explain, harmless_to_repeat


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, "ratelimited", NotSent),
        (429, "", NotSent),
        (200, "rate_limited", NotSent),
        (200, "internal_error", Ambiguous),
        (200, "fatal_error", Ambiguous),
        (200, "request_timeout", Ambiguous),
        (408, "", Ambiguous),
        (500, "invalid_auth", Ambiguous),
        (503, "", Ambiguous),
        (200, "Received a response in a non-JSON format: <html>", Ambiguous),
        (200, "", Ambiguous),
        (200, "invalid_auth", Refused),
        (200, "not_in_channel", Refused),
        (200, "a_word_of_next_year", Refused),
        (403, "missing_scope", Refused),
    ],
)
def test_an_answer(status: int, error: str, kind: type[PublishError]) -> None:
    assert type(classify(status, error)) is kind


@pytest.mark.parametrize("error", sorted(CONTENT))
def test_content_may_pass_when_plainer(error: str) -> None:
    refused = classify(200, error)
    assert isinstance(refused, Refused)
    assert refused.because_of_content


def test_a_refusal_says_what_to_do() -> None:
    assert str(classify(200, "not_in_channel")).endswith("(HTTP 200): invite the app to the channel")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (URLError(ConnectionRefusedError()), NotSent),
        (URLError(gaierror()), NotSent),
        (URLError(ssl.SSLCertVerificationError()), NotSent),
        (URLError(TimeoutError()), NotSent),
        (URLError("unknown url type"), NotSent),
        (URLError(ConnectionResetError()), Ambiguous),
        (URLError(BrokenPipeError()), Ambiguous),
        (TimeoutError(), Ambiguous),
        (ConnectionResetError(), Ambiguous),
        (ssl.SSLError(), Ambiguous),
        (ValueError("Invalid header value b'Bearer xoxb-1'"), Ambiguous),
        (Refused("already told"), Refused),
    ],
)
def test_a_failure_without_an_answer(failure: Exception, kind: type[PublishError]) -> None:
    explained = explain(failure)
    assert type(explained) is kind
    assert "xoxb" not in str(explained)


@given(st.text() | st.none() | st.floats().map(str))
def test_any_retry_after_gives_a_time_to_wait(header: str | None) -> None:
    assert 0 <= seconds(header) <= 3600


@pytest.mark.parametrize(("header", "wanted"), [("7", 7.0), ("1.5", 1.5), ("soon", 10.0), (None, 10.0), ("-1", 10.0)])
def test_retry_after(header: str | None, wanted: float) -> None:
    assert seconds(header) == wanted


def test_what_may_be_repeated_is_never_ambiguous() -> None:
    assert type(harmless_to_repeat(Ambiguous("x"))) is NotSent
    limited = NotSent("x", 3)
    assert harmless_to_repeat(limited) is limited
