"""What a day of the state in DynamoDB costs, and what a storm adds to it. `python -m tests.bench.bench_state_cost`

The first argument is how many minutes are lived through for each row, 60 by default, of which the late pass needs
twelve; `storm` after it leaves out the quiet days. Needs the server that `.ci/install-dynamodb` brings.
"""

import sys
from collections.abc import Mapping
from random import Random

from tests.fakes.dynamo import running_server
from tests.fakes.fleet import DAY, GROUPS, SIGNATURES, Fleet, Line, dollars_of
from tests.fakes.metered import Bill, Units, together, total

MINUTES = 60
HOUR = 3_600
HITS = 10_000
STORM_SIGNATURES, STORM_GROUPS = 10, 20


def table(title: str, bill: Bill, dollars: float) -> None:
    """Print the kinds of operations, the dearest first."""
    print(f"\n{title}: {dollars:.3f} dollars")
    print(f"  {'':36}{'calls':>12}{'read units':>12}{'write units':>12}{'dollars':>10}")
    for kind, units in sorted(bill.items(), key=lambda pair: -pair[1].dollars):
        line(kind, units)
    line("together", total(bill))


def line(kind: str, units: Units) -> None:
    print(f"  {kind:36}{units.calls:12,.0f}{units.reads:12,.0f}{units.writes:12,.0f}{units.dollars:10.4f}")


def storm(fleet: Fleet) -> list[Line]:
    """Hits spread over the next hour, over some signatures and log groups."""
    rng, begin = Random(3), int(fleet.now * 1000)
    # Those whose patterns are plain texts.
    texts = [each.pattern.replace("\\", "") for each in fleet.watched if each.pattern.startswith("\\[")]
    names = [group["logGroupName"] for group in fleet.logs.describe_log_groups()["logGroups"]]
    moments = sorted(begin + rng.randrange(HOUR * 1000) for _ in range(HITS))
    return [
        Line(rng.choice(names[:STORM_GROUPS]), moment, f"{rng.choice(texts[:STORM_SIGNATURES])} {number}")
        for number, moment in enumerate(moments)
    ]


def quiet_days(endpoint: str, minutes: int) -> None:
    rows = []
    for scopes in (1, 20):
        for replicas in (1, 2, 3):
            fleet = Fleet(endpoint, replicas, scopes)
            day = fleet.quiet_day(minutes)
            rows.append((replicas, scopes, day))
            table(f"a quiet day, replicas: {replicas}, scopes: {scopes}", together(*day.values()), dollars_of(day))
    print(f"\n{SIGNATURES} signatures, {GROUPS} log groups, dollars a day from {minutes} minutes")
    for replicas, scopes, day in rows:
        print(f"  replicas: {replicas}, scopes: {scopes:2}: {dollars_of(day):.3f} ({_parts(day)})")


def _parts(day: Mapping[str, Bill]) -> str:
    return ", ".join(f"{name} {total(bill).dollars:.3f}" for name, bill in day.items())


def storm_hour(endpoint: str, minutes: int) -> None:
    """An hour of hits and what the slower passes make of it in the one after, less what they cost where nothing is."""
    fleet = Fleet(endpoint, replicas=2, scopes=1)
    quiet = total(together(*fleet.quiet_day(minutes).values())).dollars / DAY * HOUR
    fleet.logs.lines = storm(fleet)
    fleet.live(HOUR, sending=True)
    during = fleet.meter.bill()
    table(f"an hour with {HITS:,} hits, replicas: 2, scopes: 1", during, total(during).dollars)
    # What is over is still to be told, so rounds are not alike here either.
    fleet.live(HOUR + 15 * 60, sending=True)
    later = fleet.meter.bill()
    table("the hour and a quarter after it", later, total(later).dollars)
    extra = total(together(during, later)).dollars - 2.25 * quiet
    print(f"\n  a quiet hour costs {quiet:.4f} dollars; the storm cost {extra:.3f} more, all passes together")
    print(f"  messages posted: {fleet.shown.posted}, open incidents: {len(fleet.daemons[0]._parts.store.unresolved())}")


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with running_server() as endpoint:
        if "storm" not in sys.argv[1:]:
            quiet_days(endpoint, minutes)
        storm_hour(endpoint, minutes)


if __name__ == "__main__":
    main()
