"""Links into the CloudWatch console's Logs Insights page.

The page reads its state from the address in a notation of its own: objects as `~(key~value)`, strings after a quote
with every other character as `*` and its hexadecimal code, the whole with `$` in place of `%`.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from sigwatch.model.logs import LogGroup, Window


def console_link(groups: Iterable[LogGroup], query: str, window: Window) -> str:
    """Address that opens exactly this query over these log groups and this window."""
    chosen = sorted(groups)
    region = chosen[0].region
    sources = "".join(f"~{_string(group.arn)}" for group in chosen)
    detail = (
        f"~(end~{_string(_moment(window.end))}~start~{_string(_moment(window.start))}~timeType~'ABSOLUTE~tz~'UTC"
        f"~editorString~{_string(query)}~source~({sources}))"
    )
    page = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:logs-insights"
    return f"{page}$3FqueryDetail$3D{detail}"


def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _string(text: str) -> str:
    return "'" + re.sub(r"[^A-Za-z0-9_.-]", lambda found: _code(ord(found[0])), text)


def _code(number: int) -> str:
    return f"*{number:02x}" if number < 0x100 else f"**{number:04x}"
