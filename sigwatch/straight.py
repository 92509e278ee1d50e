"""A client of Slack that goes nowhere else."""

from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from slack_sdk import WebClient


class StraightClient(WebClient):
    """Follows no redirect: urllib, which slack-sdk calls, would take the token along to whatever host is named."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002 - slack-sdk's signature
        with self._opener().open(req, timeout=self.timeout) as answer:
            text = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.status, "headers": answer.headers, "body": text}

    def _opener(self) -> OpenerDirector:
        opener = OpenerDirector()
        for handler in (
            ProxyHandler({"http": self.proxy, "https": self.proxy} if self.proxy else None),
            HTTPHandler(),
            HTTPSHandler(context=self.ssl),
            HTTPErrorProcessor(),
            HTTPDefaultErrorHandler(),
            UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener
