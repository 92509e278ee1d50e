"""Is every message told once, whatever Slack does and whoever dies? `python -m tests.bench.bench_exactly_once`

Three workers share one state file and one Slack that fails two posts of three in twelve ways; one of them is killed
every second or two and started again at once. Two other ways of sending go through the same, and must fail. Then the
hole that is known: a worker that is suspended right before a post for longer than its claim. Times are scaled down:
a call has 1 s, the settling time is 2 s, and what Slack accepts after the client gave up it accepts within 0.6 s.
"""

import sys
from dataclasses import replace

from tests.bench.chaos_of_sending import Outcome, Plan, run, suspend
from tests.bench.teller import Strategy

OURS = Plan()
PLANS = (
    OURS,
    replace(OURS, channels=8, digest_from=3, per_minute=6, seed=2),
    replace(OURS, strategy=Strategy.POST_THEN_RECORD, messages=200, kills=40),
    replace(OURS, strategy=Strategy.SDK_RETRIES, messages=200, kills=40),
)
ROW = "{:<44} {:>8} {:>6} {:>7} {:>6} {:>6} {:>8} {:>6} {:>8}"


def line(outcome: Outcome) -> str:
    plan, found = outcome.plan, outcome.verdict
    name = str(plan.strategy) + (f", {found.digests} pages of digests" if found.digests else "")
    figures = plan.messages, plan.kills, outcome.faults, outcome.kinds, found.lost, found.doubled, outcome.stale
    return ROW.format(name, *figures, f"{outcome.seconds:.0f}")


def as_promised(outcome: Outcome) -> bool:
    """Whether ours kept its promise, and the others show that it could be broken."""
    wrong = outcome.verdict.lost + outcome.verdict.doubled
    if outcome.plan.strategy is Strategy.OUTBOX:
        return wrong + outcome.stale == 0
    return wrong > 0


def main() -> None:
    print(ROW.format("strategy", "messages", "kills", "faults", "kinds", "lost", "doubled", "stale", "seconds"))
    kept = True
    for plan in PLANS:
        outcome = run(plan)
        print(line(outcome), flush=True)
        kept = kept and as_promised(outcome)
    holed = suspend(messages=60, chapters=10, share=0.8)
    print(f"workers were suspended {holed.suspensions} times right before a post, until others had taken over:")
    print(f"  {holed.extra_in_channels} extra messages in channels, {holed.extra_in_threads} in threads")
    print(f"  {holed.deleted} deleted afterwards, {holed.left} left")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
