"""The logs of a soak on a fast clock: `python -m tests.bench.soak_logs JSON`. Prints its address.

It reads one line: the epoch second at which the planned traffic begins.
"""

import json
import sys
from itertools import groupby

from sigwatch.local.server import LocalServer
from sigwatch.local.settings import Settings
from tests.bench.hours import FastTime
from tests.bench.soak_traffic import DAY, HOUR, Line, Plan, group_names, traffic

AHEAD_SECONDS = 4 * HOUR
"""Lines are put into the store so long before they can be seen, so that a busy machine makes none late."""


def feed(server: LocalServer, hours: FastTime, planned: list[Line], begin: float) -> None:
    """Put what is planned into the logs, each line to be seen from its own moment on."""
    left = 0
    while left < len(planned):
        upto = hours.clock() - begin + AHEAD_SECONDS
        soon = left
        while soon < len(planned) and planned[soon].arrives <= upto:
            soon += 1
        for group, together in groupby(sorted(planned[left:soon], key=_group), key=_group):
            for line in together:
                wait = begin + line.arrives - hours.clock()
                at_ms = int((begin + line.at) * 1000)
                server.store.put(group, "app", [(at_ms, line.text)], visible_after_seconds=wait)
        left = soon
        hours.wait(HOUR)


def _group(line: Line) -> str:
    return line.group


def main() -> None:
    asked = json.loads(sys.argv[1])
    plan, hours = Plan(**asked["plan"]), FastTime(asked["epoch"], asked["origin"], asked["speed"])
    settings = Settings(scheduled_seconds=0.5, running_seconds=1.0, seed=plan.seed)
    with LocalServer(clock=hours.clock, settings=settings) as server:
        for name in group_names(plan):
            server.store.create_group(name, created_ms=int((hours.clock() - 2 * DAY) * 1000))
        print(server.url, flush=True)
        planned = traffic(plan)
        begin = float(sys.stdin.readline())
        feed(server, hours, planned, begin)
        print("all planted", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
