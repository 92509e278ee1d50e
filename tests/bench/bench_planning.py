"""Planning ten thousand signatures over a thousand log groups. `python -m tests.bench.bench_planning`"""

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median

from sigwatch.model.knowledge import Signature
from sigwatch.pipeline import Prepared, prepare
from sigwatch.plan.insights import filter_of, runs
from sigwatch.plan.scopes import resolve
from sigwatch.plan.strategy import plan_queries
from tests.bench.corpus import log_groups, signatures

GIGABYTES_PER_DAY = 1024
WINDOW_BYTES = int(GIGABYTES_PER_DAY * 1024**3 / 86_400 * 15 * 50 / 1_000)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def changed(known: list[Signature], number: int) -> list[Signature]:
    old = known[number]
    return [
        *known[:number],
        replace(old, ko=replace(old.ko, detection_pattern=f"Changed{number}Error .*x")),
        *known[number + 1 :],
    ]


def main() -> None:
    known = signatures(10_000)
    groups = log_groups(1_000, GIGABYTES_PER_DAY)
    made: list[Prepared] = []

    def plan(watched: list[Signature], previous: Prepared | None) -> None:
        scopes, _ = resolve([(each, ("/aws/lambda/shop-*",)) for each in watched], groups)
        made.append(prepare(scopes[0].signatures, WINDOW_BYTES, previous))

    first = timed(lambda: plan(known, None))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = timed(lambda: resolve([(s, (f"/aws/lambda/shop-{n % 1_000:04d}",)) for n, s in enumerate(known)], groups))
    again = median(timed(partial(plan, changed(known, n * 1_999), made[0])) for n in range(5))
    exact = len(runs(filter_of(each.pattern) for each in known))
    sent = len(made[0].plan.queries)
    print(f"planning and compiling the patterns, first time: {first:.2f} s, peak {peak:.0f} MiB")
    print(f"resolving where each signature names its own log group: {own:.2f} s")
    print(f"replanning after one changed signature, median of 5: {again * 1000:.0f} ms")
    print(f"queries a batch: {sent} ({made[0].plan.strategy}); exact {exact}; one for each signature {len(known):,}")
    for count in (1, 10, 100, 250, 1_000):
        small = plan_queries(known[:count], WINDOW_BYTES)
        print(
            f"  {count:>5,} signatures: {len(small.queries)} ({small.strategy}), bytes paid {small.multiple:.2f} times"
        )


if __name__ == "__main__":
    main()
