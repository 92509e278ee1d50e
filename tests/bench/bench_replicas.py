"""Two, three and ten replicas on one state, killed and paused at will. `python -m tests.bench.bench_replicas`

Paused ones stand still for longer than a lease lasts and then go on with whatever they were about to write. Reported
are what was lost or told twice, what was left unsearched, and how long the work of a killed one lay still.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.bench.chaos_of_replicas import Plan, Verdict, run

PLANS = (
    Plan(replicas=2, kills=4, pauses=4, seconds=60, hits=600),
    Plan(replicas=3, kills=6, pauses=6, seconds=60, hits=600),
    Plan(replicas=10, groups=400, kills=8, pauses=8, seconds=60, hits=600),
)


def line(plan: Plan, verdict: Verdict) -> str:
    """What came of a plan, for people."""
    longest = max(verdict.takeovers, default=0.0)
    return (
        f"{plan.replicas} replicas, {plan.kills} kills, {plan.pauses} pauses: {verdict.counted} of {verdict.planted}"
        f" events counted, {verdict.incidents} incidents in {verdict.messages} messages, {verdict.doubled_messages}"
        f" doubled, {verdict.holes + verdict.behind} windows unsearched; leases lay still {longest:.1f} s at most"
    )


def main() -> None:
    """Run each plan as often as asked, once by default."""
    for seed in range(1, 1 + (int(sys.argv[1]) if len(sys.argv) > 1 else 1)):
        for plan in PLANS:
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                seeded = replace(plan, seed=seed)
                verdict = run(Path(folder), seeded)
            print(line(seeded, verdict), f"({time.monotonic() - began:.0f} s, seed {seed})", flush=True)


if __name__ == "__main__":
    main()
