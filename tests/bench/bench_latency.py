"""From an event's time to the accepted Slack message, at the real daemon. `python -m tests.bench.bench_latency`"""

import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from random import Random
from statistics import median, quantiles

from tests.fakes.processes import CHANNEL, GROUP, Logs, daemon, eventually, threaded_logs, write_configuration
from tests.fakes.slack_server import FakeSlack

pause = threading.Event().wait

INTERVAL = 2
EVENTS = 60
ERROR = "[ERROR] ModuleNotFoundError: No module named 'src.api.v1.providers'"


def now() -> float:
    return time.time()  # noqa: TID251 - the daemon lives in real time


def write(logs: Logs, number: int) -> float:
    at = now()
    stream = f"stream-{number}"
    logs.client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    event = {"timestamp": int(at * 1000), "message": ERROR}
    logs.client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[event])
    return at


def _shown(slack: FakeSlack, count: int) -> bool:
    return len(slack.messages(CHANNEL)) == count


def main() -> None:
    rng = Random(2)
    with (
        tempfile.TemporaryDirectory() as name,
        threaded_logs() as logs,
        FakeSlack(channels=(CHANNEL,)) as slack,
    ):
        folder = Path(name)
        write_configuration(folder, slack.base_url, quiet="600s, group_by: [log_stream]")
        text = (folder / "sigwatch.yaml").read_text().replace("interval: 1s", f"interval: {INTERVAL}s")
        # What is measured is a message for each, not how crowds are gathered.
        text = text.replace("settle: 1s", "settle: 1s, messages_per_minute: 1000, digest_from: 1000")
        (folder / "sigwatch.yaml").write_text(text)
        took = []
        with daemon(folder, logs.url) as running:
            assert eventually(lambda: running.get("/readyz")[0] == 200)
            for number in range(1, EVENTS + 1):
                pause(rng.uniform(0, INTERVAL))  # events come at any moment of the interval
                at = write(logs, number)
                assert slack.wait_for(partial(_shown, slack, number), timeout=30)
                took.append(now() - at)
    print(f"{EVENTS} incidents at an interval of {INTERVAL} s, from event to accepted message:")
    print(f"median {median(took):.2f} s, p95 {quantiles(took, n=20)[-1]:.2f} s, longest {max(took):.2f} s")


if __name__ == "__main__":
    main()
