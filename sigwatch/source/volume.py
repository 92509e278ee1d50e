"""How much log groups take in, as CloudWatch counts it: the metric IncomingBytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sigwatch.model.logs import LogGroup, Window

_METRICS_PER_CALL = 500


def incoming_bytes(client: Any, groups: Sequence[LogGroup], window: Window) -> int | None:
    """Bytes that arrived in the log groups in the window; None where the metric can not be had.

    `client` is boto3's for CloudWatch, of the account and region of all the groups.
    """
    total = 0.0
    for start in range(0, len(groups), _METRICS_PER_CALL):
        queries = [_query(number, group) for number, group in enumerate(groups[start : start + _METRICS_PER_CALL])]
        try:
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=datetime.fromtimestamp(window.start, UTC),
                EndTime=datetime.fromtimestamp(window.end, UTC),
            )
            total += sum(value for page in pages for result in page["MetricDataResults"] for value in result["Values"])
        except (BotoCoreError, ClientError):
            return None
    return round(total)


def _query(number: int, group: LogGroup) -> dict[str, Any]:
    dimensions = [{"Name": "LogGroupName", "Value": group.name}]
    metric = {"Namespace": "AWS/Logs", "MetricName": "IncomingBytes", "Dimensions": dimensions}
    found: dict[str, Any] = {"Id": f"g{number}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    # A monitoring account names the owner of what it sees.
    return found | {"AccountId": group.account}
