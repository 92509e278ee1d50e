"""What a caller of the service can do wrong, and how the service says so.

ApiError: one error reply, as the service words it
QueryError: a fault in a query's text, with its place
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Reply:
    """An error as it goes over the wire."""

    code: str
    """The name that SDKs turn into an exception class."""
    message: str
    status: int = 400
    """HTTP status."""
    members: Mapping[str, object] = field(default_factory=dict)
    """Further members of the error's body."""


class ApiError(Exception):
    """The service refuses a request."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.code}: {reply.message}")
        self.reply = reply


class QueryError(Exception):
    """A query's text is not understood."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        """Offset of the first character at fault."""
        self.end = end
        """Offset of the last character at fault, itself included."""


def refusal(code: str, message: str) -> ApiError:
    """An error of the caller's making, by its wire name."""
    return ApiError(Reply(code, message))


def invalid(message: str) -> ApiError:
    """A parameter that the service does not take."""
    return refusal("InvalidParameterException", message)


def not_found(message: str) -> ApiError:
    """Something named in the request does not exist."""
    return refusal(NOT_FOUND, message)


def group_not_found(name: str, account: str, request_id: str, code: str = NOT_FOUND) -> ApiError:
    """A query names a log group that the account does not have."""
    return refusal(
        code,
        f"Log group '{name}' does not exist for account ID '{account}' (Service: AWSLogs; Status Code: 400;"
        f" Error Code: {code}; Request ID: {request_id})",
    )


def unavailable() -> ApiError:
    """The service has a bad moment; the caller may try again."""
    return ApiError(Reply("ServiceUnavailableException", "The service cannot complete the request.", status=503))


def throttled() -> ApiError:
    """Too many requests in a second."""
    return refusal("ThrottlingException", "Rate exceeded")


def pool_full(limit: int) -> ApiError:
    """Too many queries run at the same time."""
    message = f"Account maximum query concurrency limit of [{limit}] reached."
    return refusal("LimitExceededException", message)


def denied(operation: str, account: str, arn: str) -> ApiError:
    """The error for a group that the caller may not use."""
    user = f"arn:aws:iam::{account}:user/local"
    return refusal(
        "AccessDeniedException",
        f"User: {user} is not authorized to perform: {operation} on resource: {arn}:log-stream:"
        f" because no identity-based policy allows the {operation} action",
    )


def malformed(message: str, start: int, end: int) -> ApiError:
    """A query that can not be compiled, with the offsets of the first and last character at fault."""
    location = {"startCharOffset": start, "endCharOffset": end}
    members = {"queryCompileError": {"location": location, "message": message}}
    return ApiError(Reply("MalformedQueryException", message, members=members))
