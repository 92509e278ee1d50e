"""A simulated week of three replicas under everything that can go wrong. `python -m tests.bench.bench_soak [DAYS]`

A thousand signatures over two hundred log groups; the state in a DynamoDB server on disk that hangs, and that crashes
and comes back; a log service that throttles and fails; a Slack that is down at times; replicas that are killed and
paused. Reported are what was lost, told twice or left unsearched, and whether the replica that was never killed grew.
"""

import json
import signal
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench.soak import Verdict, run
from tests.bench.soak_traffic import Plan

PLAN = Plan()
SCALED = (
    "episodes", "hits", "noise", "kills", "pauses", "log_outages", "state_hangs", "state_crashes", "slack_outages",
)  # fmt: skip


def plan_of(days: float) -> Plan:
    """So many days of the week, each as bad as any other."""
    changed = {name: max(1, round(getattr(PLAN, name) * days / PLAN.days)) for name in SCALED}
    return replace(PLAN, days=days, **changed)


def line(plan: Plan, verdict: Verdict) -> str:
    """What came of it, for people."""
    first, last = (kib / 1024 for kib in verdict.resident_kib)
    blocks = max(verdict.heap_blocks, default=0)
    return (
        f"{'right' if verdict.right else 'WRONG'}: {plan.days:g} days in {verdict.real_seconds:.0f} s:"
        f" {verdict.counted} of {verdict.planted} hits counted, {verdict.lost} lost, {verdict.doubled} doubled;"
        f" {verdict.incidents} incidents, {verdict.messages} messages, {verdict.untold} untold,"
        f" {verdict.told_twice} told twice; {verdict.gaps} gaps, {verdict.behind} places behind;"
        f" memory {first:.0f} to {last:.0f} MiB, {verdict.slope_kib_a_day:+.0f} ± {verdict.slope_error:.0f} KiB a day,"
        f" {verdict.heap_blocks_a_day:+.0f} ± {verdict.heap_error:.0f} blocks of {blocks} a day"
    )


def main() -> None:
    """Print how it goes, and what came of it."""
    began = time.monotonic()
    # Whatever was started is to end with this.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(2))

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {words}", flush=True)

    plan = plan_of(float(sys.argv[1]) if len(sys.argv) > 1 else PLAN.days)
    with tempfile.TemporaryDirectory() as folder:
        verdict = run(Path(folder), plan, say)
    print(json.dumps({"plan": asdict(plan), "verdict": asdict(verdict)}), flush=True)
    print(line(plan, verdict), flush=True)
    sys.exit(not verdict.right)


if __name__ == "__main__":
    main()
