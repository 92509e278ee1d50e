"""The part of CloudWatch that hands out IncomingBytes, over HTTP in its JSON protocol."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import boto3
from botocore.config import Config


class FakeMetrics:
    """Serves the bytes of each log group while it is entered."""

    def __init__(self, incoming: Mapping[str, float]) -> None:
        self.down = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Amz-Target"] == "GraniteServiceVersion20100801.GetMetricData"
                found = []
                for query in asked["MetricDataQueries"]:
                    metric = query["MetricStat"]["Metric"]
                    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/Logs", "IncomingBytes")
                    value = incoming[metric["Dimensions"][0]["Value"]]
                    found.append({"Id": query["Id"], "Values": [value / 2, value / 2], "Timestamps": [0, 3600]})
                body = json.dumps({"MetricDataResults": found, "Messages": []}).encode()
                self.send_response(500 if outer.down else 200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is said."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def client(self) -> Any:
        """boto3's client for it."""
        session = boto3.session.Session("test", "test", region_name="us-east-1")
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        return session.client("cloudwatch", endpoint_url=self._url, config=config)  # type: ignore[call-overload,unused-ignore]  # its stubs are not installed

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
